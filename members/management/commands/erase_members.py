"""manage.py erase_members PROGRAM HOLDER…: forget people again after a backup was restored."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django_scopes import scope

from loyaltysite.kit import clock
from members import erasure
from members.models import Member, Program


class Command(BaseCommand):
    help = "Forget members by the holder numbers that the log of erasures names; who is gone already is passed over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", help="its address, such as harbour-lane")
        parser.add_argument("holders", nargs="+", type=int, metavar="HOLDER")

    def handle(self, *_args: Any, **options: Any) -> None:
        program = Program.objects.filter(slug=options["program"]).first()
        if program is None:
            raise CommandError(_("There is no program %(slug)s.") % {"slug": options["program"]})
        with scope(program=program):
            found = list(Member.objects.filter(pk__in=options["holders"]).select_related("program"))
        for member in found:
            erasure.erase(member=member, now=clock.now())
        missing = len(set(options["holders"])) - len(found)
        self.stdout.write(
            _("%(done)s forgotten, %(missing)s not here.") % {"done": len(found), "missing": missing}
        )
