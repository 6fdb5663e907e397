"""Surprises on the dashboard, on the portal and over the API."""

import pytest
from django_scopes import scope

from members.models import Role, Scope
from rewards.models import Surprise, SurpriseGift
from rewards.surprises import preparing
from tests.members import portal_shop
from tests.members.api_shop import Shop
from tests.members.portal_pages.visits import enter, text_of
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

FORM = {
    "whom": "named",
    "what": "unit:points",
    "amount": "50",
    "reason": "Thanks",
    "text_en": "Because it is Tuesday",
    "numbers": "",
    "draws": "",
    "most": "",
    "budget": "",
}


@pytest.fixture
def shop(db):
    program = portal_shop.open_shop()
    for name in ("anna", "ben"):
        portal_shop.join(program, name, name=name.title())
    return program


def at(shop, *parts):
    return f"/dashboard/{shop.slug}/surprises/" + "".join(f"{part}/" for part in parts)


def only(shop):
    with scope(program=shop):
        return Surprise.objects.get()


def number(shop, name="anna"):
    return b.find(shop, name).number


def test_staff_prepare_see_and_give_it_and_the_member_reads_it(shop, client):
    staff = as_staff(shop, Role.MANAGER)

    answer = staff.post(at(shop, "new"), FORM | {"numbers": number(shop)})
    page = staff.get(answer.url)
    staff.post(at(shop, only(shop).pk, "decide"), {"do": "start"})

    assert "Give it" in text_of(page)
    assert (only(shop).state, only(shop).given) == ("done", 1)
    inside = enter(client, shop)
    home = text_of(inside.get(f"/p/{shop.slug}/"))
    assert "Because it is Tuesday" in home
    assert "For you: 50 Stars" in home
    with scope(program=shop):
        gift = SurpriseGift.objects.get()
    inside.post(f"/p/{shop.slug}/surprises/{gift.pk}/")
    assert "Because it is Tuesday" not in text_of(inside.get(f"/p/{shop.slug}/"))


def test_nobody_reads_anothers(shop, client):
    staff = as_staff(shop, Role.MANAGER)
    staff.post(at(shop, "new"), FORM | {"numbers": number(shop, "ben")})
    staff.post(at(shop, only(shop).pk, "decide"), {"do": "start"})
    with scope(program=shop):
        gift = SurpriseGift.objects.get()

    enter(client, shop).post(f"/p/{shop.slug}/surprises/{gift.pk}/")

    with scope(program=shop):
        assert SurpriseGift.objects.get().seen_at is None


def test_a_draw_shows_its_proof_once_it_is_drawn(shop):
    staff = as_staff(shop, Role.MANAGER)
    staff.post(at(shop, "new"), FORM | {"whom": "draw", "draws": "1"})
    before = staff.get(at(shop, only(shop).pk)).content.decode()
    staff.post(at(shop, only(shop).pk, "decide"), {"do": "start"})
    after = staff.get(at(shop, only(shop).pk)).content.decode()

    one = only(shop)
    assert preparing.commitment(one) in before
    assert preparing.salt_of(one) not in before
    assert preparing.salt_of(one) in after
    assert one.cutoff in after


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"numbers": ""}, "numbers"),
        ({"numbers": "000000000000"}, "numbers"),
        ({"whom": "draw"}, "draws"),
        ({"whom": "all"}, "most"),
        ({"whom": "draw", "draws": "1", "amount": ""}, "amount"),
        ({"whom": "draw", "draws": "1", "amount": "0.5"}, "amount"),
        ({"whom": "draw", "draws": "1", "what": "unit:gold"}, "what"),
        ({"whom": "draw", "draws": "1", "reason": ""}, "reason"),
        ({"whom": "draw", "draws": "5", "most": "4"}, "most"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(shop, values, field):
    answer = as_staff(shop, Role.MANAGER).post(at(shop, "new"), FORM | values)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    with scope(program=shop):
        assert not Surprise.objects.exists()


def test_what_passes_the_budget_is_said_and_nothing_given(shop):
    staff = as_staff(shop, Role.MANAGER)
    staff.post(at(shop, "new"), FORM | {"whom": "all", "most": "1"})

    answer = staff.post(at(shop, only(shop).pk, "decide"), {"do": "start"})

    assert answer.status_code == 422
    assert "This is more than the budget allows." in answer.content.decode()
    assert only(shop).state == "ready"


def test_only_its_author_starts_it(shop):
    as_staff(shop, Role.MANAGER).post(at(shop, "new"), FORM | {"numbers": number(shop)})
    other = as_staff(shop, Role.OWNER)

    answer = other.post(at(shop, only(shop).pk, "decide"), {"do": "start"})

    assert answer.status_code == 422
    assert only(shop).state == "ready"


def test_an_own_account_is_named_in_the_form(shop):
    user = hire(shop, Role.MANAGER, name="Anna")
    with scope(program=shop):
        b.find(shop, "anna").identities.update(value=user.email)
        mine = user.email
        found = shop.pk and signed_in(user)

    with scope(program=shop):
        member = preparing.Member.objects.get(identities__value=mine)
    answer = found.post(at(shop, "new"), FORM | {"numbers": member.number})

    assert answer.status_code == 422
    assert "your own account" in answer.content.decode()


def test_the_same_over_the_api(shop):
    caller = Shop(shop)

    made = caller.post(
        "surprises",
        {"prize": {"unit": "points", "amount": 50}, "reason": "Thanks", "members": [number(shop)]},
    )
    number_of = made.json()["id"]
    hidden = made.json()["salt"]
    first, again = (caller.post(f"surprises/{number_of}/start", {}) for _time in range(2))
    found = caller.get(f"surprises/{number_of}").json()

    assert (made.status_code, hidden, first.status_code) == (201, None, 200)
    assert again.json()["code"] == "surprise_over"
    assert (found["state"], found["given"], b.balance(shop).active) == ("done", 1, 50)
    assert caller.get("surprises").json()["items"] == [found]


def test_a_draw_over_the_api_is_cancelled(shop):
    caller = Shop(shop)
    wish = {"prize": {"unit": "points", "amount": 5}, "reason": "-", "draws": 1, "narrowed": {"tier": "gold"}}
    made = caller.post("surprises", wish).json()

    answer = caller.post(f"surprises/{made['id']}/cancel", {})

    assert answer.json()["state"] == "cancelled"


def test_a_key_needs_its_scope_and_its_program(shop):
    made = Shop(shop).post("surprises", {"prize": {"unit": "points", "amount": 5}, "reason": "-", "draws": 1})
    path = f"surprises/{made.json()['id']}"
    weak, other = Shop(shop, scopes=[Scope.POINTS_READ]), Shop(b.open_program())

    assert weak.post("surprises", {}).status_code == 403
    assert weak.post(f"{path}/start", {}).status_code == 403
    assert weak.post(f"{path}/cancel", {}).status_code == 403
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/start", {}).status_code == 404
