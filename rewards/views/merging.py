"""Merge two members and take them apart again: found, seen side by side, done."""

from __future__ import annotations

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
from loyaltysite.kit.forms import refuse
from members import queries as people
from members.access import StaffRequest, program_view
from members.models import Member, Merge, Order, Program, Role
from members.queries import Sought
from members.views import frame
from rewards import merging, queries
from rewards.forms.actions import MergeForm, UndoForm
from rewards.merging import Bearing, Meeting, Outlook, Separation
from rewards.merging.joining import Purse
from rewards.models import Unit
from rewards.views import progress
from rewards.views.finding import find

# So many are shown of so many looked at: who is meant is found by a better word, not by reading on.
MOST, FEW = 8, 200


@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def merge(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """Find the other one, see both beside each other, and merge. `other` is a member's number."""
    person = find(program, number)
    wanted = request.POST.get("other") or request.GET.get("other", "")
    other = Member.objects.select_related("program").filter(program=program, number=wanted).first()
    if other is None:
        return _search(request, program, person)
    now = clock.now()
    form = MergeForm(
        request.POST or None, program=program, person=person, now=now, initial={"other": other.number}
    )
    error = ""
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("reason", "key")}
        try:
            merging.merge(program=program, kept=person, gone=other, by=request.user, now=now, **given)
        except DomainError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("The two are one member now."))
            return redirect("rewards:member", program.slug, number)
    meeting: Meeting | None = None
    try:
        meeting = merging.preview(program=program, kept=person, gone=other, now=now)
    except DomainError as refusal:
        error = str(refusal)
    here = reverse("rewards:merge", args=[program.slug, person.number])
    context = {
        "person": person,
        "form": form,
        "refused": error,
        "sides": [
            _side(program, person, meeting.kept if meeting else {}, meeting and meeting.kept_level),
            _side(program, other, meeting.gone if meeting else {}, meeting and meeting.gone_level),
        ],
        "result": _purses(program, meeting.result) if meeting else [],
        "leaves": meeting and meeting.leaves,
        "is_last": bool(meeting and meeting.is_last),
        "level": progress.name_of(meeting.level) if meeting and meeting.level else "",
        "swapped": f"{reverse('rewards:merge', args=[program.slug, other.number])}?other={person.number}",
        "again": here,
        **_around(request, person, _("Merge")),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "rewards/dashboard/merge.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def undo(request: StaffRequest, program: Program, number: str, merge_id: str) -> HttpResponse:
    """See who would get and bear what, choose, and undo."""
    person = find(program, number)
    rows = Merge.objects.select_related("kept__program", "gone__program", "author", "program")
    made = rows.filter(program=program, pk=int(merge_id), kept=person).first()
    if made is None:
        raise Http404
    now = clock.now()
    form = UndoForm(request.POST or None, program=program, person=person, now=clock.now())
    if request.method == "POST" and form.is_valid():
        try:
            merging.undo(program=program, made=made, by=request.user, now=now, **form.cleaned_data)
        except DomainError as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("They are two members again."))
            return redirect("rewards:member", program.slug, number)
    outlook: Outlook | None = None
    error = ""
    try:
        outlook = merging.foresee(program=program, made=made, now=now)
    except DomainError as refusal:
        error = str(refusal)
    context = {
        "person": person,
        "made": made,
        "form": form,
        "refused": error,
        "outlook": outlook,
        "ways": _ways(program, made, outlook, form["bearing"].value()) if outlook else [],
        **_around(request, person, _("Undo the merge")),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "rewards/dashboard/unmerge.html", context, status=status)


def _search(request: StaffRequest, program: Program, person: Member) -> HttpResponse:
    """Whom the words find; without words, those of the same name."""
    text = request.GET.get("q", "")
    sought = Sought.parse(text or person.name)
    ways = people.ways_to(program=program, sought=sought) if sought.text else []
    keys = {key for way in ways for key in way.order_by().values_list("pk", flat=True)[:FEW]}
    others = Member.objects.filter(pk__in=keys - {person.pk}, merged_into=None)
    context = {
        "person": person,
        "query": text,
        "members": others.order_by("-joined_at", "-pk")[:MOST],
        "is_guess": not text,
        **_around(request, person, _("Merge")),
    }
    template = "rewards/dashboard/merge_find.html"
    return render(request, f"{template}#found" if request.htmx else template, context)


def _around(request: StaffRequest, person: Member, title: str) -> dict[str, Any]:
    back = reverse("rewards:member", args=[request.team.program.slug, person.number])
    around = frame.around(request.team, current="members", crumbs=[(back, str(person)), ("", title)])
    return {"back": back, "title": title, **around}


def _side(program: Program, member: Member, purses: Any, level: Any) -> dict[str, Any]:
    return {
        "member": member,
        "url": reverse("rewards:member", args=[program.slug, member.number]),
        "identities": list(member.identities.order_by("kind", "value")),
        "orders": Order.objects.filter(program=program, member=member).count(),
        "purses": _purses(program, purses),
        "level": progress.name_of(level) if level else "",
    }


def _purses(program: Program, purses: Any) -> list[dict[str, str]]:
    units = {unit.key: unit for unit in queries.units_of(program)}
    return [
        {"name": formats.unit_name(0, units[key]), "text": _purse(purse, units[key])}
        for key, purse in purses.items()
    ]


def _purse(purse: Purse | tuple[int, int, int], unit: Unit) -> str:
    active, pending, arrears = purse
    parts = [formats.format_units(active, unit)]
    if pending:
        parts.append(_("%(amount)s pending") % {"amount": formats.format_units(pending, unit)})
    if arrears:
        parts.append(_("%(amount)s owed") % {"amount": formats.format_units(arrears, unit)})
    return ", ".join(parts)


def _ways(program: Program, made: Merge, outlook: Outlook, chosen: str) -> list[dict[str, Any]]:
    """By way and unit, what each side and the shop would have; one way where nothing was used."""
    units = {unit.key: unit for unit in queries.units_of(program)}
    values = Bearing.values if outlook.is_used else [Bearing.USER.value]
    return [
        {
            "value": way,
            "name": Bearing(way).label,
            "chosen": way == chosen,
            "rows": [_row(part, units[part.unit], made) for part in outlook.ways[way]],
        }
        for way in values
    ]


def _row(part: Separation, unit: Unit, made: Merge) -> dict[str, Any]:
    return {
        "used": formats.format_units(abs(part.used), unit),
        "is_used": part.used != 0,
        "user": made.kept if part.used > 0 else made.gone,
        "kept": _purse(part.kept, unit),
        "gone": _purse(part.gone, unit),
        "given": formats.format_units(part.given, unit) if part.given else "",
        "has_ended": part.given < 0,
    }
