"""Review every standing whose validity has ended, as the periodic task does."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from loyaltysite.kit import clock
from members.models import Program
from rewards.tiers import standings


class Command(BaseCommand):
    help = "Review the tiers of members whose validity has ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--program", help="the address (slug) of one program; without it, all are reviewed"
        )

    def handle(self, *_args: Any, program: str | None = None, **_options: Any) -> None:
        programs = Program.objects.order_by("slug")
        if program:
            programs = programs.filter(slug=program)
            if not programs:
                raise CommandError(_("There is no program %(slug)s.") % {"slug": program})
        now = clock.now()
        for one in programs:
            reviewed = standings.review_due(program=one, now=now)
            self.stdout.write(
                _("%(slug)s: %(count)d members reviewed") % {"slug": one.slug, "count": reviewed}
            )
