"""manage.py load_demo: a program with a year of a real shop's orders, to look around in."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils.translation import gettext as _
from django_scopes import scope

from analytics import rollups
from loyaltysite.demo import history, marketing, people, program, shelf, team
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from rewards import settling, statistics
from rewards.tiers import standings


class Command(BaseCommand):
    help = "Load the demo program. Run it again after an interruption; what is there is left as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep-dates", action="store_true", help="leave the orders in 2010 and 2011")
        parser.add_argument("--orders", type=int, metavar="N", help="only the first N orders and returns")
        parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self._load(options)
        except DomainError as error:
            raise CommandError(str(error)) from None

    def _load(self, options: dict[str, Any]) -> None:
        now = clock.now()
        shop = program.create(now=now)
        team.refuse_strangers(program=shop)
        days = history.days_to_move(program=shop, keep_dates=options["keep_dates"])
        history.replay(
            program=shop,
            days=days,
            limit=options["orders"],
            processes=options["processes"],
            verbosity=options["verbosity"],
            say=self._say(options["verbosity"]),
        )
        people.name_members(program=shop, now=now)
        statistics.take()
        settling.settle_due(program=shop, now=clock.now())
        standings.review_due(program=shop, now=clock.now())
        shelf.put_up(program=shop, now=clock.now())
        team.create(
            program=shop,
            customer=_customer(shop),
            path=settings.VAR_DIR / "demo-logins.json",
            now=clock.now(),
        )
        # The first few orders alone are no shop to write to.
        if options["orders"] is None:
            marketing.begin(program=shop, now=clock.now())
        while rollups.fold():
            pass
        self._say(options["verbosity"])(_("The demo program %(name)s is ready.") % {"name": shop.name})

    def _say(self, verbosity: int) -> history.Say:
        return self.stdout.write if verbosity else lambda _text: None


def _customer(shop: Program) -> Member | None:
    """Who shows most: a member with some orders, returns and points to spend; always the same one."""
    with scope(program=shop):
        members = Member.objects.filter(program=shop, identities__value=f"{team.CUSTOMER}@{team.DOMAIN}")
        if known := members.first():
            return known
        busy = Member.objects.filter(program=shop)
        busy = busy.annotate(count=Count("orders", distinct=True), back=Count("returns", distinct=True))
        return (
            busy.order_by("-back", "-count", "pk").filter(count__gte=8, count__lte=25).first() or busy.first()
        )
