"""The editor of a reward: one form with its conditions, and the ticket as members will see it beside it."""

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
from rewards.models import Reward
from rewards.views import tickets
from rewards.views.catalogue import pages
from rewards.views.catalogue.forms import RewardForm
from rewards.views.editor import Editor

GROUPS = {"standing.": gettext_lazy("Tier"), "member.": gettext_lazy("Member")}


class RewardEditor(Editor[Reward]):
    noun = "reward"
    template = "rewards/dashboard/rewards/edit.html"
    parts = frozenset({"eligibility", "preview"})
    untitled = gettext_lazy("New reward")
    saved = gettext_lazy("The reward was saved.")

    def make_form(self) -> RewardForm:
        self.units = queries.units_of(self.program)
        return RewardForm(self.data, program=self.program, units=self.units, reward=self.kept)

    def make_trees(self) -> dict[str, ConditionForm]:
        kept = self.kept.eligibility if self.kept is not None and self.data is None else None
        return {
            "eligibility": self.tree(
                "eligibility", candidates.REGISTRY, kept, label=_("For whom"), groups=GROUPS
            )
        }

    def title(self, kept: Reward) -> str:
        return catalogue.name_of(kept.names, kept.key)

    def drawn(self) -> dict[str, Any]:
        """The ticket, with what has been typed so far."""
        known = {unit.key: unit for unit in self.units}
        drawn = self.kept or Reward(program=self.program, key="", kind=Reward.Kind.VOUCHER)
        if (typed := self.typed()) is not None:
            kept, drawn = drawn, Reward(program=self.program, key=drawn.key, **typed)
            drawn.picture_digest = kept.picture_digest
        return {"ticket": tickets.draw(drawn, program=self.program, known=known)}

    def create(self, **given: Any) -> Reward:
        return catalogue.create(**given)

    def change(self, **given: Any) -> Reward:
        return catalogue.change(**given)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def reward_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A reward that is not there yet; it is a draft until it is put up."""
    return RewardEditor(request, program, None).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def reward_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change it; what has been redeemed keeps its price."""
    return RewardEditor(request, program, pages.find(program, key)).answer()
