"""The components as template tags; templates/components/README.md has one example of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from loyaltysite.kit import charts

register = template.Library()

SHEETS = {
    "base": ("tokens", "base", "controls", "data", "loyalty"),
    "dashboard": ("charts", "builder", "dashboard"),
    "portal": ("objects", "portal"),
    "door": ("objects", "portal", "door"),
    "till": ("till",),
    "settings": ("settings",),
}
TICKED = (forms.CheckboxInput,)
CHOICES = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def spell(attributes: Mapping[str, Any]) -> SafeString:
    """Attributes for a tag: hx_get becomes hx-get, True stands alone, None and False leave it out."""
    pairs = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items()]
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value),)
            for name, value in pairs
            if value is not None and value is not False
        ),
    )


@register.simple_tag
def attributes(pairs: Mapping[str, Any]) -> SafeString:
    """{% attributes field.attributes %}: inside a tag, as spell() writes them."""
    return spell(pairs)


# Page


@register.simple_tag
def styles(*groups: str) -> SafeString:
    """{% styles "base" "dashboard" %}: the style sheets of a surface, in the order of the layers."""
    names = [name for group in groups for name in SHEETS.get(group, (group,))]
    unique = dict.fromkeys(names)
    links = ((static(f"css/{name}.css"),) for name in unique)
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', links)


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """{% icon "home" %}; "flip" mirrors an arrow in right-to-left, `label` is read aloud instead of nothing."""
    drawing = format_html('<use href="{}#{}"/>', static("img/icons.svg"), name)
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="{}" {}>{}</svg>', f"i {css}".strip(), spoken, drawing)


@register.simple_tag
def mark(size: int = 24) -> SafeString:
    """The shop's mark in the colours of its brand."""
    return format_html(
        '<svg width="{0}" height="{0}" aria-hidden="true"><use href="{1}#mark"/></svg>',
        size,
        static("img/icons.svg"),
    )


@register.simple_tag
def art(name: str, size: int | None = None, css: str = "pic", label: str = "") -> SafeString:
    """{% art "candle" size=72 %}: a drawing in the brand's two colours; the list is in static/img/art.svg."""
    drawing = format_html('<use href="{}#{}"/>', static("img/art.svg"), name)
    measure = format_html(' width="{0}" height="{0}"', size) if size else ""
    spoken = format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"')
    return format_html('<svg class="{}"{}{}>{}</svg>', css, measure, spoken, drawing)


# Words with a shape


@register.simple_tag
def badge(text: str, kind: str = "") -> SafeString:
    """{% badge "Live" "good" %}; kinds: good, warn, bad, info, draft, bare (no shape), or a pair such as "warn bare"."""
    return format_html('<span class="{}">{}</span>', f"badge {kind}".strip(), text)


@register.simple_tag
def tier(name: str, rank: int) -> SafeString:
    """{% tier "Gold" 2 %}: the bars count the rank, three at most."""
    return format_html('<span class="tier t{}">{}</span>', min(3, max(1, rank)), name)


@register.simple_tag
def button(text: str, kind: str = "", **options: Any) -> SafeString:
    """{% button "Publish" "primary" key="N" icon="plus" href="…" hx_post="…" %}

    Kinds: primary, quiet, danger, square (icon only; the text is read aloud), give (the one big button).
    `busy` shows the work going on, `disabled`, `key`, `icon` and `href`; all else becomes an attribute.
    """
    sign, key, busy = options.pop("icon", ""), options.pop("key", ""), options.pop("busy", False)
    label = format_html('<span class="vh">{}</span>', text) if "square" in kind.split() else text
    inner = format_html(
        "{}{}{}", icon(sign) if sign else "", label, format_html(" <kbd>{}</kbd>", key) if key else ""
    )
    css = f"btn {kind}".strip()
    attributes = {"data-key": key.lower() if len(key) == 1 else None} | options
    if options.get("href"):
        return format_html('<a class="{}"{}>{}</a>', css, spell(attributes), inner)
    attributes = {"type": "submit"} | attributes
    if busy:
        attributes |= {"aria-busy": "true", "aria-disabled": "true", "data-busy": True}
    return format_html('<button class="{}"{}>{}</button>', css, spell(attributes), inner)


# Forms


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, label: str = "", hint: str | None = None, suffix: str = "", **attributes: Any
) -> dict[str, Any]:
    """{% field form.price suffix="Stars" %}: label above, hint below, error in place of the hint.

    The hint is the field's help text unless another is given; hint="" leaves it out. All else becomes an
    attribute of the control.
    """
    widget = bound.field.widget
    noted = f"{bound.auto_id}_note"
    hint = str(bound.help_text) if hint is None else hint
    spelled = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    if bound.errors or hint:
        spelled["aria-describedby"] = noted
    if bound.errors:
        spelled["aria-invalid"] = "true"
        spelled.setdefault("autofocus", bound.name == next(iter(bound.form.errors)))
    choices = isinstance(widget, CHOICES)
    ticked = isinstance(widget, TICKED) and not choices
    if not (choices or ticked):
        spelled["class"] = f"in {spelled.get('class', '')} {widget.attrs.get('class', '')}".strip()
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=spelled),
        "label": label or bound.label,
        "hint": hint,
        "suffix": suffix,
        "noted": noted,
        "ticked": ticked,
        "choices": choices,
        # What only one choice of another field needs is shown with that choice, where it is not optional.
        "optional": not (bound.field.required or ticked or getattr(bound.field, "is_needed", False)),
    }


@register.inclusion_tag("components/fields.html")
def fields(form: forms.BaseForm) -> dict[str, Any]:
    """{% fields form %}: all fields of a form with its general errors and its hidden fields."""
    return {"form": form}


@register.inclusion_tag("components/search.html")
def search(
    name: str, value: str = "", label: str = "", placeholder: str = "", key: str = "/", **attributes: Any
) -> dict[str, Any]:
    """{% search "q" value=query label=_("Search members") key="F" hx_get="…" %}: inside a form of yours."""
    return {
        "name": name,
        "value": value,
        "label": label,
        "placeholder": placeholder,
        "key": key,
        "attributes": spell(attributes),
    }


@register.inclusion_tag("components/chip.html")
def chip(text: str, value: str = "", remove: str = "", href: str = "") -> dict[str, Any]:
    """{% chip "Tier is" "Gold" remove="?q=…" %} in force; {% chip "Filter" href="…" %} can be added."""
    return {"text": text, "value": value, "remove": remove, "href": href}


# Places on a page


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[Mapping[str, Any]], label: str, css: str = "") -> dict[str, Any]:
    """{% tabs items label=_("Member pages") %}; items have url, text, and maybe count and current."""
    return {"items": items, "label": label, "css": css}


@register.inclusion_tag("components/pager.html")
def pager(previous: str = "", next: str = "", text: str = "") -> dict[str, Any]:  # noqa: A002
    """{% pager previous="?page=1" next="?page=3" text="15 – 28 of 12,906" %}"""
    return {"previous": previous, "next": next, "text": text}


@register.simple_tag(takes_context=True)
def column(
    context: Context, text: str, key: str = "", css: str = "", sort: str = "sort", default: str = ""
) -> SafeString:
    """{% column "Stars" "stars" css="end" %}: a head that sorts by ?sort=stars, then ?sort=-stars.

    `default` is the order of a list whose address names none."""
    query = context["request"].GET.copy()
    now = query.get(sort, "") or default
    if not key:
        return format_html('<th scope="col" class="{}">{}</th>', css, text)
    query[sort] = f"-{key}" if now == key else key
    for place in ("page", "after", "before", "far"):
        query.pop(place, None)
    order = {key: "ascending", f"-{key}": "descending"}.get(now)
    mark_order = format_html(' aria-sort="{}"', order) if order else ""
    return format_html(
        '<th scope="col" class="{}"{}><a href="?{}">{}</a></th>', css, mark_order, query.urlencode(), text
    )


# Figures


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


# A member's things


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


# Blocks


@register.simple_block_tag(end_name="endnote")
def note(content: SafeString, kind: str = "") -> SafeString:
    """{% note "warn" %}48,200 Stars end on 30 November.{% endnote %}; kinds: warn, bad, or nothing."""
    sign = {"warn": "clock", "bad": "alert"}.get(kind, "info")
    role = mark_safe(' role="alert"') if kind == "bad" else ""
    return format_html(
        '<div class="{}"{}>{}<div>{}</div></div>', f"note {kind}".strip(), role, icon(sign), content
    )


@register.simple_block_tag(end_name="endtoast")
def toast(content: SafeString, sign: str = "check", dismiss: str = "") -> SafeString:
    """{% toast %}71 Stars given. <button>Undo</button>{% endtoast %}"""
    return format_html('<div class="toast">{}{}</div>', icon(sign), content)


@register.simple_block_tag(end_name="endmenu")
def menu(content: SafeString, text: str, icon_name: str = "", css: str = "right") -> SafeString:
    """{% menu "More" "dots" %}<button>…</button>{% endmenu %}; without an icon the text itself is shown."""
    shown = icon_name and format_html('{}<span class="vh">{}</span>', icon(icon_name), text)
    label = shown or format_html("{} {}", text, icon("down"))
    shape = "btn square" if icon_name else "btn"
    return format_html(
        '<details class="menu {}"><summary class="{}">{}</summary><div class="pop">{}</div></details>',
        css,
        shape,
        label,
        content,
    )


@register.simple_block_tag(end_name="endwhy")
def why(content: SafeString, text: str, amount: str = "", **options: Any) -> SafeString:
    """{% why "Order HL-48213" amount="+71" date=… badge="Pending" kind="warn" small=… open=True %}…{% endwhy %}"""
    return render_to_string(
        "components/why.html", {"content": content, "text": text, "amount": amount, **options}
    )


@register.simple_block_tag(end_name="endempty")
def empty(content: SafeString, title: str, text: str = "", picture: str = "empty") -> SafeString:
    """{% empty "No rewards yet" "Start with a £5 voucher." %}<a class="btn primary">…</a>{% endempty %}"""
    drawing = art(picture, size=64)
    return format_html(
        '<div class="empty">{}<h3>{}</h3><p>{}</p><p class="row">{}</p></div>', drawing, title, text, content
    )


@register.simple_block_tag(takes_context=True, end_name="enddialog")
def dialog(context: Context, content: SafeString, id: str, title: str, **options: Any) -> SafeString:  # noqa: A002
    """{% dialog "publish" "Publish?" action=url confirm=_("Publish") danger=False %}words, fields{% enddialog %}

    Opened by a button with commandfor="publish" command="show-modal".
    """
    token = {"csrf_token": context.get("csrf_token")}
    return render_to_string(
        "components/dialog.html", {"content": content, "id": id, "title": title} | options | token
    )


@register.simple_tag
def skeleton(lines: int = 6) -> SafeString:
    """{% skeleton 6 %}: only after 300 ms, in the shape of what comes."""
    return format_html_join(
        "\n", "{}", ((mark_safe('<svg class="skel" aria-hidden="true"></svg>'),) for _ in range(lines))
    )
