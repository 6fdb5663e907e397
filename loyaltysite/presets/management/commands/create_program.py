"""manage.py create_program: a whole program from a preset, with its owner."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.translation import gettext as _
from django_scopes import scope

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.presets import founding
from loyaltysite.presets.collection import PRESETS
from loyaltysite.presets.preset import Preset
from members.models import Program, TeamMembership
from rewards.models import EarningRule, Reward, Tier, Unit


class Command(BaseCommand):
    help = "Make a whole program from a preset: units, rules, tiers, rewards and an owner. All of it, or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--preset", required=True, choices=sorted(PRESETS))
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="who becomes its owner")
        parser.add_argument("--slug", help="its address; unless given, a free one after the preset")
        parser.add_argument("--name", help="its name; unless given, the preset’s")
        parser.add_argument("--currency", default="EUR", help="three letters, such as EUR")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/Berlin")

    def handle(self, *_args: Any, **options: Any) -> None:
        preset = PRESETS[options["preset"]]
        try:
            program = founding.create(
                preset=preset,
                slug=options["slug"] or founding.free_slug(preset),
                name=options["name"] or str(preset.title),
                owner=options["owner"],
                by=None,
                now=clock.now(),
                currency=options["currency"],
                time_zone=options["time_zone"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from None
        if options["verbosity"]:
            self._tell(program, preset)

    def _tell(self, program: Program, preset: Preset) -> None:
        say = self.stdout.write
        say(_("%(name)s is ready at the address %(slug)s.") % {"name": program.name, "slug": program.slug})
        with scope(program=program):
            for title, model in (
                (_("Units"), Unit),
                (_("Rules"), EarningRule),
                (_("Tiers"), Tier),
                (_("Rewards"), Reward),
            ):
                keys = model.objects.filter(program=program).order_by("pk").values_list("key", flat=True)
                say(f"  {title}: {', '.join(keys) or '-'}")
        for missing in preset.open:
            say(f"  {_('Not yet')}: {missing}")
        for title, name in (
            (_("Dashboard"), "analytics:home"),
            (_("Till"), "rewards:till"),
            (_("Customers"), "portal:home"),
        ):
            say(f"  {title}: {reverse(name, args=[program.slug])}")
        owner = TeamMembership.objects.select_related("user").get(program=program).user
        if not owner.has_usable_password():
            words = _("%(email)s sets a password at %(url)s and then signs in.")
            say(words % {"email": owner.email, "url": reverse("account_reset_password")})
