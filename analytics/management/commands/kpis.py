"""manage.py kpis: the key figures of a program in a period, as the pages show them (docs/kpis.md)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from analytics import periods, rollups
from analytics.kpis import REGISTRY, Figure, Kpi, groups, narrowing
from analytics.kpis.narrowing import Narrowed
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Program

USUAL = 90


class Command(BaseCommand):
    help = "Print the key figures of a program in a period: value, numerator, denominator and definition."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", metavar="SLUG", required=True)
        parser.add_argument("--from", dest="first", metavar="YYYY-MM-DD", type=date.fromisoformat)
        parser.add_argument("--to", dest="last", metavar="YYYY-MM-DD", type=date.fromisoformat)
        for by, name in groups.BY.items():
            parser.add_argument(
                f"--{by}", metavar="WORD", help=f"only {name}: as the address of the page has it"
            )
        parser.add_argument("--json", action="store_true", help="everything, for another program to read")

    def handle(self, *_args: Any, **options: Any) -> None:
        program = Program.objects.filter(slug=options["program"]).first()
        if program is None:
            raise CommandError(_("There is no program %(slug)s.") % {"slug": options["program"]})
        last = options["last"] or timezone.localdate(clock.now(), program.zone)
        first = options["first"] or last - timedelta(days=USUAL - 1)
        if last < first:
            raise CommandError(_("This is before the first day."))
        while rollups.fold():
            pass
        if rollups.is_due(program=program):
            rollups.recount(program=program)
        with scope(program=program):
            told = _tell(program, periods.between(first, last), options)
        rows = [_row(REGISTRY[key], one.now, told.reason(key)) for key, one in told.found.items()]
        if options["json"]:
            head = {
                "program": program.slug,
                "currency": program.currency,
                "from": str(first),
                "to": str(last),
                "only": {by: group.word for by, group in told.part.chosen.items()},
            }
            self.stdout.write(json.dumps(head | {"kpis": rows}, indent=1, ensure_ascii=False))
            return
        for row in rows:
            parts = f"  ({row['numerator']} / {row['denominator']})" if row["denominator"] is not None else ""
            value = "–" if row["value"] is None else f"{row['value']:g}"
            self.stdout.write(f"{row['key']:<24} {value:>14}{parts}{'  ' if row['why'] else ''}{row['why']}")


def _tell(program: Program, period: periods.Period, options: dict[str, Any]) -> Narrowed:
    words = {by: options[by] for by in groups.BY if options[by]}
    try:
        part = groups.part_of(program=program, words=words)
    except DomainError as error:
        raise CommandError(f"--{error.field}: {error}") from error
    return narrowing.compare(part=part, keys=REGISTRY, period=period)


def _row(kpi: Kpi, figure: Figure, why: str) -> dict[str, Any]:
    """Money in minor units; `why` tells where there is no figure, or where it is of other days."""
    return {
        "key": kpi.key,
        "name": str(kpi.name),
        "unit": kpi.unit,
        "value": figure.value,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "divides": [str(kpi.numerator), str(kpi.denominator)] if kpi.below else [],
        "definition": str(kpi.definition),
        "why": why,
    }
