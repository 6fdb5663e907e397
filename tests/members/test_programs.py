"""The settings of a program: who may change them, what stays fixed, which colours are refused."""

import pytest
from django.utils import timezone
from django_scopes import scope

from members import programs
from members.models import AuditEntry, Program, Role
from members.portal import brands
from tests.members.teams import as_staff
from tests.rewards.builders import open_program, order, record

pytestmark = pytest.mark.django_db

PALE = "#ffd966"


@pytest.fixture
def program():
    return fresh(open_program(languages=["en"]))


def settings_of(program, rest=""):
    return f"/dashboard/{program.slug}/program/{rest}"


def typed(program, **changes):
    """The form as it comes, with changes."""
    return {
        "name": program.name,
        "currency": program.currency,
        "time_zone": program.time_zone,
        "main_language": program.languages[0],
        "languages": program.languages,
        "tax_rate": "0",
        "return_days": "14",
        "brand": program.brand,
    } | changes


def save(program, **changes):
    return as_staff(program).post(settings_of(program), typed(program, **changes))


def fresh(program):
    return Program.objects.get(pk=program.pk)


def change(program, **values):
    return programs.change(program=program, by=None, now=timezone.now(), **values)


def test_an_owner_changes_settings_and_the_audit_tells_which(program):
    response = save(program, name="Harbour", main_language="he", languages=["en"], time_zone="Asia/Tehran")

    assert response["Location"] == settings_of(program)
    now = fresh(program)
    assert (now.name, now.languages, now.time_zone) == ("Harbour", ["he", "en"], "Asia/Tehran")
    assert now.catalogue > program.catalogue
    with scope(program=program):
        entry = AuditEntry.objects.get(action="program.change")
    assert entry.before == {"name": "Shop", "languages": ["en"], "time_zone": "UTC"}
    assert entry.after == {"name": "Harbour", "languages": ["he", "en"], "time_zone": "Asia/Tehran"}


def test_saving_without_a_change_changes_nothing(program):
    save(program)

    assert fresh(program).catalogue == program.catalogue
    with scope(program=program):
        assert not AuditEntry.objects.exists()


def test_what_earns_is_switched(program):
    save(program, earns=["shipping", "points"])

    assert fresh(program).basis == {
        "earns_on_tax": False,
        "earns_on_points_paid": True,
        "excluded_kinds": ["gift_card", "tip"],
    }


def test_kinds_that_this_page_does_not_know_stay_out(program):
    Program.objects.filter(pk=program.pk).update(basis={"excluded_kinds": ["tip", "deposit"]})

    save(fresh(program), earns=["shipping", "gift_card", "tip"])

    assert fresh(program).basis["excluded_kinds"] == ["deposit"]


def test_a_currency_changes_until_the_first_order(program):
    save(program, currency="gbp")
    assert fresh(program).currency == "GBP"
    record(program, order("1", "2026-01-01", 1000, currency="GBP"))

    page = as_staff(program).get(settings_of(program))
    with pytest.raises(programs.CurrencyFixed):
        change(program, currency="USD")

    assert "Fixed, because there are orders in it." in page.text
    assert fresh(program).currency == "GBP"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "ZZZ"),
        ("currency", "€"),
        ("time_zone", "Mars/Olympus"),
        ("languages", ["tlh"]),
        ("tax_rate", "101"),
        ("return_days", "-1"),
        ("brand", "red"),
        ("name", ""),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(program, field, value):
    response = save(program, **{field: value})

    assert response.status_code == 422
    assert f'aria-describedby="id_{field}_note"' in response.text
    assert fresh(program).catalogue == program.catalogue


def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can(program):
    response = save(program, brand=PALE)

    nearest = brands.nearest(PALE, on=brands.PAPER)
    assert response.status_code == 422
    assert f'value="{nearest}"' in response.text
    assert fresh(program).brand == program.brand
    assert brands.contrast(nearest, brands.PAPER) >= 4.5


def test_the_nearest_shade_is_taken_with_a_press_and_saves_nothing_yet(program):
    nearest = brands.nearest(PALE, on=brands.PAPER)

    response = as_staff(program).post(
        settings_of(program), typed(program, brand=PALE, name="New", take=nearest)
    )

    assert response.status_code == 200
    assert f'name="brand" value="{nearest}"' in response.text
    assert 'value="New"' in response.text
    assert fresh(program).brand == program.brand


def test_a_colour_that_was_there_before_the_rule_does_not_block_other_settings(program):
    Program.objects.filter(pk=program.pk).update(brand=PALE)

    assert save(fresh(program), name="Harbour").status_code == 302
    assert fresh(program).name == "Harbour"


def test_the_colour_is_judged_while_it_is_typed(program):
    owner = as_staff(program)

    dark, pale, half = (
        owner.get(settings_of(program, "brand/"), {"brand": text}).text for text in ("0b4a5c", PALE, "#0b4")
    )

    assert dark.count("badge good") == 4
    assert "badge bad" not in dark
    assert pale.count("badge bad") == 1
    assert "Take the nearest shade" in pale
    assert 'fill="#00bb44"' in half


def test_nonsense_is_no_colour(program):
    text = as_staff(program).get(settings_of(program, "brand/"), {"brand": '"><script>'}).text

    assert "<script>" not in text
    assert "six digits" in text


def test_every_pair_that_a_saved_colour_makes_can_be_read():
    for color in ("#000000", "#0b4a5c", "#7a1020", "#3a3a3a", "#005500", "#4b0082"):
        assert brands.is_readable(color)
        assert brands.contrast(brands.ink_on(color), color) >= 4.5
        assert brands.contrast(brands.nearest(brands.GLOW, on=color), color) >= 4.5
        assert brands.contrast(brands.on_night(color), brands.NIGHT) >= 4.5


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST, Role.CASHIER])
def test_only_owners(program, role):
    client = as_staff(program, role)

    assert client.get(settings_of(program)).status_code == 403
    assert client.post(settings_of(program), typed(program, name="Mine")).status_code == 403
    assert client.get(settings_of(program, "brand/")).status_code == 403
    assert client.post(settings_of(program, "logo/")).status_code == 403
    assert fresh(program).name == "Shop"


def test_another_program_is_not_there(program):
    stranger = as_staff(open_program())

    assert stranger.get(settings_of(program)).status_code == 404
    assert stranger.post(settings_of(program), typed(program, name="Mine")).status_code == 404
    assert fresh(program).name == "Shop"
