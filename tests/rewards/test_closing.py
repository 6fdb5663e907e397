"""The end of a membership: balance kept or forfeited, nothing earned or spent, nobody rejoins unseen."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import identities, people
from members.models import AuditEntry
from rewards import closing, redemptions
from rewards.models import Redemption, Reward
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.couples import faults, fresh, holds

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")


@pytest.fixture
def program():
    return b.open_program(units={"points": {"pending": {"kind": "days", "count": 5}}})


@pytest.fixture
def member(program):
    anna = b.join(program, "anna")
    b.record_each(program, b.order("A1", "2026-01-10", 10_000), b.order("A2", "2026-01-30", 3000))
    return anna


def close(program, member, *, forfeits, reason="asked for it", by=None):
    return closing.close(
        program=program, member=member, forfeits=forfeits, reason=reason, by=by or hire(program), key="c1", now=NOW
    )  # fmt: skip


def test_kept_the_balance_waits_for_a_return(program, member):
    close(program, member, forfeits=False)
    people.reopen(member=member, reason="came back", by=hire(program), now=NOW)

    assert holds(program, member) == (100, 30, 0)
    assert b.spend(program, 60, "2026-02-02").active == 40


def test_forfeited_all_goes_pending_too_and_is_told(program, member):
    close(program, member, forfeits=True)

    assert holds(program, member) == (0, 0, 0)
    assert b.movements(program)[-1] == ("adjust", -30, -100, 0)
    with scope(program=program):
        told = AuditEntry.objects.get(action="points.forfeit")
    assert told.after == {"taken": {"points": 130}}
    assert not faults(program)


def test_closed_nothing_is_earned_or_spent(program, member):
    close(program, member, forfeits=False)

    told = b.record(program, b.order("A3", "2026-02-02", 5000))[0]

    assert (told.code, told.awarded) == ("member_closed", {})
    with pytest.raises(DomainError) as refused:
        b.spend(program, 10, "2026-02-02")
    assert refused.value.code == "member_not_active"


def test_nobody_joins_anew_with_what_identifies_a_closed_member(program, member):
    close(program, member, forfeits=True)

    with pytest.raises(identities.IdentityTaken):
        people.join(
            program=program, name="Anna", contacts=[("email", "anna@example.com")], source="till", now=NOW
        )


@pytest.mark.parametrize(("reason", "code"), [("", "reason_missing"), ("again", "state_unchanged")])
def test_refused_nothing_is_taken(program, member, reason, code):
    if code == "state_unchanged":
        close(program, member, forfeits=False)

    with pytest.raises(DomainError) as refused:
        close(program, member, forfeits=True, reason=reason)

    assert refused.value.code == code
    assert holds(program, member)[1] == 30


def test_a_blocked_member_is_not_reopened_and_a_closed_one_not_unblocked(program, member):
    by = hire(program)
    people.block(member=member, reason="fraud", by=by, now=NOW)

    with pytest.raises(people.StateUnchanged):
        people.reopen(member=member, reason="no", by=by, now=NOW)
    close(program, member, forfeits=False)
    with pytest.raises(people.StateUnchanged):
        people.unblock(member=member, reason="no", by=by, now=NOW)

    assert fresh(member).state == "closed"


# --- what is reserved -------------------------------------------------------------------------------------------------


def reserve(program, member):
    put_up(program, price={"points": 60}, stock=3)
    return redemptions.reserve(program=program, member=member, reward="mug", key="k", now=NOW)


def after(program, held):
    """Where the redemption and the stock of its reward stand."""
    with scope(program=program):
        return Redemption.objects.get(pk=held.pk).state, Reward.objects.get(key="mug").taken


def test_what_is_reserved_is_given_back_before_the_end(program, member):
    held = reserve(program, member)

    close(program, member, forfeits=False)

    assert after(program, held) == ("released", 0)
    assert holds(program, member) == (100, 30, 0)
    with scope(program=program):
        assert AuditEntry.objects.filter(action="redemption.release", subject_id=member.number).exists()
    assert not faults(program)


def test_what_is_reserved_is_forfeited_too(program, member):
    held = reserve(program, member)

    close(program, member, forfeits=True)

    assert after(program, held) == ("released", 0)
    assert holds(program, member) == (0, 0, 0)
    assert not faults(program)


def test_a_closing_that_fails_gives_nothing_back(program, member, monkeypatch):
    held = reserve(program, member)

    def fails(**_):
        raise people.StateUnchanged

    monkeypatch.setattr(people, "close", fails)
    with pytest.raises(people.StateUnchanged):
        close(program, member, forfeits=True)

    assert after(program, held) == ("reserved", 1)
    assert holds(program, member) == (40, 30, 0)
    assert not faults(program)
