"""A pool is opened and changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from members.access import StaffRequest, program_view
from members.models import Program, Role
from rewards.models import CodePool
from rewards.pools import pools
from rewards.views.editor import Editor
from rewards.views.pools import pages
from rewards.views.pools.forms import PoolForm


class PoolEditor(Editor[CodePool]):
    noun = "pool"
    template = "rewards/dashboard/pools/edit.html"
    untitled = gettext_lazy("New pool")
    saved = gettext_lazy("Saved.")

    def make_form(self) -> PoolForm:
        return PoolForm(self.data, program=self.program, pool=self.kept)

    def title(self, kept: CodePool) -> str:
        return kept.name

    def drawn(self) -> dict[str, Any]:
        return {"pool": self.kept}

    def create(self, **given: Any) -> CodePool:
        # A new one is open.
        given.pop("is_open")
        return pools.create(**given)

    def change(self, **given: Any) -> CodePool:
        return pools.change(**given)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def pool_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A pool without codes yet."""
    return PoolEditor(request, program, None).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def pool_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Its name, days and warning; and whether its codes work."""
    return PoolEditor(request, program, pages.find(program, key)).answer()
