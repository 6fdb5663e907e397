"""What members did in a stretch of time of their own: bought or not, for how much, with what margin, and what points and
free rewards it cost. Set-based statements; a query `people` (member_id, arm, day, since, until) says who and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from campaigns.experiments import figures
from campaigns.experiments.figures import Difference, Sums
from members.models import Program

# A line's margin is its amount without tax, less its cost; without a cost by the program's rate; else unknown. Of it
# counts the share that did not come back, in goods or in money: what came back in money took goods with it, too.
MARGIN = """
    SELECT coalesce(sum(k.kept * CASE WHEN l.cost_minor IS NOT NULL THEN k.net - l.cost_minor
            ELSE round(k.net * %(rate)s::numeric / 10000) END), 0) AS margin,
        count(*) FILTER (WHERE l.cost_minor IS NULL AND %(rate)s::numeric IS NULL) AS unknown
    FROM members_orderline l CROSS JOIN LATERAL (
        SELECT l.amount_minor - CASE WHEN %(has_tax)s THEN l.tax_minor ELSE 0 END AS net,
            1 - least(1.0, l.returned_quantity::numeric / l.quantity
                + CASE WHEN l.amount_minor > 0 THEN l.refunded_minor::numeric / l.amount_minor ELSE 0 END) AS kept
    ) k
    WHERE l.order_id = o.id AND l.revision = o.revision
"""
# Who is compared stands in a table of its own, with statistics: without them a plan for one member is made, and it takes
# hours for many.
PEOPLE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS trial_people (
        member_id bigint, arm smallint, day date, since timestamptz, until timestamptz) ON COMMIT DROP;
    TRUNCATE trial_people
"""
FILL = "INSERT INTO trial_people (member_id, arm, day, since, until) SELECT member_id, arm, day, since, until FROM ({people}) x"
# An order counts without what came back. Of points what was given and not taken back, by what they are worth; a gain counts
# where it repays arrears, too. What members paid nothing for costs what the catalogue says, as budgets count it; what they
# paid points for was counted when these were given.
MEASURE = f"""
    WITH told AS (
        SELECT member_id, arm, day, 0 AS bought, 0::numeric AS revenue, 0::numeric AS margin, 0::numeric AS cost,
            0::bigint AS unknown
        FROM trial_people
        UNION ALL
        SELECT p.member_id, p.arm, p.day, 1, greatest(0, o.total_minor - o.returned_minor), m.margin, 0, m.unknown
        FROM trial_people p JOIN members_order o ON o.member_id = p.member_id AND o.occurred_at >= p.since
            AND o.occurred_at < p.until AND o.state IN ('placed', 'paid')
        CROSS JOIN LATERAL ({MARGIN}) m
        UNION ALL
        SELECT p.member_id, p.arm, p.day, 0, 0, 0,
            (e.pending_change + e.active_change + e.reserved_change - e.arrears_change)::numeric
                * u.worth_numerator / u.worth_denominator / power(10::numeric, u.precision), 0
        FROM trial_people p JOIN rewards_wallet w ON w.holder_id = p.member_id JOIN rewards_unit u ON u.id = w.unit_id
            JOIN rewards_entry e ON e.wallet_id = w.id AND e.at >= p.since AND e.at < p.until
        WHERE e.kind IN ('earn', 'bonus', 'adjust', 'reverse', 'forgive')
        UNION ALL
        SELECT p.member_id, p.arm, p.day, 0, 0, 0, g.cost_minor, 0
        FROM trial_people p JOIN rewards_redemption r ON r.member_id = p.member_id AND r.reserved_at >= p.since
            AND r.reserved_at < p.until AND r.price = '{{}}' AND r.money_minor = 0 AND NOT r.is_given_back
        JOIN rewards_reward g ON g.id = r.reward_id AND g.cost_minor > 0
    ),
    each AS (
        SELECT arm, day, max(bought) AS bought, sum(revenue) AS revenue, round(sum(margin), 4) AS margin,
            round(sum(cost), 4) AS cost, sum(unknown) AS unknown
        FROM told GROUP BY member_id, arm, day
    )
    SELECT arm, day, count(*) AS n, sum(bought) AS bought, sum(revenue) AS revenue, sum(revenue * revenue) AS revenue_squares,
        sum(margin) AS margin, sum(margin * margin) AS margin_squares, sum(cost) AS cost, sum(cost * cost) AS cost_squares,
        sum(unknown) AS unknown
    FROM each GROUP BY arm, day
"""  # noqa: S608 - names of our own
MEASURES = ("conversion", "revenue", "margin", "cost")


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the members of one arm. Money in minor units; `unknown` counts lines whose margin nobody knows."""

    n: int = 0
    bought: int = 0
    revenue: Decimal = Decimal(0)
    revenue_squares: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    margin_squares: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    cost_squares: Decimal = Decimal(0)
    unknown: int = 0

    def of(self, measure: str) -> Sums:
        """The sums behind one of MEASURES."""
        if measure == "conversion":
            return Sums(self.n, self.bought, self.bought)
        return Sums(self.n, getattr(self, measure), getattr(self, f"{measure}_squares"))

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


# What is added up of the members, beside their number.
SUMS = Totals.__slots__[1:]


def differences(treated: Totals, control: Totals) -> dict[str, Difference | None]:
    """Of the treated to the control, by measure; None where an arm has too few members to say."""
    return {
        name: figures.proportions(treated.of(name), control.of(name))
        if name == "conversion"
        else figures.means(treated.of(name), control.of(name))
        for name in MEASURES
    }


@transaction.atomic
def measure(*, program: Program, people: str, values: Mapping[str, Any]) -> dict[tuple[int, Any], Totals]:
    """By arm and day. One member stands in `people` once."""
    bound = {**values, "program": program.pk, "rate": program.margin_rate}
    bound["has_tax"] = program.prices_include_tax
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE)
        cursor.execute(FILL.format(people=people), bound)
        cursor.execute("ANALYZE trial_people")
        cursor.execute(MEASURE, bound)
        rows: Sequence[Any] = cursor.fetchall()
    return {(arm, day): Totals(*numbers) for arm, day, *numbers in rows}
