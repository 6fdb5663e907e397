"""Near a store: told by the member, compared on the server, told once, forgotten."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from django.urls import reverse
from django_scopes import scope

from campaigns import places
from campaigns.models import Nearness
from members import consent
from members.models import Event, Role, Store
from tests.campaigns.journeys import trips as t
from tests.members.api_shop import Shop
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.test_portal_rewards import enter

pytestmark = pytest.mark.django_db
QUAY = (53.5461, 9.9663)
NORTH = 111_194.93  # meters of a degree of latitude on the mean sphere


@pytest.fixture
def program():
    made = b.open_program(stores=["quay", "hill", "web"])
    with scope(program=made):
        Store.objects.filter(code="quay").update(latitude=QUAY[0], longitude=QUAY[1], radius_m=200)
        Store.objects.filter(code="hill").update(latitude=QUAY[0] + 0.01, longitude=QUAY[1], radius_m=1200)
    return made


@pytest.fixture
def anna(program):
    return b.join(program, "anna")


def share(member):
    consent.grant(member=member, channel="place", topic="offers", source="test", now=b.LONG_AGO)


def come_by(member, meters=0.0, now=t.NOW, **more):
    """North of the quay by so many meters; codes of the stores that are near."""
    spot = {"latitude": QUAY[0] + meters / NORTH, "longitude": QUAY[1]} | more
    return [store.code for store in places.come_by(member=member, now=now, **spot)]


def told(program):
    with scope(program=program):
        return [row.data["store"] for row in Event.objects.filter(kind="place.near").order_by("pk")]


def test_near_is_within_the_radius(program, anna):
    share(anna)

    assert come_by(anna, 199) == ["quay", "hill"]
    assert come_by(anna, 201) == ["hill"]
    assert come_by(anna, -1000) == []


@pytest.mark.parametrize(
    ("here", "there"),
    [((0, 179.9995), (0, -179.9995)), ((89.9999, 10), (89.9999, 20)), ((-60, 10), (-60, 10.001))],
)
def test_the_way_is_that_of_a_sphere(program, anna, here, there):
    share(anna)
    phi, psi, delta = math.radians(here[0]), math.radians(there[0]), math.radians(there[1] - here[1])
    angle = math.acos(min(1, math.sin(phi) * math.sin(psi) + math.cos(phi) * math.cos(psi) * math.cos(delta)))
    meters = 6371008.8 * angle

    for radius, near in ((math.floor(meters) - 1, []), (math.ceil(meters) + 1, ["quay"])):
        if radius >= 20:
            with scope(program=program):
                Store.objects.filter(code="quay").update(
                    latitude=there[0], longitude=there[1], radius_m=radius
                )
            assert come_by(anna, latitude=here[0], longitude=here[1]) == near


def test_it_is_told_once_in_so_many_hours(program, anna):
    share(anna)

    for hours in (0, 1, 11):
        come_by(anna, -100, now=t.NOW + hours * t.HOUR)
    assert told(program) == ["quay"]

    come_by(anna, -100, now=t.NOW + 12 * t.HOUR)
    assert told(program) == ["quay", "quay"]


def test_without_consent_nothing_is_said_or_kept(program, anna):
    with pytest.raises(places.PlaceNotShared):
        come_by(anna)

    share(anna)
    consent.withdraw(member=anna, channel="place", topic="offers", source="test", now=t.NOW)
    with pytest.raises(places.PlaceNotShared):
        come_by(anna)

    assert told(program) == []
    with scope(program=program):
        assert not Nearness.objects.exists()


def test_a_vague_position_and_a_closed_store_are_not_near(program, anna):
    share(anna)
    with scope(program=program):
        Store.objects.filter(code="hill").update(is_active=False)

    assert come_by(anna, off_m=1001) == []
    assert come_by(anna, off_m=999) == ["quay"]


def test_another_programs_store_is_never_near(program, anna):
    share(anna)
    other = b.open_program(stores=["far"])
    with scope(program=other):
        Store.objects.update(latitude=QUAY[0], longitude=QUAY[1])

    assert come_by(anna, -100) == ["quay"]


def test_a_journey_begins_near_its_store(program, anna):
    share(anna)
    t.launch(program, t.graph(("pause", "wait", {"days": 1}), trigger={"kind": "place", "store": "quay"}))

    come_by(anna, 1000)
    t.work()
    assert t.enrolments(program) == []

    come_by(anna)
    t.work()
    assert [(row.member_id, row.context["data"]) for row in t.enrolments(program)] == [
        (anna.pk, {"store": "quay"})
    ]


def test_notes_go_when_it_may_be_told_again(program, anna):
    share(anna)
    come_by(anna, -100)

    assert places.forget_old(program=program, now=t.NOW + timedelta(hours=11)) == 0
    assert places.forget_old(program=program, now=t.NOW + timedelta(hours=12)) == 1


def test_notes_go_with_the_consent_whoever_takes_it_back(program, anna):
    share(anna)
    come_by(anna, -100)
    consent.withdraw(member=anna, channel="place", topic="offers", source="staff", now=t.NOW)

    assert places.forget_old(program=program, now=t.NOW) == 1


def test_the_api_tells_a_position(program, anna):
    shop = Shop(program)
    here = {"latitude": QUAY[0], "longitude": QUAY[1], "accuracy_m": 12.5}

    refused = shop.post(f"members/{anna.pk}/position", here)
    share(anna)
    near = shop.post(f"members/{anna.pk}/position", here)

    assert (refused.status_code, refused.json()["code"]) == (403, "place_not_shared")
    assert near.json() == {"stores": ["quay", "hill"]}
    assert shop.post(f"members/{anna.pk}/position", {"latitude": 91, "longitude": 0}).status_code == 422
    assert Shop(b.open_program()).post(f"members/{anna.pk}/position", here).status_code == 404


def test_a_tap_on_the_portal_is_the_consent_and_another_ends_it(program, anna):
    client = enter(program, "anna@example.com")
    here = {"latitude": QUAY[0], "longitude": QUAY[1], "off_m": 10}
    page = client.get(reverse("portal:messages", args=[program.slug]))
    assert page["Permissions-Policy"] == "camera=(), microphone=(), geolocation=(self)"

    shown = client.post(reverse("portal:place_here", args=[program.slug]), here, follow=True).content.decode()
    assert "You are near" in shown
    assert places.is_shared(anna)

    client.post(reverse("portal:place_stop", args=[program.slug]))
    assert not places.is_shared(anna)
    assert told(program) == ["quay", "hill"]
    with scope(program=program):
        assert not Nearness.objects.exists()
    assert (
        client.post(reverse("portal:place_here", args=[program.slug]), {"latitude": "x"}).status_code == 404
    )


def test_staff_place_a_store_as_a_map_says_it(program):
    client = as_staff(program, Role.MANAGER)
    with scope(program=program):
        store = Store.objects.get(code="web")
    path = reverse("members:store_edit", args=[program.slug, store.pk])

    wrong = client.post(path, {"name": "Web", "is_active": "on", "spot": "53.5, 181", "radius_m": 100})
    client.post(path, {"name": "Web", "is_active": "on", "spot": "٥٣٫٥، -9.25", "radius_m": 100})

    store.refresh_from_db()
    assert wrong.status_code == 422
    assert (store.latitude, store.longitude, store.radius_m) == (53.5, -9.25, 100)
    assert 'value="53.5, -9.25"' in client.get(path).content.decode()


def test_the_api_places_a_store(program):
    shop = Shop(program)
    made = shop.post(
        "stores", {"code": "new", "name": "New", "place": {"latitude": 1, "longitude": 2}}
    ).json()
    path = f"stores/{made['id']}"

    assert made["place"] == {"latitude": 1.0, "longitude": 2.0, "radius_m": 200}
    assert shop.send("PATCH", path, {"name": "Newer"}).json()["place"] == made["place"]
    assert shop.send("PATCH", path, {"place": None}).json()["place"] is None
