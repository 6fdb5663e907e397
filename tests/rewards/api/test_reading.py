"""What a shop reads over the API, adjusts and sets: orders, points, stores, events, rules."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import AuditEntry
from rewards.models import EarningRule
from tests.members.api_shop import order
from tests.rewards import builders
from tests.rewards.api.rules import DOUBLE

pytestmark = pytest.mark.django_db


def test_an_order_is_read_with_its_lines(shop, sent):
    told = shop.get(f"orders/{sent['order']}").json()

    assert told["external_id"] == "1001"
    assert told["member"] == sent["member"]
    assert (told["store"], told["channel"], told["state"]) == ("quay", "web", "paid")
    assert told["occurred_at"] == "2026-03-01T10:00:00Z"
    assert [(line["sku"], line["quantity"], line["amount_minor"]) for line in told["lines"]] == [
        ("MUG-1", 2, 2400)
    ]


def test_an_order_is_found_by_its_number_and_its_member(shop, sent):
    shop.post("orders", order("1002"))

    by_number = shop.get("orders", source="shop", external_id="1001").json()["items"]
    by_member = shop.get("orders", member=sent["member"]).json()["items"]

    assert [each["id"] for each in by_number] == [sent["order"]]
    assert {each["external_id"] for each in by_member} == {"1001", "1002"}
    assert shop.get("orders").json()["code"] == "filter_missing"


def test_an_order_shows_the_lines_of_its_present_revision(shop, sent):
    shop.post("orders", order("1001", 900, store="quay", channel="web", revision=1))

    told = shop.get(f"orders/{sent['order']}").json()

    assert [line["amount_minor"] for line in told["lines"]] == [900]


def test_every_rule_is_explained(shop, sent):
    told = shop.get(f"orders/{sent['order']}/explanation").json()

    (award,) = told["awards"]
    assert (award["rule"], award["version"], award["awarded"]) == ("base", 1, 24)
    assert award["steps"][0]["amount"] == "24"
    reasons = {each["rule"]: each for each in told["reasons"]}
    assert reasons["base"]["has_fired"]
    assert not reasons["app"]["has_fired"]
    assert reasons["app"]["code"] == "conditions"
    assert reasons["app"]["missing"][0]["field"] == "order.channel"


def test_an_explanation_tells_what_a_return_took(shop, sent):
    shop.post(
        "returns",
        {
            "source": "shop", "external_id": "r", "order": "1001", "occurred_at": "2026-03-02T10:00:00Z",
            "lines": [{"sku": "MUG-1", "quantity": 1}],
        },
    )  # fmt: skip

    (settled,) = shop.get(f"orders/{sent['order']}/explanation").json()["settlements"]

    assert (settled["unit"], settled["reversed"], settled["from_own"]) == ("points", 12, 12)


def test_a_preview_writes_nothing_and_its_quote_is_kept(shop, sent):
    told = shop.post("orders/preview", order("1002", 1000)).json()
    before = builders.balance(shop.program).active
    with scope(program=shop.program):
        EarningRule.objects.get(key="base")
    builders.publish(
        shop.program,
        "base",
        {"amount": {"kind": "per_amount", "points": "9", "per_minor": 100}},
        since="2026-02-01",
    )

    kept = shop.post("orders", order("1002", 1000, quote=told["quote"])).json()

    assert told["points"][0]["awarded"] == 10
    assert before == 24
    assert kept["points"][0]["awarded"] == 10


def test_a_preview_of_what_cannot_be_says_why(shop):
    response = shop.post("orders/preview", order(store="nowhere"))

    assert response.status_code == 422
    assert (response.json()["code"], response.json()["field"]) == ("store_unknown", "store")


def test_wallets_and_entries_are_read(shop, sent):
    shop.post("orders", order("1002", 1000))

    (wallet,) = shop.get(f"members/{sent['member']}/wallets").json()["items"]
    first = shop.get(f"wallets/{wallet['id']}/entries", limit=1).json()
    second = shop.get(f"wallets/{wallet['id']}/entries", cursor=first["next"]).json()

    assert (wallet["unit"], wallet["active"], wallet["precision"]) == ("points", 34, 0)
    assert [lot["remaining"] for lot in wallet["lots"]] == [24, 10]
    assert [entry["seq"] for entry in first["items"] + second["items"]] == [2, 1]
    assert second["next"] is None
    assert first["items"][0]["after"]["active"] == 34
    assert first["items"][0]["change"]["active"] == 10


def test_points_are_adjusted_once_for_a_key(shop, sent):
    wish = {"unit": "points", "amount": 50, "reason": "Parcel came late"}

    first = shop.post(f"members/{sent['member']}/adjustments", wish, key="one")
    again = shop.post(f"members/{sent['member']}/adjustments", wish, key="one")

    assert first.status_code == 201
    assert first.json()["active"] == 74
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert builders.balance(shop.program).active == 74
    assert "Parcel" not in first.content.decode()


def test_a_refused_adjustment_stays_refused_for_its_key(shop, sent):
    wish = {"unit": "points", "amount": -30, "reason": "Mistake"}
    path = f"members/{sent['member']}/adjustments"

    first = shop.post(path, wish, key="one")
    shop.post("orders", order("1002", 1000))
    again = shop.post(path, wish, key="one")
    fresh = shop.post(path, wish)

    assert (first.status_code, first.json()["code"]) == (422, "insufficient_points")
    assert first.json()["params"] == {"missing": 6}
    assert again.content == first.content
    assert fresh.json()["active"] == 4


def test_where_a_member_stands(shop, sent):
    told = shop.get(f"members/{sent['member']}/standing").json()

    assert (told["tier"], told["next_tier"], told["missing"]) == ("base", "gold", 2600)


def test_a_store_is_added_named_anew_and_closed(shop):
    made = shop.post("stores", {"code": "Lane-2", "name": " Harbour Lane "})
    again = shop.post("stores", {"code": "Lane-2", "name": "Other"})
    address = f"stores/{made.json()['id']}"
    shop.post("orders", order("1", store="Lane-2"))
    changed = shop.send("PATCH", address, {"is_active": False})
    named = shop.send("PATCH", address, {"name": "Lane"})

    assert made.status_code == 201
    assert (made.json()["name"], made.json()["is_active"]) == ("Harbour Lane", True)
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (
        409, "store_code_taken", "code",
    )  # fmt: skip
    assert changed.json() == made.json() | {"is_active": False}
    assert shop.get(address).json() == named.json() == changed.json() | {"name": "Lane"}
    assert shop.get("orders", external_id="1").json()["items"][0]["store"] == "Lane-2"
    with scope(program=shop.program):
        entries = AuditEntry.objects.filter(subject="store", subject_id="Lane-2").order_by("pk")
        assert [(each.action, each.actor) for each in entries] == [
            ("store.add", shop.key.created_by),
            ("store.change", shop.key.created_by),
            ("store.change", shop.key.created_by),
        ]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"code": "with space", "name": "x"}, "store_code_invalid"),
        ({"code": "-quay", "name": "x"}, "store_code_invalid"),
        ({"code": "a\n", "name": "x"}, "store_code_invalid"),
        ({"code": "ok", "name": "  "}, "store_name_missing"),
        ({"code": "ok"}, "invalid"),
        ({"code": "ok", "name": "x", "is_active": False}, "invalid"),
    ],
)
def test_what_cannot_be_a_store_is_refused(shop, wish, code):
    told = shop.post("stores", wish)

    assert (told.status_code, told.json()["code"]) == (422, code)
    assert len(shop.get("stores").json()["items"]) == 2


def test_what_the_program_is(shop):
    program = shop.get("program").json()
    tiers = shop.get("tiers").json()["items"]
    stores = shop.get("stores", limit=1).json()

    assert (program["currency"], program["units"][0]["key"]) == ("EUR", "points")
    assert [(tier["key"], tier["threshold"]) for tier in tiers] == [("base", 0), ("gold", 5000)]
    assert stores["items"][0]["code"] == "quay"
    assert shop.get("stores", cursor=stores["next"]).json()["items"][0]["code"] == "harbour"


def test_events_earn_and_are_logged(shop, sent):
    builders.publish(
        shop.program,
        "review",
        {"trigger": {"on": "event", "kind": "review.written"}, "amount": {"kind": "fixed", "points": "5"}},
    )

    told = shop.post(
        "events",
        {
            "external_id": "e1", "kind": "review.written", "occurred_at": "2026-03-02T10:00:00Z",
            "member": {"kind": "email", "value": "anna@example.com"}, "data": {"stars": 5},
        },
    ).json()  # fmt: skip
    log = shop.get("events", kind="event.review.written").json()["items"]

    assert told["points"][0]["awarded"] == 5
    assert [(event["fact"], event["member"]) for event in log] == [(told["fact"], sent["member"])]


def test_a_rule_is_drafted_published_and_retired(shop):
    begun = shop.post("rules", {"name": "Double", "definition": DOUBLE}).json()
    nothing_yet = shop.post("orders/preview", order()).json()["points"][0]["awarded"]
    published = shop.post(
        f"rules/{begun['key']}/publish", {"revision": begun["draft"]["revision"], "reason": "Spring"}
    ).json()
    retired = shop.post(f"rules/{begun['key']}/retire", {"reason": "Over"}).json()

    assert begun["state"] == "draft"
    assert nothing_yet == 24
    assert (published["state"], published["draft"]) == ("live", None)
    assert published["versions"][0]["number"] == 1
    assert published["versions"][0]["reason"] == "Spring"
    assert retired["state"] == "retired"


def test_a_draft_that_somebody_else_saved_is_not_overwritten(shop):
    key = shop.post("rules", {"name": "Double", "definition": DOUBLE}).json()["key"]
    shop.send("PUT", f"rules/{key}/draft", {"name": "Double", "definition": DOUBLE, "revision": 1})

    late = shop.send("PUT", f"rules/{key}/draft", {"name": "Mine", "definition": DOUBLE, "revision": 1})

    assert (late.status_code, late.json()["code"]) == (409, "draft_changed")
    assert shop.get(f"rules/{key}").json()["draft"]["name"] == "Double"


def test_a_rule_that_cannot_work_is_refused_with_the_path(shop):
    bad = DOUBLE | {"amount": {"kind": "per_amount", "points": "x", "per_minor": 100}}

    told = shop.post("rules", {"name": "Bad", "definition": bad}).json()

    assert (told["code"], told["field"]) == ("rule_invalid", "amount.points")
