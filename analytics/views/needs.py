"""What needs somebody, in words, each with the page where it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.attention import Attention
from analytics.budgets.warnings import Warned
from analytics.models import Backtest, Budget
from analytics.periods import Period
from analytics.views.alerts import telling
from analytics.views.money.budgets import period_name
from loyaltysite.kit import formats
from members.models import Program
from members.views import frame
from rewards.models import ImportRun


@dataclass(frozen=True, slots=True)
class Need:
    """`mark` is a short word or day on a badge of this kind."""

    mark: str
    kind: str
    title: str
    text: str
    url: str


def tell(found: Attention, *, program: Program, period: Period, today: date) -> list[Need]:
    """The most urgent first."""
    return [
        *(_failed(run, program, today) for run in found.failed),
        *_alerts(found, program),
        *(_outside(one, program) for one in found.outside),
        *(_budget(one, program) for one in found.budgets),
        *_waiting(found, program),
        *_blocked(found, program),
        *(_partial(run, program, today) for run in found.partial),
        *_quiet(found, program, period),
    ]


def _failed(run: ImportRun, program: Program, today: date) -> Need:
    title = _("The import of %(file)s failed") % {"file": run.name}
    return Need(_when(run, today), "bad bare", title, run.error, _import_of(run, program))


def _alerts(found: Attention, program: Program) -> Iterator[Need]:
    url = reverse("analytics:alerts", args=[program.slug])
    for told in telling.tell_all(found.alerts, program=program) if found.alerts else []:
        yield Need(_("Review"), "warn bare", told.title, told.text, f"{url}#alert{told.alert.pk}")


def _partial(run: ImportRun, program: Program, today: date) -> Need:
    count = formats.format_number(run.rejected_rows)
    title = ngettext("%(count)s row was not imported", "%(count)s rows were not imported", run.rejected_rows)
    text = _("%(file)s: download them with their reasons, mend them and import that file.") % {
        "file": run.name
    }
    return Need(_when(run, today), "warn bare", title % {"count": count}, text, _import_of(run, program))


def _outside(one: Backtest, program: Program) -> Need:
    share, band = one.live.get("share"), one.live.get("band")
    text = _("Its cost left the band of its back-test.")
    if share is not None and band:
        low, _middle, high = (formats.format_percent(part, decimals=2) for part in band)
        told = {"share": formats.format_percent(share, decimals=2), "low": low, "high": high}
        text = _("Points cost %(share)s of sales; the forecast is %(low)s to %(high)s.") % told
    url = reverse("analytics:backtest", args=[program.slug, one.pk])
    return Need(
        _("Review"), "bad bare", _("“%(draft)s” costs other than forecast") % {"draft": one.name}, text, url
    )


def _budget(one: Warned, program: Program) -> Need:
    is_over = one.stands.state == "over"
    title = _("The budget “%(line)s” is used up") if is_over else _("The budget “%(line)s” is nearly used up")
    told = {
        "spent": formats.format_money(one.stands.spent, program.currency),
        "planned": formats.format_money(one.stands.planned or 0, program.currency),
        "period": period_name(one.months),
    }
    url = reverse("analytics:budgets", args=[program.slug])
    return Need(
        _("Review"),
        "bad bare" if is_over else "warn bare",
        title % {"line": Budget.Line(one.line).label},
        _("%(spent)s of %(planned)s planned for %(period)s were spent.") % told,
        f"{url}?year={one.months[0].year}&by={one.by}",
    )


def _waiting(found: Attention, program: Program) -> Iterator[Need]:
    if found.waiting:
        title = ngettext(
            "%(count)s adjustment waits for a second person",
            "%(count)s adjustments wait for a second person",
            found.waiting,
        )
        yield Need(
            _("Review"),
            "warn bare",
            title % {"count": formats.format_number(found.waiting)},
            _("Nothing is given or taken until somebody else decides."),
            _page("approvals", program),
        )


def _blocked(found: Attention, program: Program) -> Iterator[Need]:
    if found.blocked:
        title = ngettext("%(count)s member is blocked", "%(count)s members are blocked", found.blocked)
        yield Need(
            _("Review"),
            "bare",
            title % {"count": formats.format_number(found.blocked)},
            _("They earn and spend nothing until somebody lets them."),
            reverse("rewards:members", args=[program.slug]) + "?state=blocked",
        )


def _quiet(found: Attention, program: Program, period: Period) -> Iterator[Need]:
    days = {"first": formats.format_date(period.first), "last": formats.format_date(period.last)}
    for rule in found.quiet:
        yield Need(
            _("Review"),
            "bare",
            _("“%(rule)s” gave nothing") % {"rule": rule.name},
            _("No order met this rule from %(first)s to %(last)s.") % days,
            _page("rules", program),
        )


def _page(name: str, program: Program) -> str:
    """The page of that name in the navigation, if there is one."""
    return next((reverse(page.url, args=[program.slug]) for page in frame.PAGES if page.name == name), "")


def _import_of(run: ImportRun, program: Program) -> str:
    return reverse("rewards:import", args=[program.slug, run.pk])


def _when(run: ImportRun, today: date) -> str:
    day = timezone.localdate(run.created_at)
    return (
        formats.format_date(run.created_at, form="time")
        if day == today
        else formats.format_date(day, form="short")
    )
