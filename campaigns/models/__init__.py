"""All models of the app; one aggregate a file."""

from campaigns.models.approvals import PublishRequest
from campaigns.models.experiments import Experiment, ExperimentDay, Exposure
from campaigns.models.journeys import (
    Arrival,
    Enrolment,
    Journey,
    JourneyStep,
    JourneyVersion,
    Listener,
    StaffTask,
    StepExecution,
    StepTally,
    WorkChunk,
)
from campaigns.models.lists import PrintList
from campaigns.models.messages import Attention, Decision, Message, Reason, Touch
from campaigns.models.places import Nearness
from campaigns.models.segments import Dirty, Figures, Segment, SegmentDay, SegmentMove, Watch
from campaigns.models.sending import Control, Manners, Provider, PushDevice, Suppression, Whereabouts
from campaigns.models.templates import Carrier, Kind, Template, TemplateVersion

__all__ = [
    "Arrival",
    "Attention",
    "Carrier",
    "Control",
    "Decision",
    "Dirty",
    "Enrolment",
    "Experiment",
    "ExperimentDay",
    "Exposure",
    "Figures",
    "Journey",
    "JourneyStep",
    "JourneyVersion",
    "Kind",
    "Listener",
    "Manners",
    "Message",
    "Nearness",
    "PrintList",
    "Provider",
    "PublishRequest",
    "PushDevice",
    "Reason",
    "Segment",
    "SegmentDay",
    "SegmentMove",
    "StaffTask",
    "StepExecution",
    "StepTally",
    "Suppression",
    "Template",
    "TemplateVersion",
    "Touch",
    "Watch",
    "Whereabouts",
    "WorkChunk",
]
