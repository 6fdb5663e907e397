"""The editor of a rule: everything that is typed goes to one address, which saves, re-renders, tells or tries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import drafts, queries, rules, wording
from rewards.drafts import DraftChanged
from rewards.engine import canonical
from rewards.engine.definitions import RuleError
from rewards.models import EarningRule, RuleDraft
from rewards.tiers import standings
from rewards.views.rules import starts, trying
from rewards.views.rules.editing import Editing

TEMPLATE = "rewards/dashboard/rules/edit.html"
# The parts of the page that are rendered on their own, by the id of what they replace.
PARTS = {"conditions", "lines", "gives", "often", "terms", "fields", "trial", "said"}


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def new(request: StaffRequest, program: Program) -> HttpResponse:
    """A rule that is not there yet, from one of the rules to start from."""
    start = starts.start_of(request.GET.get("from", ""))
    if start is None and request.method == "GET":
        crumbs = [(request.path, _("New rule"))]
        context = {"starts": starts.STARTS, **frame.around(request.team, current="rules", crumbs=crumbs)}
        return render(request, "rewards/dashboard/rules/new.html", context)
    start = start or starts.STARTS[0]
    data = request.POST if request.method == "POST" else None
    editing = Editing(
        program, definition=start.filled(program), name="", data=data, url=request.get_full_path()
    )
    return _answer(request, program, editing, None)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """The rule's draft, or what shall become one: the version in force, or with `?from=` an older one."""
    rule = EarningRule.objects.filter(program=program, key=key).first()
    if rule is None:
        raise Http404
    draft = RuleDraft.objects.filter(rule=rule).first()
    name, definition, number = _beginning(rule, draft, request.GET.get("from", ""))
    data = request.POST if request.method == "POST" else None
    editing = Editing(
        program, key=key, name=name, definition=definition, data=data, url=request.get_full_path()
    )
    return _answer(request, program, editing, rule, draft, number)


def _beginning(
    rule: EarningRule, draft: RuleDraft | None, asked: str
) -> tuple[str, Mapping[str, Any], int | None]:
    """Name, definition and the number of the version that the editor begins from."""
    versions = list(rule.versions.all())
    old = next((version for version in versions if str(version.number) == asked), None)
    if old is not None:
        return rule.name, canonical.normalize(old.definition), old.number
    if draft is not None:
        return draft.name, draft.definition, draft.based_on
    shown = rules.timeline(versions, clock.now()).shown
    if shown is None:
        raise Http404
    return rule.name, canonical.normalize(shown.definition), shown.number


def _answer(
    request: StaffRequest,
    program: Program,
    editing: Editing,
    rule: EarningRule | None,
    draft: RuleDraft | None = None,
    number: int | None = None,
) -> HttpResponse:
    asked = request.POST.get("do", "")
    revision = draft.revision if draft else 0
    box = trying.box_of(program, request.POST or None)
    if request.method == "GET" or editing.was_edited or asked in ("set", "say"):
        if request.method == "POST":
            editing.hush()
        return _page(request, program, editing, rule, box, revision=revision, number=number)
    if not editing.is_valid:
        box.refusal = _("Complete the rule to try it.") if asked == "try" else ""
        return _page(request, program, editing, rule, box, revision=revision, number=number, status=422)
    if asked == "try":
        trying.run(program, editing, box, clock.now())
        return _page(request, program, editing, rule, box, revision=revision, number=number)
    return _save(request, program, editing, rule, box)


def _save(
    request: StaffRequest, program: Program, editing: Editing, rule: EarningRule | None, box: trying.Box
) -> HttpResponse:
    number, revision = _whole(request.POST.get("based_on")), _whole(request.POST.get("revision"))
    theirs: RuleDraft | None = None
    try:
        draft = drafts.save(
            program=program,
            key=editing.key,
            name=editing.name,
            definition=editing.definition,
            by=request.user,
            now=clock.now(),
            revision=revision,
            based_on=number or None,
        )
    except DraftChanged as changed:
        theirs = changed.draft
        revision = theirs.revision if theirs else 0
        editing.form.add_error(None, str(changed))
    except RuleError as error:
        editing.refuse(error)
    except DomainError as error:
        editing.form.add_error(None, str(error))
    else:
        messages.success(request, _("The draft is saved."))
        return redirect("rewards:rule", program.slug, draft.rule.key)
    return _page(
        request, program, editing, rule, box, revision=revision, number=number, theirs=theirs, status=422
    )


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(
    request: StaffRequest,
    program: Program,
    editing: Editing,
    rule: EarningRule | None,
    box: trying.Box,
    *,
    revision: int,
    number: int | None,
    theirs: RuleDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    if request.method == "POST":
        # What was read stays the measure, whatever has been saved meanwhile.
        revision = revision if status == 422 and theirs else _whole(request.POST.get("revision"))
        number = _whole(request.POST.get("based_on")) or number
    title = rule.name if rule else _("New rule")
    back = reverse("rewards:rule", args=[program.slug, rule.key]) if rule else ""
    crumbs = [(back, title), (request.path, _("Edit"))] if rule else [(request.path, title)]
    context = {
        "editing": editing,
        "form": editing.form,
        "box": box,
        "title": title,
        "rule": rule,
        "revision": revision,
        "based_on": number or "",
        "theirs": theirs,
        "against_theirs": _against(theirs, editing),
        "theirs_label": _("Theirs"),
        "mine_label": _("Yours"),
        "factors": _factors(program, editing),
        "url": request.get_full_path(),
        "back": back or reverse("rewards:rules", args=[program.slug]),
        **frame.around(request.team, current="rules", crumbs=crumbs),
    }
    target = request.htmx.target or ""
    # A fragment is shown whatever it says; the page itself answers 422 where something is wrong.
    if request.htmx and target in PARTS:
        return render(request, f"{TEMPLATE}#{target}", context)
    return render(request, TEMPLATE, context, status=status)


def _against(theirs: RuleDraft | None, editing: Editing) -> list[wording.Difference]:
    return wording.compare(theirs.definition, editing.definition, editing.names) if theirs else []


def _factors(program: Program, editing: Editing) -> list[dict[str, Any]]:
    """By how much tiers multiply what goes by amount."""
    try:
        levels = standings.scheme_of(program).levels
    except standings.NoTiers:
        return []
    unit = str(editing.form["unit"].value() or "")
    names = {tier.key: queries.name_of(tier) for tier in queries.tiers_of(program)}
    return [
        {"tier": names.get(level.key, level.key), "number": formats.format_number(level.multipliers[unit])}
        for level in levels
        if level.multipliers.get(unit, 1) != 1
    ]
