"""A quarter of a small shop: orders at any day by some members and by nobody, in two stores and by two channels, and in none."""

from datetime import date, timedelta
from random import Random

from django_scopes import scope

from analytics import rollups
from campaigns.models import Segment
from members import audiences
from members.models import Member
from tests.rewards.builders import bring_back, cancel, find, join, moment, order, record, spend

TIERS = {"base": (0, {}), "silver": (6_000, {}), "gold": (15_000, {})}
NOW = moment("2026-03-31T12:00")
PLACES = ("north", "south", None)
CHANNELS = ("web", "till", None)


def some_orders():
    """At any day of a quarter, of fourteen members and of nobody."""
    chance = Random(20)
    for number in range(70):
        yield order(
            f"o{number}",
            str(date(2026, 1, 1) + timedelta(days=chance.randrange(85))),
            chance.randint(5, 90) * 100,
            member=None if number % 9 == 0 else f"m{chance.randrange(14)}",
            store=chance.choice(PLACES) or "",
            channel=chance.choice(CHANNELS) or "",
        )


def fill(program):
    """Sixteen members of two years and two languages; two used points, one left, one order was cancelled, one came back."""
    for number in range(16):
        join(program, f"m{number}", at="2025-12-30" if number % 3 else "2026-01-03")
    record(program, *sorted(some_orders(), key=lambda one: one.occurred_at), at_own_time=True)
    record(program, cancel("o11", "2026-03-29"), bring_back("r", "2026-03-30", order="o12"), at_own_time=True)
    for name in ("m1", "m2"):
        spend(program, 1, "2026-03-20", member=name)
    with scope(program=program):
        ids = [find(program, f"m{number}").pk for number in range(16)]
        Member.objects.filter(pk__in=ids[::4]).update(language="he")
        Member.objects.filter(pk=ids[7]).update(state="closed")
        good = Segment.objects.create(program=program, key="good", name="Good", kind="list", state="live")
        audiences.enter(program=program, audience=good.pk, key="good", members=ids[:6], now=NOW)
        while rollups.fold():
            pass
