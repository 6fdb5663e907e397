"""The tables of `members`, one aggregate a module."""

from members.models.activities import Activity
from members.models.addresses import Address
from members.models.audiences import AudienceMember
from members.models.audit import AuditEntry
from members.models.consents import Channel, Consent, ConsentChange, Topic
from members.models.erasures import Erasure, ErasureMark
from members.models.facts import Event, Fact, WaitingFact
from members.models.followers import Delivery, Following
from members.models.invitations import Invitation
from members.models.keys import ApiAnswer, ApiKey, Scope
from members.models.merges import Merge, MergedOrder, OrderRoute
from members.models.notes import Note
from members.models.orders import Order, OrderLine, OrderState, Return, ReturnLine
from members.models.people import Holder, Identity, Member
from members.models.preferences import Preference
from members.models.programs import Logo, Program, Role, Store, TeamMembership
from members.models.scores import Band, MemberScore, NextAction
from members.models.users import User
from members.models.webhooks import Webhook, WebhookMessage

__all__ = [
    "Activity",
    "Address",
    "ApiAnswer",
    "ApiKey",
    "AudienceMember",
    "AuditEntry",
    "Band",
    "Channel",
    "Consent",
    "ConsentChange",
    "Delivery",
    "Erasure",
    "ErasureMark",
    "Event",
    "Fact",
    "Following",
    "Holder",
    "Identity",
    "Invitation",
    "Logo",
    "Member",
    "MemberScore",
    "Merge",
    "MergedOrder",
    "NextAction",
    "Note",
    "Order",
    "OrderLine",
    "OrderRoute",
    "OrderState",
    "Preference",
    "Program",
    "Return",
    "ReturnLine",
    "Role",
    "Scope",
    "Store",
    "TeamMembership",
    "Topic",
    "User",
    "WaitingFact",
    "Webhook",
    "WebhookMessage",
]
