"""The editor of a segment: what is typed goes to one address, which counts, re-renders or saves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from campaigns.audiences import fields, segments, sizes
from campaigns.models import Segment
from loyaltysite.kit import clock
from loyaltysite.kit.conditions import ConditionError, describe
from loyaltysite.kit.conditions.forms import ConditionForm
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

TEMPLATE = "campaigns/dashboard/segments/edit.html"
PARTS = {"conditions", "size"}
GROUPS = {
    "member.": gettext_lazy("Member"),
    "consent.": gettext_lazy("Member"),
    "orders.": gettext_lazy("Order"),
    "rfm.": gettext_lazy("Value"),
    "score.": gettext_lazy("Value"),
    "standing.": gettext_lazy("Tier"),
    "points.": gettext_lazy("Points"),
    "@": gettext_lazy("What happened"),
}


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=segments.LONGEST_NAME)


class Editing:
    """A segment as it stands in the editor: as it is stored, or as it was posted."""

    def __init__(self, program: Program, segment: Segment | None, request: StaffRequest) -> None:
        self.program, self.segment = program, segment
        data = request.POST if request.method == "POST" else None
        self.form = NameForm(data, initial={"name": segment.name if segment else ""})
        self.tree = ConditionForm(
            fields.REGISTRY,
            "conditions",
            tree=None if data is not None or segment is None else written(segment),
            data=data,
            url=request.get_full_path(),
            currency=program.currency,
            zone=program.zone,
            groups=GROUPS,
            bulk=True,
            label=_("Conditions"),
        )
        self.stored = written(segment) if segment and data is None else None

    @property
    def is_list(self) -> bool:
        return self.segment is not None and self.segment.kind == Segment.Kind.LIST

    def judged(self) -> dict[str, Any]:
        """The conditions in words and their size; nothing while they make no sense yet."""
        if self.is_list:
            return {}
        if self.tree.is_bound:
            if not self.tree.is_valid():
                return {}
            tree: Any = self.tree.tree
        else:
            tree = self.stored
        try:
            condition = fields.parse(tree or {})
        except ConditionError:
            return {}
        size = sizes.measure(program=self.program, condition=condition, now=clock.now())
        said = "" if condition.is_trivial else describe(condition, currency=self.program.currency)
        return {"said": said, "size": size}


def written(segment: Segment) -> Any:
    return segment.draft if segment.draft is not None else segment.tree


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def new(request: StaffRequest, program: Program) -> HttpResponse:
    """A segment that is not there yet; with ?kind=list a fixed list."""
    return _answer(request, program, None)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """What is written; the segment in force stays as it is until it is published."""
    segment = Segment.objects.filter(program=program, key=key).exclude(state=Segment.State.ARCHIVED).first()
    if segment is None:
        raise Http404
    return _answer(request, program, segment)


def _answer(request: StaffRequest, program: Program, segment: Segment | None) -> HttpResponse:
    editing = Editing(program, segment, request)
    asked = request.POST.get("do", "")
    if request.method == "GET" or editing.tree.was_edited or asked == "count":
        judged = editing.judged()
        editing.tree.hush()
        return _page(request, program, editing, judged)
    is_right = all([editing.form.is_valid(), _is_list(request, editing) or editing.tree.is_valid()])
    if is_right:
        try:
            saved = _save(request, program, editing)
        except ConditionError as error:
            editing.tree.refuse(error.path, str(error))
        except DomainError as error:
            editing.form.add_error("name" if error.field == "name" else None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("campaigns:segment", program.slug, saved.key)
    return _page(request, program, editing, {}, status=422)


def _is_list(request: StaffRequest, editing: Editing) -> bool:
    return editing.is_list or (editing.segment is None and request.GET.get("kind") == Segment.Kind.LIST)


def _save(request: StaffRequest, program: Program, editing: Editing) -> Segment:
    name, tree = editing.form.cleaned_data["name"], editing.tree.tree or {}
    if editing.segment is None:
        kind = Segment.Kind.LIST if _is_list(request, editing) else Segment.Kind.CONDITION
        return segments.create(
            program=program, name=name, kind=kind, tree=tree, by=request.user, now=clock.now()
        )
    revision = request.POST.get("revision", "")
    return segments.change(
        program=program,
        key=editing.segment.key,
        name=name,
        tree=None if editing.is_list else tree,
        by=request.user,
        now=clock.now(),
        revision=int(revision) if revision.isascii() and revision.isdigit() else None,
    )


def _page(
    request: StaffRequest, program: Program, editing: Editing, judged: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    segment = editing.segment
    title = segment.name if segment else _("New segment")
    back = reverse("campaigns:segment", args=[program.slug, segment.key]) if segment else ""
    crumbs = [(back, title), (request.path, _("Edit"))] if segment else [(request.path, title)]
    posted = request.POST.get("revision", "")
    context = {
        "editing": editing,
        "form": editing.form,
        "segment": segment,
        "is_list": _is_list(request, editing),
        "revision": posted or (segment.revision if segment else ""),
        "title": title,
        "url": request.get_full_path(),
        "back": back or reverse("campaigns:segments", args=[program.slug]),
        **judged,
        **frame.around(request.team, current="segments", crumbs=crumbs),
    }
    target = request.htmx.target or ""
    if request.htmx and target in PARTS:
        return render(request, f"{TEMPLATE}#{target}", context)
    return render(request, TEMPLATE, context, status=status)
