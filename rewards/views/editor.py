"""The editor of what is kept under a key: its form and its trees of conditions, judged together, on one page."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from loyaltysite.kit import clock
from loyaltysite.kit.conditions import Registry
from loyaltysite.kit.conditions.forms import ConditionForm
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members.access import StaffRequest
from members.models import Program
from members.views import frame


def revision_of(request: HttpRequest) -> int:
    """The revision that whoever sends a form had looked at; 0, which nothing has, where there is none."""
    seen = request.POST.get("revision", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0


class Editor[M: Model]:
    """One thing under the pen, new where `kept` is None. A kind of things says which form and trees it has and how it is
    named, drawn and saved; `noun` gives its addresses (rewards:plan, rewards:plans) and its place in the navigation."""

    noun: ClassVar[str]
    template: ClassVar[str]
    # What HTMX asks for by itself: the trees, and what else is drawn anew at each change.
    parts: ClassVar[frozenset[str]] = frozenset()
    untitled: ClassVar[Promise]
    saved: ClassVar[Promise]

    def __init__(self, request: StaffRequest, program: Program, kept: M | None) -> None:
        self.request, self.program = request, program
        self.kept: Any = kept
        self.data = request.POST if request.method == "POST" else None
        self.form: Any = self.make_form()
        self.trees: dict[str, ConditionForm] = self.make_trees()

    # --- what a kind says ---

    def make_form(self) -> Any:
        raise NotImplementedError

    def make_trees(self) -> dict[str, ConditionForm]:
        """By the names of their fields."""
        return {}

    def tree(self, name: str, registry: Registry, kept: Any, *, label: str, **options: Any) -> ConditionForm:
        """One tree of the form; `options` as ConditionForm has them."""
        return ConditionForm(
            registry,
            name,
            tree=kept,
            data=self.data,
            url=self.request.path,
            currency=self.program.currency,
            zone=self.program.zone,
            label=label,
            **options,
        )

    def title(self, kept: M) -> str:
        raise NotImplementedError

    def drawn(self) -> dict[str, Any]:
        """What stands on the page beside the form."""
        return {}

    def values(self) -> dict[str, Any]:
        trees = {name: tree.tree for name, tree in self.trees.items()}
        return {**self.form.values(), **trees}

    def create(self, **given: Any) -> M:
        """Raises DomainError."""
        raise NotImplementedError

    def change(self, **given: Any) -> M:
        """Raises DomainError."""
        raise NotImplementedError

    def refuse(self, error: DomainError) -> None:
        if error.field in self.trees:
            self.trees[error.field].refuse("", str(error))
        else:
            refuse(self.form, error)

    # --- what all do alike ---

    def answer(self) -> HttpResponse:
        if self.data is None:
            return self.page()
        if self.is_asked_only:
            self._hush()
            return self.page()
        if self.is_valid():
            try:
                kept: Any = self._save()
            except DomainError as error:
                self.refuse(error)
            else:
                messages.success(self.request, str(self.saved))
                return redirect(f"rewards:{self.noun}", self.program.slug, kept.key)
        return self.page(status=422)

    @property
    def is_asked_only(self) -> bool:
        """Whether nothing is to be saved yet: a tree was moved about, or only the drawing is wanted."""
        return any(tree.was_edited for tree in self.trees.values()) or self.request.POST.get("do") == "say"

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(tree.is_valid() for tree in self.trees.values())])

    def typed(self) -> dict[str, Any] | None:
        """What the form says so far, right or wrong; None where nothing was sent."""
        if not self.form.is_bound:
            return None
        if not hasattr(self.form, "cleaned_data"):
            self.form.full_clean()
        found: dict[str, Any] = self.form.values()
        return found

    def page(self, *, status: int = 200) -> HttpResponse:
        # A fragment is shown whatever it says; the page itself answers 422 where something is wrong.
        target = self.request.htmx.target or ""
        if self.request.htmx and target in self.parts:
            return render(self.request, f"{self.template}#{target}", self._context())
        return render(self.request, self.template, self._context(), status=status)

    def _save(self) -> Any:
        given = {"program": self.program, "by": self.request.user, "now": clock.now(), **self.values()}
        if self.kept is None:
            return self.create(key=self.form.cleaned_data["key"], **given)
        return self.change(key=self.kept.key, revision=revision_of(self.request), **given)

    def _context(self) -> dict[str, Any]:
        kept, slug = self.kept, self.program.slug
        title = self.title(kept) if kept else str(self.untitled)
        back = reverse(f"rewards:{self.noun}", args=[slug, kept.key]) if kept else ""
        here = (self.request.path, _("Edit") if kept else title)
        crumbs = [(back, title), here] if kept else [here]
        return {
            "editing": self,
            "form": self.form,
            "title": title,
            "revision": self.request.POST.get("revision", kept.revision if kept else ""),
            "back": back or reverse(f"rewards:{self.noun}s", args=[slug]),
            **self.drawn(),
            **frame.around(self.request.team, current=f"{self.noun}s", crumbs=crumbs),
        }

    def _hush(self) -> None:
        self.form.hush()
        for tree in self.trees.values():
            tree.hush()
