"""A custom event is taken back: an activity deleted, a review withdrawn. What it gave goes as with a return (25, 26, 29),
and it counts for no rule, tier or badge any more."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db import connection
from django_scopes import scope

from loyaltysite.kit import prints
from loyaltysite.kit.errors import NotFound
from members import followers
from members.models import Activity, Fact, Member, Program
from rewards import ledger
from rewards.engine import contexts
from rewards.engine.facts import Occasion
from rewards.engine.pricing import Pricing
from rewards.intake import content, earning, rows
from rewards.intake.items import Outcome
from rewards.intake.revisions import NOTHING
from rewards.intake.state import Person, Posted, State
from rewards.models import Pricing as Kept
from rewards.plans import worth
from rewards.policies import local_time
from rewards.posting import attempt
from rewards.redemptions.reading import person_of
from rewards.rulebook import of as rulebook_of

PREFIX = "undo."


@dataclass(frozen=True, slots=True)
class Deed:
    """The event that is taken back, as it was priced."""

    fact: Fact
    activity: Activity
    kept: Kept | None
    occasion: Occasion

    @property
    def kind(self) -> str:
        return PREFIX + self.activity.kind


def withdraw(*, program: Program, source: str, kind: str, external_id: str, now: datetime) -> Outcome:
    """Take back what this event was; a repeat gets the first answer with status "repeated". Raises NotFound."""
    with scope(program=program):
        named = Fact.objects.filter(
            program=program, source=source, kind=f"event.{kind}", external_id=external_id, revision=0
        )
        fact = named.first()
        activity = Activity.objects.filter(pk=fact.pk).first() if fact is not None else None
        if fact is None or activity is None:
            raise NotFound
        local = local_time(activity.occurred_at, program.zone)
        occasion = Occasion(activity.kind, activity.occurred_at, local, data=activity.data)
        deed = Deed(fact, activity, Kept.objects.filter(pk=fact.pk).first(), occasion)
        outcome = attempt(lambda: _read_and_work(program, deed, now))
    followers.wake()
    return outcome


def _read_and_work(program: Program, deed: Deed, now: datetime) -> tuple[dict[str, Any], Outcome]:
    state = ledger.read(program, _request(program, deed, now), now)
    if 0 in state.facts:
        number, _mark, answer = state.facts[0]
        known = {each.name for each in fields(Outcome)}
        said = {name: value for name, value in answer.items() if name in known}
        return {}, Outcome(**{**said, "status": "repeated", "fact_id": number})
    person = person_of(state, deed.fact.holder_id or 0)
    if person is None:
        raise NotFound
    posted = Posted(now, now, state.take_id())
    person.is_touched = True
    taken = take_back(deed.kept, deed.occasion, person, state, posted) if deed.kept is not None else {}
    _take_from_tier(deed, taken, person, state, posted)
    rows.add(state, "withdrawn", {"fact_id": deed.activity.pk, "at": now})
    outcome = content.answer("recorded", None, person, state, {})
    outcome.reversed = taken
    outcome.fact_id = posted.fact_id
    key = (deed.fact.source, deed.kind, deed.fact.external_id, 0)
    answer = {"status": "recorded", "member_id": person.id, "reversed": taken, "balance": outcome.balance}
    rows.add_fact(
        state, key, prints.of(deed.kind.encode()), posted, answer, holder_id=person.id, order_id=None
    )
    rows.add_event(state, deed.kind, posted, {"fact": deed.fact.pk, "reversed": taken}, holder_id=person.id)
    return rows.document(state), outcome


def _request(program: Program, deed: Deed, now: datetime) -> dict[str, Any]:
    fact = deed.fact
    holders = [fact.holder_id]
    holders += Member.objects.filter(pk=fact.holder_id, merged_into__isnull=False).values_list(
        "merged_into_id", flat=True
    )
    book = rulebook_of(program.pk, database=str(connection.settings_dict["NAME"]))
    request: dict[str, Any] = {
        "facts": [
            {"i": 0, "source": fact.source, "kind": deed.kind, "external_id": fact.external_id, "revision": 0}
        ],
        "holders": holders,
        "due": now.isoformat(),
    }
    if deed.kept is not None:
        keys = book.engine_of(tuple(deed.kept.versions)).program.counter_keys(deed.occasion)
        request |= {"keys": list(keys)} if keys else {}
    if book.scheme is not None:
        request["metrics_from"] = date.min.isoformat()
    return request


def _priced(kept: Kept, occasion: Occasion, state: State) -> Pricing:
    """What it gave, priced again with the rules and the context of its moment."""
    engine = state.rulebook.engine_of(tuple(kept.versions))
    return engine.program.price(occasion, contexts.load(kept.context))


def take_back(kept: Kept, occasion: Occasion, person: Person, state: State, posted: Posted) -> dict[str, int]:
    """Reverse what rules gave for the occasion: points, counters, budgets, and what a plan gained by it; {unit key: ledger
    units}. The member's wallets must have been read whole."""
    taken = {}
    for key, amount in kept.awarded.items():
        if not amount:
            continue
        unit = state.rulebook.units[key]
        book = state.book(person, unit)
        book.settle(posted.moment)
        own, ended = ledger.given_by(kept.fact_id, book, unit.id)
        book.reverse(
            amount,
            at=posted.at,
            moment=posted.moment,
            fact_id=posted.fact_id,
            order_id=None,
            own=own,
            ended=ended,
            limit=unit.arrears_limit,
            mode=unit.shortfall,
        )
        taken[key] = amount
    earning.recount(_priced(kept, occasion, state), NOTHING, person, state, occasion.occurred_at)
    if kept.context.get("plans"):
        worth.take_back(kept.fact_id, state, posted)
    return taken


def _take_from_tier(deed: Deed, taken: dict[str, int], person: Person, state: State, posted: Posted) -> None:
    """The points count for no tier any more."""
    course, points = state.course(person), earning.points(taken, state)
    if course is not None and points:
        course.add(
            deed.activity.occurred_at,
            now=posted.moment,
            happened_at=posted.at,
            points=-points,
            fact_id=posted.fact_id,
        )
