"""The facts of a month for every rule, journey and reward. For tasks: it reads the month's orders.

Money in minor units. Revenue is net of returns; margin is that of all lines before returns, by their cost or the
program's rate, and unknown where a line has neither. Who used a rule are the orders it gave for; who used a reward are
all orders of the month by members who took it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from analytics import margins
from analytics.attribution import effects
from analytics.liability.position import worth_of
from analytics.models import CreditDay, ReviewItem
from campaigns.experiments import holdout
from campaigns.models import Enrolment, Journey, Message
from members.models import Program
from rewards.models import EarningRule, Redemption, Reward, RuleVersion, Unit
from rewards.policies import add_months, day_start
from rewards.queries import units_of

MARGIN = margins.of_lines_sql("l", "p")
# NULL where a line has no margin: a part would look like the whole.
OF_ORDER = f"""
    LEFT JOIN LATERAL (
        SELECT CASE WHEN count(*) = count({MARGIN}) THEN coalesce(sum({MARGIN}), 0) END AS margin
        FROM members_orderline l JOIN members_program p ON p.id = o.program_id
        WHERE l.order_id = o.id AND l.revision = o.revision
    ) m ON true
"""  # noqa: S608
RULES = f"""
    SELECT v.rule_id, count(*), count(DISTINCT u.holder_id), sum(u.awarded), sum(u.revenue),
        CASE WHEN count(*) FILTER (WHERE u.order_id IS NOT NULL) = count(u.margin) THEN coalesce(sum(u.margin), 0) END
    FROM (
        SELECT a.version_id, o.member_id AS holder_id, a.awarded, o.total_minor - o.returned_minor AS revenue, m.margin,
            o.id AS order_id
        FROM members_order o JOIN rewards_award a ON a.fact_id = o.fact_id {OF_ORDER}
        WHERE o.program_id = %(program)s AND o.state IN ('placed', 'paid') AND a.awarded > 0
            AND o.occurred_at >= %(since)s AND o.occurred_at < %(until)s
        UNION ALL
        SELECT a.version_id, f.holder_id, a.awarded, 0, NULL, NULL
        FROM members_fact f JOIN rewards_award a ON a.fact_id = f.id
        WHERE f.program_id = %(program)s AND f.order_id IS NULL AND a.awarded > 0
            AND f.recorded_at >= %(since)s AND f.recorded_at < %(until)s
    ) u JOIN rewards_ruleversion v ON v.id = u.version_id
    GROUP BY 1
"""  # noqa: S608
TAKERS = f"""
    SELECT r.reward_id, coalesce(sum(o.total_minor - o.returned_minor), 0),
        CASE WHEN count(o.id) = count(m.margin) FILTER (WHERE o.id IS NOT NULL)
            THEN coalesce(sum(m.margin), 0) END
    FROM (
        SELECT DISTINCT reward_id, member_id FROM rewards_redemption
        WHERE program_id = %(program)s AND NOT is_given_back AND reserved_at >= %(since)s AND reserved_at < %(until)s
    ) r LEFT JOIN members_order o ON o.member_id = r.member_id AND o.state IN ('placed', 'paid')
        AND o.occurred_at >= %(since)s AND o.occurred_at < %(until)s
    {OF_ORDER}
    GROUP BY 1
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Gathered:
    kind: str
    key: str
    name: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Month:
    program: Program
    first: date

    @property
    def end(self) -> date:
        """The first day of the next month."""
        return add_months(self.first, 1)

    @property
    def since(self) -> datetime:
        return day_start(self.first, self.program.zone)

    @property
    def until(self) -> datetime:
        return day_start(self.end, self.program.zone)

    @property
    def values(self) -> dict[str, Any]:
        return {"program": self.program.pk, "since": self.since, "until": self.until}


def gather(*, program: Program, month: date) -> list[Gathered]:
    """Everything that was in force in the month. Within the program's scope."""
    stretch = Month(program, month)
    return [*rules(stretch), *journeys(stretch), *rewards(stretch)]


def rules(month: Month) -> Iterator[Gathered]:
    in_force = RuleVersion.objects.filter(program=month.program, since__lt=month.until).exclude(
        until__lte=month.since
    )
    found = {row[0]: row[1:] for row in _rows(RULES, month)}
    units = {unit.key: unit for unit in units_of(month.program)}
    unit_keys = {
        version.rule_id: version.definition.get("unit", "") for version in in_force.order_by("number")
    }
    for rule in EarningRule.objects.filter(pk__in=unit_keys).order_by("name", "pk"):
        times, members, given, revenue, margin = found.get(rule.pk, (0, 0, 0, 0, 0))
        unit = units.get(unit_keys[rule.pk])
        facts = {
            "times": times,
            "members": members,
            "given": int(given),
            "unit": unit.key if unit else "",
            "cost_minor": _worth(unit, int(given)),
            "revenue_minor": int(revenue),
            "margin_minor": None if margin is None else int(margin),
        }
        yield Gathered(ReviewItem.Kind.RULE, rule.key, rule.name, facts)


def journeys(month: Month) -> Iterator[Gathered]:
    rows = Journey.objects.filter(program=month.program, current__isnull=False).select_related("current")
    lived = rows.exclude(state=Journey.State.STOPPED, changed_at__lt=month.since)
    for journey in lived.filter(created_at__lt=month.until).order_by("name", "pk"):
        entered = Enrolment.objects.filter(
            journey=journey, entered_at__gte=month.since, entered_at__lt=month.until
        )
        sums = entered.aggregate(times=Count("pk"), members=Count("member_id", distinct=True))
        versions = journey.versions.values_list("pk", flat=True)
        sent = Message.objects.filter(
            program=month.program,
            version_id__in=list(versions),
            sent_at__gte=month.since,
            sent_at__lt=month.until,
        ).aggregate(sent=Count("pk"), clicked=Count("clicked_at"))
        credit = CreditDay.objects.filter(
            program=month.program, journey_id=journey.pk, day__gte=month.first, day__lt=month.end
        ).aggregate(credited_minor=Sum("revenue_minor", default=0))
        facts = sums | sent | credit | {"effect": _effect(month, journey)}
        yield Gathered(ReviewItem.Kind.JOURNEY, journey.key, journey.name, facts)


def rewards(month: Month) -> Iterator[Gathered]:
    taken = Redemption.objects.filter(
        program=month.program,
        is_given_back=False,
        reserved_at__gte=month.since,
        reserved_at__lt=month.until,
    )
    counts = {
        row["reward_id"]: row
        for row in taken.values("reward_id")
        .annotate(times=Count("pk"), members=Count("member_id", distinct=True))
        .order_by()
    }
    orders = {row[0]: row[1:] for row in _rows(TAKERS, month)}
    rows = Reward.objects.filter(program=month.program, created_at__lt=month.until)
    for reward in rows.exclude(state=Reward.State.DRAFT).order_by("pk"):
        count = counts.get(reward.pk, {"times": 0, "members": 0})
        if reward.state == Reward.State.ENDED and not count["times"]:
            continue
        revenue, margin = orders.get(reward.pk, (0, 0))
        each = reward.cost_minor if reward.cost_minor is not None else reward.value_minor
        facts = {
            "times": count["times"],
            "members": count["members"],
            "cost_minor": None if each is None else each * count["times"],
            "revenue_minor": int(revenue),
            "margin_minor": None if margin is None else int(margin),
            "is_out": reward.stock is not None and reward.taken >= reward.stock,
        }
        name = reward.names.get(month.program.languages[0]) or next(iter(reward.names.values()), reward.key)
        yield Gathered(ReviewItem.Kind.REWARD, reward.key, str(name)[:200], facts)


def _effect(month: Month, journey: Journey) -> dict[str, Any] | None:
    if journey.current is None or not journey.current.graph.get("holdout"):
        return None
    found = holdout.effect(program=month.program, since=month.since, until=month.until, journey=journey)
    return effects.told(found)


def _worth(unit: Unit | None, given: int) -> int | None:
    """What the points are worth to the members: the most that they can cost."""
    return None if unit is None else round(given * worth_of(unit))


def _rows(statement: str, month: Month) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, month.values)
        return list(cursor.fetchall())
