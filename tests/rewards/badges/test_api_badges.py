"""Badges through the API: what there is, how a member stands, joining and leaving, the leaderboard, events taken back."""

import pytest

from tests.members.api_shop import Shop, order
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, put_up, run, together

pytestmark = pytest.mark.django_db

ANNA = {"kind": "email", "value": "anna@example.com", "joins": True}
DAYS = {"starts_at": b.moment("2020-01-01"), "ends_at": b.moment("2120-01-01")}


@pytest.fixture
def shop():
    return Shop(b.open_program())


def member(shop):
    return shop.post("orders", order("1", 1000)).json()["member"]


def send(shop, number, km, who="anna"):
    content = {
        "source": "app", "external_id": number, "kind": "run", "occurred_at": "2026-03-04T20:00:00Z",
        "member": {"kind": "email", "value": f"{who}@example.com", "joins": True}, "data": {"km": km},
    }  # fmt: skip
    return shop.post("events", content).json()["member"]


def mine(shop, number):
    return {each["badge"]["key"]: each for each in shop.get(f"members/{number}/badges").json()["items"]}


def test_what_can_be_won_is_told(shop):
    put_up(shop.program, "runs", definition=goal("sum", "42.195", event="run", field="km"))

    (told,) = shop.get("badges").json()["items"]

    assert (told["key"], told["counts"], told["event"]) == ("runs", "sum", "run")
    assert [level["target"] for level in told["levels"]] == ["42.195"]


def test_a_member_sees_progress_and_wins(shop):
    put_up(shop.program, "runs", definition=goal("sum", 5, 10, event="run", field="km"))
    number = send(shop, "1", 7.5)
    run()

    told = mine(shop, number)["runs"]

    assert (told["value"], told["next"], told["takes_part"]) == ("7.5", "two", False)
    assert [win["level"] for win in told["wins"]] == ["one"]


def test_an_event_taken_back_takes_its_progress(shop):
    put_up(shop.program, "runs", definition=goal("sum", 5, event="run", field="km"))
    number = send(shop, "1", 7)
    run()
    named = {"source": "app", "kind": "run", "external_id": "1"}

    first = shop.post("events/withdraw", named)
    again = shop.post("events/withdraw", named)
    run()

    assert (first.status_code, again.status_code, again.json()["status"]) == (201, 200, "repeated")
    assert (mine(shop, number)["runs"]["value"], mine(shop, number)["runs"]["wins"]) == ("0", [])
    assert shop.post("events/withdraw", named | {"external_id": "2"}).status_code == 404


def test_a_challenge_is_joined_counted_and_left(shop):
    week = goal("sum", 5, event="run", field="km")
    put_up(
        shop.program, "week", kind="challenge", needs_joining=True, has_board=True, definition=week, **DAYS
    )
    number = send(shop, "1", 7)
    run()
    assert (mine(shop, number)["week"]["value"], mine(shop, number)["week"]["takes_part"]) == ("0", False)

    joined = shop.post(f"members/{number}/badges/week/join", {"is_shown": True, "shown_as": "Swift"})
    run()

    assert (joined.status_code, joined.json()["takes_part"]) == (200, True)
    assert mine(shop, number)["week"]["value"] == "7"
    board = shop.get("badges/week/board").json()
    assert board == {"items": [{"place": 1, "name": "Swift", "value": "7"}], "count": 1}

    assert shop.post(f"members/{number}/badges/week/leave", {}).json()["takes_part"] is False
    run()
    assert mine(shop, number)["week"]["value"] == "0"
    assert shop.get("badges/week/board").json()["items"] == []


@pytest.mark.parametrize("name", ["anna@example.com", "http://x.example", "call 0123456789", "x" * 31])
def test_a_name_on_the_board_is_no_address(shop, name):
    put_up(shop.program, "week", kind="challenge", has_board=True, definition=goal("orders", 1), **DAYS)
    number = member(shop)

    answer = shop.post(f"members/{number}/badges/week/join", {"is_shown": True, "shown_as": name})

    assert answer.status_code == 422
    assert answer.json()["field"] == "shown_as"


def test_a_challenge_that_is_over_or_of_another_program_is_not_joined(shop):
    over = {"starts_at": b.moment("2020-01-01"), "ends_at": b.moment("2020-02-01")}
    put_up(shop.program, "over", kind="challenge", definition=goal("orders", 1), **over)
    put_up(shop.program, "badge", definition=goal("orders", 1))
    number = member(shop)
    other = Shop(b.open_program())

    assert shop.post(f"members/{number}/badges/over/join", {}).json()["code"] == "challenge_over"
    assert shop.post(f"members/{number}/badges/badge/join", {}).status_code == 404
    assert other.post(f"members/{number}/badges/over/join", {}).status_code == 404
    assert other.get(f"members/{number}/badges").status_code == 404
    assert other.get("badges/over/board").status_code == 404


def test_a_challenge_of_teams_tells_the_team_and_the_own_part(shop):
    definition = together("all", 10, 30, count="sum", least=5, event="run", field="km")
    put_up(shop.program, "club", definition=definition, kind="challenge", **DAYS)
    anna, ben = send(shop, "1", 9), send(shop, "2", 3, "ben")
    run()

    told, other = mine(shop, anna)["club"], mine(shop, ben)["club"]

    assert told["badge"]["group"] == {"by": "all", "tags": [], "least": "5"}
    assert (told["value"], told["next"]) == ("12", "two")
    assert told["team"] == {"name": "all", "value": "12", "own": "9", "levels": ["one"]}
    assert [win["level"] for win in told["wins"]] == ["one"]
    assert (other["team"]["own"], other["wins"]) == ("3", [])
    assert shop.get("badges/club/teams").json() == {
        "items": [{"name": "all", "place": 1, "value": "12", "levels": ["one"], "members": 2}]
    }


def test_who_does_it_alone_has_no_teams(shop):
    put_up(shop.program, "runs", definition=goal("orders", 1))

    assert shop.get("badges/runs/teams").status_code == 404
    assert shop.get("badges/none/teams").status_code == 404
    assert mine(shop, member(shop))["runs"]["team"] is None
