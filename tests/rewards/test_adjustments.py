"""Points by hand: at once within the limit of a role, above it by a second person, never for oneself."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import AuditEntry, Role, TeamMembership
from rewards import adjustments
from rewards.models import PendingAdjustment
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")


@pytest.fixture
def program():
    return b.open_program(adjust_limits={"manager": {"points": 100}})


@pytest.fixture
def member(program):
    return b.join(program, "anna")


def team(program, role=Role.MANAGER):
    return TeamMembership.objects.get(user=hire(program, role), program=program)


def ask(program, member, amount, *, by=None, key="k1", reason="a broken mug"):
    return adjustments.ask(
        program=program, member=member, unit="points", amount=amount, reason=reason,
        by=by or team(program), key=key, now=NOW,
    )  # fmt: skip


def approve(program, pending, by):
    return adjustments.approve(program=program, adjustment_id=pending.pk, by=by, now=NOW)


@pytest.mark.parametrize("amount", [100, 1])
def test_within_the_limit_it_is_posted_at_once(program, member, amount):
    asked = ask(program, member, amount)

    assert asked.movement.active == amount
    assert asked.pending is None


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_a_role_without_a_limit_needs_nobody(program, member, role):
    program.adjust_limits = {"analyst": {"points": 1}}
    program.save()

    assert ask(program, member, 10_000, by=team(program, role)).movement.active == 10_000


def test_above_the_limit_it_waits_and_moves_nothing(program, member):
    asked = ask(program, member, 101)

    assert asked.movement is None
    assert asked.pending.state == "waiting"
    assert b.balance(program).active == 0


def test_taking_more_than_the_limit_waits_too(program, member):
    b.adjust(program, 500, "2026-01-01")

    assert ask(program, member, -101).pending.amount == -101


def test_a_second_person_approves_and_it_is_posted_with_both_named(program, member):
    by = team(program)
    waiting = ask(program, member, 300, by=by).pending
    second = hire(program, Role.MANAGER)

    movement = approve(program, waiting, second)

    assert movement.active == b.balance(program).active == 300
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by, waiting.fact_id) == ("approved", second, movement.fact_id)
    with scope(program=program):
        rows = AuditEntry.objects.filter(subject_id=member.number).order_by("pk")
        assert list(rows.values_list("action", "actor_id")) == [
            ("adjustment.ask", by.user_id),
            ("points.adjust", second.pk),
            ("adjustment.approve", second.pk),
        ]


def test_a_refusal_has_a_reason_and_moves_nothing(program, member):
    waiting = ask(program, member, 300).pending

    with pytest.raises(DomainError):
        adjustments.refuse(program=program, adjustment_id=waiting.pk, reason=" ", by=hire(program), now=NOW)
    adjustments.refuse(
        program=program, adjustment_id=waiting.pk, reason="too much", by=hire(program), now=NOW
    )

    waiting.refresh_from_db()
    assert (waiting.state, waiting.answer) == ("refused", "too much")
    assert b.balance(program).active == 0


def test_nobody_approves_what_they_asked_for(program, member):
    by = team(program)
    waiting = ask(program, member, 300, by=by).pending

    for decide in (approve, lambda *given: adjustments.refuse(
        program=program, adjustment_id=waiting.pk, reason="no", by=by.user, now=NOW
    )):  # fmt: skip
        with pytest.raises(DomainError) as refused:
            decide(program, waiting, by.user)
        assert refused.value.code == "second_person_needed"


def test_what_was_decided_stays_decided(program, member):
    waiting = ask(program, member, 300).pending
    approve(program, waiting, hire(program))

    with pytest.raises(DomainError) as refused:
        approve(program, waiting, hire(program))

    assert refused.value.code == "already_decided"
    assert b.balance(program).active == 300


@pytest.mark.parametrize("amount", [50, 300])
def test_nobody_credits_their_own_account(program, amount):
    by = team(program)
    mine = b.join(program, "me")
    with scope(program=program):
        mine.identities.update(value=by.user.email)

    with pytest.raises(DomainError) as refused:
        ask(program, mine, amount, by=by)

    assert refused.value.code == "own_account"


def test_the_second_person_does_not_credit_themselves_either(program, member):
    waiting = ask(program, member, 300).pending
    second = hire(program)
    with scope(program=program):
        member.identities.update(value=second.email)

    with pytest.raises(DomainError) as refused:
        approve(program, waiting, second)

    assert refused.value.code == "own_account"


@pytest.mark.parametrize("amount", [60, 300])
def test_a_double_click_acts_once(program, member, amount):
    by = team(program)
    first = ask(program, member, amount, by=by)

    again = ask(program, member, amount, by=by)

    with scope(program=program):
        assert PendingAdjustment.objects.count() == (amount == 300)
    assert b.balance(program).active == (60 if amount == 60 else 0)
    assert (again.pending, again.movement and again.movement.fact_id) == (
        first.pending,
        first.movement and first.movement.fact_id,
    )


def test_a_key_used_again_for_something_else_is_refused(program, member):
    by = team(program)
    ask(program, member, 300, by=by)

    with pytest.raises(DomainError) as refused:
        ask(program, member, 400, by=by)

    assert refused.value.code == "idempotency_key_reused"


def test_posted_under_an_old_limit_a_repeat_stays_posted(program, member):
    by = team(program)
    ask(program, member, 90, by=by)
    program.adjust_limits = {"manager": {"points": 10}}
    program.save()

    again = ask(program, member, 90, by=by)

    assert again.movement.repeated
    assert b.balance(program).active == 90


def test_what_waits_for_a_member_merged_meanwhile_reaches_the_kept_one(program, member):
    from tests.rewards.couples import merge

    other = b.join(program, "hanna")
    waiting = ask(program, other, 300).pending
    merge(program, "2026-02-01", kept=member, gone=other)

    approve(program, waiting, hire(program))

    assert b.balance(program).active == 300


def test_another_programs_adjustment_is_not_there(program, member):
    waiting = ask(program, member, 300).pending
    other = b.open_program()

    with pytest.raises(DomainError) as refused:
        approve(other, waiting, hire(other))

    assert refused.value.code == "not_found"
