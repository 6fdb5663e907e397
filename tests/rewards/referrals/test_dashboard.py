"""Referrals for staff: what is promised, and the queue with its reasons."""

import pytest
from django_scopes import scope

from members import identities
from members.models import AuditEntry, Role
from rewards.referrals import schemes
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards
from tests.rewards.referrals import friends as f
from tests.rewards.referrals.friends import PAID

pytestmark = pytest.mark.django_db


def at(program, *parts):
    return f"/dashboard/{program.slug}/referrals/" + "".join(f"{part}/" for part in parts)


FORM = {
    "is_on": "on",
    "referrer_what": "unit:points",
    "referrer_amount": "500",
    "friend_what": "unit:points",
    "friend_amount": "200",
    "minimum_minor": "10.00",
    "buy_days": "30",
    "wait_days": "",
    "most": "",
    "period": "year",
}


def save(program, **values):
    return as_staff(program, Role.MANAGER).post(at(program, "change"), FORM | values)


def scheme_of(program):
    with scope(program=program):
        return schemes.told(schemes.of(program))


def test_it_is_switched_on_with_a_form():
    program = b.open_program()
    rewards.put_up(program, "mug")

    answer = save(program, friend_what="reward:mug", friend_amount="")

    assert (answer.status_code, answer.url) == (302, at(program))
    assert scheme_of(program) == {
        "is_on": True,
        "referrer_prize": {"unit": "points", "amount": 500},
        "friend_prize": {"reward": "mug"},
        "minimum_minor": 1000,
        "buy_days": 30,
        "wait_days": None,
        "most": None,
        "period": "year",
    }
    with scope(program=program):
        assert AuditEntry.objects.get(action="referrals.change").after["buy_days"] == 30


def test_the_form_shows_what_was_saved():
    program = b.open_program(units={"points": {"precision": 1}})
    save(program, referrer_amount="12.5")

    form = as_staff(program, Role.MANAGER).get(at(program, "change")).context["form"]

    assert scheme_of(program)["referrer_prize"] == {"unit": "points", "amount": 125}
    assert (form.initial["referrer_amount"], form.initial["minimum_minor"]) == ("12.5", "10.00")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"referrer_amount": ""}, "referrer_amount"),
        ({"friend_amount": "0"}, "friend_amount"),
        ({"friend_amount": "1.5"}, "friend_amount"),
        ({"referrer_what": "unit:gold"}, "referrer_what"),
        ({"referrer_what": "", "friend_what": ""}, "referrer_what"),
        ({"buy_days": "0"}, "buy_days"),
        ({"most": "0"}, "most"),
        ({"minimum_minor": "-1"}, "minimum_minor"),
        ({"period": "week"}, "period"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(values, field):
    program = b.open_program()

    answer = save(program, **values)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert scheme_of(program)["is_on"] is False


@pytest.fixture
def waiting():
    program = f.open_program()
    referral = f.bring(program, knows=lambda _email: True)
    f.buy(program)
    f.advance(program, PAID)
    return referral


def test_what_looks_wrong_stands_on_top_with_its_reasons(waiting):
    page = as_staff(waiting.program, Role.ANALYST).get(at(waiting.program))

    (told,) = page.context["waiting"]
    assert [str(sign) for sign in told["signs"]] == ["Joined in a browser in which the referrer signs in"]
    assert told["may_decide"] is False
    assert ("Friends joined", 1, "") in page.context["figures"]


def test_it_is_approved_and_then_paid(waiting):
    program = waiting.program
    client = as_staff(program, Role.MANAGER)

    answer = client.post(at(program, waiting.pk, "decide"), {"do": "approve", "reason": "A family"})
    f.advance(program, PAID)

    assert answer.url == at(program)
    assert f.points(program, "anna", "ben") == [500, 200]


def test_a_fragment_has_what_the_page_has(waiting):
    program = waiting.program
    client = as_staff(program, Role.MANAGER)

    part = client.post(
        at(program, waiting.pk, "decide"),
        {"do": "refuse", "reason": "One person"},
        headers={"HX-Request": "true"},
    )

    assert part.status_code == 200
    assert part.content.decode().lstrip().startswith('<div id="referrals">')
    assert part.context["waiting"] == []
    assert "One person" in part.content.decode()


def test_a_decision_needs_its_reason(waiting):
    answer = as_staff(waiting.program, Role.MANAGER).post(
        at(waiting.program, waiting.pk, "decide"), {"do": "approve", "reason": " "}
    )

    assert answer.status_code == 422
    assert "Give a reason." in answer.content.decode()
    assert f.again(waiting).state == "review"


def test_ones_own_friend_is_for_somebody_else(waiting):
    program, user = waiting.program, hire(waiting.program)
    with scope(program=program):
        identities.add(member=waiting.referrer, kind="email", value=user.email)
    client = signed_in(user)

    shown = client.get(at(program)).context["waiting"][0]
    answer = client.post(at(program, waiting.pk, "decide"), {"do": "approve", "reason": "Nice"})

    assert (shown["may_decide"], shown["is_own"]) == (False, True)
    assert answer.status_code == 422
    assert f.again(waiting).state == "review"
