"""What is credited in a period: by what touched, by source, by product. From the stored days, a statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Sum

from analytics.models import CreditDay, CreditProductDay, Day
from analytics.periods import Period
from campaigns.models import Journey, Template
from members.models import Program
from rewards.models import Coupon

PRODUCTS = 20


@dataclass(frozen=True, slots=True)
class Credit:
    """`key` is a channel and a touch ("email.click"), ("journey" | "template" | "coupon", id), or a SKU. Money in minor units."""

    key: Any
    name: str
    orders: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class Credits:
    """`sales_minor` is all that was sold in the period less what was brought back in it."""

    touches: list[Credit]
    sources: list[Credit]
    products: list[Credit]
    sales_minor: int

    @property
    def credited_minor(self) -> int:
        return sum(one.revenue_minor for one in self.touches)


def read(*, program: Program, period: Period) -> Credits:
    rows = CreditDay.objects.filter(program=program, day__range=(period.first, period.last))
    products = CreditProductDay.objects.filter(program=program, day__range=(period.first, period.last))
    sums = Day.objects.filter(program=program, day__range=(period.first, period.last)).aggregate(
        sold=Sum("revenue_minor", default=0), back=Sum("returned_minor", default=0)
    )
    return Credits(
        touches=[
            Credit(f"{row['channel']}.{row['touch']}", "", *_figures(row))
            for row in _summed(rows, "channel", "touch")
        ],
        sources=_sources(program, list(_summed(rows, "journey_id", "template_id", "coupon_id"))),
        products=[
            Credit(row["sku"], row["name"] or "", row["pieces"], row["revenue"])
            for row in products.values("sku")
            .annotate(name=Max("name"), pieces=Sum("quantity"), revenue=Sum("revenue_minor"))
            .order_by("-revenue", "sku")[:PRODUCTS]
        ],
        sales_minor=sums["sold"] - sums["back"],
    )


def _summed(rows: Any, *names: str) -> Iterable[Mapping[str, Any]]:
    found = rows.values(*names).annotate(count=Sum("orders"), revenue=Sum("revenue_minor"))
    return list(found.order_by("-revenue", *names))


def _figures(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["count"], row["revenue"]


def _sources(program: Program, rows: list[Mapping[str, Any]]) -> list[Credit]:
    names = {
        "journey": dict(Journey.objects.filter(program=program).values_list("pk", "name")),
        "template": dict(Template.objects.filter(program=program).values_list("pk", "name")),
        "coupon": dict(Coupon.objects.filter(program=program).values_list("pk", "key")),
    }
    found = []
    for row in rows:
        kind = next(kind for kind in names if row[f"{kind}_id"] or kind == "coupon")
        number = row[f"{kind}_id"]
        found.append(Credit((kind, number), names[kind].get(number, "–"), *_figures(row)))
    return found
