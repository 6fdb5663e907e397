"""Wanting a reward: points, stock and code are held for a while in one posting, or taken at once (38)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import audit
from members.models import Member, Program, Store, User
from rewards import candidates, ledger, posting
from rewards.books import Book
from rewards.causes import gifts
from rewards.giftcards import rewarding
from rewards.households import sharing
from rewards.households.sharing import Home
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Donation, HouseholdPlace, Redemption, Reward
from rewards.plans import treats
from rewards.redemptions import exchanges, reading, refusals, tickets
from rewards.redemptions.refusals import Wanted
from rewards.redemptions.wishes import Parts, Wish, made_of, row_of, usable_until
from rewards.rulebook import UnitInfo
from rewards.spending import Word

SOURCE, KIND = "wafa", "reward.reserve"
POOL_EMPTY = "WF012"
Via = Redemption.Via
# What is given for nothing is refused for: the reward itself, not who gets it.
OF_THE_REWARD = (refusals.NotOffered, refusals.OutOfStock)
# Rewards that a process remembers; more than any shop puts up.
MOST_KNOWN = 5_000


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
    is_free: bool = False,
    word: Word | None = None,
    keep: Callable[[Redemption], posting.Kept] | None = None,
    shares: bool = False,
) -> Redemption:
    """Hold the reward of this key for the member, for its time to live; `at_once` (default: whatever is not shown at the
    till) spends the points too. A repeat with the same key returns the first redemption. What `is_free` costs the member
    nothing and asks for no condition: it only has to be up and in stock. `word` is asked for its price, unless this is a
    repeat, and kept with it; `keep` makes of the redemption a row that is written with it. With `shares` what the member
    lacks comes out of what the household shares, within the head's limit; gifts to causes are one's own.

    Raises NotFound, MemberNotActive, KeyReused, sharing.LimitReached, sharing.Owing, and what redemptions.refusals tells."""
    with scope(program=program):
        wanted = _known(program, reward)
        place = Store.objects.filter(program=program, code=store, is_active=True).first() if store else None
        if store and place is None:
            raise NotFound(field="store")
        if at_once is None:
            at_once = wanted.handover != Reward.Handover.TILL
        cause = gifts.cause_of(wanted)
        wish = Wish(program, member, wanted, key, now, via, place, at_once, by, cause, is_free, word, shares)

        def kept(made: Redemption | int) -> posting.Kept:
            assert keep is not None  # noqa: S101 - else this is not asked
            return keep(_whole(made))

        try:
            made = posting.attempt(
                lambda: _read_and_work(wish),
                keep=kept if keep else None,
                final=word.table if word else "",
            )
        except psycopg.Error as error:
            if error.sqlstate == POOL_EMPTY:
                raise refusals.OutOfStock from error
            raise
        return _whole(made)


def _whole(made: Redemption | int) -> Redemption:
    """What was made now, or before by the same wish."""
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
    before = _before(wish)
    seen = reading.read(
        program=program,
        holders=[wish.member.pk],
        fact=(SOURCE, KIND, wish.key),
        question=question,
        now=now,
        with_course=_asks_standing(wish),
        others=(wish.cause.pk,) if wish.cause else (before.household_id,) if before else (),
        whole=before is not None,
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
    if seen.version != (reward.revision, reward.created_at):
        # Changed since it was looked at: it is wanted as it is now.
        _forget(program, reward)
        fresh = _known(program, reward.key)
        return _read_and_work(replace(wish, reward=fresh, cause=gifts.cause_of(fresh)))
    if wish.word is not None:
        wish.word.check(reward.price)
    if person.state != "active":
        raise ledger.MemberNotActive
    reward.state, reward.stock, reward.taken = seen.reward
    for book in person.books.values():
        book.settle(now)
    home = sharing.home(state, before, now)
    _check(wish, seen.count, person, home, state)
    return _take(wish, person, home, state)


def _before(wish: Wish) -> HouseholdPlace | None:
    """Where what is lacking may come from."""
    if not wish.shares or wish.is_free or wish.cause is not None or not wish.reward.price:
        return None
    return sharing.place_for(wish.program, wish.member, reading.rules_of(wish.program))


def _asks_standing(wish: Wish) -> bool:
    """Whether tier and plans decide who can have it, or from when on."""
    reward = wish.reward
    has_terms = bool(reward.eligibility) or reward.starts_at is not None
    return has_terms or reading.is_kept(wish.program, reward)


def _check(wish: Wish, count: int, person: Person, home: Home | None, state: State) -> None:
    own = balances_of(person, state)
    wanted = Wanted(
        wish.now,
        count,
        candidates.of(person=person, state=state, now=wish.now),
        with_shared(own, sharing.takeable(state, person, home, wish.now)),
        wish.store.code if wish.store else "",
    )
    found = refusals.obstacles(wish.reward, wanted, currency=wish.program.currency)
    if wish.is_free:
        found = [each for each in found if isinstance(each, OF_THE_REWARD)]
    if found and isinstance(found[0], refusals.TooFew) and home is not None:
        _check_limit(wish, person, home, own, state)
    if found:
        raise found[0]
    if wish.cause is not None:
        gifts.check_open(state, wish.cause.pk)


def _check_limit(wish: Wish, person: Person, home: Home, own: dict[str, int], state: State) -> None:
    """Where there would be enough but for what is owed or the head's limit, that is what is said. Raises Owing,
    LimitReached."""
    units = state.rulebook.units
    for key, lack in sharing.lacking(wish.reward.price, own).items():
        if lack <= home.active(units[key]) and sharing.owes(person, units[key]):
            raise sharing.Owing
        left = sharing.room(state, person, home.place, key, wish.now)
        if left is not None and left < lack <= home.active(units[key]):
            raise sharing.LimitReached(left=left)


def with_shared(own: Mapping[str, int], shared: Mapping[str, int]) -> dict[str, int]:
    """What can be used together with what the household shares, {unit key: ledger units}."""
    return {unit: own.get(unit, 0) + shared.get(unit, 0) for unit in {**own, **shared}}


def balances_of(person: Person, state: State) -> dict[str, int]:
    """What can be used, {unit key: ledger units}."""
    return {state.rulebook.units_by_id[unit].key: book.active for unit, book in person.books.items()}


def _take(wish: Wish, person: Person, home: Home | None, state: State) -> tuple[dict[str, Any], Redemption]:
    reward, now = wish.reward, wish.now
    posted = Posted(now, now, state.take_id())
    number = state.take_id()
    if wish.cause:
        parts = _give(wish, person, state, posted, number)
    else:
        parts = _hold(wish, person, home, state, posted)
    person.is_touched = True
    opened = wish.at_once and rewarding.open_for(
        reward, state, posted, member_id=person.id, redemption_id=number,
        ends_at=usable_until(reward, now, wish.program),
    )  # fmt: skip
    is_given = exchanges.give(reward, person, state, posted)
    is_done = opened or is_given or wish.cause is not None
    row = row_of(wish, number, person.id, tickets.draw(), parts, is_done=is_done)
    row["household_id"] = home.person.id if home is not None and home.person.is_touched else None
    rows.add(state, "redemptions", row)
    made = made_of(wish, row)
    if is_done and wish.cause is None:
        treats.record(made, person, state, posted)
    if reward.stock is not None:
        rows.add(state, "stocks", {"id": reward.pk, "amount": 1})
    if reward.pool_id is not None:
        voucher = {"pool_id": reward.pool_id, "redemption_id": number, "member_id": person.id, "at": now}
        rows.add(state, "vouchers", voucher)
    answer = {"redemption": number}
    key = (SOURCE, KIND, wish.key, 0)
    rows.add_fact(state, key, wish.fingerprint, posted, answer, holder_id=person.id, order_id=None)
    data = {**answer, "reward": reward.key}
    kinds = ["reward.issued"] * wish.at_once + ["reward.fulfilled"] * is_done
    for kind in ("reward.reserved", *kinds):
        rows.add_event(state, kind, posted, data, holder_id=person.id)
    if wish.word is not None:
        wish.word.add(state, person, posted, data)
    elif wish.by is not None:
        rows.add(state, "audit", _audit(wish, person, data))
    return rows.document(state), made


def _hold(wish: Wish, person: Person, home: Home | None, state: State, posted: Posted) -> Parts:
    """Of what the member holds, and only what is lacking of what is shared."""
    price = {} if wish.is_free else wish.reward.price
    lack = sharing.lacking(price, balances_of(person, state)) if home is not None else {}
    parts: Parts = []
    for key, amount in price.items():
        unit = state.rulebook.units[key]
        own = amount - lack.get(key, 0)
        if own:
            parts += _hold_in(state.book(person, unit), own, unit, wish, posted)
    if home is not None and lack:
        for key, amount in lack.items():
            unit = state.rulebook.units[key]
            sharing.count(state, person, home.place, key, amount, wish.now)
            parts += _hold_in(state.book(home.person, unit), amount, unit, wish, posted)
        home.person.is_touched = True
        sharing.tell(state, person, home.person.id, "household.redeemed", lack, posted)
    return parts


def _hold_in(book: Book, amount: int, unit: UnitInfo, wish: Wish, posted: Posted) -> Parts:
    if wish.at_once:
        held = book.take("spend", amount, moment=wish.now, fact_id=posted.fact_id)
    else:
        held = book.reserve(amount, moment=wish.now, fact_id=posted.fact_id)
    return [(unit.id, lot.id, part) for lot, part in held]


def _give(wish: Wish, person: Person, state: State, posted: Posted, number: int) -> Parts:
    """A gift of a fixed size: it goes to its cause at once, with a receipt over what was promised."""
    assert wish.cause is not None  # noqa: S101 - the caller asked
    ((key, amount),) = wish.reward.price.items()
    unit = state.rulebook.units[key]
    _gift, parts = gifts.hand_over(
        state, posted, giver=person, cause=state.people[wish.cause.pk], unit=unit, amount=amount,
        worth_minor=wish.reward.value_minor or 0, via=Donation.Via.REWARD,
        store_id=wish.store.pk if wish.store else None, redemption_id=number,
    )  # fmt: skip
    return [(unit.id, lot.id, part) for lot, part in parts]


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
