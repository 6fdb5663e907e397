"""What is typed into, and where it stands on a page: fields, search, tabs, pages, sorted columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyaltysite.kit.components.shapes import spell

register = template.Library()

TICKED = (forms.CheckboxInput,)
CHOICES = (forms.RadioSelect, forms.CheckboxSelectMultiple)


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
