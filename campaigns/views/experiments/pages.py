"""All tests of effect, and one of them: what was tried on whom, what came of it, and what goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from campaigns import approvals
from campaigns.experiments import marketing, results
from campaigns.experiments.results import Arm, Result, Verdict
from campaigns.models import Experiment, JourneyVersion, PublishRequest
from campaigns.views.experiments import drawings, words
from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

TEMPLATE = "campaigns/dashboard/experiments/experiment.html"


class DecisionForm(forms.Form):
    arm = forms.TypedChoiceField(label=gettext_lazy("What goes on"), coerce=int)
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)

    def __init__(self, data: Any, *, result: Result) -> None:
        chosen = result.best if result.verdict == Verdict.WINNER and result.best else result.arms[0]
        super().__init__(data, initial={"arm": chosen.place})
        choices = [(arm.place, words.name_of(arm, result.experiment)) for arm in result.arms]
        self.fields["arm"].choices = choices  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Line:
    """A test in the list; `change` is that of the arm the verdict is about, or of the only other one."""

    experiment: Experiment
    result: Result
    change: str
    badge: tuple[str | Promise, str]


@dataclass(frozen=True, slots=True)
class Split:
    """How the lot divided the members."""

    name: str
    share: str
    assigned: int
    counted: int
    is_kept: bool


@require_safe
@program_view(role=Role.ANALYST)
def experiment_list(request: StaffRequest, program: Program) -> HttpResponse:
    """What runs first, then the newest; three statements."""
    rows = Experiment.objects.filter(program=program).select_related("journey", "program")
    found = list(rows.order_by("-state", "-began_at", "-pk"))
    context = {
        "lines": [_line(result) for result in results.of_each(found)],
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **_marketing(program),
        **frame.around(request.team, current="experiments"),
    }
    return render(request, "campaigns/dashboard/experiments/list.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def experiment(request: StaffRequest, program: Program, experiment_id: int) -> HttpResponse:
    """One round, with the rounds before it. The number of statements grows with nothing."""
    result = results.of(find(program, experiment_id))
    return _page(request, result, DecisionForm(None, result=result))


@require_POST
@program_view(role=Role.MANAGER)
def decide(request: StaffRequest, program: Program, experiment_id: int) -> HttpResponse:
    """One arm goes on for everybody."""
    found = find(program, experiment_id)
    result = results.of(found)
    form = DecisionForm(request.POST, result=result)
    if not form.is_valid():
        return _page(request, result, form, status=422)
    try:
        made = approvals.decide(
            experiment=found,
            arm=form.cleaned_data["arm"],
            by=request.user,
            now=clock.now(),
            reason=form.cleaned_data["reason"],
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _told(made, title(found, form.cleaned_data["arm"])))
    return redirect("campaigns:experiment", program.slug, found.pk)


def _told(made: JourneyVersion | PublishRequest, arm: str) -> str:
    if isinstance(made, PublishRequest):
        return _("Somebody else has to approve it before it is in force.")
    return _("Everybody goes the way of %(arm)s now.") % {"arm": formats.isolate(arm)}


def find(program: Program, experiment_id: int) -> Experiment:
    rows = Experiment.objects.filter(program=program).select_related("journey__current", "program")
    found = rows.filter(pk=experiment_id).first()
    if found is None:
        raise Http404
    return found


def title(found: Experiment, arm: int) -> str:
    return words.title_of(found.arms[arm]["name"], found)


def _page(request: StaffRequest, result: Result, form: DecisionForm, *, status: int = 200) -> HttpResponse:
    found = result.experiment
    is_manager = access.may(request.team.role, Role.MANAGER)
    others = Experiment.objects.filter(program=found.program, journey=found.journey, step=found.step)
    context = {
        "experiment": found,
        "result": result,
        "verdict": words.verdict(result),
        "badge": words.BADGES[result.verdict],
        "measure": words.TITLES[found.measure],
        "splits": [_split(arm, result) for arm in result.arms],
        "tables": words.tables(result),
        "charts": drawings.all_of(result),
        "chance": formats.format_percent(result.mismatch, decimals=2),
        "winner": None if found.winner is None else title(found, found.winner),
        "rounds": others.exclude(pk=found.pk).order_by("-number"),
        "form": form if is_manager and found.is_running and found.kind == Experiment.Kind.TEST else None,
        **frame.around(request.team, current="experiments", crumbs=[(request.path, found.name)]),
    }
    return render(request, TEMPLATE, context, status=status)


def _marketing(program: Program) -> dict[str, Any]:
    """What all marketing changed, where a control group tells."""
    found = marketing.read(program=program)
    if found is None:
        return {}
    return {
        "marketing": found,
        "marketing_tables": words.of_effect(found, program.currency),
        "is_early": min(found.held_out, found.treated) < results.LEAST,
        "is_broken": found.mismatch < results.BROKEN,
    }


def _line(result: Result) -> Line:
    arm = result.best or (result.arms[1] if len(result.arms) == 2 else None)
    found = arm.differences.get(result.experiment.measure) if arm else None
    currency = result.experiment.program.currency
    change = words.change(result.experiment.measure, found.value, currency) if found else ""
    return Line(result.experiment, result, change, words.BADGES[result.verdict])


def _split(arm: Arm, result: Result) -> Split:
    return Split(
        words.name_of(arm, result.experiment),
        formats.format_percent(arm.share / 100, decimals=0),
        arm.assigned,
        arm.totals.n,
        result.experiment.winner == arm.place,
    )
