"""A shop whose members differ in everything a condition can ask, made through the domain; and both ways to ask."""

from __future__ import annotations

from datetime import date
from typing import Any

from django_scopes import scope

from campaigns.audiences import fields
from campaigns.audiences.portraits import Portrait
from members import addresses, consent, preferences, scores, tags
from members.models import Identity, Member, Program, Store
from tests.rewards import builders as b

NOW = b.moment("2026-02-01")
PEOPLE = ("anna", "ben", "cora", "dina", "emil", "fred")


def open_bazaar(**settings: Any) -> Program:
    given: dict[str, Any] = {
        "units": {"points": {"names": {"en": "Points"}}, "credit": {"precision": 2, "is_money": True}},
        "tiers": {"base": (0, {}), "silver": (2_000, {}), "gold": (20_000, {})},
        "stores": ["quay", "mill"],
    }
    return b.open_program(**given | settings)


def fill(program: Program) -> None:
    """Six members: from one without any order to one with many and returns."""
    b.join(program, "anna", at="2025-12-30T23:30", language="en", birthday=date(1990, 2, 3))
    b.join(program, "ben", at="2026-01-15", language="fa", birthday=date(1992, 2, 29))
    b.join(program, "cora", at="2026-01-31T23:59", language="", source="till")
    b.join(program, "dina", at="2024-05-05", language="ar", state="blocked")
    b.join(program, "emil", at="2025-02-01", birthday=date(1960, 12, 31))
    b.join(program, "fred", at="2026-01-20", language="en")
    coffee = [b.line(450, "coffee", 2, name="Coffee", category="drinks")]
    b.record_each(
        program,
        b.order("A1", "2025-12-31", b.line(9900, "lamp", name="Lamp", category="home"), store="quay"),
        b.order("A2", "2026-01-20", *coffee, store="mill", channel="web"),
        b.order("B1", "2026-01-25T22:30", *coffee, member="ben", store="quay"),
        b.order("B2", "2026-01-31T12:00", 2500, 700, member="ben"),
        b.order("D1", "2025-01-31T12:00", 100, member="dina"),
        b.order("E1", "2026-01-02", 25_000, member="emil", store="mill"),
        b.bring_back("R1", "2026-01-10", ("sku-25000", 1), order="E1"),
        b.order("E2", "2026-01-28", 3100, member="emil"),
        b.order("F1", "2026-01-29", 800, member="fred"),
        b.cancel("F1", "2026-01-30"),
        b.event("V1", "browse", "2026-01-12", sku="lamp", price=99.5, again=True),
        b.event("V2", "browse", "2026-01-30", member="ben", sku="coffee", price=4, again=False),
        b.event("V3", "review", "2026-01-31", member="ben", stars=5, sku=7),
    )
    b.adjust(program, 250, "2026-01-30", member="cora")
    b.adjust(program, 1250, "2026-01-30", member="ben", unit="credit")
    b.spend(program, 20, "2026-01-31", member="ben")
    _say_more(program)
    _foretell(program)


def _say_more(program: Program) -> None:
    quay = _store(program, "quay")
    preferences.save(member=b.find(program, "anna"), store=quay, likes=["tea", "walks"], now=NOW)
    preferences.save(member=b.find(program, "ben"), store=None, likes=["tea"], now=NOW)
    street = addresses.Place(("1 High Street",), "N1 9GU", "London", "GB")
    addresses.save(member=b.find(program, "anna"), place=street, now=NOW)
    with scope(program=program):
        Identity.objects.filter(value="anna@example.com").update(verified_at=NOW)
    for name, channel, topic in (
        ("anna", "email", "offers"),
        ("anna", "email", "reminders"),
        ("ben", "sms", "offers"),
    ):
        consent.grant(member=b.find(program, name), channel=channel, topic=topic, source="till", now=NOW)
    ids = [b.find(program, name).pk for name in ("anna", "dina")]
    tags.add_each(program=program, member_ids=ids, tag="vip", now=NOW)


def _foretell(program: Program) -> None:
    """Anna is worth most, ben may leave, dina has left; nobody knows the others yet."""
    first, last = date(2025, 12, 31), date(2026, 1, 20)
    facts: dict[str, dict[str, Any]] = {
        "anna": {"value_minor": 52_000, "historic_minor": 10_800, "p_alive": 0.9, "churn": 0.125, "churn_band": "low", "action": "thank", "channel": "email"},
        "ben": {"value_minor": 9_000, "p_alive": 0.4567, "churn": 0.5, "churn_band": "medium", "action": "keep", "offer_minor": 250, "act_on": date(2026, 2, 3)},
        "dina": {"p_alive": 0.01, "churn": 0.99, "churn_band": "high", "is_held_out": True, "upgrade": 0.02},
    }  # fmt: skip
    rows = [
        scores.Scored(
            b.find(program, name).pk, purchases=2, first_on=first, last_on=last, expected_orders=1.5, **each
        )
        for name, each in facts.items()
    ]
    scores.write(program=program, rows=rows, now=NOW)


def _store(program: Program, code: str) -> Store:
    with scope(program=program):
        return Store.objects.get(code=code)


def names(program: Program, ids: set[int]) -> set[str]:
    with scope(program=program):
        found = Identity.objects.filter(member_id__in=ids, kind="email").values_list("value", flat=True)
        return {value.partition("@")[0] for value in found}


def in_sql(program: Program, tree: Any, now: Any = NOW, *, whole: bool = False) -> set[int]:
    """With `whole` as everybody is asked at once."""
    with scope(program=program):
        condition = fields.parse(tree)
        found = Member.objects.filter(condition.q(now.astimezone(program.zone), whole=whole))
        return set(found.values_list("pk", flat=True))


def in_python(program: Program, tree: Any, now: Any = NOW) -> set[int]:
    with scope(program=program):
        test = fields.parse(tree).predicate(now.astimezone(program.zone))
        return {
            member.pk for member in Member.objects.all() if test(Portrait(member, program=program, now=now))
        }
