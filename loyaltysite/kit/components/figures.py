"""Numbers in a drawing, and a member's things: progress, lots, reasons, the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from loyaltysite.kit import charts

register = template.Library()


@register.inclusion_tag("components/stat.html")
def stat(name: str, value: Any = None, **options: Any) -> dict[str, Any]:
    """{% stat "Active members" value change="+4.2%" mood="up" of="of 18,432 members" course=values href="…" %}

    `mood` is up (green), down (red) or nothing; without a value it shows a dash and `of` says what is missing.
    """
    path = charts.spark(options.get("course") or [])
    return {
        "name": name,
        "value": value,
        "path": path,
        "dot": charts.last_point(path) if path else "",
        **options,
    }


@register.inclusion_tag("components/spark.html")
def spark(values: Sequence[float | None], label: str = "") -> dict[str, Any]:
    path = charts.spark(values)
    return {"path": path, "dot": charts.last_point(path) if path else "", "label": label}


@register.inclusion_tag("components/chart.html")
def chart(drawing: charts.Chart, level: int = 2, css: str = "") -> dict[str, Any]:
    """{% chart chart %} with a chart of kit.charts; put it into a <figure class="pane s8">."""
    return {"chart": drawing, "level": level, "css": css}


@register.inclusion_tag("components/bars.html")
def bars(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{% bars items %}: horizontal progress; items have name, share (0 to 1), text and maybe of."""
    return {"items": [{**item, "width": width(item["share"])} for item in items]}


def width(share: float) -> float:
    return round(min(1.0, max(0.0, float(share))) * 100, 1)


@register.inclusion_tag("components/progress.html")
def progress(share: float, now: str, goal: str = "", left: str = "", label: str = "") -> dict[str, Any]:
    """{% progress 0.68 now="£612.40" goal="Platinum £900.00" left="£287.60 more by 31 Dec 2026." %}"""
    return {
        "width": width(share),
        "now": now,
        "goal": goal,
        "left": left,
        "label": label or f"{now} · {goal}",
    }


@register.inclusion_tag("components/way.html")
def way(share: float, title: str, label: str, now: str = "", **options: Any) -> dict[str, Any]:
    """{% way 0.68 title="£287.60 to Platinum" label="612.40 of 900.00 pounds" now="£612.40 of £900.00"
    here="Gold" here_rank=2 there="Platinum" there_rank=3 left="Reach it by 31 December …" %}
    """
    reach = 3 + width(share) * 0.93
    marks = [10 * step for step in range(1, 10)]
    return {"reach": round(reach, 1), "title": title, "label": label, "now": now, "marks": marks, **options}


@register.inclusion_tag("components/lots.html")
def lots(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{% lots items %} in order of use; items have text, note, amount (sets the width), state (next or wait)."""
    most = max((abs(float(item.get("amount", 0))) for item in items), default=0) or 1
    sized = []
    for item in items:
        share = abs(float(item.get("amount", 0))) / most
        size = "w3" if share > 0.75 else "w2" if share > 0.3 else ""
        sized.append({**item, "css": f"{item.get('state', '')} {size}".strip()})
    return {"items": sized}


@register.inclusion_tag("components/reasons.html")
def reasons(rows: Sequence[Mapping[str, Any]], total: Mapping[str, Any], caption: str) -> dict[str, Any]:
    """{% reasons rows total caption=… %}; rows have text, and maybe note, url, badge, sum, amount."""
    return {"rows": rows, "total": total, "caption": caption}


@register.inclusion_tag("components/card.html")
def card(
    *, shop: str, balance: str, note: str, holder: str, code: str, tier: str = "", rank: int = 1
) -> dict[str, Any]:
    """{% card shop=… balance="1,284" note="Stars · worth £12.84" holder=… code="HL-204 816" tier="Gold" rank=2 %}"""
    return {
        "shop": shop,
        "balance": balance,
        "note": note,
        "holder": holder,
        "code": code,
        "tier_name": tier,
        "rank": rank,
    }


@register.inclusion_tag("components/medal.html")
def medal(name: str, picture: str, note: str = "", locked: bool = False) -> dict[str, Any]:
    """{% medal "First light" "lighthouse" note="March 2023" %} inside <ul class="medals">."""
    return {"name": name, "picture": picture, "note": note, "locked": locked}


@register.inclusion_tag("components/stamps.html")
def stamps(given: int, needed: int, picture: str = "candle") -> dict[str, Any]:
    """{% stamps 7 10 "candle" %}: so many stamps in their places, the prize in the last."""
    places = range(1, needed + 1)
    return {
        "places": [{"at": place, "given": place <= given} for place in places],
        "picture": picture,
        "last": needed,
    }
