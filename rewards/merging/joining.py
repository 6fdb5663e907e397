"""Merge: seen before it is done, and done in one transaction under the guards of both members."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members import people
from members.models import Event, Fact, Holder, Member, Merge, Program, User
from rewards import ledger, posting, redemptions, sendings
from rewards.households import parting, places
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.merging import belongings, portions
from rewards.merging.portions import KIND, SOURCE
from rewards.models import HouseholdPlace
from rewards.tiers import standings
from rewards.tiers.joining import JoinedCourse
from rewards.tiers.schemes import TICK, Level, Scheme

METRIC = """
    INSERT INTO rewards_metric (holder_id, bucket, program_id, spend_minor, orders, visits, points, last_on)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (holder_id, bucket) DO UPDATE SET spend_minor = excluded.spend_minor, orders = excluded.orders,
        visits = excluded.visits, points = excluded.points, last_on = excluded.last_on
"""


class Unmergeable(Conflict):
    """Why these two cannot be merged as they are."""

    code = "unmergeable"


class Purse(NamedTuple):
    """A wallet as it is and would be, in ledger units."""

    active: int = 0
    pending: int = 0
    arrears: int = 0


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a merge would make: by unit key the wallet of either side and of both together, and the levels. `leaves` is
    where the one who goes belongs until then, `is_last` whether that ends with it."""

    kept: Mapping[str, Purse]
    gone: Mapping[str, Purse]
    result: Mapping[str, Purse]
    kept_level: Level | None
    gone_level: Level | None
    level: Level | None
    leaves: HouseholdPlace | None = None
    is_last: bool = False


def preview(*, program: Program, kept: Member, gone: Member, now: datetime) -> Meeting:
    """What the merge would do; the same code, and nothing is written. Raises Unmergeable."""
    with scope(program=program):
        _check(kept, gone)
        state = portions.read(program, [kept.pk, gone.pk], fact=(KIND, ""), now=now)
        one, other = state.people[kept.pk], state.people[gone.pk]
        before = {person.id: _purses(person, state) for person in (one, other)}
        posted = Posted(now, now, state.take_id())
        for person in (one, other):
            redemptions.foresee_release(person, state=state, posted=posted)
            sendings.foresee_release(person, state=state, posted=posted)
        _join_books(one, other, state, posted)
        of_kept, of_gone, of_both = _levels(program, kept, gone, now)
        leaves = places.place_of(gone)
        is_last = leaves is not None and places.is_alone(leaves)
    purses = before[kept.pk], before[gone.pk], _purses(one, state)
    return Meeting(*purses, of_kept, of_gone, of_both, leaves, is_last)


def merge(
    *, program: Program, kept: Member, gone: Member, reason: str, by: User, key: str, now: datetime
) -> Merge:
    """Make one member of two; what either has reserved is given back first. A repeat with the same key gives the first answer.

    Raises Unmergeable, OwnAccount, ReasonMissing, KeyReused.
    """
    if not reason.strip():
        raise people.ReasonMissing(field="reason")
    with scope(program=program), transaction.atomic():
        places.lock_with(kept, gone)
        kept, gone = lock_both(kept, gone)
        found = Fact.objects.filter(program=program, source=SOURCE, kind=KIND, external_id=key).first()
        if found is not None:
            return _repeated(found, kept, gone)
        _check(kept, gone)
        for member in (kept, gone):
            people.check_not_own(member=member, by=by)
            redemptions.release_all(program=program, member=member, now=now, by=by)
            sendings.release_all(program=program, member=member, now=now)
        parting.depart(program=program, member=gone, now=now)
        fact_id, record = posting.attempt(lambda: _work(program, kept, gone, key, now))
        made = Merge.objects.create(
            program=program, kept=kept, gone=gone, reason=reason.strip()[:300], author=by, merged_at=now,
            fact_id=fact_id, record=record,
        )  # fmt: skip
        _join_rest(made, kept, gone, by, now)
    return made


def lock_both(one: Member, other: Member) -> tuple[Member, Member]:
    """Both members as they are now, guarded in the order of their ids until the transaction ends."""
    ids = [one.pk, other.pk]
    list(Holder.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))
    found = Member.objects.select_related("program").in_bulk(ids)
    if len(found) != len(set(ids)):
        raise NotFound
    return found[one.pk], found[other.pk]


def mark_of(*content: object) -> bytes:
    return hashlib.sha256(orjson.dumps(content)).digest()


def write_metrics(program: Program, member: Member, course: JoinedCourse) -> None:
    """The absolute values of what was counted anew."""
    values = [
        (member.pk, bucket, program.pk, totals.spend_minor, totals.orders, totals.visits, totals.points, totals.last_on)
        for bucket, totals in course.touched_metrics.items()
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(METRIC, values)


def courses_of(
    program: Program, kept: Member, gone: Member
) -> tuple[Scheme, JoinedCourse, JoinedCourse] | None:
    """The courses of both through the tiers; None in a program without tiers."""
    try:
        scheme = standings.scheme_of(program)
    except standings.NoTiers:
        return None
    found: Any = standings.load(
        program=program, member_ids=[kept.pk, gone.pk], scheme=scheme, course=JoinedCourse
    )
    return scheme, found[kept.pk], found[gone.pk]


# --- parts ------------------------------------------------------------------------------------------------------------


def _check(kept: Member, gone: Member) -> None:
    if kept.pk == gone.pk:
        raise Unmergeable(_("Choose another member to merge with."), field="other")
    for member in (kept, gone):
        if member.merged_into_id is not None:
            raise Unmergeable(_("One of the two was merged already."), field="other")
        if member.state != Member.State.ACTIVE:
            raise Unmergeable(_("Both must be active: unblock or reopen first."), field="other")


def _repeated(found: Fact, kept: Member, gone: Member) -> Merge:
    if bytes(found.fingerprint) != mark_of(kept.pk, gone.pk):
        raise ledger.KeyReused
    return Merge.objects.get(fact_id=found.pk)


def _work(
    program: Program, kept: Member, gone: Member, key: str, now: datetime
) -> tuple[dict[str, Any], tuple[int, dict[str, Any]]]:
    state = portions.read(program, [kept.pk, gone.pk], fact=(KIND, key), now=now)
    one, other = state.people[kept.pk], state.people[gone.pk]
    posted = Posted(now, now, state.take_id())
    units = _join_books(one, other, state, posted)
    counters = _join_counters(one, other)
    one.is_touched = other.is_touched = True
    rows.add_fact(
        state, (SOURCE, KIND, key, 0), mark_of(kept.pk, gone.pk), posted, {}, holder_id=kept.pk, order_id=None
    )
    rows.add_event(state, "member.merged", posted, {"gone": gone.pk}, holder_id=kept.pk)
    return rows.document(state), (posted.fact_id, {"units": units, "counters": counters})


def _join_books(one: Person, other: Person, state: State, posted: Posted) -> dict[str, dict[str, int]]:
    """Hand over everything in every unit; by unit what must be known to part them again."""
    noted = {}
    for unit_id in portions.units_of(other):
        source = other.books[unit_id]
        target = portions.open_book(one, unit_id, state)
        if source.reserved or target.reserved:
            raise Unmergeable(_("Points are reserved. Confirm or release them first."))
        parts, arrears, owed = portions.all_of(source), source.arrears, target.arrears
        seq = target.seq
        source.move(KIND, parts, moment=posted.moment, fact_id=posted.fact_id, arrears=-arrears)
        portions.hand(parts, target, posted)
        repaid = owed - target.arrears
        target.pay(KIND, arrears, moment=posted.moment, fact_id=posted.fact_id)
        moved = sum(part for _, part in parts)
        key = state.rulebook.units_by_id[unit_id].key
        noted[key] = {"seq": seq, "moved": moved, "arrears": arrears, "repaid": repaid}
    return noted


def _join_counters(one: Person, other: Person) -> dict[str, list[int]]:
    """What the rules gave to either counts for both."""
    for key, counter in other.counters.items():
        last = datetime.fromtimestamp(counter.last or 0, UTC)
        one.count((key,), counter.amount, counter.times, last)
    return {key: [counter.amount, counter.times] for key, counter in other.counters.items()}


def _join_rest(made: Merge, kept: Member, gone: Member, by: User, now: datetime) -> None:
    program = made.program
    courses = courses_of(program, kept, gone)
    orders = belongings.move_orders(made, courses[0] if courses else None)
    known = belongings.move_identities(made)
    if courses is not None:
        made.record["tiers"] = _join_tiers(program, kept, gone, courses, now)
    belongings.keep_refusals(kept, gone, now)
    made.record["filled"] = belongings.fill(kept, gone)
    made.save(update_fields=["record"])
    gone.state, gone.merged_into = Member.State.CLOSED, kept
    gone.save(update_fields=["state", "merged_into"])
    Member.objects.filter(merged_into=gone).update(merged_into=kept)
    Event.objects.create(
        program=program, holder_id=gone.pk, kind="member.merged_away", occurred_at=now, recorded_at=now,
        fact_id=made.fact_id, data={"kept": kept.pk},
    )  # fmt: skip
    told = {"orders": orders, "identities": known, "units": made.record["units"]}
    people.audit_of(kept, "member.merge", by, now, after={"gone": gone.number, **told}, reason=made.reason)
    people.audit_of(gone, "member.merge", by, now, after={"kept": kept.number}, reason=made.reason)


def _join_tiers(
    program: Program,
    kept: Member,
    gone: Member,
    courses: tuple[Scheme, JoinedCourse, JoinedCourse],
    now: datetime,
) -> dict[str, Any]:
    _scheme, mine, theirs = courses
    counts = theirs.counts()
    ended = theirs.hand_over(now=now)
    mine.take_over(ended, counts, now=now)
    standings.save(program=program, courses={kept.pk: mine, gone.pk: theirs}, now=now)
    write_metrics(program, kept, mine)
    return {
        "counts": [[day.isoformat(), *figures] for day, *figures in counts],
        "ended": [row.id for row in ended],
        "adopted": [row.id for row in mine.standings if row.since == now + TICK],
    }


def _levels(program: Program, kept: Member, gone: Member, now: datetime) -> tuple[Level | None, ...]:
    courses = courses_of(program, kept, gone)
    if courses is None:
        return None, None, None
    _scheme, mine, theirs = courses
    before = mine.level_at(now), theirs.level_at(now)
    mine.take_over(theirs.hand_over(now=now), theirs.counts(), now=now)
    return *before, mine.level


def _purses(person: Person, state: State) -> dict[str, Purse]:
    units = state.rulebook.units_by_id
    return {
        units[unit].key: Purse(book.active, book.pending, book.arrears)
        for unit, book in sorted(person.books.items())
    }
