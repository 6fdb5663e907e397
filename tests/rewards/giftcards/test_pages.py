"""Gift cards on the dashboard, the portal and over the API."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from members.models import AuditEntry, Role, Scope
from members.portal import people
from rewards.giftcards import guessing, moves
from rewards.models import GiftCard
from tests.members.api_shop import Shop, order
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.giftcards import house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.fixture
def program():
    return house.open_house()


@pytest.fixture
def card(program):
    return house.issue(program, at=timezone.now())


def now_left(card) -> int:
    return house.left(card, timezone.now())


def enter(browser: Client, program, email: str) -> Client:
    """Sign in to the portal as the code flow does, without its mail."""
    user = people.prove(program=program, email=email, now=timezone.now())
    browser.force_login(user)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "code", "email": email, "at": 0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return browser


# --- dashboard ------------------------------------------------------------------------------------------------------


def board(program, rest=""):
    return f"/dashboard/{program.slug}/gift-cards/{rest}"


@pytest.fixture
def manager(program):
    return signed_in(hire(program, Role.MANAGER))


def test_the_list_finds_a_card_by_its_last_signs(manager, program, card):
    other = house.issue(program, 700, at=timezone.now())

    page = manager.get(board(program), {"q": card.ending.lower()}).content.decode()

    assert f"…{card.ending}" in page
    assert f"…{other.ending}" not in page or other.ending == card.ending


def test_a_manager_issues_a_card_once(manager, program):
    fields = {"value": "25,00", "member": "", "reference": "Sorry", "key": "k1"}

    first = manager.post(board(program, "new/"), fields)
    again = manager.post(board(program, "new/"), fields)

    with scope(program=program):
        (card,) = GiftCard.objects.all()
    assert first.url == again.url == board(program, f"{card.pk}/")
    assert (card.value_minor, card.reference, card.origin) == (2500, "Sorry", "staff")


@pytest.mark.parametrize(
    "fields",
    [
        {"value": "0"},
        {"value": "x"},
        {"value": "5", "member": "123"},
        {"value": "5", "last_day": "2001-01-01"},
    ],
)
def test_what_cannot_be_is_said_at_its_field(manager, program, fields):
    page = manager.post(board(program, "new/"), fields)

    assert page.status_code == 422
    assert "aria-invalid" in page.content.decode()
    with scope(program=program):
        assert not GiftCard.objects.exists()


def test_the_code_is_shown_on_demand_and_that_is_audited(manager, program, card):
    plain = manager.get(board(program, f"{card.pk}/")).content.decode()
    shown = manager.post(board(program, f"{card.pk}/"), {"do": "show"}).content.decode()

    assert house.code(card) not in plain
    assert house.code(card) in shown
    with scope(program=program):
        assert AuditEntry.objects.filter(action="giftcard.show", subject_id=str(card.pk)).count() == 1


def test_a_card_is_blocked_with_a_reason(manager, program, card):
    none = manager.post(board(program, f"{card.pk}/"), {"do": "block"})
    done = manager.post(board(program, f"{card.pk}/"), {"do": "block", "reason": "Lost"})

    assert (none.status_code, done.status_code) == (422, 302)
    card.refresh_from_db()
    assert card.state == "blocked"


def test_an_analyst_looks_and_does_nothing(program, card):
    analyst = signed_in(hire(program, Role.ANALYST))

    assert analyst.get(board(program, f"{card.pk}/")).status_code == 200
    assert analyst.post(board(program, f"{card.pk}/"), {"do": "show"}).status_code == 403
    assert analyst.get(board(program, "new/")).status_code == 403


def test_money_is_put_back_from_the_page(manager, program, card):
    moves.spend(program=program, code=house.code(card), key="s", now=timezone.now(), money_minor=2000)

    done = manager.post(
        board(program, f"{card.pk}/"), {"do": "top_up", "money": "20.00", "reason": "Wrong card", "key": "t"}
    )

    assert done.status_code == 302
    assert now_left(card) == 5000


# --- portal ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def anna(program):
    return enter(Client(), program, "anna@example.com")


def test_a_member_claims_a_card_for_the_own_credit(anna, program, card):
    page = anna.post(f"/p/{program.slug}/gift-cards/", {"code": house.code(card), "key": "k"}, follow=True)

    assert "€50.00 are yours now." in page.content.decode()
    assert b.balance(program, unit="credit").active == 5000
    assert now_left(card) == 0


def test_a_wrong_code_is_said_and_counted(anna, program, card):
    for _number in range(guessing.TRIES):
        wrong = anna.post(f"/p/{program.slug}/gift-cards/", {"code": "AAAA-BBBB-CCCC-DDDD"})
    right = anna.post(f"/p/{program.slug}/gift-cards/", {"code": house.code(card)})

    assert wrong.status_code == 422
    assert right.status_code == 429
    assert now_left(card) == 5000


def test_a_member_sees_the_own_cards_with_their_codes(anna, program):
    mine = house.issue(program, 1500, at=timezone.now(), member=b.find(program, "anna"))
    other = house.issue(program, 1600, at=timezone.now())

    page = anna.get(f"/p/{program.slug}/gift-cards/").content.decode()

    assert house.code(mine) in page
    assert house.code(other) not in page


def test_the_balance_page_is_open_and_answers_alike(client, program, card):
    address = f"/p/{program.slug}/gift-card/"

    known = client.post(address, {"code": house.code(card)})
    unknown = client.post(address, {"code": "AAAA-BBBB-CCCC-DDDD"})
    moves.block(
        program=program, card_id=card.pk, reason="Lost", now=timezone.now(), by=house.boss(program).user
    )
    blocked = client.post(address, {"code": house.code(card)})

    assert "50.00" in known.content.decode()
    assert (unknown.status_code, blocked.status_code) == (422, 422)
    message = "This gift card is not valid."
    assert message in unknown.content.decode()
    assert message in blocked.content.decode()


# --- API ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(program):
    return Shop(program)


def test_a_shop_sells_a_card_and_reads_its_code(shop):
    wish = {"value_minor": 5000, "reference": "1001", "last_day": "2099-12-31"}
    sold = shop.post("gift-cards", wish, key="one")
    again = shop.post("gift-cards", wish, key="one")

    assert sold.status_code == 201
    assert again.content == sold.content
    assert "code" not in sold.json()
    read = shop.get(f"gift-cards/{sold.json()['id']}").json()
    assert (read["left_minor"], read["origin"], len(read["code"])) == (5000, "bought", 19)


def test_a_card_is_checked_spent_and_blocked(shop, card):
    code = house.code(card)

    assert shop.post("gift-cards/check", {"code": code}).json()["left_minor"] == 5000
    paid = shop.post("gift-cards/spend", {"code": code, "money_minor": 1990}, key="pay")
    again = shop.post("gift-cards/spend", {"code": code, "money_minor": 1990}, key="pay")
    assert (paid.status_code, paid.json()["left_minor"]) == (201, 3010)
    assert again.content == paid.content
    assert shop.post(f"gift-cards/{card.pk}/block", {"reason": "Lost"}).json()["state"] == "blocked"
    assert shop.post("gift-cards/check", {"code": code}).json()["code"] == "gift_card_invalid"


def test_wrong_codes_make_the_key_wait(shop, card):
    for _number in range(guessing.TRIES):
        shop.post("gift-cards/check", {"code": "AAAA-BBBB-CCCC-DDDD"})

    assert shop.post("gift-cards/check", {"code": house.code(card)}).status_code == 429
    content = order(tenders=[{"card": house.code(card)}])
    assert shop.post("orders/preview", content).status_code == 429
    assert shop.post("gift-cards/spend", {"code": house.code(card)}).status_code == 429


def test_an_order_pays_with_a_card_over_the_api(shop, card):
    content = order(tenders=[{"card": house.code(card), "money_minor": 400}])

    told = shop.post("orders", content)

    assert told.status_code == 201
    assert told.json()["payment"]["tenders"][0]["card"] == card.ending
    assert now_left(card) == 4600


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("gift-cards/check", {"code": "x"}),
        ("gift-cards/spend", {"code": "x"}),
        ("gift-cards", {"value_minor": 5}),
    ],
)
def test_a_key_needs_the_right(program, path, content):
    poor = Shop(program, scopes={Scope.ORDERS_READ})

    assert poor.post(path, content).status_code == 403


def test_another_programs_card_is_not_there(shop):
    other = house.issue(house.open_house(), at=timezone.now())

    assert shop.get(f"gift-cards/{other.pk}").status_code == 404
    assert shop.post(f"gift-cards/{other.pk}/block", {"reason": "x"}).status_code == 404
