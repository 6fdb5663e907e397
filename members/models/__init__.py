"""The tables of `members`, one aggregate a module."""

from members.models.audit import AuditEntry
from members.models.facts import Event, Fact, WaitingFact
from members.models.invitations import Invitation
from members.models.merges import Merge, MergedOrder, OrderRoute
from members.models.notes import Note
from members.models.orders import Order, OrderLine, OrderState, Return, ReturnLine
from members.models.people import Holder, Identity, Member
from members.models.programs import Logo, Program, Role, Store, TeamMembership
from members.models.users import User

__all__ = [
    "AuditEntry",
    "Event",
    "Fact",
    "Holder",
    "Identity",
    "Invitation",
    "Logo",
    "Member",
    "Merge",
    "MergedOrder",
    "Note",
    "Order",
    "OrderLine",
    "OrderRoute",
    "OrderState",
    "Program",
    "Return",
    "ReturnLine",
    "Role",
    "Store",
    "TeamMembership",
    "User",
    "WaitingFact",
]
