"""Badges on the dashboard and the portal: seen, drafted, put up, changed, ended; joined and left."""

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse
from django_scopes import scope

from members import tags
from members.models import AuditEntry, Role
from rewards import rulebook
from rewards.households import places
from rewards.models import Badge, ChallengeEntry, Unit
from tests.members import portal_shop
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, put_up, run, together
from tests.rewards.test_portal_rewards import enter, text_of

pytestmark = pytest.mark.django_db
NOW = portal_shop.NOW
DAYS = {"starts_at": b.moment("2020-01-01"), "ends_at": b.moment("2120-01-01")}


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    shop = portal_shop.open_shop()
    portal_shop.amelia(shop)
    return shop


@pytest.fixture
def manager(shop):
    return signed_in(hire(shop, Role.MANAGER))


def at(shop, name, *args):
    return reverse(f"rewards:{name}", args=[shop.slug, *args])


def typed(**others):
    return {
        "do": "save", "key": "regular", "kind": "badge", "name_en": "Regular", "text_en": "Come five times.",
        "shape": "shield", "color": "gold", "icon": "cup", "counted": "orders", "window": "ever", "each": "1",
        "target_1": "2", "level_1": "Bronze", "target_2": "5",
    } | others  # fmt: skip


def find(shop, key="regular"):
    with scope(program=shop):
        return Badge.objects.get(key=key)


# --- dashboard --------------------------------------------------------------------------------------------------------


def test_a_badge_is_drafted_put_up_changed_and_ended(shop, manager):
    with scope(program=shop):
        unit = Unit.objects.filter(program=shop, is_money=False).first()
    answer = manager.post(at(shop, "badge_new"), typed(amount_1="50", unit_1=unit.key))
    assert answer.status_code == 302

    badge = find(shop)
    assert badge.state == "draft"
    assert [level["target"] for level in badge.definition["levels"]] == ["2", "5"]
    assert badge.definition["levels"][0]["prizes"][0]["amount"] == 50 * 10**unit.precision
    assert badge.medal == {"shape": "shield", "color": "gold", "icon": "cup"}

    manager.post(at(shop, "badge_move", "regular"), {"to": "live"})
    assert find(shop).state == "live"
    page = manager.get(at(shop, "badge_edit", "regular"))
    assert 'value="Bronze"' in page.content.decode()

    changed = typed(revision=str(find(shop).revision), target_1="3")
    assert manager.post(at(shop, "badge_edit", "regular"), changed).status_code == 302
    assert find(shop).definition["levels"][0]["target"] == "3"
    assert manager.post(at(shop, "badge_edit", "regular"), changed | {"target_1": "4"}).status_code == 422

    manager.post(at(shop, "badge_move", "regular"), {"to": "ended"})
    assert find(shop).state == "ended"
    with scope(program=shop):
        deeds = list(
            AuditEntry.objects.filter(subject="badge").order_by("pk").values_list("action", flat=True)
        )
    assert deeds == ["badge.create", "badge.publish", "badge.change", "badge.end"]


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"name_en": ""}, "name_en"),
        ({"target_1": ""}, "target_1"),
        ({"target_2": "1"}, "target_2"),
        ({"counted": "events"}, "event"),
        ({"counted": "sum", "event": "run"}, "number"),
        ({"key": "Not good"}, "key"),
        ({"kind": "challenge", "group": "tags", "teams": "red"}, "teams"),
        ({"kind": "challenge", "group": "tags", "teams": "red, " + "x" * 65}, "teams"),
        ({"kind": "challenge", "group": "stores", "counted": "days"}, "group"),
        ({"kind": "challenge", "starts_on": "2026-05-02", "ends_on": "2026-04-01"}, "ends_on"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(shop, manager, others, field):
    answer = manager.post(at(shop, "badge_new"), typed(**others))

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}


def test_money_is_typed_as_people_write_it(shop, manager):
    manager.post(at(shop, "badge_new"), typed(counted="spend", target_1="10.50", target_2="20"))

    assert [level["target"] for level in find(shop).definition["levels"]] == ["1050", "2000"]
    assert 'value="10.5"' in manager.get(at(shop, "badge_edit", "regular")).content.decode()


def test_the_preview_draws_what_is_typed(shop, manager):
    headers = {"HX-Request": "true", "HX-Target": "preview"}

    page = manager.post(at(shop, "badge_new"), typed(do="say", name_en="Earlybird"), headers=headers)

    assert page.status_code == 200
    assert "Earlybird" in page.content.decode()
    assert "#shield" in page.content.decode()
    assert "<html" not in page.content.decode()


def test_a_badge_shows_who_has_it_and_how_far_members_are(shop):
    put_up(shop, "regular", definition=goal("orders", 1, 1000))
    run(NOW)
    page = text_of(signed_in(hire(shop, Role.ANALYST)).get(at(shop, "badge", "regular")))

    assert "Won lately" in page
    assert "Amelia" in page
    assert "0% to 20%" in page


def test_the_page_of_a_member_tells_the_badges(shop):
    put_up(shop, "regular", definition=goal("orders", 1, 1000), names={"en": "Regular guest"})
    put_up(shop, "never", definition=goal("events", 1, event="run"), names={"en": "Runner"})
    run(NOW)
    analyst = signed_in(hire(shop, Role.ANALYST))

    page = text_of(analyst.get(at(shop, "member", b.find(shop, "anna").number)))

    assert "Regular guest" in page
    assert "Runner" not in page


def test_a_challenge_of_teams_is_typed_and_shown_again(shop, manager):
    others = {"kind": "challenge", "group": "tags", "teams": "red, blue", "counted": "spend", "least": "7.50"}

    answer = manager.post(at(shop, "badge_new"), typed(**others))

    assert answer.status_code == 302
    assert find(shop).definition["group"] == {"by": "tags", "tags": ["red", "blue"], "least": "750"}
    form = manager.get(at(shop, "badge_edit", "regular")).context["form"]
    assert [form[name].value() for name in ("group", "teams", "least")] == ["tags", "red, blue", "7.5"]
    assert "Teams by tag" in text_of(manager.get(at(shop, "badge", "regular")))


def test_staff_see_how_far_teams_are(shop):
    definition = together("stores", 2, 4, least=1)
    put_up(shop, "race", kind="challenge", definition=definition, names={"en": "Race"}, **DAYS)
    b.record(
        shop, b.order("t1", "2026-02-01", 900, store="quay"), b.order("t2", "2026-02-01", 900, member="ben", store="quay")
    )  # fmt: skip
    run(NOW)

    page = text_of(signed_in(hire(shop, Role.ANALYST)).get(at(shop, "badge", "race")))

    assert "Stores against each other" in page
    assert "How far teams are" in page


def test_staff_know_a_household_by_its_head(shop):
    with scope(program=shop):
        Unit.objects.update(is_shared=True)
    rulebook.touch(shop)
    places.found(program=shop, member=b.find(shop, "anna"), now=b.moment("2026-02-01"))
    put_up(shop, "homes", kind="challenge", definition=together("households", 2), **DAYS)
    b.record(shop, b.order("t1", "2026-02-02", 900))
    run(NOW)

    page = text_of(signed_in(hire(shop, Role.ANALYST)).get(at(shop, "badge", "homes")))

    assert "Household of Amelia" in page


# --- portal -----------------------------------------------------------------------------------------------------------


def mine(shop, name="badges", *args):
    return reverse(f"portal:{name}", args=[shop.slug, *args])


def test_a_member_sees_what_is_won_and_what_is_missing(shop):
    put_up(shop, "first", definition=goal("orders", 1), names={"en": "First steps"})
    put_up(shop, "many", definition=goal("orders", 1000), names={"en": "Thousand"})
    run(NOW)

    page = text_of(enter(shop).get(mine(shop)))

    assert (
        page.index("Won") < page.index("First steps") < page.index("Still to be won") < page.index("Thousand")
    )
    assert "to go" in page
    assert "First steps" in text_of(enter(shop).get(mine(shop, "home")))


def test_a_challenge_is_joined_with_a_name_and_left(shop):
    put_up(
        shop,
        "week",
        kind="challenge",
        needs_joining=True,
        has_board=True,
        definition=goal("orders", 3),
        **DAYS,
    )
    client = enter(shop)

    answer = client.post(
        mine(shop, "badge", "week"), {"do": "join", "is_shown": "on", "shown_as": "Lighthouse"}
    )
    run(NOW)

    assert answer.status_code == 302
    assert "Lighthouse" in text_of(client.get(mine(shop, "badge", "week")))

    bad = client.post(
        mine(shop, "badge", "week"), {"do": "join", "is_shown": "on", "shown_as": "a@b.example"}
    )
    assert bad.status_code == 422
    assert bad.context["form"].errors.keys() == {"shown_as"}

    client.post(mine(shop, "badge", "week"), {"do": "leave"})
    with scope(program=shop):
        assert not ChallengeEntry.objects.exists()


def test_drafts_and_others_badges_are_not_there(shop):
    other = b.open_program()
    put_up(other, "theirs", definition=goal("orders", 1))
    client = enter(shop)

    assert client.get(mine(shop, "badge", "theirs")).status_code == 404
    assert client.get(mine(shop, "badge", "none")).status_code == 404
    put_up(shop, "plain", definition=goal("orders", 1))
    assert client.post(mine(shop, "badge", "plain"), {"do": "join"}).status_code == 422


def test_a_member_sees_the_team_and_the_own_part(shop):
    put_up(
        shop,
        "all",
        kind="challenge",
        definition=together("all", 1000, least=500),
        names={"en": "Thousand together"},
        **DAYS,
    )
    b.record(shop, b.order("t1", "2026-02-01", 900, member="ben"))
    run(NOW)

    page = text_of(enter(shop).get(mine(shop, "badge", "all")))

    assert "Everybody together" in page
    assert "Of it from you" in page
    assert "more from you, and you have a part in what your team reaches" in page
    assert "Teams" not in page
    assert "Taking part" not in page


def test_teams_are_listed_and_households_are_not(shop):
    put_up(shop, "race", kind="challenge", definition=together("tags", 9, tags=["red", "blue"]), **DAYS)
    put_up(shop, "home", kind="challenge", definition=together("households", 9), **DAYS)
    tags.add_each(program=shop, member_ids=[b.find(shop, "anna").pk], tag="red", now=NOW)
    run(NOW)
    client = enter(shop)

    assert "red" in text_of(client.get(mine(shop, "badge", "race")))
    assert client.get(mine(shop, "badge", "home")).context["teams"] == []
    assert client.get(mine(shop)).status_code == 200
