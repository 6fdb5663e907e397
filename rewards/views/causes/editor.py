"""The editor of a cause: its words in every language, what it takes and its goal."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from members.access import StaffRequest, program_view
from members.models import Program, Role
from rewards import catalogue, queries
from rewards.causes import editing
from rewards.models import Cause
from rewards.views.causes import pages
from rewards.views.causes.forms import CauseForm
from rewards.views.editor import Editor


class CauseEditor(Editor[Cause]):
    noun = "cause"
    template = "rewards/dashboard/causes/edit.html"
    untitled = gettext_lazy("New cause")
    saved = gettext_lazy("The cause was saved.")

    def make_form(self) -> CauseForm:
        units = queries.units_of(self.program)
        return CauseForm(self.data, program=self.program, units=units, cause=self.kept)

    def title(self, kept: Cause) -> str:
        return catalogue.name_of(kept.names, kept.key)

    def create(self, **given: Any) -> Cause:
        return editing.create(**given)

    def change(self, **given: Any) -> Cause:
        return editing.change(**given)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def cause_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A cause that is not there yet; it is a draft until it is put up."""
    return CauseEditor(request, program, None).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def cause_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change it; what was given stays."""
    return CauseEditor(request, program, pages.find(program, key).cause).answer()
