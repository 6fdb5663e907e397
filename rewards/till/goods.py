"""What a shop sells most, so that a cashier taps it instead of typing it: read from the latest orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from django.core.cache import cache
from django.db.models import Max
from django_scopes import scopes_disabled

from members.models import Order, OrderLine, Program

SHOWN = 12
# So many of the program's latest orders are counted, and no order older than so many others is looked at.
LATEST = 400
REACH = 200_000
KEPT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Article:
    """`price_minor` is what one cost when it was last sold."""

    sku: str
    name: str
    category: str
    price_minor: int


def most_sold(*, program: Program) -> list[Article]:
    """The articles on most of the latest orders, most sold first; a quarter of an hour old at most."""
    place = f"till-goods:{program.pk}"
    kept = cache.get(place)
    if kept is None:
        kept = [asdict(article) for article in _count(program)]
        cache.set(place, kept, KEPT_SECONDS)
    return [Article(**one) for one in kept]


def by_sku(*, program: Program, skus: Collection[str]) -> Mapping[str, Article]:
    """Those of the articles offered that have one of these SKUs."""
    if not skus:
        return {}
    return {article.sku: article for article in most_sold(program=program) if article.sku in skus}


def _count(program: Program) -> list[Article]:
    with scopes_disabled():  # the end of the index, whosever order it is
        newest = Order.objects.aggregate(newest=Max("pk"))["newest"] or 0
    orders = Order.objects.filter(program=program, pk__gt=newest - REACH).order_by("-pk")
    ids = list(orders.values_list("pk", flat=True)[:LATEST])
    lines = OrderLine.objects.filter(order_id__in=ids, kind="product", amount_minor__gt=0).exclude(sku="")
    times: Counter[str] = Counter()
    latest: dict[str, OrderLine] = {}
    for line in lines.order_by("-order_id"):
        times[line.sku] += 1
        latest.setdefault(line.sku, line)
    return [_article(program, latest[sku]) for sku, _times in times.most_common(SHOWN)]


def _article(program: Program, line: OrderLine) -> Article:
    gross = line.amount_minor if program.prices_include_tax else line.amount_minor + line.tax_minor
    price = round(gross / line.quantity)
    return Article(line.sku, line.name or line.sku, line.category, price)
