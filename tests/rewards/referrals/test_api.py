"""Referrals over the API: codes with a member or an order, marks, and the queue."""

import pytest
from django_scopes import scope

from members.models import Member, Scope
from rewards.models import Referral, ReferralMark
from tests.members.api_shop import Shop, order
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f

pytestmark = pytest.mark.django_db

BEN = {"name": "Ben", "contacts": [{"kind": "email", "value": "ben@example.com"}]}


@pytest.fixture
def program():
    return f.open_program()


@pytest.fixture
def shop(program):
    return Shop(program)


def only(program):
    with scope(program=program):
        return Referral.objects.select_related("referrer", "friend").get()


def test_a_link_is_made_once(program, shop):
    anna = b.find(program, "anna").pk

    first, again = (shop.post(f"members/{anna}/referral-link", {}).json() for _time in range(2))

    assert first == again
    assert first["path"] == f"/p/{program.slug}/i/{first['code']}/"


def test_a_new_member_comes_with_a_code(program, shop):
    answer = shop.post("members", BEN | {"referral_code": f.code_of(program)})

    assert answer.status_code == 201
    assert (only(program).friend_id, only(program).via) == (answer.json()["id"], "api")


def test_a_wrong_code_refuses_the_joining(program, shop):
    answer = shop.post("members", BEN | {"referral_code": "WRONG"})

    assert (answer.status_code, answer.json()["code"]) == (422, "referral_code_unknown")
    with scope(program=program):
        assert Member.objects.count() == 1


def test_a_first_order_comes_with_a_code(program, shop):
    ben = {"kind": "email", "value": "ben@example.com", "joins": True}
    sent = order(member=ben, referral_code=f.code_of(program))

    first = shop.post("orders", sent, key="one")
    again = shop.post("orders", sent, key="one")
    f.advance(program, "2026-03-02")

    assert (first.status_code, again.content) == (201, first.content)
    assert (only(program).friend_id, only(program).state) == (first.json()["member"], "waiting")


def test_an_order_is_not_lost_for_a_code_that_leads_nowhere(program, shop):
    answer = shop.post("orders", order(referral_code="WRONG"))

    assert answer.status_code == 201
    with scope(program=program):
        assert not Referral.objects.exists()


def test_who_bought_before_is_nobodys_friend(program, shop):
    ben = {"kind": "email", "value": "ben@example.com", "joins": True}
    shop.post("orders", order("1000", member=ben))

    shop.post("orders", order("1001", member=ben, referral_code=f.code_of(program)))

    with scope(program=program):
        assert not Referral.objects.exists()


def test_a_code_is_said_afterwards(program, shop):
    number = shop.post("members", BEN).json()["id"]

    answer = shop.post(f"members/{number}/referral", {"code": f.code_of(program)})
    wrong = shop.post(f"members/{b.find(program, 'anna').pk}/referral", {"code": f.code_of(program)})

    assert (answer.status_code, answer.json()["state"], answer.json()["friend"]) == (200, "joined", number)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "referral_not_new")


def test_the_shop_says_what_it_knows_a_person_by(program, shop):
    referral = f.bring(program)
    for member in (referral.referrer_id, referral.friend_id):
        for _time in range(2):
            answer = shop.post(f"members/{member}/marks", {"kind": "card", "value": "4242"})
            assert answer.status_code == 200
    f.buy(program)
    f.advance(program, f.PAID)

    found = shop.get(f"referrals/{referral.pk}").json()

    assert (found["state"], found["refused_for"], found["signs"]) == ("refused", "card", ["card"])
    with scope(program=program):
        assert ReferralMark.objects.filter(kind="card").count() == 2


def test_referrals_are_listed_by_state_and_member(program, shop):
    first, second = f.bring(program, "ben"), f.bring(program, "cleo")
    f.buy(program, "ben")
    f.advance(program, f.BEFORE)

    def ids(**query):
        return [each["id"] for each in shop.get("referrals", **query).json()["items"]]

    assert ids() == [second.pk, first.pk]
    assert ids(state="waiting") == [first.pk]
    assert ids(member=second.friend_id) == [second.pk]
    assert shop.get("referrals", state="nonsense").status_code == 422


@pytest.mark.parametrize(
    ("deed", "state", "points"), [("approve", "paid", [500, 200]), ("refuse", "refused", [0, 0])]
)
def test_what_looks_wrong_is_decided(program, shop, deed, state, points):
    referral = f.bring(program, knows=lambda _email: True)
    f.buy(program)
    f.advance(program, f.PAID)

    first = shop.post(f"referrals/{referral.pk}/{deed}", {"reason": "Looked at"})
    again = shop.post(f"referrals/{referral.pk}/{deed}", {"reason": "Looked at"})
    f.advance(program, f.PAID)

    assert (first.status_code, again.json()["code"]) == (200, "already_decided")
    assert f.again(referral).state == state
    assert f.points(program, "anna", "ben") == points


def test_a_key_needs_its_scope(program):
    referral = f.bring(program)
    weak = Shop(program, scopes=[Scope.ORDERS_READ])

    for method, path, content in (
        ("GET", "referrals", None),
        ("GET", f"referrals/{referral.pk}", None),
        ("POST", f"referrals/{referral.pk}/approve", {"reason": "-"}),
        ("POST", f"referrals/{referral.pk}/refuse", {"reason": "-"}),
        ("POST", f"members/{referral.friend_id}/marks", {"kind": "card", "value": "1"}),
        ("POST", f"members/{referral.friend_id}/referral", {"code": "X"}),
        ("POST", f"members/{referral.friend_id}/referral-link", {}),
    ):
        assert weak.send(method, path, content).status_code == 403, path


def test_another_programs_referrals_do_not_exist(program):
    referral, other = f.bring(program), Shop(f.open_program())

    assert other.get(f"referrals/{referral.pk}").status_code == 404
    assert other.post(f"referrals/{referral.pk}/approve", {"reason": "-"}).status_code == 404
    assert other.post(f"members/{referral.friend_id}/referral-link", {}).status_code == 404
    assert other.get("referrals").json()["items"] == []
