"""Points cannot be farmed: not by buying and bringing back, not with a picture of a card, not by staff for themselves."""

import pytest
from django_scopes import scope

from members import identities
from members.models import Role, TeamMembership
from members.people import OwnAccount
from rewards import adjustments, bulk, checking, ledger, redemptions, spending
from rewards.passcodes import PasscodeWrong
from rewards.spending import Override, Passcode
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards

pytestmark = pytest.mark.django_db

TIERS = {"basic": (0, {}), "gold": (500_00, {"points": "2"})}


def test_buying_and_bringing_back_ten_times_leaves_no_points_and_no_tier():
    program = b.open_program(tiers=TIERS)

    for turn in range(10):
        b.record(program, b.order(f"O{turn}", f"2026-03-{turn + 1:02}", 600_00))
        b.record(program, b.bring_back(f"R{turn}", f"2026-03-{turn + 1:02}T18:00", order=f"O{turn}"))

    assert b.balance(program) == b.Balance()
    assert b.metric(program) == (0, 0, 0, 0)
    assert [standing.tier.key for standing in b.standings(program) if standing.ended_at is None] in (
        [],
        ["basic"],
    )
    assert checking.run(program=program, verify=True).faults == []


def test_spending_between_buying_and_bringing_back_leaves_what_is_owed():
    program = b.open_program()
    b.record(program, b.order("O", "2026-03-01", 600_00))
    b.spend(program, 600, "2026-03-02")

    b.record(program, b.bring_back("R", "2026-03-03", order="O"))

    assert b.balance(program) == b.Balance(arrears=600)


def place(program, role=Role.CASHIER):
    return TeamMembership.objects.get(program=program, user=hire(program, role))


@pytest.mark.parametrize("typed", ["", "00000000", "number"])
def test_a_picture_of_a_card_spends_nothing(typed):
    """The code of the card is the member's number, and no guess of the changing code beside it is right."""
    program = b.open_program()
    rewards.put_up(program, "mug", price={"points": 10})
    b.record(program, b.order("O", "2026-03-01", 600_00))
    anna = b.find(program, "anna")
    code = Passcode(anna.number if typed == "number" else typed)
    wish = {"program": program, "member": anna, "authorization": code, "by": place(program)}
    now = b.moment("2026-03-02")

    with pytest.raises(PasscodeWrong):
        spending.spend(**wish, unit="points", amount=10, key="k", now=now)
    with pytest.raises(PasscodeWrong):
        redemptions.ask(**wish, reward="mug", key="k", now=now)

    assert b.balance(program).active == 600


def own(program, role):
    """Somebody of the team who is a member, too."""
    team = place(program, role)
    with scope(program=program):
        identities.add(member=b.find(program, "anna"), kind="email", value=team.user.email)
    return team


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
def test_staff_cannot_credit_their_own_member(role):
    program = b.open_program()
    b.join(program, "anna")
    team = own(program, role)
    anna, now = b.find(program, "anna"), b.moment("2026-03-02")

    with pytest.raises(OwnAccount):
        adjustments.ask(
            program=program, member=anna, unit="points", amount=5, reason="-", by=team, key="k", now=now
        )

    assert b.balance(program) == b.Balance()


def test_staff_are_left_out_of_what_they_give_to_many():
    program = b.open_program()
    b.join(program, "anna")
    b.join(program, "ben")
    team = own(program, Role.OWNER)
    now = b.moment("2026-03-02")
    action = bulk.prepare(
        program=program,
        kind="adjust",
        terms={"unit": "points", "amount": 5, "reason": "-"},
        wanted={"filter": {}},
        by=team.user,
        role=team.role,
        now=now,
    )
    bulk.gather(program=program, action_id=action.pk, now=now)
    bulk.confirm(program=program, action_id=action.pk, by=team.user, role=team.role, now=now)

    while bulk.carry_on(program=program, action_id=action.pk, now=now):
        pass

    assert (b.balance(program).active, b.balance(program, "ben").active) == (0, 5)


def test_staff_cannot_answer_for_spending_of_their_own():
    program = b.open_program()
    b.record(program, b.order("O", "2026-03-01", 600_00))
    team = own(program, Role.OWNER)

    with pytest.raises(OwnAccount):
        spending.spend(
            program=program, member=b.find(program, "anna"), unit="points", amount=10,
            authorization=Override("forgot the phone"), by=team, key="k", now=b.moment("2026-03-02"),
        )  # fmt: skip


def test_the_ledger_itself_gives_nothing_without_a_reason():
    program = b.open_program()
    b.join(program, "anna")

    with pytest.raises(ledger.ReasonMissing):
        ledger.adjust(
            program=program, member=b.find(program, "anna"), unit="points", amount=5, reason=" ",
            by=b.staff(), key="k", now=b.moment("2026-03-02"),
        )  # fmt: skip
