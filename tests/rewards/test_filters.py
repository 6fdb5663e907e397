"""Every filter of the member list against the same question asked in plain Python, in every order, page by page."""

import functools
import itertools
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django_scopes import scope

from members.models import Member, Order, Store
from members.queries import Sought
from rewards import directory
from rewards.directory import Directory
from rewards.filters import SORTS, Catalog, Filters
from rewards.models import Standing, Tier, Unit, Wallet
from tests.members.teams import enrol
from tests.rewards.builders import adjust, open_program, order, record_each, staff

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TIERS = {"base": (0, {}), "silver": (5_000, {}), "gold": (50_000, {})}
NAMES = ("Anna Berg", "anna öz", "Bert", "Änne", "ماهر", "Zoë", "Carla", "bert two", "", "Dan")
QUERIES = [
    {"tier": "base"},
    {"tier": "silver"},
    {"tier": "gold"},
    {"state": "active"},
    {"state": "blocked"},
    {"store": "quay"},
    {"store": "mill"},
    {"activity": "active-30"},
    {"activity": "active-365"},
    {"activity": "lapsed-30"},
    {"activity": "lapsed-90"},
    {"activity": "never"},
    {"least": "1"},
    {"least": "60"},
    {"most": "0"},
    {"most": "59.5"},
    {"least": "10", "most": "100"},
    {"tag": "vip"},
    {"tag": "not given"},
    {"since": "2026-03-01"},
    {"until": "2026-03-01"},
    {"since": "2026-02-01", "until": "2026-03-31"},
    {"q": "anna"},
    {"q": "bert"},
    {"q": "m1@"},
    {"q": "m12@example"},
    {"q": "anna", "tier": "base", "state": "active"},
    {"tier": "silver", "store": "quay", "activity": "lapsed-30"},
    {"tag": "vip", "least": "1", "since": "2026-02-01"},
    {"tag": "vip", "state": "blocked"},
    {},
]


@pytest.fixture
def program():
    return open_program(tiers=TIERS, stores=["quay", "mill"], time_zone="Europe/Berlin")


@pytest.fixture
def people(program):
    """Forty members of all kinds, a tenth of whom joined in the same moment."""
    chance = random.Random(7)
    for place in range(40):
        day = "2026-02-15T10:00" if place % 10 == 0 else f"2026-{1 + place % 4:02}-{1 + place % 28:02}T23:30"
        member = enrol(program, f"m{place}", name=NAMES[place % len(NAMES)], at=day)
        orders = [
            order(
                f"{place}-{number}",
                NOW - timedelta(days=chance.choice([5, 29, 31, 89, 91, 300]), hours=1),
                chance.choice([900, 6_000, 51_000]),
                member=f"m{place}",
                store=chance.choice(["quay", "mill", ""]),
            )
            for number in range(chance.randrange(3))
        ]
        record_each(program, *sorted(orders, key=lambda one: one.occurred_at))
        if place % 7 == 0:
            adjust(program, 60, "2026-10-31", member=f"m{place}")
        with scope(program=program):
            tags = ["vip"] if place % 3 == 0 else ["vip", "late"] if place % 5 == 0 else []
            state = "blocked" if place % 9 == 0 else "active"
            Member.objects.filter(pk=member.pk).update(tags=tags, state=state)
    with scope(program=program):
        by_hand = Member.objects.get(identities__value="m8@example.com")
        Standing.objects.create(
            program=program, member=by_hand, tier=Tier.objects.get(key="gold"), origin="manual", since=NOW,
            valid_until=NOW + timedelta(days=9), reason="guest", author=staff(),
        )  # fmt: skip


@functools.cache
def facts_of(program):
    """All that is asked about each member, from plain rows."""
    tiers = {tier.pk: tier for tier in Tier.objects.all()}
    stores = {store.pk: store.code for store in Store.objects.all()}
    found = {}
    for member in Member.objects.prefetch_related("identities"):
        orders = [one for one in Order.objects.filter(member=member) if one.state in ("placed", "paid")]
        open_now = Standing.objects.filter(member=member, ended_at=None)
        tier = max((tiers[one.tier_id] for one in open_now), key=lambda one: one.rank, default=None)
        wallet = Wallet.objects.filter(holder_id=member.pk).first()
        found[member] = {
            "tier": tier.key if tier else "base",
            "stores": {stores.get(one.store_id) for one in orders},
            "last": max((one.occurred_at for one in orders), default=None),
            "held": wallet.active if wallet else 0,
            "joined": member.joined_at.astimezone(program.zone).date().isoformat(),
        }
    return found


def truth(program, query):
    """Who is meant."""
    return {
        member.pk
        for member, facts in facts_of(program).items()
        if all(holds(member, facts, name, value) for name, value in query.items())
    }


def holds(member, facts, name, value):
    if name == "q":
        words = [word.lower() for word in member.name.split()]
        known = [identity.value for identity in member.identities.all()]
        return any(text.startswith(value) for text in words + (known if len(value) > 2 else []))
    if name == "activity":
        what, _dash, days = value.partition("-")
        if facts["last"] is None or what == "never":
            return what == "never" and facts["last"] is None
        is_recent = facts["last"] >= NOW - timedelta(days=int(days))
        return is_recent if what == "active" else not is_recent
    tests = {
        "tier": lambda: facts["tier"] == value,
        "state": lambda: member.state == value,
        "store": lambda: value in facts["stores"],
        "least": lambda: facts["held"] >= Decimal(value),
        "most": lambda: facts["held"] <= Decimal(value),
        "tag": lambda: value in member.tags,
        "since": lambda: facts["joined"] >= value,
        "until": lambda: facts["joined"] <= value,
    }
    return tests[name]()


def in_order(ids, sort):
    rows = Member.objects.in_bulk(ids).values()
    key = (
        (lambda row: (row.name.lower(), row.pk)) if "name" in sort else (lambda row: (row.joined_at, row.pk))
    )
    return [row.pk for row in sorted(rows, key=key, reverse=sort.startswith("-"))]


def leafed(found, size):
    """All pages forwards, and the same backwards from the last one on which somebody stands."""
    page = found.page(size=size)
    pages = [page]
    while page.older or page.unseen:
        page = found.page(size=size, after=page.older or page.unseen)
        pages.append(page)
    forwards = [row.member.pk for page in pages for row in page.rows]
    page = next((page for page in reversed(pages) if page.rows), page)
    backwards = [row.member.pk for row in page.rows]
    while page.newer:
        page = found.page(size=size, before=page.newer)
        backwards = [row.member.pk for row in page.rows] + backwards
    return forwards, backwards


# How the members are found must make no difference: looked up, walked to the end, walked in small steps. The two walks
# share the questions, since each takes many statements.
WAYS = {"few": (5_000, 8_000, 0, 1), "walk": (2, 8_000, 0, 2), "steps": (2, 4, 1, 2)}


@pytest.mark.parametrize("way", WAYS)
def test_it_finds_whom_plain_python_finds(program, people, way, monkeypatch):
    few, walk, first, every = WAYS[way]
    monkeypatch.setattr(directory, "FEW", few)
    monkeypatch.setattr(directory, "WALK", walk)
    with scope(program=program):
        catalog = Catalog.of(program)
        for query, sort in itertools.product(QUERIES[first::every], SORTS):
            expected = truth(program, query)
            found = Directory(catalog, Filters.parse(query | {"sort": sort}, catalog), NOW)

            forwards, backwards = leafed(found, 7)
            count = found.count()

            assert forwards == in_order(expected, sort), (query, sort)
            assert backwards == forwards, (query, sort)
            assert count.number == len(expected) or (count.is_more and count.number <= len(expected)), query
            assert set(found.members().values_list("pk", flat=True)) == expected, query


@pytest.mark.parametrize("common", [-1, 10**9])
def test_how_common_words_are_thought_to_be_changes_nobody_who_is_found(program, people, common, monkeypatch):
    monkeypatch.setattr(directory, "COMMON", common)
    monkeypatch.setattr(directory, "GLANCE", 1)
    with scope(program=program):
        catalog = Catalog.of(program)
        for query in [query for query in QUERIES if "q" in query]:
            expected = in_order(truth(program, query), "-joined")
            found = Directory(catalog, Filters.parse(query, catalog), NOW)

            forwards, backwards = leafed(found, 2)

            assert forwards == backwards == expected, query


def test_the_questions_tell_members_apart(program, people):
    with scope(program=program):
        answers = [frozenset(truth(program, query)) for query in QUERIES]
        everybody = Member.objects.count()

    told = [
        query
        for query, answer in zip(QUERIES, answers, strict=True)
        if query and query != {"tag": "not given"} and not 0 < len(answer) < everybody
    ]
    assert told == []


def test_everything_in_an_address_is_read_back_as_it_was_written(program):
    with scope(program=program):
        catalog = Catalog.of(program)
        query = {
            "q": "anna", "tier": "gold", "state": "blocked", "store": "quay", "activity": "lapsed-90", "least": "10",
            "most": "99", "tag": "vip", "since": "2026-01-01", "until": "2026-02-01", "sort": "name",
        }  # fmt: skip

        assert Filters.parse(query, catalog).query() == query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tier", "none"), ("store", "none"), ("state", "weird"), ("activity", "active-0"), ("activity", "active-x"),
        ("activity", "lapsed"), ("activity", "active-99999"), ("activity", "never-3"), ("least", "much"),
        ("least", "-1"), ("least", "1e99"), ("most", "nan"), ("since", "2026-02-30"), ("until", "9999-12-31"),
        ("sort", "balance"), ("tag", " \u200f "),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left_out(program, name, value):
    with scope(program=program):
        assert Filters.parse({name: value}, Catalog.of(program)).query() == {}


@pytest.mark.parametrize("typed", ["1,000", "١٠٠٠", "۱۰۰۰", "1000.0"])
def test_balances_are_read_in_every_script(program, typed):
    with scope(program=program):
        assert Filters.parse({"least": typed}, Catalog.of(program)).least == 1000


def test_balances_are_in_whole_units(program):
    with scope(program=program):
        Unit.objects.update(precision=2)
        catalog = Catalog.of(program)
        enrol(program, "rich", name="Rich")
        enrol(program, "poor", name="Poor")
        adjust(program, 1_050, "2026-10-31", member="rich")
        adjust(program, 1_049, "2026-10-31", member="poor")

        found = Directory(catalog, Filters.parse({"least": "10.5"}, catalog), NOW)

        assert [row.member.name for row in found.page().rows] == ["Rich"]


def test_a_walk_that_stops_says_so(program, monkeypatch):
    monkeypatch.setattr(directory, "WALK", 3)
    for place in range(8):
        enrol(program, f"m{place}", name=f"M{place}", at=f"2026-01-{1 + place:02}")
    adjust(program, 50, "2026-02-01", member="m0")
    with scope(program=program):
        catalog = Catalog.of(program)
        found = Directory(catalog, Filters.parse({"least": "50"}, catalog), NOW)

        first = found.page()
        further = found.page(after=first.unseen, is_far=True)

        assert first.rows == []
        assert first.unseen is not None
        assert found.count() == directory.Count(0, is_more=True)
        assert [row.member.name for row in further.rows] == ["M0"]
        assert further.unseen is None


def test_other_programs_are_never_found(program):
    other = open_program(tiers=TIERS)
    enrol(other, "anna", name="Anna", tags=["vip"])

    with scope(program=program):
        catalog = Catalog.of(program)
        for query in ({}, {"tag": "vip"}, {"q": "anna"}, {"tier": "base"}):
            assert Directory(catalog, Filters.parse(query, catalog), NOW).page().rows == []


def test_a_search_is_made_safe():
    assert [Filters(sought=Sought.parse(text)).query() for text in ("", "a\0b")] == [{}, {"q": "a b"}]
