"""Staff forget a person who asks for it: managers and owners, nobody else, and never themselves."""

import pytest
from django.urls import reverse
from django_scopes import scope

from members.models import AuditEntry, Identity, Member, Role
from tests.members import portal_shop, teams


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def amelia(shop):
    return portal_shop.amelia(shop)


def place(program, member):
    return reverse("rewards:member_action", args=[program.slug, member.number, "erase"])


def forget(client, program, member, **headers):
    return client.post(place(program, member), {"sure": "yes"}, headers=headers)


def name_of(member):
    with scope(program=member.program):
        return Member.objects.get(pk=member.pk).name


def test_a_manager_forgets_who_asks_for_it(shop, amelia):
    client = teams.as_staff(shop, Role.MANAGER)

    asked = client.get(place(shop, amelia))
    done = forget(client, shop, amelia)

    assert asked.status_code == 200
    assert done["Location"] == reverse("rewards:members", args=[shop.slug])
    assert name_of(amelia) == ""
    assert client.get(reverse("rewards:member", args=[shop.slug, amelia.number])).status_code == 404
    with scope(program=shop):
        assert AuditEntry.objects.get(action="member.erase").after == {}


def test_with_htmx_the_whole_page_goes_to_the_list(shop, amelia):
    answer = forget(teams.as_staff(shop), shop, amelia, hx_request="true")

    assert answer["HX-Redirect"] == reverse("rewards:members", args=[shop.slug])


@pytest.mark.parametrize("role", [Role.ANALYST, Role.CASHIER])
def test_others_are_refused(shop, amelia, role):
    assert forget(teams.as_staff(shop, role), shop, amelia).status_code == 403
    assert name_of(amelia) == "Amelia Hart"


def test_another_programs_member_is_not_found(shop, amelia):
    other = portal_shop.open_shop()

    assert forget(teams.as_staff(other), other, amelia).status_code == 404
    assert forget(teams.as_staff(other), shop, amelia).status_code == 404
    assert name_of(amelia) == "Amelia Hart"


def test_nobody_forgets_themself_by_the_dashboard(shop, amelia):
    owner = teams.hire(shop)
    with scope(program=shop):
        Identity.objects.filter(member=amelia).update(value=owner.email, verified_at=portal_shop.NOW)

    answer = forget(teams.signed_in(owner), shop, amelia)

    assert answer.status_code in (403, 409, 422)
    assert name_of(amelia) == "Amelia Hart"
