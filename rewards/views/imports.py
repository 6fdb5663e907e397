"""Imports in the dashboard: upload, columns with a preview, progress, report, and the rows that were left out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from loyaltysite.kit.sheets import attach
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role, Store
from members.views import frame
from rewards import tasks
from rewards.forms.imports import OptionsForm, UploadForm
from rewards.imports import jobs, previews
from rewards.imports.columns import ColumnMissing
from rewards.models import ImportRun
from rewards.queries import units_of
from rewards.views import import_words

ALL, ONE, COLUMNS = "rewards:imports", "rewards:import", "rewards:import_columns"
SHOWN = 50
# What a spreadsheet would take for a formula. Numbers and phone numbers with a sign are none.
FORMULA = re.compile(r"\s*[=@\t\r]|\s*[+\-](?![\d\s().\-]*$)")


@require_safe
@program_view(role=Role.ANALYST)
def imports(request: StaffRequest, program: Program) -> HttpResponse:
    """Earlier imports, the newest first, and the file for another one."""
    return _list(request, program, UploadForm())


@require_POST
@program_view(role=Role.MANAGER)
def upload(request: StaffRequest, program: Program) -> HttpResponse:
    """Keep a file, and lead to its columns."""
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = jobs.upload(
                program=program, name=file.name, chunks=file.chunks(), by=request.user, now=clock.now()
            )
        except DomainError as error:
            error.field = error.field or "file"
            refuse(form, error)
        else:
            return redirect(COLUMNS, program.slug, run.pk)
    return _list(request, program, form)


def _list(request: StaffRequest, program: Program, form: UploadForm) -> HttpResponse:
    found = ImportRun.objects.filter(program=program).select_related("author").order_by("-created_at", "-pk")
    context = {
        "form": form,
        "may_import": access.may(request.team.role, Role.MANAGER),
        "runs": [import_words.row(run) for run in found[:SHOWN]],
        **frame.around(request.team, current="imports"),
    }
    return render(request, "rewards/dashboard/imports.html", context, status=422 if form.errors else 200)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def one(request: StaffRequest, program: Program, run_id: int) -> HttpResponse:
    """How an import goes, and what became of it."""
    run = _run(program, run_id)
    may_import = access.may(request.team.role, Role.MANAGER)
    if run.state == ImportRun.State.DRAFT and may_import:
        return redirect(COLUMNS, program.slug, run.pk)
    context = {
        "run": run,
        "told": import_words.told(run, program=program, now=clock.now()),
        "may_import": may_import,
        **_around(request, run),
    }
    template = "rewards/dashboard/import.html"
    return render(request, f"{template}#run" if request.htmx else template, context)


@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def columns(request: StaffRequest, program: Program, run_id: int) -> HttpResponse:
    """What the columns mean; a POST keeps that, shows what it gives, and starts where that was wanted."""
    run = _run(program, run_id)
    if run.state != ImportRun.State.DRAFT:
        return redirect(ONE, program.slug, run.pk)
    head, notice = _head(run)
    stores = (
        Store.objects.filter(program=program, is_active=True).order_by("name").values_list("code", "name")
    )
    sent = request.POST if request.method == "POST" else None
    form = OptionsForm(sent, header=head.header, options=run.options, stores=stores)
    if sent is not None and form.is_valid():
        jobs.choose(run=run, options=form.options())
        if "start" in sent:
            return _start(request, program, run)
        form, head, notice = _fitted(run, form, stores)
    preview, notice = (None, notice) if notice or form.errors else _preview(program, run)
    context = {
        "run": run,
        "form": form,
        "samples": _samples(head, form),
        "preview": preview,
        "notice": notice,
        "twin": jobs.twin_of(run),
        **_around(request, run),
    }
    template = "rewards/dashboard/import_columns.html"
    status = 422 if form.errors else 200
    return render(request, f"{template}#columns" if request.htmx else template, context, status=status)


def _fitted(run: ImportRun, form: OptionsForm, stores: Any) -> tuple[OptionsForm, previews.Head, str]:
    """The form as it was sent, or with another way to read dates, where those of the file are not like the chosen."""
    try:
        options = jobs.fitting(run, run.options)
    except DomainError as error:
        return form, previews.Head(form.header, []), str(error)
    head, notice = _head(run)
    if options != run.options:
        jobs.choose(run=run, options=options)
        form = OptionsForm(None, header=head.header, options=options, stores=stores)
    return form, head, notice


def _head(run: ImportRun) -> tuple[previews.Head, str]:
    """The header with the first rows, or why there is none."""
    try:
        path = str(jobs.path_of(run))
        return previews.head_of(path=path, encoding=run.options.get("encoding") or None), ""
    except DomainError as error:
        return previews.Head([], []), str(error)


def _preview(program: Program, run: ImportRun) -> tuple[dict[str, Any] | None, str]:
    try:
        found = previews.look(program=program, wish=jobs.wish_of(run), now=clock.now())
    except ColumnMissing as error:
        return None, import_words.missing(error.params["group"])
    except DomainError as error:
        return None, str(error)
    return import_words.previewed(found, program=program, units=units_of(program)), ""


def _samples(head: previews.Head, form: OptionsForm) -> list[dict[str, Any]]:
    """Each column with its first values and its choice."""
    found = []
    for place, (name, field) in enumerate(zip(head.header, form.columns, strict=False)):
        attributes: dict[str, str | bool] = {"class": "in"}
        if field.errors:
            attributes["aria-invalid"] = "true"
        values = [row[place] for row in head.rows[:3] if row[place : place + 1] != [""]]
        found.append(
            {"name": name, "values": values, "field": field, "control": field.as_widget(attrs=attributes)}
        )
    return found


@require_POST
@program_view(role=Role.MANAGER)
def start(request: StaffRequest, program: Program, run_id: int) -> HttpResponse:
    """Go on with one that failed or was stopped."""
    return _start(request, program, _run(program, run_id))


def _start(request: StaffRequest, program: Program, run: ImportRun) -> HttpResponse:
    try:
        jobs.start(run=run, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        # Losing the wake-up is harmless: resume_imports finds what waits.
        transaction.on_commit(lambda: tasks.run_import.delay(run.pk), robust=True)
    return redirect(ONE, program.slug, run.pk)


@require_POST
@program_view(role=Role.MANAGER)
def stop(request: StaffRequest, program: Program, run_id: int) -> HttpResponse:
    """End after the batch under way."""
    run = _run(program, run_id)
    try:
        jobs.stop(run=run, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(ONE, program.slug, run.pk)


@require_POST
@program_view(role=Role.MANAGER)
def discard(request: StaffRequest, program: Program, run_id: int) -> HttpResponse:
    """Forget a file that was not imported."""
    try:
        jobs.discard(run=_run(program, run_id), by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(ALL, program.slug)


@require_safe
@program_view(role=Role.MANAGER)
def rejected(request: StaffRequest, program: Program, run_id: int) -> HttpResponse:
    """The rows that were left out, as they were, with number, code and reason; safe to open in a spreadsheet."""
    run = _run(program, run_id)
    path = jobs.rejects_of(run)
    if not path.is_file():
        raise Http404
    name = re.sub(
        r"[^\w.-]+",
        "_",
        run.name.removesuffix(".gz").removesuffix(".xz").removesuffix(".csv"),
        flags=re.ASCII,
    )
    return attach(_harmless(path.open(encoding="utf-8", newline="")), f"{name[:80]}.rejected.csv")


def _harmless(file: io.TextIOBase) -> Iterator[str]:
    """The rows with an apostrophe before what a spreadsheet would calculate."""
    with file:
        first = file.readline()
        delimiter = max(",;\t|", key=first.count)
        file.seek(0)
        line = io.StringIO()
        writer = csv.writer(line, delimiter=delimiter, lineterminator="\r\n")
        for cells in csv.reader(file, delimiter=delimiter):
            writer.writerow([f"'{cell}" if FORMULA.match(cell) else cell for cell in cells])
            yield line.getvalue()
            line.seek(0)
            line.truncate()


def _run(program: Program, run_id: int) -> ImportRun:
    return get_object_or_404(
        ImportRun.objects.select_related("author", "program"), program=program, pk=run_id
    )


def _around(request: StaffRequest, run: ImportRun) -> dict[str, Any]:
    return frame.around(request.team, current="imports", crumbs=[("", run.name)])
