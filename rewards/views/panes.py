"""The lighter panes of a member's page: notes and tags, each a form that works alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access, tags
from members import notes as notebook
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards.views.finding import find

PANES = "rewards/dashboard/parts/"


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("New note"),
        max_length=notebook.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Write something first.")},
    )


class TagsForm(forms.Form):
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        help_text=gettext_lazy("With commas between them."),
        max_length=2_500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )


def tell(request: StaffRequest, program: Program, person: Member) -> dict[str, Any]:
    """What notes and tags show beside everything else. One statement."""
    return {
        **_notes(request, program, person, NoteForm()),
        **_tags(request, program, person, TagsForm(initial={"tags": ", ".join(person.tags)})),
    }


@vary_on_headers("HX-Request")
@require_POST
@program_view(role=Role.MANAGER)
def write_note(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """One more note."""
    person, form = find(program, number), NoteForm(request.POST)
    if form.is_valid():
        try:
            notebook.write(member=person, text=form.cleaned_data["text"], by=request.user, now=clock.now())
        except DomainError as error:
            refuse(form, error)
        else:
            return done(request, program, person, "notes", _notes(request, program, person, NoteForm()))
    return _page(request, person, "notes", _notes(request, program, person, form), status=422)


@require_POST
@program_view(role=Role.MANAGER)
def delete_note(request: StaffRequest, program: Program, number: str, note_id: str) -> HttpResponse:
    """Take back a note of one's own."""
    person = find(program, number)
    try:
        notebook.delete(
            program=program, member=person, note_id=int(note_id), by=request.user, now=clock.now()
        )
    except DomainError as error:
        context = _notes(request, program, person, NoteForm()) | {"refusal": str(error)}
        return _page(request, person, "notes", context, status=error.status)
    return done(request, program, person, "notes", _notes(request, program, person, NoteForm()))


@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def change_tags(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """Let a member have these tags and no others."""
    person = find(program, number)
    if request.method != "POST":
        form = TagsForm(initial={"tags": ", ".join(person.tags)})
        return _page(request, person, "tags", _tags(request, program, person, form))
    form = TagsForm(request.POST)
    if form.is_valid():
        try:
            wanted = tags.split(form.cleaned_data["tags"])
            person = tags.replace(member=person, tags=wanted, by=request.user, now=clock.now())
        except DomainError as error:
            form.add_error("tags", str(error))
        else:
            form = TagsForm(initial={"tags": ", ".join(person.tags)})
            return done(request, program, person, "tags", _tags(request, program, person, form))
    return _page(request, person, "tags", _tags(request, program, person, form), status=422)


def _notes(request: StaffRequest, program: Program, person: Member, form: NoteForm) -> dict[str, Any]:
    written = notebook.of(member=person)
    return {
        "notes": [{"note": note, "is_mine": note.author_id == request.user.pk} for note in written],
        "note_form": form,
        "notes_url": reverse("rewards:note_new", args=[program.slug, person.number]),
        "may_write": access.may(request.team.role, Role.MANAGER),
    }


def _tags(request: StaffRequest, program: Program, person: Member, form: TagsForm) -> dict[str, Any]:
    return {
        "tags": person.tags,
        "tags_form": form,
        "tags_url": reverse("rewards:tags", args=[program.slug, person.number]),
        "may_write": access.may(request.team.role, Role.MANAGER),
    }


def done(
    request: StaffRequest, program: Program, person: Member, pane: str, context: dict[str, Any]
) -> HttpResponse:
    """The pane after a change, or the member's page anew where there is no script."""
    if request.htmx:
        return _page(request, person, pane, context)
    return redirect("rewards:member", program.slug, person.number)


def _page(
    request: StaffRequest, person: Member, pane: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The pane alone, or as a page of its own where there is no script."""
    context = {"person": person, "program": request.team.program, "pane": f"{PANES}{pane}.html", **context}
    if request.htmx:
        return render(request, f"{PANES}{pane}.html", context, status=status)
    here = reverse("rewards:member", args=[request.team.program.slug, person.number])
    title = {"notes": _("Notes"), "tags": _("Tags")}[pane]
    context |= frame.around(request.team, current="members", crumbs=[(here, str(person)), ("", title)])
    return render(
        request, "rewards/dashboard/pane.html", context | {"title": title, "is_page": True}, status=status
    )
