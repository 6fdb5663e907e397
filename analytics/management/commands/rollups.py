"""manage.py rollups: count what is waiting, prove the figures, or make them anew (docs/operations.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from analytics import rollups
from members.models import Program

SHOWN = 20


class Command(BaseCommand):
    help = "Count what is waiting into the daily figures; with --rebuild all anew; with --verify prove them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", metavar="SLUG", help="only this one")
        parser.add_argument(
            "--rebuild", action="store_true", help="make the figures anew from orders and ledger"
        )
        parser.add_argument(
            "--verify", action="store_true", help="compare them with a full count; fails if they differ"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        programs = Program.objects.order_by("pk")
        if options["program"]:
            programs = programs.filter(slug=options["program"])
            if not programs:
                raise CommandError(_("There is no program %(slug)s.") % {"slug": options["program"]})
        say = self.stdout.write if options["verbosity"] > 1 else lambda _text: None
        while rollups.fold():
            pass
        for program in programs:
            if options["rebuild"] or rollups.is_due(program=program):
                rollups.recount(program=program, say=say)
                self._say(options, _("%(program)s: counted anew."), program)
        if options["verify"]:
            self._verify(list(programs), options)

    def _verify(self, programs: list[Program], options: dict[str, Any]) -> None:
        wrong = 0
        for program in programs:
            found = rollups.differences(program=program)
            for each in found[:SHOWN]:
                side = _("stored") if each.is_stored else _("counted")
                self.stderr.write(f"{program.slug} {each.table} {side}: {each.row}")
            wrong += len(found)
            if not found:
                self._say(options, _("%(program)s: the figures are what counting gives."), program)
        if wrong:
            raise CommandError(_("%(count)d rows differ; make them anew with --rebuild.") % {"count": wrong})

    def _say(self, options: dict[str, Any], text: str, program: Program) -> None:
        if options["verbosity"]:
            self.stdout.write(text % {"program": program.slug})
