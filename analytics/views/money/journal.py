"""The journal page: what the open month would book, the months that are closed, each as a file, and the account numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from analytics.liability import journal
from analytics.liability.triangles import first_of, last_of, number_of
from analytics.models import Account, JournalLine, JournalMonth
from analytics.views.money.sheets import Column, Sheet, as_csv
from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members import audit
from members.access import StaffRequest, confirmed, may, program_view
from members.models import Program, Role
from members.views import frame
from rewards.queries import units_of


class AccountsForm(forms.Form):
    """A number for each account."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for account in Account:
            self.fields[account.value] = forms.CharField(label=account.label, max_length=20)


class CloseForm(forms.Form):
    """The month to close: after the first one there is no choice."""

    month = forms.ChoiceField(label=gettext_lazy("Month"))

    def __init__(self, *args: Any, months: Iterable[date], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(f"{month:%Y-%m-%d}", formats.format_date(month, form="month")) for month in months]
        self.fields["month"].choices = choices  # type: ignore[attr-defined]


@require_safe
@program_view(role=Role.ANALYST)
def page(request: StaffRequest, program: Program) -> HttpResponse:
    return _show(request, program)


@require_POST
@program_view(role=Role.MANAGER)
@confirmed
def close(request: StaffRequest, program: Program) -> HttpResponse:
    form = CloseForm(request.POST, months=_open_months(program))
    if not form.is_valid():
        return _show(request, program, close=form)
    month = date.fromisoformat(form.cleaned_data["month"])
    try:
        row = journal.close(
            program=program, units=units_of(program), month=month, by=request.user, now=clock.now()
        )
    except DomainError as error:
        form.add_error("month", str(error))
        return _show(request, program, close=form)
    messages.success(request, _("%(month)s is closed.") % {"month": row.reference})
    return redirect("analytics:journal", program.slug)


@require_POST
@program_view(role=Role.MANAGER)
def accounts(request: StaffRequest, program: Program) -> HttpResponse:
    form = AccountsForm(request.POST)
    if form.is_valid():
        try:
            wanted = {Account(name): number for name, number in form.cleaned_data.items()}
            journal.renumber(program=program, wanted=wanted, by=request.user, now=clock.now())
        except DomainError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("analytics:journal", program.slug)
    return _show(request, program, numbers=form)


@require_safe
@program_view(role=Role.ANALYST)
def file(request: StaffRequest, program: Program) -> HttpResponse:
    """A closed month (`?month=LP-2026-05`) as CSV, or the open one as it stands."""
    name = request.GET.get("month", "")
    rows = {row.reference: row for row in JournalMonth.objects.filter(program=program)}
    if name and name not in rows:
        raise Http404
    lines, month = (_kept(rows[name]), rows[name].month) if name else _draft(program)
    audit.record(
        program=program, actor=request.user, action="journal.export", subject="program", subject_id=program.slug,
        after={"month": name or "open"}, now=clock.now(),
    )  # fmt: skip
    sheet = _sheet(program, lines, month, name)
    title = f"{program.slug}-{name or 'LP-open'}"
    return as_csv(sheet, name=title, program=program, unit=None)


def _show(
    request: StaffRequest,
    program: Program,
    *,
    close: CloseForm | None = None,
    numbers: AccountsForm | None = None,
) -> HttpResponse:
    months = _open_months(program)
    lines, month = _draft(program)
    sheet = _sheet(program, lines, month, "")
    context = {
        "is_manager": may(request.team.role, Role.MANAGER),
        "month": month,
        "sheet": sheet,
        "rows": sheet.shown(program, None),
        "close": close
        or (CloseForm(months=months, initial={"month": f"{months[-1]:%Y-%m-%d}"}) if months else None),
        "closed": JournalMonth.objects.filter(program=program).select_related("closed_by").order_by("-month"),
        "numbers": numbers or AccountsForm(initial=journal.numbers(program=program)),
        **frame.around(request.team, current="liability", crumbs=[("", _("Journal"))]),
    }
    status = 422 if close or numbers else 200
    return render(request, "analytics/money/journal.html", context, status=status)


def _open_months(program: Program) -> list[date]:
    """Months that are over and may be closed next: at the beginning any of the last twelve."""
    following = journal.next_month(program=program)
    today = timezone.localdate(clock.now())
    if following is None or last_of(number_of(following)) >= today:
        return []
    if JournalMonth.objects.filter(program=program).exists():
        return [following]
    last = number_of(today) - 1
    return [first_of(month) for month in range(max(number_of(following), last - 11), last + 1)]


def _draft(program: Program) -> tuple[list[journal.Line], date | None]:
    """What the month that may be closed next would book: of several the latest; without one the month that runs."""
    months = _open_months(program)
    month = months[-1] if months else journal.next_month(program=program)
    if month is None:
        return [], None
    return list(journal.draft(program=program, units=units_of(program), month=month).lines), month


def _kept(row: JournalMonth) -> list[journal.Line]:
    return [
        journal.Line(line.unit_id, line.cohort, Account(line.account), line.of_month, line.amount_minor)
        for line in JournalLine.objects.filter(month=row).order_by("pk")
    ]


def _sheet(program: Program, lines: Iterable[journal.Line], month: date | None, name: str) -> Sheet:
    """One row for each account and what it mends, debit and credit apart."""
    numbers = journal.numbers(program=program)
    sums: dict[tuple[date | None, Account], int] = {}
    for line in lines:
        key = line.of_month, line.account
        sums[key] = sums.get(key, 0) + line.amount_minor
    order = list(Account)
    closed = {row.month: row.reference for row in JournalMonth.objects.filter(program=program)}
    keys = sorted(sums, key=lambda key: (key[0] is not None, key[0] or date.min, order.index(key[1])))
    reference = name or (f"LP-{month:%Y-%m}" if month else "")
    return Sheet(
        "journal",
        _("Journal"),
        [
            Column(_("Reference"), css="p3"),
            Column(_("Day"), "day", "p3"),
            Column(_("Number")),
            Column(_("Account")),
            Column(_("Mends"), css="p2"),
            Column(_("Debit"), "money"),
            Column(_("Credit"), "money"),
        ],
        [
            [
                reference, last_of(number_of(month)) if month else None, numbers[account.value], str(account.label),
                _mends(of_month, closed),
                sums[of_month, account] if sums[of_month, account] > 0 else None,
                -sums[of_month, account] if sums[of_month, account] < 0 else None,
            ]
            for of_month, account in keys
            if sums[of_month, account]
        ],
    )  # fmt: skip


def _mends(of_month: date | None, closed: Mapping[date, str]) -> str:
    """The closed month whose lines these mend; what was before the first one is its opening balance."""
    return "" if of_month is None else closed.get(of_month, _("Opening balance"))
