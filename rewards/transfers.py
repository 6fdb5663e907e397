"""Points go from one member to another (14): within a monthly limit, keeping the earlier of old and new expiry."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members.models import Member, Program
from rewards import ledger, posting
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.ledger import Movement
from rewards.rulebook import UnitInfo

KIND = "transfer"


class TransfersOff(Conflict):
    code = "transfers_off"
    message = _("This cannot be sent to others.")


class LimitReached(Conflict):
    code = "transfer_limit"
    message = _("This is more than may be sent in a month. %(left)s are left.")


class SameMember(DomainError):
    code = "same_member"
    message = _("Choose somebody else.")


def transfer(
    *,
    program: Program,
    sender: Member,
    recipient: Member,
    unit: str,
    amount: int,
    key: str,
    now: datetime,
    source: str = "wafa",
) -> Movement:
    """Send `amount` ledger units of what the sender can use; the answer is the sender's. A repeat with the same key
    gives the first answer.

    Raises InsufficientPoints, AmountInvalid, SameMember, TransfersOff, LimitReached, MemberNotActive, KeyReused.
    """
    if amount <= 0:
        raise ledger.AmountInvalid(field="amount")
    if sender.pk == recipient.pk:
        raise SameMember(field="to")
    wish = {"from": sender.pk, "to": recipient.pk, "unit": unit, "amount": amount}
    mark = hashlib.sha256(orjson.dumps(wish, option=orjson.OPT_SORT_KEYS)).digest()
    with scope(program=program):
        # Both are guarded in the order of their ids, so that two who send to each other never wait in a ring.
        return posting.attempt(lambda: _read_and_work(program, wish, (source, KIND, key, 0), mark, now))


def _read_and_work(
    program: Program, wish: dict[str, Any], key: tuple[str, str, str, int], mark: bytes, now: datetime
) -> tuple[dict[str, Any], Movement]:
    source, kind, name, revision = key
    fact = {"i": 0, "source": source, "kind": kind, "external_id": name, "revision": revision}
    both = [wish["from"], wish["to"]]
    state = ledger.read(program, {"facts": [fact], "holders": both, "due": now.isoformat()}, now)
    if 0 in state.facts:
        number, first, answer = state.facts[0]
        if first != mark:
            raise ledger.KeyReused
        return {}, Movement(number, answer["active"], repeated=True)
    posted = Posted(now, now, state.take_id())
    active = _move(state, posted, wish)
    rows.add_fact(state, key, mark, posted, {"active": active}, holder_id=wish["from"], order_id=None)
    told = {"unit": wish["unit"], "amount": wish["amount"]}
    rows.add_event(state, "points.sent", posted, told | {"to": wish["to"]}, holder_id=wish["from"])
    rows.add_event(state, "points.received", posted, told | {"from": wish["from"]}, holder_id=wish["to"])
    return rows.document(state), Movement(posted.fact_id, active)


def _move(state: State, posted: Posted, wish: dict[str, Any]) -> int:
    """Out of the one wallet, lot by lot into the other; what the sender can use after it."""
    amount, now = wish["amount"], posted.moment
    sender, recipient = (whom(state, wish[side]) for side in ("from", "to"))
    unit = state.rulebook.units.get(wish["unit"])
    if unit is None:
        raise NotFound(field="unit")
    source, target = state.book(sender, unit), state.book(recipient, unit)
    source.settle(now)
    target.settle(now)
    if source.active < amount:
        raise ledger.InsufficientPoints(missing=amount - source.active)
    count(state, sender, unit, amount, now)
    fresh = state.rulebook.expiry(unit, "", now)
    for lot, part in source.debit("transfer_out", amount, at=now, moment=now, fact_id=posted.fact_id):
        target.credit(
            "transfer_in",
            part,
            at=now,
            moment=now,
            active_at=now,
            expires_at=min((each for each in (lot.expires_at, fresh) if each), default=None),
            earned_at=lot.earned_at,
            fact_id=posted.fact_id,
            origin_id=lot.id,
        )
    sender.is_touched = recipient.is_touched = True
    return source.active


def whom(state: State, number: int) -> Person:
    """Who may send or receive. Raises NotFound, MemberNotActive."""
    person = state.people.get(number)
    if person is None:
        raise NotFound
    if person.state != "active":
        raise ledger.MemberNotActive
    return person


def count(state: State, sender: Person, unit: UnitInfo, amount: int, at: datetime) -> None:
    """Within the limit of that calendar month, which is the sender's own counter; what comes back counts no more. Raises
    TransfersOff, LimitReached."""
    key = f"sent:{unit.id}:{at.astimezone(state.rulebook.zone):%Y-%m}"
    before = sender.counters[key].amount if key in sender.counters else 0
    if amount > 0:
        if not unit.transfer_limit:
            raise TransfersOff
        if before + amount > unit.transfer_limit:
            raise LimitReached(left=max(0, unit.transfer_limit - before), field="amount")
    sender.count((key,), amount, 1 if amount > 0 else -1, at)
