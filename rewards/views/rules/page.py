"""One rule: how it stands, what is planned, its draft beside the version in force, all its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import drafts, rules, wording, yields
from rewards.models import EarningRule, RuleDraft, RuleVersion
from rewards.rules import Timeline
from rewards.views.editor import revision_of
from rewards.views.rules import listing
from rewards.views.rules.fields import ClockField, DayField
from rewards.wording import Vocabulary


class WhenForm(forms.Form):
    """From when on, and why. Without a day it is at once."""

    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)
    day = DayField(label=gettext_lazy("From the day"), help_text=gettext_lazy("Empty means now."))
    time = ClockField(label=gettext_lazy("At"))

    def moment(self, program: Program) -> datetime | None:
        day, time = self.cleaned_data["day"], self.cleaned_data["time"]
        if day is None:
            return None
        return datetime.combine(day, time or datetime.min.time(), tzinfo=program.zone)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("time") and not self.cleaned_data.get("day"):
            self.add_error("day", _("Give the day, too."))
        return self.cleaned_data


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)


@require_safe
@program_view(role=Role.ANALYST)
def rule(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Everything about one rule."""
    return _page(request, program, _find(program, key))


@require_http_methods(["GET", "POST"])
@program_view(role=Role.MANAGER)
def publish(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """The draft beside what is in force; published with a reason, now or from a moment on."""
    one = _find(program, key)
    draft = RuleDraft.objects.filter(rule=one).select_related("changed_by").first()
    if draft is None:
        messages.info(request, _("There is no draft of this rule to publish."))
        return redirect("rewards:rule", program.slug, key)
    form = WhenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            drafts.publish(
                program=program,
                key=key,
                by=request.user,
                now=clock.now(),
                reason=form.cleaned_data["reason"],
                revision=revision_of(request),
                since=_not_past(form, program),
            )
        except DomainError as error:
            form.add_error("day" if error.field == "since" else None, str(error))
        else:
            messages.success(request, _("“%(name)s” is published.") % {"name": draft.name})
            return redirect("rewards:rule", program.slug, key)
    ahead = rules.timeline(one.versions.all(), clock.now())
    names = wording.vocabulary_of(program)
    live = ahead.shown if ahead.live or ahead.next else None
    context = {
        "rule": one,
        "draft": draft,
        "form": form,
        "sentence": listing.sentence_of(draft.definition, names),
        "differences": wording.compare(live.definition if live else None, draft.definition, names),
        "against": live,
        "is_renamed": live is not None and one.name != draft.name,
        "next": ahead.next,
        **_around(request, program, one, _("Publish")),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/rules/publish.html", context, status=status)


@require_http_methods(["GET", "POST"])
@program_view(role=Role.MANAGER)
def retire(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """End the rule, now or at a moment, with a reason."""
    one = _find(program, key)
    form = WhenForm(request.POST or None)
    form.fields["day"].label = _("On the day")
    if request.method == "POST" and form.is_valid():
        try:
            rules.retire(
                program=program,
                key=key,
                by=request.user,
                now=clock.now(),
                reason=form.cleaned_data["reason"],
                at=_not_past(form, program),
            )
        except DomainError as error:
            form.add_error("day" if error.field == "since" else None, str(error))
        else:
            messages.success(request, _("The rule is retired, or will be at the moment you chose."))
            return redirect("rewards:rule", program.slug, key)
    texts = {
        "title": _("Retire “%(name)s”") % {"name": formats.isolate(one.name)},
        "text": _("It gives nothing any more for what happens afterwards. Points that it gave stay."),
        "confirm": _("Retire the rule"),
    }
    return _confirm(request, program, one, form, texts)


@require_http_methods(["GET", "POST"])
@program_view(role=Role.MANAGER)
def cancel(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Take back what is planned."""
    one = _find(program, key)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rules.cancel(
                program=program, key=key, by=request.user, now=clock.now(), reason=form.cleaned_data["reason"]
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("What was planned is taken back."))
            return redirect("rewards:rule", program.slug, key)
    ahead = rules.timeline(one.versions.all(), clock.now())
    texts = {
        "title": _("Take back what is planned"),
        "text": listing.note_of(ahead),
        "confirm": _("Take it back"),
    }
    return _confirm(request, program, one, form, texts)


@require_POST
@program_view(role=Role.MANAGER)
def discard(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Throw the draft away."""
    _find(program, key)
    try:
        stays = drafts.discard(
            program=program, key=key, by=request.user, now=clock.now(), revision=revision_of(request)
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("rewards:rule", program.slug, key)
    messages.success(request, _("The draft is gone."))
    if not stays:
        return redirect("rewards:rules", program.slug)
    return redirect("rewards:rule", program.slug, key)


def _page(request: StaffRequest, program: Program, one: EarningRule) -> HttpResponse:
    now = clock.now()
    versions = list(one.versions.select_related("published_by").order_by("-number"))
    ahead = rules.timeline(versions, now)
    draft = RuleDraft.objects.filter(rule=one).select_related("changed_by").first()
    names = wording.vocabulary_of(program)
    shown = ahead.shown
    line = next(line for line in listing.lines_of(program, now) if line.rule.pk == one.pk)
    context = {
        "rule": one,
        "line": line,
        "ahead": ahead,
        "note": listing.note_of(ahead),
        "draft": draft,
        "draft_sentence": listing.sentence_of(draft.definition, names) if draft else "",
        "differences": wording.compare(shown.definition if shown else None, draft.definition, names)
        if draft
        else [],
        "versions": [_tell(version, versions, ahead, names) for version in versions],
        "days": yields.DAYS,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        "can_retire": ahead.phase in (rules.Phase.LIVE, rules.Phase.SCHEDULED),
        "can_cancel": ahead.next is not None or ahead.ends_at is not None,
        **_around(request, program, one),
    }
    return render(request, "rewards/dashboard/rules/rule.html", context)


def _tell(
    version: RuleVersion, versions: list[RuleVersion], ahead: Timeline, names: Vocabulary
) -> dict[str, Any]:
    """A version with its sentence, and what it changed of the one before it."""
    before = next((one for one in versions if one.number == version.number - 1), None)
    state, kind = _("over"), ""
    if version.is_cancelled:
        state, kind = _("taken back"), ""
    elif ahead.live == version:
        state, kind = _("in force"), "good"
    elif ahead.next == version:
        state, kind = _("planned"), "warn"
    return {
        "version": version,
        "state": state,
        "kind": kind,
        "sentence": listing.sentence_of(version.definition, names),
        "differences": wording.compare(before.definition if before else None, version.definition, names),
        "is_first": before is None,
    }


def _confirm(
    request: StaffRequest, program: Program, one: EarningRule, form: forms.Form, texts: dict[str, Any]
) -> HttpResponse:
    context = {"rule": one, "form": form, **texts, **_around(request, program, one, texts["confirm"])}
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/rules/confirm.html", context, status=status)


def _around(request: StaffRequest, program: Program, one: EarningRule, text: str = "") -> dict[str, Any]:
    crumbs = [(reverse("rewards:rule", args=[program.slug, one.key]), one.name)]
    if text:
        crumbs.append((request.path, text))
    return frame.around(request.team, current="rules", crumbs=crumbs)


def _find(program: Program, key: str) -> EarningRule:
    found = EarningRule.objects.filter(program=program, key=key).first()
    if found is None:
        raise Http404
    return found


class MomentIsOver(DomainError):
    code = "moment_is_over"
    message = gettext_lazy("This moment is over. Leave the day empty for now.")


def _not_past(form: WhenForm, program: Program) -> datetime | None:
    """The chosen moment. Raises MomentIsOver: nobody should believe that the past was changed."""
    moment = form.moment(program)
    if moment is not None and moment < clock.now():
        raise MomentIsOver(field="since")
    return moment
