"""The feed of placements for a shop's own site and tills, and what comes back from there."""

from __future__ import annotations

import pytest
from django_scopes import scope

from campaigns.messages import placements, sending
from campaigns.models import Message
from loyaltysite.kit import clock
from members import consent
from members.models import ApiAnswer, Member, Role
from rewards.models import TillAction
from tests.campaigns import letters
from tests.members import api_shop
from tests.members.api_shop import Shop
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards import builders as b
from tests.rewards.till.shop import tap

pytestmark = pytest.mark.django_db
CARD = {"place": "card", "title": "Rain", "text": "Tea for {{ member.name }}", "button": "See"}
LINES = {
    "text": "Offer {{ member.first_name }} a tea",
    "receipt": "A tea waits for you, {{ member.first_name }}",
}


@pytest.fixture
def program():
    made = b.open_program()
    letters.behave(made, site="https://shop.example")
    return made


@pytest.fixture
def anna(program):
    return letters.join(program, "anna")


@pytest.fixture
def shop(program):
    return Shop(program)


def place(program, member, channel="inapp", **said):
    words = (CARD if channel == "inapp" else LINES) | said
    template = letters.template(program, content={channel: {"en": words}})
    message = letters.say(program, member, template=template.pk, channel=channel, now=clock.now())
    sending.send(clock=clock.now, seconds=60)
    return message


def fresh(program):
    with scope(program=program):
        return Message.objects.get()


def report(shop, member, message, what):
    return shop.post(f"members/{member.pk}/placements/{message.pk}", {"what": what})


def test_the_feed_has_the_words_and_a_whole_link_and_delivers_nothing(program, anna, shop):
    message = place(program, anna, link="/p/tea/")

    (item,) = shop.get(f"members/{anna.pk}/placements").json()["items"]

    assert item.pop("until")
    assert item == {
        "id": message.pk, "place": "card", "title": "Rain", "text": "Tea for Anna", "button": "See",
        "link": "https://shop.example/p/tea/",
    }  # fmt: skip
    assert fresh(program).state == "sent"


def test_what_was_seen_clicked_and_closed_counts_once(program, anna, shop):
    message = place(program, anna)

    seen = report(shop, anna, message, "seen").json()
    assert (fresh(program).state, seen["clicked_at"]) == ("delivered", None)
    clicked = report(shop, anna, message, "clicked").json()
    again = report(shop, anna, message, "clicked").json()
    report(shop, anna, message, "closed")

    assert clicked["clicked_at"] == again["clicked_at"] is not None
    assert clicked["seen_at"] == seen["seen_at"]
    assert shop.get(f"members/{anna.pk}/placements").json()["items"] == []


def test_clicks_do_not_count_without_consent(program, anna, shop):
    message = place(program, anna)
    consent.withdraw(member=anna, channel="email", topic="offers", source="test", now=clock.now())

    assert report(shop, anna, message, "clicked").json()["clicked_at"] is None


def test_nobody_elses_placement_is_found(program, anna, shop):
    message = place(program, anna)
    ben = letters.join(program, "ben")
    other = b.open_program()

    assert report(shop, ben, message, "seen").status_code == 404
    assert Shop(other).get(f"members/{anna.pk}/placements").status_code == 404
    assert report(Shop(other), anna, message, "seen").status_code == 404
    assert report(shop, anna, message, "eaten").status_code == 422


def test_who_is_blocked_is_shown_nothing(program, anna, shop):
    place(program, anna)
    with scope(program=program):
        Member.objects.filter(pk=anna.pk).update(state="blocked")

    assert shop.get(f"members/{anna.pk}/placements").json()["items"] == []


@pytest.mark.parametrize("what", ["blocked", "merged"])
@pytest.mark.parametrize("surface", ["till", "receipt"])
def test_no_till_speaks_to_who_is_blocked_or_merged(program, anna, surface, what):
    place(program, anna, channel="till")
    other = letters.join(program, "ben")
    with scope(program=program):
        assert placements.of(program, anna, clock.now(), surface)
        anna.state, anna.merged_into = ("blocked", None) if what == "blocked" else ("active", other)

        assert placements.of(program, anna, clock.now(), surface) == []


def test_the_cashier_reads_what_to_say_when_a_member_is_found(program, anna):
    place(program, anna, "till", text="<b>Tea</b>?")
    cashier = as_staff(program, Role.CASHIER)

    plain = cashier.post(f"/till/{program.slug}/find/", {"q": anna.number}).content.decode()
    told = cashier.post(
        f"/till/{program.slug}/find/", {"q": anna.number}, headers={"Accept": "application/json"}
    ).json()

    assert "&lt;b&gt;Tea&lt;/b&gt;?" in plain
    assert told["who"]["said"] == ["<b>Tea</b>?"]
    assert fresh(program).state == "delivered"


def test_the_cashier_reads_what_to_write_on_the_receipt_when_a_sale_is_done(program, anna):
    place(program, anna, "till", receipt="<b>Tea</b> for {{ member.first_name }}")
    user = hire(program, Role.CASHIER)
    fields = tap(user) | {"number": anna.number, "amount_minor": "1200"}
    address = f"/till/{program.slug}/actions/sale/"

    plain = signed_in(user).post(address, fields).content.decode()
    told = signed_in(user).post(address, fields, headers={"Accept": "application/json"}).json()

    for shown in (plain, told["html"]):
        assert "For the receipt" in shown
        assert "&lt;b&gt;Tea&lt;/b&gt; for Anna" in shown
    assert fresh(program).state == "delivered"
    with scope(program=program):
        assert "Tea" not in str(TillAction.objects.get().answer)


def test_a_sale_without_words_for_the_receipt_shows_no_place_for_them(program, anna):
    place(program, anna, "till", receipt="")
    user = hire(program, Role.CASHIER)

    told = signed_in(user).post(
        f"/till/{program.slug}/actions/sale/", tap(user) | {"number": anna.number, "amount_minor": "1200"}
    )

    assert told.status_code == 200
    assert "For the receipt" not in told.text
    assert fresh(program).state == "sent"


def test_an_order_answers_with_the_receipt_where_it_is_asked_for(program, shop):
    program.refresh_from_db()
    first = api_shop.order("1", member={"kind": "email", "value": "anna@example.com", "joins": True})
    asked = shop.post("orders", first).json()
    with scope(program=program):
        member = Member.objects.get(pk=asked["member"])
        Member.objects.filter(pk=member.pk).update(name="Anna")
    place(program, member, "till")
    second = first | {"external_id": "2"}

    told = shop.post("orders?receipt=true", second, key="k2")
    again = shop.post("orders?receipt=true", second, key="k2")

    assert "receipt" not in asked
    assert told.json()["receipt"] == ["A tea waits for you, Anna"]
    assert again.json() == told.json()
    with scope(program=program):
        assert b"Anna" not in bytes(ApiAnswer.objects.get(key="k2").body)


def test_a_till_of_another_kind_asks_for_its_lines(program, anna, shop):
    place(program, anna, "till")

    (item,) = shop.get(f"members/{anna.pk}/placements", surface="till").json()["items"]

    assert (item["place"], item["text"]) == ("till", "Offer Anna a tea")
