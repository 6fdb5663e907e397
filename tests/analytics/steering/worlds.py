"""Roll-ups of a steady past, laid down by themselves: what the look of a morning reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django_scopes import scope

from analytics.models import ACTIVE, Change, Day, PresenceDay, Recount, RuleDay, TradeDay, UnitDay
from members.models import Program
from rewards.models import EarningRule, Unit

TODAY = date(2026, 11, 23)
LENGTH = 220


def lay(
    program: Program,
    *,
    orders: Callable[[date], int] = lambda day: 100,
    rule: Callable[[date], int] = lambda day: 40,
    used: Callable[[date], int] = lambda day: 3_000,
    days: int = LENGTH,
    today: date = TODAY,
) -> None:
    """So many orders of 10.00 each, 10,000 points given, so many used, and a rule that gave so often, on each day up to
    yesterday; 500 members since the first."""
    with scope(program=program):
        Change.objects.filter(program=program).delete()
        Recount.objects.filter(program=program).delete()
        unit = Unit.objects.get(program=program, key="points")
        first = EarningRule.objects.filter(program=program).order_by("pk").first()
        past = [today - timedelta(days=count) for count in range(days, 0, -1)]
        Day.objects.bulk_create(
            Day(
                program=program,
                day=day,
                members=500 if day == past[0] else 0,
                orders=orders(day),
                member_orders=orders(day),
                revenue_minor=1_000 * orders(day),
            )
            for day in past
        )
        TradeDay.objects.bulk_create(
            TradeDay(
                program=program,
                day=day,
                store_id=0,
                channel="",
                is_member=True,
                orders=orders(day),
                revenue_minor=1_000 * orders(day),
            )
            for day in past
        )
        UnitDay.objects.bulk_create(
            UnitDay(program=program, unit_id=unit.pk, day=day, issued=10_000, spent=used(day)) for day in past
        )
        RuleDay.objects.bulk_create(
            RuleDay(program=program, rule_id=first.pk, day=day, given=rule(day), times=rule(day))
            for day in past
        )
        PresenceDay.objects.create(program=program, of_id=ACTIVE, day=past[0], change=300)
