"""What can be told of messages: lists, the story of one, and why a member got or did not get something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Decision, Message, Reason, Touch
from members.models import Member, Order, Program

LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a message."""

    at: datetime
    text: str | Promise


@dataclass(frozen=True, slots=True)
class Line:
    """A message or a decision against one, as a member's page shows it. `why` is empty for what was sent."""

    at: datetime
    template: str
    channel: str
    state: str
    tone: str
    why: str | Promise
    until: datetime | None
    message_id: int | None
    rivals: Sequence[str] = ()


TONES = {
    "sent": "good", "delivered": "good", "queued": "info", "held": "warn", "sending": "info", "bounced": "bad", "failed": "bad",
    "unknown": "warn", "cancelled": "draft",
}  # fmt: skip
TROUBLES: dict[str, str | Promise] = {
    "no_connection": _("no connection"),
    "cut_off": _("the connection broke in the middle"),
    "slow": _("the provider was too slow"),
    "sender_died": _("the program that sent it stopped in the middle"),
    "no_provider": _("the provider cannot be used"),
    "unfit": _("it could not be written"),
    "template_unrenderable": _("The template asks for something that is not there."),
    "no_code": _("The coupon has no code for the member any more."),
    "aborted": _("The template says not to send this to the member."),
}


def reasons_lately(*, program: Program, now: datetime) -> list[tuple[str, int]]:
    """What stopped messages in the last 30 days, the most frequent first; for the program in scope."""
    rows = Decision.objects.filter(program=program, at__gte=now - LATELY, until__isnull=True)
    counts = dict(rows.values_list("reason").annotate(n=Count("pk")))
    labels = dict(Reason.choices)
    return [(str(labels[key]), n) for key, n in sorted(counts.items(), key=lambda each: -each[1])]


def tally_lately(*, program: Program, now: datetime) -> dict[str, int]:
    """How many of the last 30 days: sent, opened, clicked, redeemed."""
    sent = Q(sent_at__isnull=False)
    return Message.objects.filter(program=program, queued_at__gte=now - LATELY).aggregate(
        sent=Count("pk", filter=sent),
        delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
        redeemed=Count("pk", filter=Q(redeemed_at__isnull=False)),
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of a template's messages; money is what the orders come to after returns, in minor units."""

    sent: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    redeemed: int = 0
    money_minor: int = 0


EFFECTS = """
    SELECT m.template_id, count(m.sent_at), count(m.delivered_at), count(m.opened_at), count(m.clicked_at),
        count(m.redeemed_at), coalesce(sum(o.total_minor - o.returned_minor), 0)
    FROM campaigns_message m
    LEFT JOIN members_order o ON o.id = m.redeemed_order_id AND o.state IN ('placed', 'paid')
    WHERE m.program_id = %(program)s AND m.queued_at >= %(since)s GROUP BY m.template_id
"""


def effects_lately(*, program: Program, now: datetime) -> dict[int, Effect]:
    """By id of a template, what its messages of the last 30 days came to."""
    with connection.cursor() as cursor:
        cursor.execute(EFFECTS, {"program": program.pk, "since": now - LATELY})
        return {row[0]: Effect(*(int(each) for each in row[1:])) for row in cursor.fetchall()}


def redeemed_of(message: Message) -> int | None:
    """What the order came to in which the message's code was used, after returns; None where it was not."""
    if message.redeemed_order_id is None:
        return None
    order = Order.objects.filter(pk=message.redeemed_order_id, state__in=("placed", "paid")).first()
    return order.total_minor - order.returned_minor if order else 0


def story_of(message: Message) -> list[Moment]:
    """What happened to it, the earliest first."""
    told: list[tuple[datetime | None, str | Promise]] = [
        (message.queued_at, _("Decided")),
        (message.not_before if message.not_before != message.queued_at else None, _("Held back until then")),
        (message.sent_at, _("Sent")),
        (message.delivered_at, _("Delivered")),
        (message.opened_at, _("Opened")),
        (message.clicked_at, _("Clicked")),
        (message.redeemed_at, _("Redeemed")),
        (message.closed_at, _("Put away by the member")),
    ]
    return sorted((Moment(at, text) for at, text in told if at), key=lambda each: each.at)


def lines_of(*, member: Member, limit: int = 50) -> list[Line]:
    """What was sent to the member and what was not, the newest first, each with its reason; for the program in scope."""
    messages = Message.objects.filter(member=member).select_related("template").order_by("-pk")[:limit]
    told = [_sent(message) for message in messages]
    keys = {message.idem_key for message in messages}
    decisions = Decision.objects.filter(member=member).select_related("template").order_by("-pk")[:limit]
    told += [_refused(decision, member) for decision in decisions if decision.idem_key not in keys]
    return sorted(told, key=lambda each: each.at, reverse=True)[:limit]


def reason_of(key: str) -> str:
    return str(dict(Reason.choices).get(key, ""))


# --- parts ------------------------------------------------------------------------------------------------------------


def _sent(message: Message) -> Line:
    why = reason_of(message.reason) if message.reason else TROUBLES.get(message.trouble, message.trouble)
    return Line(
        message.sent_at or message.queued_at, message.template.name, message.get_channel_display(),
        message.get_state_display(), TONES[message.state], why, None, message.pk,
    )  # fmt: skip


def _refused(decision: Decision, member: Member) -> Line:
    state = str(_("Put off")) if decision.until else str(Message.State.CANCELLED.label)
    rivals = _rivals(decision, member) if decision.reason == Reason.CAPPED else []
    return Line(
        decision.at, decision.template.name, decision.get_channel_display(), state, "draft",
        reason_of(decision.reason), decision.until, None, rivals,
    )  # fmt: skip


def _rivals(decision: Decision, member: Member) -> list[str]:
    """What it lost to: the messages that had the places of that week, by the names of their templates."""
    week: Any = (decision.day - timedelta(days=6), decision.day + timedelta(days=1))
    rows = Message.objects.filter(member=member, day__range=week).exclude(state="cancelled")
    names = (
        rows.exclude(queued_at__gt=decision.at).order_by("-pk").values_list("template__name", flat=True)[:3]
    )
    return list(names)


def touches_of(*, member: Member, since: datetime) -> int:
    """How many messages count for the member since a day."""
    rows = Touch.objects.filter(member=member, day__gte=since.date())
    return sum(rows.values_list("n", flat=True))
