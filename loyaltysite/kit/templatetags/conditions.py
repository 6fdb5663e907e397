"""The editor of conditions as a tag; kit/conditions/forms.py says how a view answers it."""

from __future__ import annotations

from typing import Any

from django import template

from loyaltysite.kit.conditions.forms import ConditionForm

register = template.Library()


@register.inclusion_tag("components/conditions/tree.html")
def conditions(form: ConditionForm) -> dict[str, Any]:
    """{% conditions form %}: inside a form of yours that posts to the same address."""
    return {"form": form, "node": form.shown, "prefix": form.prefix, "url": form.url}
