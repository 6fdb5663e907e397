"""What a redemption costs may come out of what the household shares, where the own wallet has too little (14, 38). It goes
back where it came from; what a member may take in a month is one limit, whichever way it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members.models import Member, Program
from rewards.households import places
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.lots import LotRow
from rewards.models import Counter, HouseholdPlace
from rewards.rulebook import Rulebook, UnitInfo

Parts = list[tuple[LotRow, int]]


class Owing(Conflict):
    code = "household_owing"
    message = _("Something is owed. Take it out of the household first: what comes in repays it.")


class LimitReached(DomainError):
    """`left` in ledger units."""

    code = "household_limit"
    message = _("This is more than you may take in a month. %(left)s are left.")


@dataclass(frozen=True, slots=True)
class Home:
    """A member's place and the household's wallets in a posting, settled."""

    place: HouseholdPlace
    person: Person

    def active(self, unit: UnitInfo) -> int:
        """What is shared of it, in ledger units."""
        book = self.person.books.get(unit.id)
        return book.active if book is not None and unit.is_shared else 0


def shares(rules: Rulebook) -> bool:
    """Whether anything is shared in the program: without it nobody is asked for a household."""
    return any(unit.is_shared for unit in rules.units.values())


def place_for(program: Program, member: Member, rules: Rulebook) -> HouseholdPlace | None:
    """Where the member could take from, as it looks before anything is read under a guard."""
    return places.place_of(member) if shares(rules) else None


def home(state: State, before: HouseholdPlace | None, now: datetime) -> Home | None:
    """The place as it is now that the guards were read: whoever changes it moves the household's."""
    if before is None:
        return None
    place = HouseholdPlace.objects.filter(pk=before.pk, left_at=None).first()
    person = state.people.get(before.household_id)
    if place is None or person is None:
        return None
    for book in person.books.values():
        book.settle(now)
    return Home(place, person)


def room(state: State, person: Person, place: HouseholdPlace, unit: str, now: datetime) -> int | None:
    """What the member may still take of it in this calendar month, in ledger units; None: all there is."""
    limit: int | None = place.limits.get(unit)
    if limit is None:
        return None
    key = counter_of(place.household_id, unit, now, state.rulebook.zone)
    before = person.counters[key].amount if key in person.counters else 0
    return max(0, limit - before)


def count(state: State, person: Person, place: HouseholdPlace, unit: str, amount: int, now: datetime) -> None:
    """Within what the head lets this member take. Raises LimitReached."""
    left = room(state, person, place, unit, now)
    if left is not None and amount > left:
        raise LimitReached(left=left, field="amount")
    key = counter_of(place.household_id, unit, now, state.rulebook.zone)
    person.count((key,), amount, 1, now)


def uncount(
    state: State, person: Person, household_id: int, unit: str, amount: int, taken_at: datetime
) -> None:
    """What came back counts no more in the month in which it was taken."""
    key = counter_of(household_id, unit, taken_at, state.rulebook.zone)
    person.count((key,), -amount, -1, taken_at)


def counter_of(household_id: int, unit: str, at: datetime, zone: ZoneInfo) -> str:
    return f"household:{household_id}:{unit}:{at.astimezone(zone):%Y-%m}"


def takeable(state: State, person: Person, found: Home | None, now: datetime) -> dict[str, int]:
    """What the member can redeem of what is shared, {unit key: ledger units}; nothing of a unit that the member owes."""
    if found is None:
        return {}
    told: dict[str, int] = {}
    for unit in state.rulebook.units.values():
        active = found.active(unit)
        if active > 0 and not owes(person, unit):
            left = room(state, person, found.place, unit.key, now)
            told[unit.key] = active if left is None else min(active, left)
    return told


def owes(person: Person, unit: UnitInfo) -> bool:
    book = person.books.get(unit.id)
    return book is not None and book.arrears > 0


def lacking(price: Mapping[str, int], own: Mapping[str, int]) -> dict[str, int]:
    """How much of the price the own wallets do not hold, {unit key: ledger units}; nothing where they hold all."""
    return {unit: amount - own.get(unit, 0) for unit, amount in price.items() if amount > own.get(unit, 0)}


def give_back(
    state: State,
    person: Person,
    household_id: int,
    taken: Mapping[str, int],
    taken_at: datetime,
    posted: Posted,
) -> None:
    """Tell that it came back, and count it no more."""
    for unit, amount in taken.items():
        uncount(state, person, household_id, unit, amount, taken_at)
    tell(state, person, household_id, "household.returned", taken, posted)


def tell(
    state: State, person: Person, household_id: int, kind: str, amounts: Mapping[str, int], posted: Posted
) -> None:
    rows.add_event(
        state, kind, posted, {"household": household_id, "amounts": dict(amounts)}, holder_id=person.id
    )


def taken_of(place: HouseholdPlace, zone: ZoneInfo, now: datetime) -> list[tuple[str, int, int]]:
    """For each unit with a limit the limit, and what of it was taken this month, in ledger units."""
    keys = {counter_of(place.household_id, unit, now, zone): unit for unit in place.limits}
    rows = Counter.objects.filter(holder_id=place.member_id, key__in=keys) if keys else ()
    taken = {keys[row.key]: row.amount for row in rows}
    return [(unit, limit, taken.get(unit, 0)) for unit, limit in place.limits.items()]
