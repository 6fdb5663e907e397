"""Whose code it is, for whom it counts, and how much of its member a friend sees (E7)."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import erasure, people
from members.models import Member
from rewards import referrals
from rewards.models import Referral
from rewards.referrals import claims, links
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f

pytestmark = pytest.mark.django_db


def test_a_code_is_the_members_own_and_read_however_it_is_typed():
    program = f.open_program()
    code = f.code_of(program)

    with scope(program=program):
        found = links.find(program=program, code=f" {code[:4].lower()}-{code[4:].lower()} ")

    assert found.member == b.find(program, "anna")
    assert f.code_of(program) == code


@pytest.mark.parametrize("wrong", ["", "NOPE", "ZZZZZZZZ", "x" * 500])
def test_a_code_of_nobody_is_refused_where_a_shop_wants_to_know(wrong):
    program = f.open_program()
    join = {"program": program, "name": "Ben", "contacts": [("email", "ben@example.com")], "source": "api"}

    with pytest.raises(claims.CodeUnknown):
        people.join(
            **join, now=b.moment("2026-03-01"), introduction=people.Introduction(wrong, "api", is_strict=True)
        )
    member = people.join(**join, now=b.moment("2026-03-01"), introduction=people.Introduction(wrong, "link"))

    with scope(program=program):
        assert not Referral.objects.filter(friend=member).exists()


def test_there_is_nothing_while_it_is_off():
    program = f.open_program()
    f.change(program, is_on=False)

    with pytest.raises(claims.CodeUnknown):
        f.bring(program)


def test_another_programs_code_is_nobodys():
    program, other = f.open_program(), f.open_program()
    ben = b.join(program, "ben", at="2026-03-01")

    with pytest.raises(claims.CodeUnknown):
        referrals.claim(
            program=program, friend=ben, code=f.code_of(other), via="api", now=b.moment("2026-03-01")
        )


def test_who_is_a_member_already_is_no_friend():
    program = f.open_program()
    now = b.moment("2026-03-01")
    old, bought = b.join(program, "old", at="2026-02-01"), b.join(program, "bought", at="2026-02-28")
    f.buy(program, "bought", at="2026-03-01T09:00")

    for member in (old, bought, b.find(program, "anna")):
        with pytest.raises(claims.NotNew):
            referrals.claim(program=program, friend=member, code=f.code_of(program), via="till", now=now)


def test_a_code_may_be_said_a_few_days_after_joining():
    program = f.open_program()
    ben = b.join(program, "ben", at="2026-02-27")
    claim = {"program": program, "friend": ben, "code": f.code_of(program), "via": "till"}

    made = referrals.claim(**claim, now=b.moment("2026-03-01"))

    assert referrals.claim(**claim, now=b.moment("2026-03-02")).pk == made.pk
    assert made.state == "joined"


def test_the_first_who_is_written_brought_the_friend():
    program = f.open_program()
    b.join(program, "zoe")
    referral = f.bring(program)

    with pytest.raises(claims.AlreadyReferred):
        referrals.claim(
            program=program,
            friend=referral.friend,
            code=f.code_of(program, "zoe"),
            via="till",
            now=b.moment("2026-03-01"),
        )


def test_a_link_ends_with_its_member():
    program = f.open_program()
    code = f.code_of(program)
    erasure.erase(member=b.find(program, "anna"), now=b.moment("2026-02-01"))

    with scope(program=program):
        assert links.find(program=program, code=code) is None


@pytest.mark.parametrize(("shown", "seen"), [("", ""), ("initial", "A."), ("first", "Amelia")])
def test_a_friend_sees_as_much_of_the_name_as_was_allowed(shown, seen):
    program = f.open_program()
    f.code_of(program)
    anna = b.find(program, "anna")
    with scope(program=program):
        Member.objects.filter(pk=anna.pk).update(name="Amelia Hart")
        links.show(member=anna, shown=shown, now=b.moment("2026-02-01"))
        link = links.find(program=program, code=f.code_of(program))

        assert links.name_of(link) == seen


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"referrer_prize": {}, "friend_prize": {}}, "referrer_prize"),
        ({"friend_prize": {"unit": "gold", "amount": 1}}, "friend_prize"),
        ({"friend_prize": {"unit": "points", "amount": 0}}, "friend_prize"),
        ({"referrer_prize": {"reward": "none"}}, "referrer_prize"),
        ({"buy_days": 0}, "buy_days"),
        ({"wait_days": 400}, "wait_days"),
        ({"most": 0}, "most"),
        ({"minimum_minor": -1}, "minimum_minor"),
    ],
)
def test_settings_that_cannot_be_name_their_field(values, field):
    program = f.open_program()

    with pytest.raises(DomainError) as error:
        f.change(program, **values)

    assert error.value.field == field
