"""A month of all ready journeys with the clock moved: who got what and when, as plain Python foretold it (month.py), and
nobody twice. A hundred and twenty members for three weeks here; `make month-test` plays a month of two thousand."""

import os
from collections import Counter
from itertools import groupby

import pytest
from django_scopes import scope

from campaigns import drafting
from campaigns.audiences import membership
from campaigns.journeys import scanning
from campaigns.models import Journey, Message, Segment, StepExecution, Template
from campaigns.presets import making, texts
from campaigns.presets.collection import PRESETS, REVIEWED
from members.models import Consent, Identity, Member, Role
from rewards import checking
from rewards.models import Lot, Standing, Term, Tier
from rewards.tiers import standings
from tests.acceptance import month
from tests.campaigns import letters
from tests.campaigns.journeys import trips
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards import plans_shop

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(1800)]

MEMBERS = int(os.environ.get("WAFA_MONTH", "120"))
TIERS = {"basic": (0, {}), "gold": (500_00, {})}
UNITS = {"points": {"expiry": {"kind": "months", "count": 12}}}


@pytest.fixture
def by(db):
    return b.staff("robin")


@pytest.fixture
def program():
    made = b.open_program(tiers=TIERS, units=UNITS)
    letters.behave(made, caps=[])
    plans_shop.put_up(made)
    return made


@pytest.fixture
def lives(program, by):
    """Everybody with their past, by their ids."""
    found = {b.join(program, f"m{number}", at="2020-01-01"): month.live(number) for number in range(MEMBERS)}
    with scope(program=program):
        for member, life in found.items():
            Member.objects.filter(pk=member.pk).update(birthday=life.birthday)
        Identity.objects.update(verified_at=b.LONG_AGO)
        Consent.objects.bulk_create(
            Consent(
                program=program, member=member, channel="email", topic=topic, is_given=True, since=b.LONG_AGO
            )
            for member, life in found.items()
            for topic in life.agrees
        )
    orders = sorted((at, life.name, amount) for life in found.values() for at, amount in life.past)
    for n, (at, name, amount) in enumerate(orders):
        b.record(program, b.order(f"P{n}", at, amount, member=name), now=at)
    give_past(program, found, by)
    return {member.pk: life for member, life in found.items()}


def give_past(program, found, by):
    """Tiers by hand and plans; and when tiers, plans and points end."""
    with scope(program=program):
        gold = Tier.objects.get(key="gold")
        for member, life in found.items():
            if life.plan:
                plans_shop.pay(program, life.plan, member=life.name)
            if life.gold_until:
                standings.set_manual_each(
                    program=program, member_ids=[member.pk], tier=gold, reason="gift", by=by, until=life.gold_until, now=month.START,
                )  # fmt: skip
        by_id = {member.pk: life for member, life in found.items()}
        for holder, at in Lot.objects.filter(is_open=True, is_active=True).values_list(
            "wallet__holder_id", "expires_at"
        ):
            by_id[holder].lots_end.append(at)
        for member, at in Standing.objects.filter(ended_at=None).values_list("member_id", "valid_until"):
            by_id[member].tier_ends += [at] if at else []
        for member, at in Term.objects.filter(state="active").values_list("member_id", "ends_at"):
            by_id[member].plan_ends.append(at)


@pytest.fixture
def shop(program, lives):
    """All ready journeys, live since the first moment of the month; what plain Python is told of them."""
    by, keys = hire(program, Role.MANAGER), {}
    for preset in PRESETS:
        keys[preset.key] = making.make(program=program, preset=preset, by=by, now=month.START)
    # Who is among the best already is gathered now, and did not come in.
    for _each in range(3):
        refresh(program, month.START)
    for made in keys.values():
        drafting.publish(
            program=program, key=made.key, by=by, now=month.START, revision=drafting.revision_of(made),
            reason="spring", mapping={},
        )  # fmt: skip
    with scope(program=program):
        best = Segment.objects.get(key="vip").tree["value"]
        salts = {key: Journey.objects.get(pk=made.pk).salt for key, made in keys.items()}
    return month.Shop(salts, best), {made.pk: key for key, made in keys.items()}


def refresh(program, now):
    while membership.refresh(program=program, now=now).taken:
        pass


def happen(program, lives, since, until):
    """What these members do between two ticks, all at one moment."""
    orders = [
        (at, life.name, amount)
        for life in lives.values()
        for at, amount in life.orders
        if since < at <= until
    ]
    if orders:
        items = [b.order(f"N{at:%d%H}{name}", at, amount, member=name) for at, name, amount in orders]
        b.record(program, *items, now=max(at for at, _name, _amount in orders))
    told = [
        (kind, at, pk)
        for pk, life in lives.items()
        for at, kind in life.events
        if since < at <= until and kind != REVIEWED
    ]
    told += [
        ("member.joined", life.joined, pk)
        for pk, life in lives.items()
        if life.joined and since < life.joined <= until
    ]
    reviews = [
        b.event(f"R{life.name}", REVIEWED.removeprefix("event."), at, member=life.name, **stars_of(life))
        for life in lives.values()
        for at, kind in life.events
        if since < at <= until and kind == REVIEWED
    ]
    if reviews:
        b.record(program, *reviews)
    for (kind, at), group in groupby(sorted(told), key=lambda one: one[:2]):
        trips.happen(program, *(pk for _kind, _at, pk in group), kind=kind, now=at)


def stars_of(life):
    return {} if life.stars is None else {"stars": life.stars}


def play(program, lives):
    before = month.START
    for now in month.TICKS:
        happen(program, lives, before, now)
        scanning.scan(program=program, now=now)
        refresh(program, now)
        trips.work(now)
        before = now


def deeds(program, lives, journeys):
    """What was done, in the words of month.py."""
    with scope(program=program):
        names = {str(texts.title(name)): name for name in texts.MESSAGES}
        templates = {pk: names[name] for pk, name in Template.objects.values_list("pk", "name")}
        rows = StepExecution.objects.filter(step__kind__in=("message", "points", "task", "tag"))
        found = Counter()
        for one in rows.select_related("step__version"):
            config = one.step.config
            words = {
                "message": lambda config=config: f"say {templates[config['message']]}",
                "points": lambda config=config: f"give {config['amount']}",
                "task": lambda: "task",
                "tag": lambda config=config: f"tag {config['tag']}",
            }
            deed = words[one.step.kind]()
            found[
                lives[one.member_id].name, journeys[one.step.version.journey_id], deed, one.at, one.outcome
            ] += 1
    return found


def test_everybody_gets_what_was_foretold_and_nothing_else(program, lives, shop):
    facts, journeys = shop
    told = (deed for pk, life in lives.items() for deed in month.Teller(life, pk, facts).all())
    foretold = Counter(month.within_budgets(told))

    play(program, lives)

    done = deeds(program, lives, journeys)
    assert sorted(done - foretold) == [], "more than foretold"
    assert sorted(foretold - done) == [], "less than foretold"
    assert {journey for _name, journey, *_others in done} == {preset.key for preset in PRESETS}
    with scope(program=program):
        sent = sum(number for deed, number in foretold.items() if deed[4] == "queued")
        assert Message.objects.count() == sent
    assert checking.run(program=program).faults == []
