"""manage.py seal_ledger [--program SLUG]: sign the heads of all chains that moved since the last seal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from loyaltysite.kit import clock
from members.models import Program
from rewards import seals


class Command(BaseCommand):
    help = "Sign the heads of all chains that moved since the last seal. Keep the roots it prints elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", metavar="SLUG", help="only this program")

    def handle(self, *_args: Any, **options: Any) -> None:
        programs = Program.objects.order_by("pk")
        if options["program"]:
            programs = programs.filter(slug=options["program"])
            if not programs:
                raise CommandError(_("There is no program %(slug)s.") % {"slug": options["program"]})
        for program in programs:
            made = seals.seal(program=program, now=clock.now())
            words = _("%(program)s: %(heads)s heads, root %(root)s")
            values = {"program": program.slug, "heads": made.heads, "root": bytes(made.root).hex()}
            self.stdout.write(words % values)
