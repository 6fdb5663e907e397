"""The postal address: one or none, clean, and nowhere else than in its row."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scope

from members import addresses
from members.addresses import AddressInvalid, Place
from members.models import Address, AuditEntry, Event
from rewards import takeouts
from tests.members.teams import enrol, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-02-01")
HOME = Place(("12 Harbour Lane",), "BS1 4RN", "Bristol", "GB")


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def member(program):
    return enrol(program, "anna", name="Anna Berg")


def save(member, place=HOME, **more):
    return addresses.save(member=member, place=place, now=NOW, **more)


def kept(member):
    with scope(program=member.program):
        return addresses.of(member=member)


def test_it_is_kept_clean_and_a_repeat_changes_nothing(program, member):
    typed = Place(["  12  Harbour\u200b Lane ", "", " "], " BS1  4RN", "Bristol\n", "gb")

    assert save(member, typed) is True
    assert save(member, HOME) is False

    assert kept(member) == Place(("12 Harbour Lane",), "BS1 4RN", "Bristol", "GB")
    with scope(program=program):
        assert Event.objects.filter(kind="member.changed").count() == 1


def test_none_takes_it_away(member):
    save(member)

    assert save(member, None) is True
    assert save(member, None) is False
    assert kept(member) is None


def test_the_log_and_the_audit_name_the_field_and_nothing_more(program, member):
    save(member, by=hire(program))

    with scope(program=program):
        event = Event.objects.get(kind="member.changed")
        entry = AuditEntry.objects.get(action="member.change")
    assert event.data == entry.after == {"fields": ["address"]}
    assert "Harbour" not in f"{event.__dict__} {entry.__dict__}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": ()}, "lines"),
        ({"lines": ("a",) * 5}, "lines"),
        ({"lines": ("x" * 101,)}, "lines"),
        ({"postcode": "x" * 21}, "postcode"),
        ({"city": " "}, "city"),
        ({"city": "x" * 101}, "city"),
        ({"country": ""}, "country"),
        ({"country": "EU"}, "country"),
    ],
)
def test_what_is_no_address_is_refused(member, change, field):
    told = {"lines": HOME.lines, "postcode": HOME.postcode, "city": HOME.city, "country": HOME.country}

    with pytest.raises(AddressInvalid) as refused:
        save(member, Place(**(told | change)))

    assert refused.value.field == field
    assert kept(member) is None


@pytest.mark.parametrize("change", [{"lines": []}, {"city": ""}, {"country": "gb"}])
def test_the_database_refuses_half_an_address(program, member, change):
    whole = {"lines": ["12 Harbour Lane"], "city": "Bristol", "country": "GB"}

    with scope(program=program), pytest.raises(IntegrityError), transaction.atomic():
        Address.objects.create(member=member, program=program, **(whole | change))


def test_it_is_in_what_a_member_takes_out(program, member):
    save(member)
    archive = BytesIO()

    with scope(program=program):
        takeouts.write(program=program, member=member, now=NOW, to=archive)

    with zipfile.ZipFile(archive) as found:
        told = json.loads(found.read("data.json"))
    assert told["postal_address"] == [
        {"lines": ["12 Harbour Lane"], "postcode": "BS1 4RN", "city": "Bristol", "country": "GB"}
    ]


@pytest.mark.parametrize("language", ["en", "ar", "he", "fa"])
def test_countries_have_their_names_in_each_language(language):
    found = dict(addresses.countries(language))

    assert len(found) > 240
    assert found.keys() == addresses.codes()
    assert found["GB"] != "GB"
