"""An import in words: its state, how far it is and when it will be done, its report, its preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import formats
from members.models import Program
from rewards.forms.imports import LABELS
from rewards.imports import jobs
from rewards.imports.previews import Preview
from rewards.imports.reports import Report
from rewards.imports.tallies import Tally
from rewards.models import ImportRun, Unit

State = ImportRun.State
BADGES = {
    State.DRAFT: "draft",
    State.WAITING: "warn",
    State.RUNNING: "info",
    State.DONE: "good",
    State.FAILED: "bad",
    State.CANCELLED: "draft",
}


def row(run: ImportRun) -> dict[str, Any]:
    """A line of the list."""
    state, badge = _state(run)
    return {"run": run, "state": state, "badge": badge, "author": str(run.author)}


def _state(run: ImportRun) -> tuple[str, str]:
    """In a word, with the kind of its badge."""
    if run.state == State.DONE and run.rejected_rows:
        return _("Done in part"), "warn"
    return run.get_state_display(), BADGES[State(run.state)]


@dataclass(frozen=True, slots=True)
class Told:
    """`share` of the file that has been read, as far as it is known; `left` says when it will be done."""

    state: str
    badge: str
    share: float
    now: str
    rate: str
    left: str
    lines: list[tuple[str, str]]
    changed_nothing: bool
    has_rejects: bool
    can_go_on: bool


def told(run: ImportRun, *, program: Program, now: datetime) -> Told:
    share = min(1.0, run.position / run.size) if run.size else 0.0
    state, badge = _state(run)
    seconds = ((run.finished_at or now) - run.started_at).total_seconds() if run.started_at else 0.0
    return Told(
        state=state,
        badge=badge,
        share=1.0 if run.state == State.DONE else share,
        now=ngettext("%(count)s row", "%(count)s rows", run.rows)
        % {"count": formats.format_number(run.rows)},
        rate=_rate(run, seconds),
        left=_left(run, share, seconds),
        lines=list(_report(run, program)),
        changed_nothing=bool(run.state == State.DONE and run.repeated and not run.recorded),
        has_rejects=jobs.rejects_of(run).is_file(),
        can_go_on=run.state in (State.FAILED, State.CANCELLED) and bool(run.stored),
    )


def missing(columns: Sequence[str]) -> str:
    """What an order cannot do without, in the words of the choices."""
    names = _(" or ").join(f"“{LABELS[column]}”" for column in columns)
    return _("Choose which column of the file is %(names)s.") % {"names": names}


def _rate(run: ImportRun, seconds: float) -> str:
    if not run.rows or seconds < 0.5:
        return ""
    return _("%(count)s rows a second") % {"count": formats.format_number(round(run.rows / seconds))}


def _left(run: ImportRun, share: float, seconds: float) -> str:
    """By the part of the file that has been read."""
    if run.state == State.RUNNING and not run.is_stopping:
        return _time_left(share, seconds)
    if run.state == State.RUNNING:
        return _("Ends after the orders under way.")
    return _("Waits for a worker.") if run.state == State.WAITING else ""


def _time_left(share: float, seconds: float) -> str:
    if share >= 1:
        return _("The end is being settled.")
    if share <= 0 or seconds < 2:
        return _("Just begun.")
    left = seconds * (1 - share) / share
    if left < 90:
        count = max(1, round(left))
        text = ngettext("About %(count)s second left.", "About %(count)s seconds left.", count)
    else:
        count = round(left / 60)
        text = ngettext("About %(count)s minute left.", "About %(count)s minutes left.", count)
    return text % {"count": formats.format_number(count)}


def _report(run: ImportRun, program: Program) -> Iterator[tuple[str, str]]:
    """The same lines as the command prints, without the path of a file on the server."""
    if not run.report:
        yield from _so_far(run)
        return
    facts: dict[str, Any] = dict(run.report)
    names = {each.name for each in fields(Tally)}
    known = {name: value for name, value in facts.items() if name in names}
    counted: Any = {
        name: Counter(value) if isinstance(value, Mapping) else value for name, value in known.items()
    }
    tally = Tally(**counted)
    report = Report(
        tally=tally,
        currency=facts["currency"],
        precisions=dict(Unit.objects.filter(program=program).values_list("key", "precision")),
        members_created=facts["members_created"],
        customers=facts["customers"],
        seconds=facts["seconds"],
        is_dry_run=False,
        unused_columns=tuple(facts["unused_columns"]),
        rejected_file="",
    )
    yield from report.lines()


def _so_far(run: ImportRun) -> Iterator[tuple[str, str]]:
    figures = (
        (_("rows"), run.rows),
        (_("recorded"), run.recorded),
        (_("there before"), run.repeated),
        (_("rejected rows"), run.rejected_rows),
    )
    for name, count in figures:
        if count:
            yield name, formats.format_number(count)


def previewed(preview: Preview, *, program: Program, units: Sequence[Unit]) -> dict[str, Any]:
    """What the page shows of a preview."""
    by_key = {unit.key: unit for unit in units}
    return {
        "checked": ngettext("%(count)s row read", "%(count)s rows read", preview.rows)
        % {"count": formats.format_number(preview.rows)},
        "is_cut": preview.is_cut,
        "faulty": preview.faulty_rows,
        "faults": preview.faults,
        "more": max(0, preview.faulty_rows - len(preview.faults)),
        "unused": preview.unused,
        "lines": [
            {
                "line": line,
                "total": ""
                if line.total_minor is None
                else formats.format_money(line.total_minor, program.currency),
                "points": ", ".join(_points(key, amount, by_key) for key, amount in line.points.items()),
            }
            for line in preview.lines
        ],
    }


def _points(key: str, amount: int, units: Mapping[str, Unit]) -> str:
    unit = units[key]
    number = formats.format_number(Decimal(amount).scaleb(-unit.precision), sign=True)
    return f"{number} {formats.unit_name(amount, unit)}"
