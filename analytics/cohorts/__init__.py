"""Members by the month in which they joined or first ordered: who comes back, and how far they get."""

from analytics.cohorts.funnels import Funnel, Waits, funnel_of, waits_of
from analytics.cohorts.grids import BY, Cohort, Grid, grid_of

__all__ = ["BY", "Cohort", "Funnel", "Grid", "Waits", "funnel_of", "grid_of", "waits_of"]
