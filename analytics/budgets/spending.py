"""What was spent on each line of the budget by month, from the ledger and from what was given besides, in minor units.

Points count at their worth when they are given, less what was taken back; rewards given free at their cost; coupons at their
discount. What members pay for, with points, money or a gift card, costs nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from analytics.liability import sources
from analytics.liability.position import worth_of
from analytics.models import Budget, RuleDay
from campaigns.models import JourneyStep, StepTally
from members.models import Program
from rewards.models import Coupon, CouponUse, Redemption, Reward, RuleVersion, Unit
from rewards.policies import day_start

type Line = tuple[str, date]

LINES: Mapping[str, str] = {
    "joining": Budget.Line.ENROLMENT,
    "referral": Budget.Line.ENROLMENT,
    "order": Budget.Line.EARNING,
    "event": Budget.Line.EARNING,
    "occasion": Budget.Line.OFFERS,
    "surprise": Budget.Line.OFFERS,
    "badge": Budget.Line.OFFERS,
    "staff": Budget.Line.OFFERS,
    "journey": Budget.Line.AUTOMATION,
}
# To win members, and to keep them.
ACQUISITION = (Budget.Line.ENROLMENT,)
RETENTION = (Budget.Line.EARNING, Budget.Line.OFFERS, Budget.Line.AUTOMATION)


def by_line(*, program: Program, since: date, until: date) -> dict[Line, int]:
    """By line and first day of the month, both days included."""
    exact: Counter[Line] = Counter()
    worth = {unit.pk: worth_of(unit) for unit in Unit.objects.filter(program=program)}
    flows = sources.by_month(program=program, since=since, until=until)
    for (unit, month, source), flow in flows.items():
        if source in LINES and unit in worth:
            exact[LINES[source], month] += flow.net * worth[unit]  # type: ignore[assignment]
    for month, amount in _personal(program, worth, flows, since, until):
        exact[Budget.Line.OFFERS, month] += amount  # type: ignore[assignment]
        exact[Budget.Line.EARNING, month] -= amount  # type: ignore[assignment]
    with timezone.override(program.zone):
        for line, month, minor in besides(program, since, until):
            exact[line, month] += minor
    return {key: round(amount) for key, amount in exact.items()}


def _personal(
    program: Program, worth: Mapping[int, Fraction], flows: sources.Flows, since: date, until: date
) -> Iterator[tuple[date, Fraction]]:
    """What rules gave for orders because of who the member is, or for a coupon: personal offers.

    A rule counts by its conditions at the end of the time. Nobody notes of which rule points were taken back:
    of each the same share as of all that the month gave for orders."""
    units = dict(Unit.objects.filter(program=program).values_list("key", "pk"))
    unit_of = {
        version.rule_id: units.get(version.definition.get("unit"))
        for version in RuleVersion.objects.filter(
            program=program,
            published_at__isnull=False,
            since__lt=day_start(until + timedelta(days=1), program.zone),
        )
        .exclude(until=F("since"))
        .order_by("rule", "-number")
        .distinct("rule")
        if is_personal(version.definition.get("conditions"))
    }
    rows = RuleDay.objects.filter(program=program, rule_id__in=unit_of, day__gte=since, day__lte=until)
    for row in (
        rows.annotate(month=TruncMonth("day"))
        .values("rule_id", "month")
        .annotate(sum=Sum("given"))
        .order_by()
    ):
        unit = unit_of[row["rule_id"]]
        flow = flows.get((unit, row["month"], "order")) if unit is not None else None
        if unit is not None and flow is not None and flow.given > 0:
            left = max(Fraction(0), Fraction(flow.net, flow.given))
            yield row["month"], row["sum"] * worth[unit] * left


def is_personal(tree: Any) -> bool:
    """Whether conditions ask who the member is, or for a coupon."""
    if isinstance(tree, dict):
        name = str(tree.get("field", ""))
        return name.startswith(("member.", "order.coupons")) or any(
            is_personal(part) for part in tree.values()
        )
    return isinstance(tree, list) and any(is_personal(part) for part in tree)


def besides(program: Program, since: date, until: date) -> Iterator[tuple[str, date, int]]:
    """Rewards of journeys, other rewards that were free, and coupons."""
    cost = dict(Reward.objects.filter(program=program).values_list("pk", "cost_minor"))
    steps = {
        step.pk: cost.get(step.config.get("reward")) or 0
        for step in JourneyStep.objects.filter(program=program, kind="reward")
    }
    tallies = StepTally.objects.filter(
        program=program, step__in=steps, outcome="done", on__gte=since, on__lte=until
    )
    of_journeys: Counter[date] = Counter()
    for row in (
        tallies.annotate(month=TruncMonth("on"))
        .values("step", "month")
        .annotate(sum=Sum("number"))
        .order_by()
    ):
        of_journeys[row["month"]] += row["sum"] * steps[row["step"]]
        yield Budget.Line.AUTOMATION, row["month"], row["sum"] * steps[row["step"]]
    begin, end = day_start(since, program.zone), day_start(until + timedelta(days=1), program.zone)
    # Named rewards and coupons, and moments: so the indexes by them serve.
    free = Redemption.objects.filter(
        program=program,
        reward__in=list(cost),
        price={},
        is_given_back=False,
        reserved_at__gte=begin,
        reserved_at__lt=end,
    ).annotate(month=TruncMonth("reserved_at"))
    of_all: Counter[date] = Counter()
    for taken in free.values("reward", "month").annotate(number=Count("pk")).order_by():
        of_all[taken["month"].date()] += taken["number"] * (cost.get(taken["reward"]) or 0)
    for month, minor in of_all.items():
        # What a journey gave is in both.
        yield Budget.Line.OFFERS, month, max(0, minor - of_journeys[month])
    uses = CouponUse.objects.filter(
        program=program,
        coupon__in=list(Coupon.objects.filter(program=program).values_list("pk", flat=True)),
        given_back_at=None,
        at__gte=begin,
        at__lt=end,
    ).annotate(month=TruncMonth("at"))
    for use in uses.values("month").annotate(sum=Sum("discount_minor")).order_by():
        yield Budget.Line.OFFERS, use["month"].date(), use["sum"]
