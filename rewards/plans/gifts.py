"""What tiers and plans give on a birthday, besides what rules give: a bonus, once a year like the day itself."""

from __future__ import annotations

from members.models import Program
from rewards.benefits import kinds
from rewards.engine.facts import Perk
from rewards.engine.rules import scheduled
from rewards.intake import rows
from rewards.intake.items import EventIn
from rewards.intake.state import Person, Posted, State
from rewards.models import Term
from rewards.plans import holdings
from rewards.plans.records import RUNNING
from rewards.rulebook import Rulebook

BIRTHDAY = scheduled("birthday")


def are_promised(*, program: Program, book: Rulebook) -> bool:
    """Whether a tier, or a term that somebody holds, promises something for the birthday."""
    levels = book.scheme.levels if book.scheme else ()
    if any(_is_gift(perk) for level in levels for perk in level.perks):
        return True
    sold = Term.objects.filter(program=program, state__in=RUNNING)
    return bool(book.plans) and sold.filter(benefits__contains=[{"kind": kinds.BIRTHDAY}]).exists()


def give(item: EventIn, person: Person, state: State, posted: Posted) -> None:
    """Credit what the member's tier and plans promise for this day."""
    course, moment = state.course(person), item.occurred_at
    held = holdings.plans_at(person.terms, state.rulebook.plans, moment)
    for perk in holdings.perks_of(course.level_at(moment) if course else None, held):
        unit = state.rulebook.units.get(str(perk.benefit.get("unit")))
        if not _is_gift(perk) or unit is None:
            continue
        amount = perk.benefit["amount"]
        active_at, awaits, expires_at = state.rulebook.terms(unit, "", moment)
        book = state.book(person, unit)
        book.settle(posted.moment)
        book.credit(
            "bonus", amount, at=posted.at, moment=posted.moment, active_at=active_at, expires_at=expires_at,
            awaits=awaits, fact_id=posted.fact_id,
        )  # fmt: skip
        if perk.term and unit.worth_minor(amount):
            rows.add_saving(state, perk.term, kinds.BIRTHDAY, unit.worth_minor(amount), posted, order_id=None)


def _is_gift(perk: Perk) -> bool:
    return kinds.kind_of(perk.benefit) == kinds.BIRTHDAY
