"""The day of an event on the dashboard, the till, the portal and the API."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse
from django_scopes import scope

from members.models import Role
from rewards import redemptions
from rewards.gatherings import editing
from rewards.models import Gathering
from tests.members import portal_shop
from tests.members.api_shop import Shop
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards
from tests.rewards.test_portal_rewards import enter, text_of

pytestmark = pytest.mark.django_db
NOW = portal_shop.NOW
TYPED = {
    "revision": "0", "day": "2027-01-12", "begins": "18:00", "last_day": "", "ends": "20:30",
    "time_zone": "Europe/London", "remind_hours": "24", "place_en": "Quay room", "place_ar": "قاعة الرصيف",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    shop = portal_shop.open_shop()
    portal_shop.amelia(shop)
    rewards.put_up(
        shop,
        "tasting",
        now=NOW,
        price={},
        per_member=1,
        kind="event",
        stock=20,
        handover="code",
        names={"en": "Tasting", "ar": "تذوق"},
    )
    return shop


@pytest.fixture
def manager(shop):
    return signed_in(hire(shop, Role.MANAGER))


def at(shop, name, *args):
    return reverse(f"rewards:{name}", args=[shop.slug, *args])


def plan(shop, begins_at=None, **values):
    values = {"places": {"en": "Quay room", "ar": "قاعة الرصيف"}} | values
    return editing.plan(
        program=shop,
        key="tasting",
        by=None,
        now=NOW,
        begins_at=begins_at or NOW + timedelta(days=2),
        **values,
    )


def take(shop):
    return redemptions.reserve(
        program=shop, member=b.find(shop, "anna"), reward="tasting", key="seat", now=NOW, at_once=True
    )


def test_a_manager_sets_the_day_in_the_clock_of_the_place(shop, manager):
    typed = TYPED | {"time_zone": "Asia/Tokyo"}

    answer = manager.post(at(shop, "event_edit", "tasting"), typed)

    assert answer.status_code == 302
    with scope(program=shop):
        one = Gathering.objects.get()
    assert one.begins_at == b.moment("2027-01-12T09:00")
    assert one.ends_at == b.moment("2027-01-12T11:30")
    assert one.places == {"en": "Quay room", "ar": "قاعة الرصيف"}
    form = manager.get(at(shop, "event_edit", "tasting")).context["form"]
    assert [form[name].value() for name in ("begins", "ends", "last_day")] == ["18:00", "20:30", None]
    assert "Tokyo" in text_of(manager.get(at(shop, "event", "tasting")))


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"day": ""}, "day"),
        ({"begins": "noon"}, "begins"),
        ({"ends": "17:00"}, "ends"),
        ({"last_day": "2027-01-13", "ends": ""}, "ends"),
        ({"remind_hours": "999"}, "remind_hours"),
        ({"time_zone": "Moon"}, "time_zone"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(shop, manager, others, field):
    answer = manager.post(at(shop, "event_edit", "tasting"), TYPED | others)

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}


def test_somebody_elses_change_is_not_written_over(shop, manager):
    plan(shop)

    answer = manager.post(at(shop, "event_edit", "tasting"), TYPED)

    assert answer.status_code == 422
    assert "Somebody else" in answer.content.decode()


def test_staff_see_who_comes_and_who_came(shop):
    plan(shop)
    one = take(shop)
    analyst = signed_in(hire(shop, Role.ANALYST))
    page = analyst.get(at(shop, "event", "tasting"))
    assert "Amelia" in text_of(page)
    assert page.context["turnout"].expected == 1

    redemptions.fulfil(program=shop, redemption_id=one.pk, now=NOW)

    assert analyst.get(at(shop, "event", "tasting")).context["turnout"].came == 1
    assert analyst.get(at(shop, "event", "none")).status_code == 404


def test_the_door_has_a_list_of_these_days_and_of_no_others(shop):
    plan(shop)
    take(shop)
    cashier = signed_in(hire(shop, Role.CASHIER))
    number = b.find(shop, "anna").number

    assert "Tasting" in text_of(cashier.get(at(shop, "till_events")))
    page = text_of(cashier.get(at(shop, "till_event", "tasting")))
    assert "Amelia" in page
    assert number not in page

    plan(shop, NOW + timedelta(days=30))
    assert "Tasting" not in text_of(cashier.get(at(shop, "till_events")))
    assert cashier.get(at(shop, "till_event", "tasting")).status_code == 404


def test_a_member_sees_day_and_place_and_has_it_in_the_calendar(shop):
    plan(shop)
    client = enter(shop)
    one = take(shop)

    for address in (
        reverse("portal:reward", args=[shop.slug, "tasting"]),
        reverse("portal:redemption", args=[shop.slug, one.pk]),
    ):
        page = text_of(client.get(address))
        assert "Quay room" in page
        assert "Add to my calendar" in page
    file = client.get(reverse("portal:calendar", args=[shop.slug, "tasting"]))

    assert file["Content-Type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Tasting" in file.content.decode()
    assert "LOCATION:Quay room" in file.content.decode()


def test_in_arabic_the_day_is_in_its_digits_and_the_place_in_its_words(shop):
    plan(shop, b.moment("2027-01-12T18:00"))
    client = enter(shop)
    client.cookies["django_language"] = "ar"

    page = client.get(
        reverse("portal:reward", args=[shop.slug, "tasting"]), headers={"Accept-Language": "ar"}
    )

    assert "قاعة الرصيف" in text_of(page)
    assert "١٨:٠٠" in text_of(page)


def test_what_has_no_day_has_no_file(shop):
    client = enter(shop)
    rewards.put_up(shop, "mug-2", now=NOW)

    for key in ("tasting", "mug-2", "none"):
        assert client.get(reverse("portal:calendar", args=[shop.slug, key])).status_code == 404
    assert "Add to my calendar" not in text_of(
        client.get(reverse("portal:reward", args=[shop.slug, "tasting"]))
    )


def test_the_api_tells_the_day(shop):
    plan(shop, b.moment("2027-01-12T18:00"))

    items = {each["key"]: each for each in Shop(shop).get("rewards").json()["items"]}

    assert items["tasting"]["event"] == {
        "begins_at": "2027-01-12T18:00:00Z",
        "ends_at": None,
        "time_zone": shop.time_zone,
        "places": {"en": "Quay room", "ar": "قاعة الرصيف"},
    }
    assert {each["event"] for key, each in items.items() if key != "tasting"} <= {None}
