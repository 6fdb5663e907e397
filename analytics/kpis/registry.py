"""Every KPI with its definition: what is counted, by what it is divided, and which way is good. docs/kpis.md tells the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type Shape = Literal["share", "money", "count", "ratio", "days"]
type Good = Literal["up", "down"] | None
type Text = str | Promise


@dataclass(frozen=True, slots=True)
class Kpi:
    """`above` and `below` are quantities (kpis.quantities); without `below` the value is what is above, and with `is_rest`
    the share that is not. Money is in minor units of the program's currency. `good` says which way is good, None neither;
    `is_to_date` that the period does not matter; `needs` a quantity without which nothing is known, `lacks`
    one with which only a part is."""

    key: str
    name: Text
    definition: Text
    above: str
    numerator: Text
    below: str = ""
    denominator: Text = ""
    unit: Shape = "share"
    good: Good = "up"
    is_rest: bool = False
    is_to_date: bool = False
    needs: str = ""
    lacks: str = ""

    @property
    def quantities(self) -> tuple[str, ...]:
        return tuple(name for name in (self.above, self.below, self.needs, self.lacks) if name)

    def is_known(self, values: Mapping[str, int]) -> bool:
        """Whether these values of its quantities tell the whole."""
        return (not self.needs or bool(values[self.needs])) and not (self.lacks and values[self.lacks])


ORDERS, SALES, MARGIN = _("Orders"), _("Sales"), _("Margin")
MEMBERS, BUYERS = _("Members"), _("Members who ordered")
BY_MEMBERS, BY_OTHERS = _("Orders by members"), _("Orders by others")


def _trade() -> Iterator[Kpi]:
    text = _("Orders placed or paid in the period, with and without a member. Cancelled ones do not count.")
    yield Kpi("orders", ORDERS, text, "orders", ORDERS, unit="count")
    text = _(
        "What these orders came to, before returns. What was brought back in the period is named beside it."
    )
    yield Kpi("revenue", SALES, text, "revenue", SALES, unit="money")
    text = _("Sales divided by orders, before returns.")
    yield Kpi("aov", _("Order value"), text, "revenue", SALES, "orders", ORDERS, "money")
    text = _(
        "What remains of sales without tax, before returns: by the cost of the lines, else by the program's rate."
    )
    yield Kpi("margin", MARGIN, text, "margin", MARGIN, unit="money", needs="covered", lacks="bare")
    text = _("Margin divided by those sales without tax of which it is known.")
    yield Kpi("margin_share", _("Margin rate"), text, "margin", MARGIN, "covered", _("Net sales"))
    text = _("What was brought back in the period divided by the sales of the period.")
    yield Kpi(
        "returned", _("Brought back"), text, "returned", _("Brought back"), "all_revenue", SALES, good="down"
    )


def _compared() -> Iterator[Kpi]:
    text = _("Orders of members divided by all orders: how much of the trade the program sees.")
    yield Kpi("member_share", BY_MEMBERS, text, "member_orders", BY_MEMBERS, "orders", ORDERS)
    text = _("Sales to members divided by all sales.")
    name = _("Sales to members")
    yield Kpi("member_revenue_share", name, text, "member_revenue", name, "revenue", SALES)
    text = _("What members spend in one order.")
    name = _("Order value, members")
    yield Kpi("aov_members", name, text, "member_revenue", SALES, "member_orders", BY_MEMBERS, "money")
    text = _("What people without an account spend in one order.")
    name = _("Order value, others")
    yield Kpi("aov_others", name, text, "other_revenue", SALES, "other_orders", BY_OTHERS, "money", None)
    text = _("What remains of one order of a member.")
    name = _("Margin an order, members")
    yield Kpi(
        "margin_members",
        name,
        text,
        "member_margin",
        MARGIN,
        "member_orders",
        BY_MEMBERS,
        "money",
        needs="member_covered",
        lacks="member_bare",
    )
    text = _("What remains of one order of people without an account.")
    name = _("Margin an order, others")
    yield Kpi(
        "margin_others",
        name,
        text,
        "other_margin",
        MARGIN,
        "other_orders",
        BY_OTHERS,
        "money",
        None,
        needs="other_covered",
        lacks="other_bare",
    )


def _loyalty() -> Iterator[Kpi]:
    text = _("Members with two or more orders in the period, divided by members with one or more.")
    name = _("Repeat purchase rate")
    yield Kpi("repeat_rate", name, text, "repeaters", _("Ordered twice or more"), "buyers", BUYERS)
    text = _("Orders of members in the period, divided by the members who placed them.")
    name = _("Purchase frequency")
    yield Kpi("frequency", name, text, "orders_known", BY_MEMBERS, "buyers", BUYERS, "ratio")
    text = _("What members spent in the period, divided by the members who spent it.")
    name = _("Sales per member")
    yield Kpi("revenue_per_buyer", name, text, "spent_by_known", SALES, "buyers", BUYERS, "money")
    before = _("Ordered in the period before")
    text = _(
        "Of the members who ordered in the period before, as long as this, those who ordered in this one too."
    )
    yield Kpi("retention", _("Retention"), text, "retained", _("Ordered again"), "buyers_before", before)
    text = _(
        "Of the members who ordered in the period before, as long as this, those who did not order in this one."
    )
    yield Kpi(
        "churn", _("Churn"), text, "retained", _("Ordered again"), "buyers_before", before,
        good="down", is_rest=True,
    )  # fmt: skip
    text = _("Members who ordered or used points in the period, divided by all members at its end.")
    name = _("Active members")
    yield Kpi("engagement", name, text, "engaged", _("Ordered or used points"), "members", MEMBERS)


def _growing() -> Iterator[Kpi]:
    text = _("Members who joined in the period and have not closed their account since.")
    yield Kpi("joined", _("Joined"), text, "joined", _("Joined"), unit="count")
    text = _("Of the members who joined in the period, those who have ordered until today.")
    name = _("Conversion to a first order")
    yield Kpi("conversion", name, text, "converted", BUYERS, "newcomers", _("Joined"))
    text = _("Of the members whose first order was in the period, those who have ordered again until today.")
    name = _("Came a second time")
    yield Kpi("second_share", name, text, "came_again", _("Ordered again"), "firsts", _("First orders"))
    text = _("Days from the first to the second order, on average, of second orders in the period.")
    name = _("Days to the second order")
    yield Kpi(
        "days_to_second", name, text, "waited", _("Days"), "seconds", _("Second orders"), "days", "down"
    )


def _points() -> Iterator[Kpi]:
    text = _(
        "What members spent or donated in the period, less what was given back, divided by what was given in it."
    )
    name = _("Redemption rate of points")
    yield Kpi("points_redemption", name, text, "spent", _("Used"), "issued", _("Given"))
    text = _("Members who used points of their own in the period, divided by all members at its end.")
    name = _("Redemption rate of members")
    yield Kpi("member_redemption", name, text, "users", _("Used points"), "members", MEMBERS)
    text = _("What ended unused, divided by all that was ever given, up to the end of the period.")
    name = _("Breakage to date")
    yield Kpi("breakage", name, text, "expired_ever", _("Ended"), "issued_ever", _("Ever given"), good=None)


def _value() -> Iterator[Kpi]:
    text = _(
        "All that members have spent so far, less what they brought back, divided by the members who ordered."
    )
    name = _("Value of a member so far")
    yield Kpi(
        "historic_clv", name, text, "net_ever", _("Sales less returns"), "bought_ever", BUYERS, "money",
        is_to_date=True,
    )  # fmt: skip
    text = _(
        "Margin of the coming year as it is worth today, as a model foretells it for each customer, divided by the customers."
    )
    yield Kpi(
        "predicted_clv", _("Predicted value of a member"), text, "foretold", _("Value of the coming year"), "scored",
        _("Customers"), "money", is_to_date=True,
    )  # fmt: skip
    text = _("Of all that members have spent so far, the share of the fifth of them that spent most.")
    name = _("Share of the best fifth")
    yield Kpi(
        "top_share", name, text, "top_ever", _("Sales to the best fifth"), "revenue_ever", SALES,
        good=None, is_to_date=True,
    )  # fmt: skip


# In the order of the page.
GROUPS: tuple[tuple[Text, tuple[Kpi, ...]], ...] = (
    (_("Coming back"), tuple(_loyalty())),
    (_("Trade"), tuple(_trade())),
    (_("Members and others"), tuple(_compared())),
    (_("Growing"), tuple(_growing())),
    (_("Points and value"), (*_points(), *_value())),
)
REGISTRY: dict[str, Kpi] = {kpi.key: kpi for _name, kpis in GROUPS for kpi in kpis}
