"""The graph of a journey: JSON in, dataclasses out, and back.

`read` names every fault at once by its path (`steps[2].paths[0].share`) and by the key of the step it stands in.
"""

from campaigns.journeys.reading import read
from campaigns.journeys.shape import (
    Entry,
    Exit,
    Fault,
    Goal,
    Graph,
    GraphInvalid,
    Path,
    Step,
    Tree,
    Trigger,
    data,
    step_data,
)

__all__ = [
    "Entry",
    "Exit",
    "Fault",
    "Goal",
    "Graph",
    "GraphInvalid",
    "Path",
    "Step",
    "Tree",
    "Trigger",
    "data",
    "read",
    "step_data",
]
