"""manage.py import_orders FILE --program SLUG: orders, returns and payments from a CSV file (docs/import.md)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Program
from rewards.imports import runs
from rewards.imports.columns import ColumnMissing
from rewards.imports.reports import Report
from rewards.imports.sources import MOST, Source
from rewards.imports.tallies import Tally


class Command(BaseCommand):
    help = "Import orders, returns and payments from a CSV file (plain, .gz or .xz; - for standard input)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("file", help="the file, or - for standard input")
        add("--program", required=True, metavar="SLUG")
        add(
            "--profile", choices=sorted(runs.PROFILES), default="canonical", help="whose columns the file has"
        )
        add("--map", nargs="+", action="extend", default=[], metavar="THEIRS=OURS", help="rename columns")
        add("--source", default="import", help="where the order numbers come from; one namespace each")
        add("--store", default="", help="where orders happened that name no store")
        add("--create-stores", action="store_true", help="create stores that are not known yet")
        add("--encoding", help="UTF-8 unless the file begins otherwise")
        add("--delimiter", help="found from the header unless given")
        add("--date-format", help="as strptime has it; ISO 8601 without it")
        add("--move-days", type=int, default=0, help="move every date by so many days")
        add("--region", help="country of phone numbers without a country code, such as GB")
        add("--rejected", metavar="FILE", help="where rejected rows go (beside the input)")
        add("--batch", type=_at_least_one, default=1000, help="orders a transaction")
        add("--processes", type=_at_least_one, default=1)
        add(
            "--lanes", type=_at_least_one, default=runs.LANES, help="batches under way at once in one process"
        )
        add("--dry-run", action="store_true", help="read and check everything, write nothing")
        add(
            "--no-settle",
            action="store_true",
            help="more history follows: do not expire points up to now yet",
        )
        add("--limit", type=_at_least_one, metavar="N", help="only the first N orders and returns")
        add(
            "--most-gb", type=_at_least_one, default=MOST >> 30, metavar="N",
            help="stop when N GB were read of what is in the file when unpacked (100)",
        )  # fmt: skip
        add("--json", action="store_true", help="print the report as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        program = Program.objects.filter(slug=options["program"]).first()
        if program is None:
            raise CommandError(_("There is no program %(slug)s.") % {"slug": options["program"]})
        try:
            with _bar(is_quiet=options["verbosity"] == 0) as progress:
                report = runs.run(program=program, wish=_wish(options), clock=clock.now, progress=progress)
        except ColumnMissing as error:
            hint = _("Name columns with --map theirs=ours.")
            raise CommandError(f"{error} {hint}") from None
        except DomainError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError(
                _("Stopped. Run the import again; it goes on where it stopped."), returncode=130
            ) from None
        self._print(report, is_json=options["json"], is_quiet=options["verbosity"] == 0)

    def _print(self, report: Report, *, is_json: bool, is_quiet: bool) -> None:
        if is_json:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
            return
        if is_quiet:
            return
        if report.is_dry_run:
            self.stdout.write(_("Nothing was written: this was a dry run."))
        elif report.tally.repeated and not report.tally.recorded:
            self.stdout.write(_("Everything was there before; nothing changed."))
        for name, value in report.lines():
            self.stdout.write(f"{name + ':':<32} {value}")


def _wish(options: dict[str, Any]) -> runs.Wish:
    mapping = {}
    for pair in options["map"]:
        theirs, equals, ours = pair.rpartition("=")
        if not (theirs and equals and ours):
            raise CommandError(_("--map needs THEIRS=OURS, not %(pair)s.") % {"pair": pair})
        mapping[theirs] = ours
    if options["delimiter"] is not None and len(options["delimiter"]) != 1:
        raise CommandError(_("--delimiter is one character."))
    return runs.Wish(
        path=options["file"],
        source=options["source"],
        profile=options["profile"],
        mapping=mapping,
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        date_format=options["date_format"],
        days=options["move_days"],
        region=options["region"],
        store=options["store"],
        rejected=options["rejected"],
        batch=options["batch"],
        processes=options["processes"],
        lanes=options["lanes"],
        creates_stores=options["create_stores"],
        is_dry_run=options["dry_run"],
        settles=not options["no_settle"],
        limit=options["limit"],
        most_bytes=options["most_gb"] << 30,
    )


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


@contextmanager
def _bar(*, is_quiet: bool) -> Iterator[runs.Progress]:
    """A progress bar on a terminal, and nothing where nobody looks."""
    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield lambda _source, _tally: None
        return
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TimeRemainingColumn(), console=console,
    )  # fmt: skip
    task = bar.add_task(_("orders"), total=None, rate="")

    def show(source: Source, tally: Tally) -> None:
        # The bar begins only now: its thread must not be there when workers are forked.
        bar.start()
        spent = bar.tasks[0].elapsed or 1.0
        rate = _("%(count)s rows/s") % {"count": f"{tally.rows / spent:,.0f}"}
        bar.update(task, total=source.size, completed=source.position(), rate=rate)

    try:
        yield show
    finally:
        bar.stop()
