"""Wanting a reward: points, stock and code are held for a while in one posting, or taken at once (38)."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
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
# Rewards that a process remembers; more than any shop puts up.
MOST_KNOWN = 5_000
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
        wanted = _known(program, reward)
        place = Store.objects.filter(program=program, code=store, is_active=True).first() if store else None
        if store and place is None:
            raise NotFound(field="store")
        if at_once is None:
            at_once = wanted.handover != Reward.Handover.TILL
        wish = Wish(program, member, wanted, key, now, via, place, at_once, by)
        made = posting.attempt(lambda: _read_and_work(wish))
        if isinstance(made, Redemption):
            return made
        return Redemption.objects.select_related("reward", "store").get(pk=made)


_rewards: dict[tuple[str, int, str], Reward] = {}


def _known(program: Program, key: str) -> Reward:
    """The reward as this process saw it last; whether it is still so, the snapshot says. Raises NotFound."""
    place = (str(connection.settings_dict["NAME"]), program.pk, key)
    kept = _rewards.get(place)
    if kept is None:
        kept = Reward.objects.filter(program=program, key=key).first()
        if kept is None:
            raise NotFound(field="reward")
        if len(_rewards) >= MOST_KNOWN:
            _rewards.clear()
        _rewards[place] = kept
    return copy.copy(kept)


def _forget(program: Program, reward: Reward) -> None:
    _rewards.pop((str(connection.settings_dict["NAME"]), program.pk, reward.key), None)


def _read_and_work(wish: Wish) -> tuple[dict[str, Any], Redemption | int]:
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
    if seen.version != (reward.revision, reward.created_at):
        # Changed since it was looked at: it is wanted as it is now.
        _forget(program, reward)
        return _read_and_work(replace(wish, reward=_known(program, reward.key)))
    reward.state, reward.stock, reward.taken = seen.reward
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


def _take(wish: Wish, person: Person, state: State) -> tuple[dict[str, Any], Redemption]:
    reward, now = wish.reward, wish.now
    posted = Posted(now, now, state.take_id())
    parts = _hold(wish, person, state, posted)
    person.is_touched = True
    number = state.take_id()
    code = tickets.draw()
    row = _row(wish, number, person.id, code, parts)
    rows.add(state, "redemptions", row)
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
    return rows.document(state), _made(wish, row)


def _made(wish: Wish, row: Mapping[str, Any]) -> Redemption:
    """The row that was written, so that nobody must read it again."""
    binary = {name: bytes.fromhex(row[name][2:]) for name in ("code_digest", "code_sealed")}
    one = Redemption(program=wish.program, **{**row, **binary})
    one.reward, one.store = wish.reward, wish.store
    return one


def _hold(wish: Wish, person: Person, state: State, posted: Posted) -> Parts:
    parts: Parts = []
    for key, amount in wish.reward.price.items():
        unit = state.rulebook.units[key]
        book = state.book(person, unit)
        if wish.at_once:
            held = book.take("spend", amount, moment=wish.now, fact_id=posted.fact_id)
        else:
            held = book.reserve(amount, moment=wish.now, fact_id=posted.fact_id)
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
