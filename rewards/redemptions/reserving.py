"""Wanting a reward: points, stock and code are held for a while in one posting, or taken at once (38)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import audit
from members.models import Member, Program, Store, User
from rewards import candidates, ledger, posting
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Redemption, Reward
from rewards.policies import day_start
from rewards.redemptions import reading, refusals, tickets
from rewards.redemptions.refusals import Wanted

SOURCE, KIND = "wafa", "reward.reserve"
Via = Redemption.Via
type Parts = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what: `key` is that of the wish, `at_once` confirms it in the same posting."""

    program: Program
    member: Member
    reward: Reward
    key: str
    now: datetime
    via: str
    store: Store | None
    at_once: bool
    by: User | None

    @property
    def fingerprint(self) -> bytes:
        told = [self.member.pk, self.reward.pk, self.store.pk if self.store else None, self.at_once]
        return hashlib.sha256(orjson.dumps(told)).digest()


def reserve(
    *,
    program: Program,
    member: Member,
    reward: str,
    key: str,
    now: datetime,
    via: str = Via.PORTAL,
    store: str = "",
    at_once: bool | None = None,
    by: User | None = None,
) -> Redemption:
    """Hold the reward of this key for the member, for its time to live; `at_once` (default: whatever is not shown at the
    till) spends the points too. A repeat with the same key returns the first redemption.

    Raises NotFound, MemberNotActive, KeyReused, and what redemptions.refusals tells."""
    with scope(program=program):
        wanted = Reward.objects.filter(program=program, key=reward).first()
        if wanted is None:
            raise NotFound(field="reward")
        place = Store.objects.filter(program=program, code=store, is_active=True).first() if store else None
        if store and place is None:
            raise NotFound(field="store")
        if at_once is None:
            at_once = wanted.handover != Reward.Handover.TILL
        wish = Wish(program, member, wanted, key, now, via, place, at_once, by)
        number = posting.attempt(lambda: _read_and_work(wish))
        return Redemption.objects.select_related("reward", "store").get(pk=number)


def _read_and_work(wish: Wish) -> tuple[dict[str, Any], int]:
    program, reward, now = wish.program, wish.reward, wish.now
    question: dict[str, Any] = {"reward": reward.pk}
    since = refusals.period_start(reward.per_period, now, program.zone)
    if since is not None:
        question["since"] = since.isoformat()
    seen = reading.read(
        program=program,
        holders=[wish.member.pk],
        fact=(SOURCE, KIND, wish.key),
        question=question,
        now=now,
        with_course=bool(reward.eligibility),
    )
    state = seen.state
    if 0 in state.facts:
        _number, mark, answer = state.facts[0]
        if mark != wish.fingerprint:
            raise ledger.KeyReused
        return {}, int(answer["redemption"])
    person = reading.person_of(state, wish.member.pk)
    if person is None:
        raise NotFound
    if person.state != "active":
        raise ledger.MemberNotActive
    reward.state, reward.stock, reward.taken, revision = seen.reward
    if revision != reward.revision:
        # Changed since it was looked at: it is wanted as it is now.
        reward.refresh_from_db()
        return _read_and_work(wish)
    for book in person.books.values():
        book.settle(now)
    _check(wish, seen.count, person, state)
    return _take(wish, person, state)


def _check(wish: Wish, count: int, person: Person, state: State) -> None:
    wanted = Wanted(
        wish.now,
        count,
        candidates.of(person=person, state=state, now=wish.now),
        balances_of(person, state),
        wish.store.code if wish.store else "",
    )
    found = refusals.obstacles(wish.reward, wanted, currency=wish.program.currency)
    if found:
        raise found[0]


def balances_of(person: Person, state: State) -> dict[str, int]:
    """What can be used, {unit key: ledger units}."""
    return {state.rulebook.units_by_id[unit].key: book.active for unit, book in person.books.items()}


def _take(wish: Wish, person: Person, state: State) -> tuple[dict[str, Any], int]:
    reward, now = wish.reward, wish.now
    posted = Posted(now, now, state.take_id())
    parts = _hold(wish, person, state, posted)
    person.is_touched = True
    number = state.take_id()
    code = tickets.draw()
    rows.add(state, "redemptions", _row(wish, number, person.id, code, parts))
    if reward.stock is not None:
        rows.add(state, "stocks", {"id": reward.pk, "amount": 1})
    answer = {"redemption": number}
    key = (SOURCE, KIND, wish.key, 0)
    rows.add_fact(state, key, wish.fingerprint, posted, answer, holder_id=person.id, order_id=None)
    data = {**answer, "reward": reward.key}
    for kind in ("reward.reserved", *(["reward.issued"] if wish.at_once else [])):
        rows.add_event(state, kind, posted, data, holder_id=person.id)
    if wish.by is not None:
        rows.add(state, "audit", _audit(wish, person, data))
    return rows.document(state), number


def _hold(wish: Wish, person: Person, state: State, posted: Posted) -> Parts:
    parts: Parts = []
    for key, amount in wish.reward.price.items():
        unit = state.rulebook.units[key]
        book = state.book(person, unit)
        held = book.reserve(amount, moment=wish.now, fact_id=posted.fact_id)
        if wish.at_once:
            book.confirm(held, moment=wish.now, fact_id=posted.fact_id)
        parts += [(unit.id, lot.id, part) for lot, part in held]
    return parts


def _row(wish: Wish, number: int, holder: int, code: str, parts: Parts) -> dict[str, Any]:
    reward, now, program = wish.reward, wish.now, wish.program.pk
    held_until = now + timedelta(minutes=reward.hold_minutes)
    return {
        "id": number,
        "member_id": holder,
        "reward_id": reward.pk,
        "state": "issued" if wish.at_once else "reserved",
        "via": wish.via,
        "store_id": wish.store.pk if wish.store else None,
        "price": reward.price,
        "money_minor": reward.money_minor,
        "benefit": benefit_of(reward),
        "parts": parts,
        "code_digest": "\\x" + tickets.digests(program_id=program, code=code)[0].hex(),
        "code_sealed": "\\x" + tickets.seal(program_id=program, code=code).hex(),
        "reserved_at": now,
        "issued_at": now if wish.at_once else None,
        "due_at": usable_until(reward, now, wish.program) if wish.at_once else held_until,
    }


def usable_until(reward: Reward, now: datetime, program: Program) -> datetime | None:
    """The end of the last day on which what is issued now can be used; None: it never ends."""
    if reward.valid_days is None:
        return None
    day = now.astimezone(program.zone).date() + timedelta(days=reward.valid_days + 1)
    return day_start(day, program.zone)


def benefit_of(reward: Reward) -> Mapping[str, Any]:
    """What was promised, whatever becomes of the reward."""
    percent = None if reward.percent is None else str(reward.percent)
    found = {"kind": reward.kind, "value_minor": reward.value_minor, "percent": percent, "sku": reward.sku}
    return {name: value for name, value in found.items() if value}


def _audit(wish: Wish, person: Person, data: Mapping[str, Any]) -> dict[str, Any]:
    return audit.row(
        program=wish.program,
        actor=wish.by,
        action="redemption.reserve",
        subject="member",
        subject_id=person.number,
        after=data,
        now=wish.now,
    )
