"""Joining, identities, states and the team: what is refused, what is audited."""

from datetime import UTC, datetime

import pytest
from django_scopes import ScopeError, scope

from members import identities, numbers, people, teams
from members.models import AuditEntry, Identity, Member, Program, Role, User
from rewards import intake
from tests.rewards import builders

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def program() -> Program:
    return builders.open_program()


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff@example.com")


def join(program: Program, *contacts: tuple[str, str], **extra: object) -> Member:
    return people.join(program=program, name="Ann", contacts=contacts, source="till", now=NOW, **extra)


def test_a_member_joins_with_a_number_a_guard_and_normal_identities(program):
    member = join(program, ("email", " Ann@Example.COM "), ("phone", "+44 20 7946 0958"))

    assert numbers.is_valid(member.number)
    assert member.holder.seq == 0
    with scope(program=program):
        found = set(Identity.objects.filter(member=member).values_list("kind", "value"))
    assert found == {("email", "ann@example.com"), ("phone", "+442079460958")}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("email", "ANN@example.com"), ("phone", "+44 (0) 20 7946 0958"), ("card", "0012 3456"), ("shop", "77")],
)
def test_a_taken_identity_is_refused_by_its_kind_and_tells_nothing_of_the_other_member(program, kind, value):
    join(
        program,
        ("email", "ann@example.com"),
        ("phone", "+442079460958"),
        ("card", "00123456"),
        ("shop", "77"),
    )

    with pytest.raises(identities.IdentityTaken) as refusal:
        join(program, ("email", "other@example.com"), (kind, value))

    assert refusal.value.field == kind
    assert "Ann" not in str(refusal.value)
    with scope(program=program):
        assert Member.objects.count() == 1


def test_the_same_identity_may_join_another_program(program):
    join(program, ("email", "ann@example.com"))

    assert join(builders.open_program(), ("email", "ann@example.com")).name == "Ann"


def test_a_member_needs_a_contact(program):
    with pytest.raises(people.ContactMissing):
        join(program)


@pytest.mark.parametrize(
    ("kind", "value"), [("email", "ann"), ("phone", "12"), ("email", ""), ("shop", "\u200b")]
)
def test_what_identifies_nobody_is_refused(program, kind, value):
    with pytest.raises(identities.IdentityInvalid):
        join(program, (kind, value))


def test_a_blocked_member_earns_nothing_until_unblocked(program, staff):
    member = join(program, ("email", "ann@example.com"))
    who = builders.who("ann")

    people.block(member=member, reason="disputed", by=staff, now=NOW)
    blocked = intake.record(
        program=program, items=[builders.order("A", "2026-03-02", 4000, member=who)], now=NOW
    )[0]
    people.unblock(member=member, reason="settled", by=staff, now=NOW)
    active = intake.record(
        program=program, items=[builders.order("B", "2026-03-02", 4000, member=who)], now=NOW
    )[0]

    assert (blocked.awarded, blocked.code) == ({}, "member_blocked")
    assert active.awarded
    with scope(program=program):
        assert list(AuditEntry.objects.order_by("pk").values_list("action", "reason")) == [
            ("member.block", "disputed"),
            ("member.unblock", "settled"),
        ]


def test_a_state_needs_a_reason_and_a_change(program, staff):
    member = join(program, ("email", "ann@example.com"))

    with pytest.raises(people.ReasonMissing):
        people.block(member=member, reason=" ", by=staff, now=NOW)
    with pytest.raises(people.StateUnchanged):
        people.unblock(member=member, reason="why not", by=staff, now=NOW)


@pytest.mark.parametrize("deed", [people.block, people.unblock, people.close, people.reopen])
def test_nobody_changes_the_state_of_the_own_account(program, staff, deed):
    member = join(program, ("email", staff.email))
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(
            state={people.unblock: "blocked", people.reopen: "closed"}.get(deed, "active")
        )

    with pytest.raises(people.OwnAccount):
        deed(member=member, reason="It is mine", by=staff, now=NOW)

    with scope(program=program):
        assert not AuditEntry.objects.exists()


def test_the_last_owner_stays(program, staff):
    teams.set_role(program=program, user=staff, role=Role.OWNER, by=None, now=NOW)

    with pytest.raises(teams.LastOwner):
        teams.set_role(program=program, user=staff, role=Role.CASHIER, by=staff, now=NOW)
    with pytest.raises(teams.LastOwner):
        teams.remove(program=program, user=staff, by=staff, now=NOW)


def test_a_change_of_the_team_is_audited_with_before_and_after(program, staff):
    other = User.objects.create_user("other@example.com")
    teams.set_role(program=program, user=staff, role=Role.OWNER, by=None, now=NOW)

    teams.set_role(program=program, user=other, role=Role.CASHIER, by=staff, now=NOW)
    teams.set_role(program=program, user=other, role=Role.ANALYST, by=staff, now=NOW)

    with scope(program=program):
        last = AuditEntry.objects.order_by("pk").last()
    assert (last.actor, last.before, last.after) == (staff, {"role": "cashier"}, {"role": "analyst"})


def test_a_query_without_a_program_fails_loudly(program):
    join(program, ("email", "ann@example.com"))

    with pytest.raises(ScopeError):
        list(Member.objects.all())
