"""Who is in a segment: by what happens, by time, over other segments, and always what a full count gives."""

from datetime import timedelta
from random import Random

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns import tasks
from campaigns.audiences import fields, membership, segments
from campaigns.models import Dirty, Figures, Segment, SegmentDay, SegmentMove, Watch
from members import addresses, audiences, consent, tags
from members.models import AudienceMember, Event, Member
from tests.campaigns.audiences import bazaar
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")
DAY = timedelta(days=1)


@pytest.fixture
def program():
    return bazaar.open_bazaar(time_zone="Asia/Tehran")


def leaf(field, op, value):
    return {"field": field, "op": op, "value": value}


def publish(program, key, tree, *, now=NOW):
    segments.create(program=program, key=key, name=key, tree=tree, by=None, now=now)
    return segments.publish(program=program, key=key, by=None, now=now)


def refresh(program, now=NOW):
    """Until nothing is left to look at: the first runs only begin to watch."""
    for _ in range(3):
        membership.refresh(program=program, now=now)
    while membership.refresh(program=program, now=now).taken:
        pass


def inside(program, key):
    with scope(program=program):
        segment = Segment.objects.get(key=key)
        ids = set(AudienceMember.objects.filter(audience_id=segment.pk).values_list("member_id", flat=True))
        assert segment.size == len(ids)
        return bazaar.names(program, ids)


def full(program, key, now):
    """What the conditions say of everybody, asked at once."""
    with scope(program=program):
        condition = fields.parse(Segment.objects.get(key=key).tree)
        found = Member.objects.filter(membership.POPULATION, condition.q(now.astimezone(program.zone)))
        return bazaar.names(program, set(found.values_list("pk", flat=True)))


def events(program, kind):
    with scope(program=program):
        return [
            (event.data["key"], *bazaar.names(program, {event.holder_id}))
            for event in Event.objects.filter(kind=kind).order_by("pk")
        ]


BUYERS = leaf("orders.count", ">=", 1)


def test_it_works(program):
    b.join(program, "ben")
    b.record(program, b.order("1", "2026-01-20", 1000))
    publish(program, "buyers", BUYERS)
    refresh(program)
    assert inside(program, "buyers") == {"anna"}

    b.record(program, b.order("2", "2026-02-01", 1000, member="ben"))
    b.record(program, b.cancel("1", "2026-02-01"))
    assert inside(program, "buyers") == {"anna"}
    refresh(program)

    assert inside(program, "buyers") == {"ben"}
    assert events(program, audiences.ENTERED) == [("buyers", "anna"), ("buyers", "ben")]
    assert events(program, audiences.LEFT) == [("buyers", "anna")]


def test_time_alone_lets_in_and_out(program):
    b.record(program, b.order("1", "2026-01-20", 1000))
    publish(program, "recent", leaf("orders.last_at", "within last", 30))
    publish(program, "quiet", {"not": leaf("orders.last_at", "within last", 30)})
    refresh(program)

    refresh(program, b.moment("2026-02-19T11:00"))
    assert (inside(program, "recent"), inside(program, "quiet")) == ({"anna"}, set())
    refresh(program, b.moment("2026-02-19T12:30"))

    assert (inside(program, "recent"), inside(program, "quiet")) == (set(), {"anna"})


def test_a_day_begins_at_the_midnight_of_the_program(program):
    b.join(program, "anna", at="2020-01-01", birthday=b.moment("1990-02-04").date())
    publish(program, "birthday", leaf("member.birthday", "within next", 2))
    refresh(program, b.moment("2026-02-01T18:00"))
    assert inside(program, "birthday") == set()

    refresh(program, b.moment("2026-02-01T20:29"))
    assert inside(program, "birthday") == set()
    refresh(program, b.moment("2026-02-01T20:31"))

    assert inside(program, "birthday") == {"anna"}


def test_segments_ask_for_segments(program):
    publish(program, "buyers", BUYERS)
    publish(
        program,
        "vip-buyers",
        {"all": [leaf("member.segments", "has any", ["buyers"]), leaf("member.tags", "has any", ["vip"])]},
    )
    publish(program, "others", {"not": leaf("member.segments", "has any", ["vip-buyers"])})
    member = b.join(program, "anna")
    refresh(program)
    assert inside(program, "others") == {"anna"}

    tags.add_each(program=program, member_ids=[member.pk], tag="vip", now=NOW)
    b.record(program, b.order("1", "2026-02-01", 1000))
    membership.refresh(program=program, now=NOW)

    assert inside(program, "vip-buyers") == {"anna"}
    assert inside(program, "others") == set()


def test_whoever_stays_never_leaves_for_a_moment(program):
    b.record(program, b.order("1", "2026-01-20", 1000))
    publish(program, "buyers", BUYERS)
    refresh(program)
    with scope(program=program):
        since = AudienceMember.objects.get().since

    segments.change(
        program=program,
        key="buyers",
        tree={"any": [BUYERS, leaf("member.tags", "has any", ["x"])]},
        by=None,
        now=NOW,
    )
    segments.publish(program=program, key="buyers", by=None, now=NOW)
    assert inside(program, "buyers") == {"anna"}
    refresh(program, NOW + DAY)

    with scope(program=program):
        assert AudienceMember.objects.get().since == since
    assert events(program, audiences.LEFT) == []


def test_who_closes_is_in_no_segment(program):
    member = b.join(program, "anna")
    publish(program, "everybody", {})
    refresh(program)
    assert inside(program, "everybody") == {"anna"}

    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(state="closed")
    refresh(program)

    assert inside(program, "everybody") == set()


def test_a_program_without_segments_notes_nothing(program):
    b.record(program, b.order("1", "2026-01-20", 1000))

    with scope(program=program):
        assert not Dirty.objects.exists()
    assert membership.refresh(program=program, now=NOW) == membership.Outcome()


def test_the_figures_are_those_of_the_orders(program):
    bazaar.fill(program)
    membership.begin(program)
    refresh(program)

    with scope(program=program):
        anna = Figures.objects.get(member=b.find(program, "anna"))
        fred = Figures.objects.get(member=b.find(program, "fred"))
    assert (anna.orders, anna.spend_minor, anna.rank) == (2, 10_350, 1)
    assert (fred.orders, fred.spend_minor, fred.last_at, fred.recency) == (0, 0, None, None)
    assert anna.frequency is not None


def test_conditions_say_the_same_with_and_without_figures(program):
    bazaar.fill(program)
    trees = [
        leaf(name, op, 2)
        for name in ("orders.count", "orders.spend", "orders.average", "standing.rank")
        for op in ("<", ">=")
    ]
    trees += [
        leaf("standing.tier", "=", "silver"),
        leaf("orders.last_at", "within last", 5),
        {"not": leaf("orders.first_at", "within last", 5)},
    ]
    before = [bazaar.in_sql(program, tree) for tree in trees]
    membership.begin(program)
    refresh(program)

    after = [bazaar.in_sql(program, tree) for tree in trees]

    assert after == before
    with scope(program=program):
        assert Watch.objects.get().counted_at is not None


def test_a_wrong_membership_is_found_and_mended(program):
    bazaar.fill(program)
    publish(program, "buyers", BUYERS)
    refresh(program)
    right = inside(program, "buyers")
    with scope(program=program):
        segment = Segment.objects.get(key="buyers")
        AudienceMember.objects.filter(member=b.find(program, "anna")).delete()
        AudienceMember.objects.create(
            audience_id=segment.pk, member=b.find(program, "fred"), program=program, since=NOW
        )

    assert membership.prove(program=program, now=NOW) == 2
    assert inside(program, "buyers") == right
    assert membership.prove(program=program, now=NOW) == 0


def test_whose_change_is_still_to_be_looked_at_is_no_mistake(program):
    publish(program, "buyers", BUYERS)
    refresh(program)
    b.record(program, b.order("1", "2026-02-01", 1000))

    assert membership.prove(program=program, now=NOW) == 0
    assert inside(program, "buyers") == {"anna"}


def test_the_course_tells_who_came_and_went(program):
    b.join(program, "ben")
    publish(program, "buyers", BUYERS)
    refresh(program)
    b.record(program, b.order("1", "2026-02-01", 1000), b.order("2", "2026-02-01", 1000, member="ben"))
    refresh(program)
    b.record(program, b.cancel("2", "2026-02-02"))
    refresh(program, NOW + DAY)

    with scope(program=program):
        days = list(SegmentDay.objects.order_by("day").values_list("size", "entered", "left"))
        moves = [
            (bazaar.names(program, {move.member_id}).pop(), move.is_in)
            for move in SegmentMove.objects.order_by("pk")
        ]
    assert days == [(2, 2, 0), (1, 0, 1)]
    assert sorted(moves[:2]) == [("anna", True), ("ben", True)]
    assert moves[2:] == [("ben", False)]


def test_statements_do_not_grow_with_members(program):
    publish(program, "buyers", BUYERS)
    refresh(program)

    counts = []
    for number in (3, 30):
        b.record(
            program,
            *(b.order(f"{number}-{n}", "2026-02-01", 500, member=f"m{number}-{n}") for n in range(number)),
        )
        with CaptureQueriesContext(
            connection,
        ) as captured:
            membership.refresh(program=program, now=NOW)
        counts.append(len(captured))

    assert counts[0] == counts[1] < 25


TREES = {
    "buyers": BUYERS,
    "recent": leaf("orders.last_at", "within last", 4),
    "lately-often": {"count": "orders", "where": leaf("order.at", "within last", 5), "op": ">=", "value": 2},
    "rich": {"any": [leaf("points.points", ">=", 60), leaf("points.credit", ">", "1.5")]},
    "silver-or-vip": {"any": [leaf("standing.tier", "=", "silver"), leaf("member.tags", "has any", ["vip"])]},
    "mailable": leaf("consent.email", "has any", ["offers"]),
    "new": leaf("member.joined_on", "within last", 3),
    "posted": leaf("member.has_address", "=", True),
    "often": {"not": {"count": "orders", "where": {}, "op": "<", "value": 3}},
    "birthday": leaf("member.birthday", "within next", 6),
    "browsers": {"has": "activities", "where": {"all": [leaf("activity.kind", "=", "browse"), leaf("activity.at", "within last", 3)]}},
    "nested": {"all": [leaf("member.segments", "has any", ["buyers", "rich"]), {"not": leaf("member.segments", "has any", ["recent"])}]},
    "deep": {"not": leaf("member.segments", "has any", ["nested", "mailable"])},
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_bit_by_bit_is_what_a_full_count_gives(program, seed):
    draw, now = Random(seed), NOW
    for name in bazaar.PEOPLE[:4]:
        b.join(program, name, birthday=b.moment(f"1990-02-{draw.randint(1, 28):02d}").date())
    for key, tree in TREES.items():
        publish(program, key, tree)
    refresh(program)

    for number in range(12):
        for _ in range(draw.randint(1, 3)):
            happen(program, draw, f"{seed}-{number}-{_}", now)
        now += timedelta(hours=draw.choice([1, 7, 30]))
        refresh(program, now)
        assert {key: inside(program, key) for key in TREES} == {key: full(program, key, now) for key in TREES}

    assert membership.prove(program=program, now=now) == 0


def happen(program, draw, number, now):
    """Something, through the domain."""
    name = draw.choice(bazaar.PEOPLE)
    with scope(program=program):
        known = Member.objects.filter(identities__value=f"{name}@example.com").exists()
    what = draw.choice(
        ["order", "order", "order", "cancel", "browse", "adjust", "tag", "consent", "move"]
        if known
        else ["order"]
    )
    at = now - timedelta(hours=draw.choice([0, 0, 50]))
    match what:
        case "order":
            b.record(program, b.order(number, at, draw.choice([300, 3_000, 9_000]), member=name), now=now)
        case "cancel":
            b.record(program, b.order(number, at, 700, member=name), b.cancel(number, now), now=now)
        case "browse":
            b.record(program, b.event(number, "browse", at, member=name, sku="lamp"), now=now)
        case "adjust":
            b.adjust(program, 200, now.isoformat(), member=name, unit=draw.choice(["points", "credit"]))
        case "tag":
            tags.add_each(program=program, member_ids=[b.find(program, name).pk], tag="vip", now=now)
        case "move":
            place = draw.choice([None, addresses.Place(("1 High Street",), "", "London", "GB")])
            addresses.save(member=b.find(program, name), place=place, now=now)
        case "consent":
            wanted = consent.grant if draw.random() < 0.7 else consent.withdraw
            wanted(member=b.find(program, name), channel="email", topic="offers", source="till", now=now)


def test_the_tasks_refresh_and_prove_once_a_night(program):
    b.record(program, b.order("1", "2026-01-20", 1000))
    publish(program, "buyers", BUYERS)
    with time_machine.travel(NOW, tick=False):
        for _ in range(3):
            tasks.refresh_segments()
        assert inside(program, "buyers") == {"anna"}
        with scope(program=program):
            AudienceMember.objects.all().delete()

        assert [tasks.prove_segments() for _ in range(2)] == [1, 0]

    assert inside(program, "buyers") == {"anna"}
