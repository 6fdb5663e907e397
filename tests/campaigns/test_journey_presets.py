"""Journeys that are ready: each can run as it is made, says everything in four languages, and does what it promises."""

import pytest
from django_scopes import scope

from campaigns import drafting
from campaigns.models import Journey, Segment, Template
from campaigns.presets import making, texts
from campaigns.presets.collection import PRESETS, preset_of
from campaigns.presets.making import PresetNotPossible
from members.models import Program, Role
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01 12:00")
LANGUAGES = ["en", "ar", "he", "fa"]
TIERS = {"basic": (0, {}), "gold": (500_00, {})}


@pytest.fixture
def program():
    program = b.open_program(tiers=TIERS, languages=LANGUAGES)
    b.record(program, b.order("A", "2026-01-10", 1000_00))
    return program


def make(program, key):
    by = hire(program, Role.MANAGER)
    return making.make(program=program, preset=preset_of(key), by=by, now=NOW)


@pytest.mark.parametrize("key", [preset.key for preset in PRESETS])
def test_each_can_run_as_it_is_made(program, key):
    journey = make(program, key)

    with scope(program=program):
        kept = Journey.objects.get(pk=journey.pk)
        assert drafting.faults_of(program, kept.draft) == []
        assert kept.state == "draft"
        assert not Template.objects.exclude(live__isnull=False).exists()


@pytest.mark.parametrize("message", texts.MESSAGES)
def test_each_message_is_said_in_four_languages_and_can_be_published(message):
    said = making.content_of(message, LANGUAGES)

    bodies = [said["email"][language]["html"] for language in LANGUAGES]
    assert len(set(bodies)) == len(LANGUAGES)
    assert all(
        "«" not in text for channel in said.values() for one in channel.values() for text in one.values()
    )
    assert texts.title(message)


def test_a_repeat_shares_messages_and_leaves_what_staff_changed(program):
    make(program, "welcome")
    with scope(program=program):
        count = Template.objects.count()

    again = make(program, "welcome")

    with scope(program=program):
        assert Template.objects.count() == count
        assert again.key != "welcome"


def test_the_best_customers_are_who_spent_most(program):
    for number in range(1, 21):
        b.record(program, b.order(f"N{number}", "2026-02-01", number * 100_00, member=f"m{number}"))

    make(program, "vip")

    with scope(program=program):
        segment = Segment.objects.get(key="vip")
        assert segment.tree["op"] == ">="
        assert segment.tree["value"] >= 1900_00


def test_where_there_are_no_tiers_nobody_can_be_close_to_one():
    bare = b.open_program()

    with pytest.raises(PresetNotPossible):
        make(bare, "tier-near")

    with scope(program=bare):
        assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("worth", "precision", "present"),
    [((1, 1), 0, 200), ((100, 1), 2, 200), ((0, 1), 0, 1), ((3, 1), 0, 70), ((100, 1), 0, 2)],
)
def test_a_present_is_small_round_and_never_nothing(worth, precision, present):
    program = Program(currency="EUR")
    unit = making.Unit(worth_numerator=worth[0], worth_denominator=worth[1], precision=precision)

    assert making.present_of(unit, program) == present


def test_one_click_on_the_dashboard_makes_it(program):
    answer = as_staff(program, Role.MANAGER).post(
        f"/dashboard/{program.slug}/journeys/new/", {"preset": "welcome"}
    )

    assert answer["Location"].endswith("/journeys/welcome/edit/")


def test_there_is_no_preset_of_another_name(program):
    client = as_staff(program, Role.MANAGER)

    assert client.post(f"/dashboard/{program.slug}/journeys/new/", {"preset": "gold"}).status_code == 404
