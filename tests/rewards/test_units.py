"""Units: made, named, given a worth and an end; what the ledger counts in stays as it is."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from django_scopes import scope

from members.models import AuditEntry, Program, Role
from rewards import policies, units
from rewards.forms import names
from rewards.models import Unit
from rewards.views import unit_words
from tests.members.teams import as_staff
from tests.rewards.builders import balance, lots, open_program, order, record
from tests.rewards.giftcards import house as cards

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STARS = {"en": {"one": "Star", "other": "Stars"}}


@pytest.fixture
def program():
    return open_program(currency="GBP", languages=["en", "ar"], units={"points": {"names": STARS}})


def address(program, rest=""):
    return f"/dashboard/{program.slug}/units/{rest}"


def typed(**changes):
    return {
        "name_en_one": "Star",
        "name_en_other": "Stars",
        "precision": "0",
        "worth_units": "100",
        "worth_money": "1.00",
        "ends": "none",
        "waits": "none",
        "shortfall": "arrears",
    } | changes


def the_unit(program, key="points"):
    with scope(program=program):
        return Unit.objects.get(key=key)


def change(program, role=Role.MANAGER, **changes):
    return as_staff(program, role).post(address(program, "points/change/"), typed(**changes))


def test_a_manager_adds_a_unit_and_members_earn_in_it(program):
    response = as_staff(program, Role.MANAGER).post(
        address(program, "new/"),
        typed(key="stamps", name_en_one="Stamp", name_en_other="Stamps", name_ar_other="طابع", worth_units="10",
              worth_money="2.50", ends="months", end_months="12", cap_per_order="3"),
    )  # fmt: skip

    assert response["Location"] == address(program), response.text
    unit = the_unit(program, "stamps")
    assert unit.names == {"en": {"one": "Stamp", "other": "Stamps"}, "ar": {"other": "طابع"}}
    assert Fraction(unit.worth_numerator, unit.worth_denominator) == 25
    assert (unit.expiry, unit.cap_per_order) == ({"kind": "months", "count": 12}, 3)


def test_a_change_holds_for_what_is_earned_next(program):
    record(program, order("1", "2026-01-10", 1000))

    change(program, ends="days", end_days="30")
    record(program, order("2", "2026-02-10", 1000))

    first, second = lots(program)
    assert first.expires_at is None
    assert second.expires_at == datetime(2026, 3, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"ends": "days", "end_days": "30"}, {"kind": "days", "count": 30}),
        ({"ends": "months", "end_months": "12"}, {"kind": "months", "count": 12}),
        (
            {"ends": "end_of", "end_period": "quarter", "end_after": "1"},
            {"kind": "end_of", "period": "quarter", "after": 1},
        ),
        ({"ends": "dates", "end_dates": "12-31, 06-30"}, {"kind": "dates", "dates": ["06-30", "12-31"]}),
    ],
)
def test_every_end_is_kept_and_shown_again(program, fields, policy):
    assert change(program, **fields).status_code == 302

    assert the_unit(program).expiry == policy
    policies.check_expiry(policy)
    page = as_staff(program).get(address(program, "points/change/")).text
    assert f'<option value="{fields["ends"]}" selected>' in page


def test_inactivity_is_kept_and_shown_again(program):
    fields = {
        "lapses": "months",
        "lapse_count": "6",
        "lapse_by": ["order", "spend"],
        "lapse_events": "visit, login",
    }

    assert change(program, **fields).status_code == 302

    assert the_unit(program).lapse == {"months": 6, "by": ["order", "spend", "login", "visit"]}
    page = as_staff(program).get(address(program, "points/change/")).text
    assert 'value="login, visit"' in page
    assert "All ends after 6 months without any of these: an order, spending, login, visit." in page


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("lapse_count", {"lapses": "months", "lapse_by": ["order"]}),
        ("lapse_by", {"lapses": "months", "lapse_count": "6"}),
        ("lapse_events", {"lapses": "days", "lapse_count": "6", "lapse_events": "no good!"}),
    ],
)
def test_inactivity_that_cannot_be_is_named(program, name, fields):
    response = change(program, **fields)

    assert response.status_code == 422
    assert name in response.context["form"].errors
    assert the_unit(program).lapse == {}


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"waits": "days", "wait_days": "14"}, {"kind": "days", "count": 14}),
        ({"waits": "hours", "wait_hours": "2"}, {"kind": "hours", "count": 2}),
        ({"waits": "event", "wait_event": "delivered"}, {"kind": "event", "event": "delivered"}),
        ({"waits": "date", "wait_on": "2027-01-01"}, {"kind": "date", "on": "2027-01-01"}),
    ],
)
def test_every_waiting_time_is_kept(program, fields, policy):
    assert change(program, **fields).status_code == 302

    assert the_unit(program).pending == policy


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name_en_other", {"name_en_other": ""}),
        ("name_ar_other", {"name_ar_one": "نجمة"}),
        ("worth_units", {"worth_units": "0"}),
        ("worth_money", {"worth_money": "-1"}),
        ("worth_money", {"worth_money": "1.001"}),
        ("end_days", {"ends": "days"}),
        ("end_days", {"ends": "days", "end_days": "0"}),
        ("end_dates", {"ends": "dates", "end_dates": "13-01"}),
        ("wait_event", {"waits": "event"}),
        ("precision", {"precision": "7"}),
        ("cap_per_order", {"cap_per_order": "1.5"}),
        ("ends", {"ends": "someday"}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(program, field, fields):
    response = change(program, **fields)

    assert response.status_code == 422
    assert f'aria-describedby="id_{field}_note"' in response.text
    assert the_unit(program).names == STARS


def test_a_taken_key_is_refused(program):
    response = as_staff(program).post(address(program, "new/"), typed(key="points"))

    assert response.status_code == 422
    assert "There is a unit with this key" in response.text


def test_decimals_are_fixed_once_members_have_balances(program):
    assert change(program, precision="2").status_code == 302
    change(program, precision="0")
    record(program, order("1", "2026-01-10", 1000))

    page = as_staff(program).get(address(program, "points/change/")).text
    with pytest.raises(units.UnitFixed) as refused:
        units.change(program=program, key="points", precision=2, by=None, now=NOW)

    assert "Fixed: members have balances in this unit." in page
    assert refused.value.field == "precision"
    assert balance(program).active == 10


def test_names_in_a_language_that_was_switched_off_are_kept(program):
    with scope(program=program):
        Unit.objects.update(names=STARS | {"he": {"other": "כוכבים"}})

    change(program, name_en_other="Suns")

    assert the_unit(program).names == {"he": {"other": "כוכבים"}, "en": {"one": "Star", "other": "Suns"}}


def test_saving_what_is_there_changes_nothing(program):
    before = Program.objects.get(pk=program.pk).catalogue

    change(program)

    assert Program.objects.get(pk=program.pk).catalogue == before
    with scope(program=program):
        assert not AuditEntry.objects.filter(action="unit.change").exists()


def test_a_change_is_audited_by_field(program):
    change(program, worth_money="2.00")

    with scope(program=program):
        entry = AuditEntry.objects.get(action="unit.change")
    assert (entry.subject_id, entry.before, entry.after) == ("points", {"worth": "1/1"}, {"worth": "2/1"})


@pytest.mark.parametrize("ratio", [(1, 1), (1, 3), (5, 2), (0, 1), (100, 1), (1, 1000)])
def test_any_worth_survives_its_form(program, ratio):
    with scope(program=program):
        Unit.objects.update(worth_numerator=ratio[0], worth_denominator=ratio[1])
    form = names_and_worth(program)

    change(program, **form)

    unit = the_unit(program)
    assert Fraction(unit.worth_numerator, unit.worth_denominator) == Fraction(*ratio)


def names_and_worth(program):
    from rewards.forms.units import initial_of

    found = initial_of(the_unit(program), program)
    return {name: str(found[name]) for name in ("worth_units", "worth_money")}


# Told in words


def test_the_example_follows_what_is_typed(program):
    text = as_staff(program, Role.MANAGER).get(
        address(program, "example/"), typed(key="x", worth_units="50", ends="days", end_days="10", shortfall="forgive")
    ).text  # fmt: skip

    assert "120\N{NO-BREAK SPACE}Stars are worth £2.40." in text
    assert "what is missing is forgiven" in text


def test_an_example_that_cannot_be_told_says_so(program):
    text = as_staff(program).get(address(program, "example/"), typed(ends="days")).text

    assert "as soon as the form is complete" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Stars earned today can be used at once. They never end."),
        ({"expiry": {"kind": "days", "count": 10}}, "Their last day is 2 Dec 2026."),
        ({"pending": {"kind": "days", "count": 14}}, "Stars earned today can be used from 6 Dec 2026 on."),
        ({"pending": {"kind": "hours", "count": 2}}, "Stars earned now can be used in 2 hours."),
        ({"pending": {"kind": "event", "event": "delivered"}}, "once the shop reports “delivered”"),
    ],
)
def test_the_end_is_told_with_its_day(program, changes, words):
    unit = Unit(names=STARS, **changes)

    assert words in unit_words.end(unit, program, NOW)


def test_the_last_day_told_is_the_last_day_of_the_ledger(program):
    unit = Unit(names=STARS, expiry={"kind": "end_of", "period": "quarter", "after": 1})

    told = unit_words.end(unit, program, NOW)
    over = policies.expires_at('{"after":1,"kind":"end_of","period":"quarter"}', NOW, program.zone)

    assert "31 Mar 2027" in told
    assert over == datetime(2027, 4, 1, tzinfo=UTC)


def test_each_language_asks_for_its_own_plural_forms():
    assert list(names.forms_of("en")) == ["one", "other"]
    assert list(names.forms_of("ar")) == ["zero", "one", "two", "few", "many", "other"]
    assert names.forms_of("ar")["few"] == 3


# Who


def test_an_analyst_reads_and_cannot_change(program):
    analyst = as_staff(program, Role.ANALYST)

    page = analyst.get(address(program))

    assert "120\N{NO-BREAK SPACE}Stars are worth £1.20." in page.text
    assert "points/change/" not in page.text
    for rest in ("new/", "points/change/", "points/limits/", "example/"):
        assert analyst.get(address(program, rest)).status_code == 403
    assert analyst.post(address(program, "points/change/"), typed(name_en_other="X")).status_code == 403


def test_another_program_is_not_there(program):
    other = open_program(units={"coins": {"names": STARS}}, rules={})
    client = as_staff(other)

    assert client.get(address(program)).status_code == 404
    assert client.get(address(other, "points/change/")).status_code == 404
    assert client.post(address(other, "points/limits/"), {}).status_code == 404


def test_only_an_owner_sets_limits_of_adjusting(program):
    assert as_staff(program, Role.MANAGER).get(address(program, "points/limits/")).status_code == 403

    as_staff(program).post(address(program, "points/limits/"), {"manager": "500", "owner": ""})

    kept = Program.objects.get(pk=program.pk)
    assert kept.adjust_limits == {"manager": {"points": 500}}
    as_staff(program).post(address(program, "points/limits/"), {"manager": "", "owner": ""})
    kept.refresh_from_db()
    assert kept.adjust_limits == {}


def test_what_is_on_cards_keeps_its_worth():
    program = cards.open_house()
    cards.issue(program)

    with pytest.raises(units.UnitFixed) as refused:
        units.change(
            program=program, key="credit", by=None, now=cards.b.moment("2026-02-01"), worth=Fraction(200)
        )

    assert refused.value.field in {"worth_numerator", "worth_denominator"}
