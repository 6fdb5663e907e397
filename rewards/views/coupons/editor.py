"""The editor of a coupon: one form with its two trees of conditions, judged together."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit.conditions.forms import ConditionForm
from members.access import StaffRequest, program_view
from members.models import Program, Role
from rewards import catalogue
from rewards.coupons import coupons
from rewards.engine import fields
from rewards.models import Coupon
from rewards.views.coupons import pages
from rewards.views.coupons.forms import CouponForm
from rewards.views.editor import Editor
from rewards.views.rules.editing import GROUPS, suggestions_of

TREES = {"conditions": fields.OCCASION, "lines": fields.LINE}


class CouponEditor(Editor[Coupon]):
    noun = "coupon"
    template = "rewards/dashboard/coupons/edit.html"
    parts = frozenset(TREES)
    untitled = gettext_lazy("New coupon")
    saved = gettext_lazy("The coupon was saved.")

    def make_form(self) -> CouponForm:
        return CouponForm(self.data, program=self.program, coupon=self.kept)

    def make_trees(self) -> dict[str, ConditionForm]:
        labels = {"conditions": _("Conditions"), "lines": _("Items that count")}
        return {
            name: self.tree(
                name,
                TREES[name],
                getattr(self.kept, name) if self.kept is not None and self.data is None else None,
                label=label,
                groups=GROUPS,
                suggestions=suggestions_of(self.program),
                # An order has no attributes of events, and its coupons are what is being asked.
                hides=lambda asked: asked.startswith("data.") or asked == "order.coupons",
            )
            for name, label in labels.items()
        }

    def title(self, kept: Coupon) -> str:
        return catalogue.name_of(kept.names, kept.key)

    def create(self, **given: Any) -> Coupon:
        typed = {name: self.form.cleaned_data[name] for name in ("word", "pool")}
        return coupons.create(**given, **typed)

    def change(self, **given: Any) -> Coupon:
        return coupons.change(**given)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def coupon_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A coupon that is not there yet; it is a draft until it is put up."""
    return CouponEditor(request, program, None).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def coupon_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change it; orders that have it keep what it took off."""
    return CouponEditor(request, program, pages.find(program, key)).answer()
