"""What becomes of a redemption: confirmed, used, given back, cancelled or failed; each once, each in one posting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members.models import Program, Store, User
from rewards import ledger, posting
from rewards.causes import giving
from rewards.giftcards import rewarding
from rewards.models import Donation, Redemption
from rewards.redemptions import carrying, tickets
from rewards.redemptions.carrying import Move
from rewards.redemptions.refusals import CodeInvalid, RedemptionOver, WrongState

Where = Redemption.State
OPEN = {Where.RESERVED, Where.ISSUED}


def confirm(*, program: Program, redemption_id: int, now: datetime, by: User | None = None) -> Redemption:
    """Spend what is reserved. A repeat changes nothing. Raises NotFound, WrongState, RedemptionOver, MemberNotActive."""
    return _go(
        program, redemption_id, "confirm", {Where.RESERVED}, Where.ISSUED, now, by=by, needs_time=True,
        needs_active=True,
    )  # fmt: skip


def fulfil(
    *, program: Program, redemption_id: int, now: datetime, by: User | None = None, store: str = ""
) -> Redemption:
    """It was used or handed over; what was only reserved is spent with it. A repeat changes nothing.

    Raises NotFound, WrongState, RedemptionOver, WrongStore, MemberNotActive."""
    return _go(
        program, redemption_id, "fulfil", OPEN, Where.FULFILLED, now, by=by, store=store, needs_time=True,
        needs_active=True,
    )  # fmt: skip


def use(*, program: Program, code: str, now: datetime, by: User | None = None, store: str = "") -> Redemption:
    """Hand over what this code stands for, once. Wrong, over and used answer alike. Raises CodeInvalid, WrongStore."""
    found = find(program=program, code=code)
    if found is None or found.state not in OPEN:
        raise CodeInvalid
    try:
        return fulfil(program=program, redemption_id=found.pk, now=now, by=by, store=store)
    except (WrongState, RedemptionOver, ledger.MemberNotActive) as error:
        raise CodeInvalid from error


def find(*, program: Program, code: str) -> Redemption | None:
    """The redemption of a code, whatever its state."""
    typed = tickets.clean(code)
    if not typed:
        return None
    with scope(program=program):
        kept = Redemption.objects.filter(
            program=program, code_digest__in=tickets.digests(program_id=program.pk, code=typed)
        )
        return kept.select_related("reward", "member", "store").first()


def release(*, program: Program, redemption_id: int, now: datetime, by: User | None = None) -> Redemption:
    """Give back what is reserved: points to their lots, stock and code. A repeat changes nothing. Raises WrongState."""
    return _go(program, redemption_id, "release", {Where.RESERVED}, Where.RELEASED, now, by=by)


def cancel(
    *, program: Program, redemption_id: int, reason: str, now: datetime, by: User | None = None
) -> Redemption:
    """Take back what was issued and not used: points go to their lots, stock comes back. Raises WrongState,
    ReasonMissing."""
    return _go(
        program, redemption_id, "cancel", {Where.ISSUED}, Where.CANCELLED, now, by=by, reason=_said(reason)
    )


def fail(
    *, program: Program, redemption_id: int, reason: str, now: datetime, by: User | None = None
) -> Redemption:
    """It was our fault: everything comes back, and what has ended meanwhile with a time of grace. Raises WrongState,
    ReasonMissing."""
    sources = {*OPEN, Where.FULFILLED}
    with scope(program=program):
        gift = Donation.objects.filter(program=program, redemption_id=redemption_id).first()
        if gift is not None:
            giving.withdraw(program=program, donation_id=gift.pk, now=now, by=by, reason=_said(reason))
            return _find(program, redemption_id)
    return _go(program, redemption_id, "fail", sources, Where.FAILED, now, by=by, reason=_said(reason))


def send(
    *,
    program: Program,
    redemption_id: int,
    stage: str,
    now: datetime,
    by: User | None = None,
    tracking: str = "",
) -> Redemption:
    """How far the goods are: packed, then sent, with a number to follow them. Raises WrongState."""
    return _go(
        program, redemption_id, "send", {Where.ISSUED}, Where.ISSUED, now, by=by, stage=stage,
        tracking=tracking.strip()[:80], again=f":{stage}",
    )  # fmt: skip


def extend(*, program: Program, redemption_id: int, until: datetime, mark: str, now: datetime) -> Redemption:
    """What is issued is good until then, since its event has another day; `mark` names that day. A repeat changes nothing.
    Raises NotFound, WrongState."""
    return _go(
        program, redemption_id, "extend", {Where.ISSUED}, Where.ISSUED, now, until=until, again=f":{mark}"
    )


def end(*, program: Program, redemption_id: int, now: datetime) -> Redemption:
    """Its time is over: a reservation is released, the right to use it ends; without its points where a card that it
    gave was used or is over itself. Raises WrongState."""
    with scope(program=program):
        found = _find(program, redemption_id)
    is_reserved = found.state == Where.RESERVED
    target = Where.RELEASED if is_reserved else Where.EXPIRED
    try:
        return _go(program, redemption_id, "end", OPEN, target, now)
    except rewarding.CardUsed:
        return _go(program, redemption_id, "end", OPEN, target, now, forfeit=True)


# --- parts -----------------------------------------------------------------------------------------------------------


def _said(reason: str) -> str:
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    return reason.strip()[:300]


def _find(program: Program, redemption_id: int) -> Redemption:
    found = (
        Redemption.objects.filter(program=program, pk=redemption_id)
        .select_related("reward", "member", "store")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _go(
    program: Program,
    redemption_id: int,
    verb: str,
    sources: Collection[str],
    target: str,
    now: datetime,
    *,
    store: str = "",
    **more: Any,
) -> Redemption:
    with scope(program=program):
        found = _find(program, redemption_id)
        place = Store.objects.filter(program=program, code=store, is_active=True).first() if store else None
        if store and place is None:
            raise NotFound(field="store")
        move = Move(program, found, verb, frozenset(sources), target, now, store=place, **more)
        posting.attempt(lambda: carrying.read_and_work(move))
        return _find(program, redemption_id)
