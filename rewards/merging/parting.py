"""Undo a merge: foreseen for every way to bear what was used meanwhile, and done in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members import people
from members.models import Event, Fact, Member, Merge, Order, Program, User
from rewards import posting
from rewards.intake import rows
from rewards.intake.state import Posted, State
from rewards.merging import belongings, joining, portions, separation
from rewards.merging.belongings import Worth
from rewards.merging.portions import SOURCE
from rewards.merging.separation import Bearing, Separation
from rewards.policies import local_time
from rewards.tiers import standings
from rewards.tiers.joining import Count

UNDO = "merge.undo"


class MergeBound(Conflict):
    """Something later must be undone or finished first."""

    code = "merge_bound"


class UndoneAlready(Conflict):
    code = "undone_already"
    message = _("This merge was undone already.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What undoing would do: orders and identities that go back, and each unit by every way to bear what was used."""

    orders: int
    identities: int
    ways: Mapping[str, list[Separation]]

    @property
    def is_used(self) -> bool:
        """Whether there is anything to bear."""
        return any(part.used for parts in self.ways.values() for part in parts)


def foresee(*, program: Program, made: Merge, now: datetime) -> Outlook:
    """What undoing the merge would do; the same code, and nothing is written. Raises UndoneAlready, MergeBound."""
    with scope(program=program):
        _check(made, made.kept)
        group = belongings.group_of(made.gone)
        orders = belongings.orders_back(made, group)
        ways = {}
        for bearing in Bearing.values:
            state = portions.read(program, [made.kept_id, made.gone_id], fact=(UNDO, ""), now=now)
            ways[bearing] = _part_books(made, orders, bearing, state, Posted(now, now, state.take_id()))
        known = made.kept.identities.filter(origin_id__in=group).count()
    return Outlook(len(orders), known, ways)


def undo(
    *, program: Program, made: Merge, bearing: str, reason: str, by: User, key: str, now: datetime
) -> Merge:
    """Take the two apart again; a repeat with the same key gives the first answer.

    Raises UndoneAlready, MergeBound, OwnAccount, ReasonMissing.
    """
    if not reason.strip():
        raise people.ReasonMissing(field="reason")
    with scope(program=program), transaction.atomic():
        kept, gone = joining.lock_both(made.kept, made.gone)
        made = Merge.objects.select_related("program").get(pk=made.pk)
        if made.undone_at is not None and _is_of(made, key):
            return made
        _check(made, kept)
        for member in (kept, gone):
            people.check_not_own(member=member, by=by)
        group = belongings.group_of(gone)
        orders = belongings.orders_back(made, group)
        fact_id, parts = posting.attempt(lambda: _work(made, orders, bearing=bearing, key=key, now=now))
        made.undone_at, made.undone_by, made.undo_fact_id = now, by, fact_id
        made.undo_reason, made.given = reason.strip()[:300], {part.unit: part.given for part in parts}
        made.save(update_fields=["undone_at", "undone_by", "undo_fact_id", "undo_reason", "given"])
        _part_rest(made, kept, gone, orders, group, now)
        _audit(made, kept, gone, bearing, parts, len(orders))
    return made


# --- parts ------------------------------------------------------------------------------------------------------------


def _check(made: Merge, kept: Member) -> None:
    if made.undone_at is not None:
        raise UndoneAlready
    if kept.merged_into_id is not None:
        raise MergeBound(_("The kept member was merged itself. Undo that merge first."))
    if Event.objects.filter(holder_id__in=[made.kept_id, made.gone_id], kind="member.erased").exists():
        raise MergeBound(_("One of the two has left and was forgotten."))


def _is_of(made: Merge, key: str) -> bool:
    facts = Fact.objects.filter(program=made.program, source=SOURCE, kind=UNDO, external_id=key)
    return made.undo_fact_id in facts.values_list("pk", flat=True)


def _work(
    made: Merge, orders: Mapping[int, Worth], *, bearing: str, key: str, now: datetime
) -> tuple[dict[str, Any], tuple[int, list[Separation]]]:
    state = portions.read(made.program, [made.kept_id, made.gone_id], fact=(UNDO, key), now=now)
    if 0 in state.facts:
        raise UndoneAlready
    posted = Posted(now, now, state.take_id())
    parts = _part_books(made, orders, bearing, state, posted)
    kept = state.people[made.kept_id]
    for counter, (amount, times) in made.record.get("counters", {}).items():
        kept.count((counter,), -amount, -times, now)
    for person in state.people.values():
        person.is_touched = True
    mark = joining.mark_of(made.pk, bearing)
    rows.add_fact(state, (SOURCE, UNDO, key, 0), mark, posted, {}, holder_id=kept.id, order_id=None)
    rows.add_event(state, "member.unmerged", posted, {"gone": made.gone_id}, holder_id=kept.id)
    return rows.document(state), (posted.fact_id, parts)


def _part_books(
    made: Merge, orders: Collection[int], bearing: str, state: State, posted: Posted
) -> list[Separation]:
    kept, gone = state.people[made.kept_id], state.people[made.gone_id]
    parts = []
    for unit_id in portions.units_of(kept, gone):
        unit = state.rulebook.units_by_id[unit_id]
        found = separation.trace(made, unit, orders)
        if not found.mine and not found.arrears and not found.crossed and not found.repaid:
            continue
        one, other = (portions.open_book(person, unit_id, state) for person in (kept, gone))
        if one.reserved:
            raise MergeBound(_("Points are reserved. Confirm or release them first."))
        parts.append(separation.separate(one, other, found, bearing, state, posted))
    return parts


def _part_rest(
    made: Merge,
    kept: Member,
    gone: Member,
    orders: Mapping[int, Worth],
    group: Collection[int],
    now: datetime,
) -> None:
    program = made.program
    courses = joining.courses_of(program, kept, gone)
    if courses is not None and "tiers" in made.record:
        scheme, mine, theirs = courses
        noted = made.record["tiers"]
        counted: list[Count] = [(date.fromisoformat(day), *figures) for day, *figures in noted["counts"]]
        since = _differences(program, orders, belongings.worth_of(orders, scheme))
        mine.give_back(noted["adopted"], [*counted, *since], since=made.merged_at, now=now)
        theirs.come_back(noted["ended"], since, now=now)
        standings.save(program=program, courses={kept.pk: mine, gone.pk: theirs}, now=now)
        joining.write_metrics(program, kept, mine)
        joining.write_metrics(program, gone, theirs)
    belongings.return_orders(orders, made)
    belongings.return_identities(made, group)
    belongings.unfill(kept, gone, made.record.get("filled", {}))
    gone.state, gone.merged_into = Member.State.ACTIVE, None
    gone.save(update_fields=["state", "merged_into"])
    Member.objects.filter(pk__in=set(group) - {gone.pk}, merged_into=kept).update(merged_into=gone)
    Event.objects.create(
        program=program, holder_id=gone.pk, kind="member.unmerged", occurred_at=now, recorded_at=now,
        fact_id=made.undo_fact_id, data={"kept": kept.pk},
    )  # fmt: skip


def _differences(program: Program, before: Mapping[int, Worth], after: Mapping[int, Worth]) -> list[Count]:
    """What orders count for more or less than when they were merged; one that came since is a visit of its own."""
    days = {
        pk: local_time(at, program.zone).date()
        for pk, at in Order.objects.filter(pk__in=before).values_list("pk", "occurred_at")
    }
    found: list[Count] = []
    for number, old in before.items():
        new = after[number]
        change = new.spend_minor - old.spend_minor, new.orders - old.orders, new.points - old.points
        if any(change):
            found.append((days[number], change[0], change[1], change[1], change[2]))
    return found


def _audit(
    made: Merge, kept: Member, gone: Member, bearing: str, parts: list[Separation], orders: int
) -> None:
    by, at = made.undone_by, made.undone_at
    if by is None or at is None:
        raise NotFound
    units = {
        part.unit: {
            "returned": part.returned,
            "used": part.used,
            "charged": part.charged,
            "given": part.given,
        }
        for part in parts
    }
    told = {"bearing": bearing, "orders": orders, "units": units}
    people.audit_of(
        kept, "member.unmerge", by, at, after={"gone": gone.number, **told}, reason=made.undo_reason
    )
    people.audit_of(
        gone, "member.unmerge", by, at, after={"kept": kept.number, **told}, reason=made.undo_reason
    )
