"""The editor of a badge: one form with its conditions, and the medal as members will see it beside it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit.conditions.forms import ConditionForm
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest, program_view
from members.models import Program, Role
from rewards import catalogue, queries
from rewards.badges import editing, medals
from rewards.badges.deeds import DEED
from rewards.models import Badge
from rewards.views import badge_words as words
from rewards.views.badges import pages
from rewards.views.badges.forms import BadgeForm
from rewards.views.editor import Editor

GROUPS = {"order.": gettext_lazy("Order"), "data.": gettext_lazy("Event"), "lines": gettext_lazy("Lines")}
# Where the form has what a definition names otherwise.
FIELDS = {
    "count": "counted",
    "field": "number",
    "window.count": "days",
    "window.days": "days",
    "streak.each": "each",
    "group.by": "group",
    "group.tags": "teams",
    "group.least": "least",
}


class BadgeEditor(Editor[Badge]):
    noun = "badge"
    template = "rewards/dashboard/badges/edit.html"
    parts = frozenset({"where", "preview"})
    untitled = gettext_lazy("New badge")
    saved = gettext_lazy("The badge was saved.")

    def make_form(self) -> BadgeForm:
        units = queries.units_of(self.program)
        return BadgeForm(self.data, program=self.program, units=units, badge=self.kept)

    def make_trees(self) -> dict[str, ConditionForm]:
        kept = self.kept.definition.get("where") if self.kept is not None and self.data is None else None
        return {"where": self.tree("where", DEED, kept, label=_("Only where"), groups=GROUPS)}

    def title(self, kept: Badge) -> str:
        return words.name_of(kept)

    def drawn(self) -> dict[str, Any]:
        """The medal, with what has been typed so far."""
        shown = self.kept or Badge(program=self.program, key="", names={}, texts={}, medal={})
        typed = self.typed() or {"names": shown.names, "texts": shown.texts, "medal": shown.medal}
        preview = {
            "name": catalogue.name_of(typed["names"], _("New badge")),
            "text": catalogue.name_of(typed["texts"]),
            "medal": medals.full(typed["medal"]),
        }
        return {"preview": preview}

    def values(self) -> dict[str, Any]:
        found: dict[str, Any] = self.form.values()
        if self.trees["where"].tree:
            found["definition"]["where"] = self.trees["where"].tree
        return found

    def refuse(self, error: DomainError) -> None:
        place = error.field or ""
        if place.startswith("levels["):
            place = f"target_{int(place[7]) + 1}"
        error.field = FIELDS.get(place, place)
        super().refuse(error)

    def create(self, **given: Any) -> Badge:
        return editing.create(**given)

    def change(self, **given: Any) -> Badge:
        return editing.change(**given)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def badge_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A badge that is not there yet; it is a draft until it is put up."""
    return BadgeEditor(request, program, None).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def badge_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change it; where the goal moves, all is counted anew."""
    return BadgeEditor(request, program, pages.find(program, key)).answer()
