"""Every address × every role × another program: a program is a wall, a role is a door."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from members.models import Role, User
from tests import walls
from tests.members import teams
from tests.walls import DASHBOARD, OPEN, OPEN_PREFIXES, TILL
from tests.world import World

pytestmark = pytest.mark.django_db

RANKS = [Role.CASHIER, Role.ANALYST, Role.MANAGER, Role.OWNER]
WALLS = DASHBOARD | TILL
# Open, but there may be nothing: no file of rejected rows, nobody chosen, no such store.
MAY_BE_MISSING = {"rewards:import_rejected", "rewards:bulk_new", "rewards:till_store", "rewards:pool_left"}
# Only who wrote it takes it back.
OF_ITS_AUTHOR = {"rewards:note_delete", "analytics:view_delete"}
SENT = {"reason": "why", "answer": "why", "text": "hm", "tags": "vip"}


def names_of(patterns, space=""):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield f"{space}:{pattern.name}" if space else pattern.name
        else:
            yield from names_of(pattern.url_patterns, pattern.namespace or space)


ADDRESSES = set(names_of(get_resolver().url_patterns))


def address(name: str, world: World, at: World | None = None) -> str:
    """The page `name` of a world; with `at`, under that world's program and with this world's objects."""
    keys = {key.partition(":")[0]: world.argument(key) for key in WALLS[name].objects}
    return reverse(name, kwargs={"slug": (at or world).program.slug, **keys})


def answers(client: Client, path: str) -> dict[str, int]:
    """The status of each method that the page has, 401 where it leads to sign in; what it changed is undone."""
    found = {}
    for method in ("get", "post"):
        with transaction.atomic():
            response = client.get(path) if method == "get" else client.post(path, SENT)
            if response.status_code != 405:
                found[method] = 401 if _leads_to_sign_in(response) else response.status_code
            transaction.set_rollback(True)
    assert found, path
    return found


def _leads_to_sign_in(response) -> bool:
    return response.status_code == 401 or "/accounts/login/" in response.headers.get("Location", "")


def may(role: Role, needed: Role, name: str) -> bool:
    if name in TILL:
        return role != Role.ANALYST
    return RANKS.index(role) >= RANKS.index(needed)


@pytest.fixture
def world():
    return World.make()


def test_every_address_says_who_may_open_it():
    known = set(WALLS) | OPEN

    assert {name for name in ADDRESSES - known if not name.startswith(OPEN_PREFIXES)} == set()
    assert known - ADDRESSES == set()


@pytest.mark.parametrize("name", sorted(WALLS))
def test_a_role_opens_what_is_open_to_it_and_nothing_else(name, world):
    wall = WALLS[name]
    path = address(name, world)

    for role in RANKS:
        for method, status in answers(teams.as_staff(world.program, role), path).items():
            needed = (wall.read if method == "get" else wall.write) or wall.write or wall.read
            if may(role, needed, name):
                refusals = {401} if name in OF_ITS_AUTHOR else {401, 403}
                refusals |= set() if name in MAY_BE_MISSING else {404}
                assert status not in refusals, (role, method, status)
                assert status < 500, (role, method, status)
            else:
                assert status == 403, (role, method, status)


@pytest.mark.parametrize("name", sorted(WALLS))
def test_who_has_not_signed_in_is_led_to_sign_in(name, world):
    assert set(answers(Client(), address(name, world)).values()) == {401}


@pytest.mark.parametrize("name", sorted(WALLS))
def test_another_program_does_not_exist(name, world):
    other = World.make()
    path = address(name, world)
    customer = teams.signed_in(User.objects.create_user("customer@example.com"))

    for client in (teams.signed_in(other.owner), customer):
        assert set(answers(client, path).values()) == {404}


@pytest.mark.parametrize("name", sorted(name for name, wall in WALLS.items() if wall.objects))
def test_another_programs_objects_do_not_exist(name, world):
    """Under one's own program, with the ids of another."""
    if set(WALLS[name].objects) <= {"name", "kind", "channel", "key:unit", "key:rule", "key:kpi"}:
        pytest.skip("names of one's own: the other program's mean one's own object or none")
    other = World.make()
    path = address(name, other, at=world)

    assert set(answers(teams.signed_in(world.owner), path).values()) == {404}


def test_the_walk_would_see_a_hole(world, monkeypatch):
    """The negative control: a page that asks for less than it declares is found."""
    monkeypatch.setitem(walls.DASHBOARD, "analytics:home", walls.Wall(Role.OWNER))

    told = answers(teams.as_staff(world.program, Role.ANALYST), address("analytics:home", world))

    assert told == {"get": 200}
