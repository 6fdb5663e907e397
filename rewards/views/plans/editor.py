"""The editor of a plan: one form with its conditions, and the plan as members will see it beside it."""

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
from rewards import candidates, catalogue, queries
from rewards.models import Plan
from rewards.plans import editing
from rewards.views.editor import Editor
from rewards.views.plans import pages, words
from rewards.views.plans.forms import PlanForm

GROUPS = {"standing.": gettext_lazy("Tier"), "member.": gettext_lazy("Member")}


class PlanEditor(Editor[Plan]):
    noun = "plan"
    template = "rewards/dashboard/plans/edit.html"
    parts = frozenset({"eligibility", "preview"})
    untitled = gettext_lazy("New plan")
    saved = gettext_lazy("The plan was saved.")

    def make_form(self) -> PlanForm:
        self.units = queries.units_of(self.program)
        return PlanForm(self.data, program=self.program, units=self.units, plan=self.kept)

    def make_trees(self) -> dict[str, ConditionForm]:
        kept = self.kept.eligibility if self.kept is not None and self.data is None else None
        return {
            "eligibility": self.tree(
                "eligibility", candidates.REGISTRY, kept, label=_("For whom"), groups=GROUPS
            )
        }

    def title(self, kept: Plan) -> str:
        return catalogue.name_of(kept.names, kept.key)

    def drawn(self) -> dict[str, Any]:
        """The card, with what has been typed so far."""
        drawn = self.kept or Plan(program=self.program, key="", price_minor=0, months=12)
        if (typed := self.typed()) is not None:
            drawn = Plan(program=self.program, key=drawn.key, **typed)
        known = {unit.key: unit for unit in self.units}
        return {"card": words.draw(drawn, program=self.program, known=known)}

    def create(self, **given: Any) -> Plan:
        return editing.create(**given)

    def change(self, **given: Any) -> Plan:
        return editing.change(**given)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def plan_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A plan that is not there yet; it is a draft until it is put up."""
    return PlanEditor(request, program, None).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def plan_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change it for terms to come; what was bought stays."""
    return PlanEditor(request, program, pages.find(program, key)).answer()
