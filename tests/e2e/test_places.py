"""A member tells by a tap on a phone that they are near a store; the browser is asked then and not before."""

import pytest
from django_scopes import scope

from campaigns import places
from members.models import Event, Store
from tests.e2e import entering
from tests.members import portal_shop

pytestmark = pytest.mark.e2e
QUAY = {"latitude": 53.5461, "longitude": 9.9663}


def test_a_tap_tells_where_the_member_is(site, new_page, assert_accessible):
    program = portal_shop.open_shop()
    member = portal_shop.join(program, "anna", name="Anna")
    with scope(program=program):
        Store.objects.create(program=program, code="quay", name="Harbour Quay", **QUAY)
    where = {"geolocation": QUAY | {"accuracy": 15}, "permissions": ["geolocation"]}
    page = entering.as_customer(new_page, site, program, at="messages/", **where)
    assert not places.is_shared(member)

    page.get_by_role("button", name="Allow, and tell where I am").click()

    page.get_by_text("You are near").wait_for()
    page.get_by_role("button", name="I am here").wait_for()
    assert_accessible(page)
    assert places.is_shared(member)
    with scope(program=program):
        assert Event.objects.get(kind="place.near").data == {"store": "quay"}
