"""A member's profile and identities: normalised, never the last one removed, and no personal data in the audit."""

from datetime import date

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import identities, profiles
from members.models import AuditEntry, Event, Holder
from tests.members.teams import enrol, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def member(program):
    return enrol(program, "anna", name="Anna Berg")


def change(program, member, **facts):
    wanted = {"name": "Anna Berg", "language": "", "birthday": None} | facts
    return profiles.change(member=member, by=hire(program), now=NOW, **wanted)


def test_changes_are_written_and_audited_by_field_only(program, member):
    change(program, member, name="  Anna   Holm ", birthday=date(1990, 5, 1))

    member.refresh_from_db()
    assert (member.name, member.birthday) == ("Anna Holm", date(1990, 5, 1))
    with scope(program=program):
        row = AuditEntry.objects.get(action="member.change")
        assert Holder.objects.get(pk=member.pk).seq == 1
    assert row.after == {"fields": ["birthday", "name"]}
    assert "Holm" not in str(row.__dict__)


def test_a_repeat_is_not_audited(program, member):
    change(program, member)

    with scope(program=program):
        assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("birthday", [date(2026, 2, 2), date(1899, 12, 31)])
def test_a_birthday_lies_in_the_past(program, member, birthday):
    with pytest.raises(profiles.BirthdayInvalid) as refused:
        change(program, member, birthday=birthday)

    assert refused.value.field == "birthday"


def test_an_identity_is_added_in_its_one_form(program, member):
    found = profiles.add_identity(
        member=member, kind="phone", value="+44 7700 900118", by=hire(program), now=NOW
    )
    profiles.add_identity(member=member, kind="phone", value="+447700900118", by=hire(program), now=NOW)

    assert (found.value, found.verified_at) == ("+447700900118", None)
    with scope(program=program):
        assert member.identities.count() == 2
        assert AuditEntry.objects.filter(action="identity.add").count() == 1
        assert Event.objects.get(kind="identity.add").data == {"kind": "phone"}


def test_anothers_identity_is_refused_by_kind_alone(program, member):
    enrol(program, "ben", name="Ben Ash")

    with pytest.raises(identities.IdentityTaken) as refused:
        profiles.add_identity(member=member, kind="email", value="BEN@example.com", by=hire(program), now=NOW)

    assert refused.value.field == "email"
    assert "Ben" not in str(refused.value)


def test_one_of_two_can_be_removed_and_the_last_cannot(program, member):
    by = hire(program)
    second = profiles.add_identity(member=member, kind="card", value="AB 12", by=by, now=NOW)

    profiles.remove_identity(member=member, identity_id=second.pk, by=by, now=NOW)

    with scope(program=program):
        last = member.identities.get()
    with pytest.raises(profiles.LastIdentity):
        profiles.remove_identity(member=member, identity_id=last.pk, by=by, now=NOW)


def test_another_members_identity_is_not_there(program, member):
    other = enrol(program, "ben", name="Ben Ash")
    with scope(program=program):
        theirs = other.identities.get()

    with pytest.raises(DomainError) as refused:
        profiles.remove_identity(member=member, identity_id=theirs.pk, by=hire(program), now=NOW)

    assert refused.value.code == "not_found"
