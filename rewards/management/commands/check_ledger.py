"""manage.py check_ledger [--program SLUG] [--verify] [--json]: proves the ledger, or names the wallets that are wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from members.models import Program
from rewards import checking

WRONG = 1


class Command(BaseCommand):
    help = "Derive every balance, lot and award again; exit with 1 and name the wallets that are wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", metavar="SLUG", help="only this program")
        parser.add_argument("--verify", action="store_true", help="also every digest and every seal")
        parser.add_argument(
            "--limit", type=int, default=checking.LIMIT, help="wrong rows named for each check"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        program = None
        if options["program"]:
            program = Program.objects.filter(slug=options["program"]).first()
            if program is None:
                raise CommandError(_("There is no program %(slug)s.") % {"slug": options["program"]})
        report = checking.run(program=program, verify=options["verify"], limit=options["limit"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
        else:
            self._tell(report)
        if report.wrong:
            sys.exit(WRONG)

    def _tell(self, report: checking.Report) -> None:
        for proof in report.proofs:
            mark = self.style.ERROR(_("WRONG")) if proof.wrong else self.style.SUCCESS(_("holds"))
            self.stdout.write(f"{mark:>5}  {proof.rows:>12,}  {proof.title} ({proof.key})")
        for fault in report.faults:
            words = _(
                "%(program)s: holder %(holder)s, wallet %(wallet)s, %(subject)s: %(check)s: expected %(expected)s, found %(found)s"
            )
            values = {name: getattr(fault, name) for name in fault.__slots__}
            none = {name: "–" for name in ("holder", "wallet") if values[name] is None}
            self.stderr.write(words % (values | none))
        speed = _("%(entries)s entries in %(seconds).2f s, %(speed)s entries/s.")
        values = {"entries": f"{report.entries:,}", "seconds": report.seconds, "speed": f"{report.speed:,}"}
        self.stdout.write(speed % values)
        if report.wrong:
            words = _("%(wrong)s wrong rows, %(named)s of them named above.")
            self.stderr.write(self.style.ERROR(words % {"wrong": report.wrong, "named": len(report.faults)}))
