"""What the member has taken: its code, until when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from members.models import Member, Program
from rewards import queries
from rewards.models import Redemption, Reward, Unit
from rewards.redemptions import tickets as secrets
from rewards.redemptions import vouchers
from rewards.views import tickets
from rewards.views.portal.words import dated, last_day, say

SHOWN = 100
BADGES = {"reserved": "warn", "issued": "good", "failed": "bad"}
State = Redemption.State
OPEN = (State.RESERVED, State.ISSUED)


@dataclass(slots=True)
class Held:
    """A redemption as its owner sees it. `code` is empty where it opens nothing any more."""

    redemption: Redemption
    ticket: tickets.Ticket
    state: str
    badge: str
    code: str
    plain: str
    until: SafeString | str
    is_open: bool
    is_reserved: bool
    is_partners: bool


def of(*, program: Program, member: Member, now: datetime) -> list[Held]:
    """The latest, those that can still be used first."""
    rows = list(mine(program, member).order_by("-reserved_at", "-pk")[:SHOWN])
    known = {unit.key: unit for unit in queries.units_of(program)}
    plain = vouchers.codes_of([one for one in rows if one.state in OPEN])
    found = [tell(one, program=program, known=known, now=now, code=plain.get(one.pk, "")) for one in rows]
    return sorted(found, key=lambda held: not held.is_open)


def mine(program: Program, member: Member) -> QuerySet[Redemption]:
    whose = Q(member=member) | Q(member__merged_into=member)
    return Redemption.objects.filter(whose, program=program).select_related("reward")


def tell(
    one: Redemption, *, program: Program, known: dict[str, Unit], now: datetime, code: str | None = None
) -> Held:
    """`code` is the one it shows, where that was read already."""
    is_over = one.due_at is not None and one.due_at <= now
    is_open = one.state in OPEN and not is_over
    has_code = is_open and one.reward.handover in (Reward.Handover.TILL, Reward.Handover.CODE)
    plain = "" if not has_code else vouchers.code_of(one) if code is None else code
    ticket = tickets.draw(one.reward, program=program, known=known)
    ticket.price = tickets.price_of(one.price, one.money_minor, program=program, known=known)
    return Held(
        redemption=one,
        ticket=ticket,
        state=str(State.EXPIRED.label) if is_over else str(one.get_state_display()),
        badge="" if is_over else BADGES.get(one.state, ""),
        code=secrets.shown(plain) if plain else "",
        plain=plain,
        until=_until(one, is_open=is_open),
        is_open=is_open,
        is_reserved=is_open and one.state == State.RESERVED,
        is_partners=vouchers.is_partners(one),
    )


def _until(one: Redemption, *, is_open: bool) -> SafeString | str:
    if not is_open:
        day = timezone.localtime(one.closed_at or one.due_at or one.reserved_at).date()
        return dated(day, "long")
    if one.due_at is None:
        return _("without end")
    if one.state == State.RESERVED:
        return say(_("until %(time)s"), time=dated(timezone.localtime(one.due_at), "time"))
    return say(_("until %(day)s"), day=dated(last_day(one.due_at), "long"))
