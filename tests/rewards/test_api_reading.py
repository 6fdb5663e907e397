"""What the API tells of orders, points, tiers and rules; and that a program is a wall."""

from __future__ import annotations

import json

import pytest
from django_scopes import scope

from loyaltysite.kit import clock
from members.api import docs
from members.models import AuditEntry, Member, Program, Scope, Store, TeamMembership
from rewards import redemptions
from rewards.models import EarningRule, Wallet
from tests.members.api_shop import Shop, order
from tests.rewards import builders
from tests.rewards.builders import open_program
from tests.rewards.catalogue import put_up

pytestmark = pytest.mark.django_db

SHIPPING = {
    "amount": {"kind": "fixed", "points": "10"},
    "conditions": {"field": "order.channel", "op": "=", "value": "app"},
}


@pytest.fixture
def shop():
    program = open_program(
        rules={**builders.BASE, "app": SHIPPING},
        tiers={"base": (0, {}), "gold": (5000, {"points": "3/2"})},
        stores=["quay", "harbour"],
    )
    return Shop(program)


@pytest.fixture
def sent(shop):
    return shop.post("orders", order("1001", 2400, store="quay", channel="web")).json()


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


# --- rules ------------------------------------------------------------------------------------------------------------

DOUBLE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "2", "per_minor": 100},
}


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


# --- the wall ---------------------------------------------------------------------------------------------------------


NOWHERE = {
    "member_id": 1,
    "order_id": 1,
    "wallet_id": 1,
    "rule": "none",
    "store_id": 1,
    "merge_id": 1,
    "redemption_id": 1,
}


def every_call():
    """Every documented call, with what it may be sent."""
    for path, methods in json.loads(docs._document())["paths"].items():
        for method, call in methods.items():
            content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = content.get("examples") or {
                "": {"value": {"name": "X", "definition": DOUBLE, "reason": "x"}}
            }
            yield method, path, next(iter(examples.values()))["value"]


def test_ids_of_another_program_do_not_exist(shop, sent):
    stranger = Shop(open_program())
    stranger.post("orders", order("7"))
    with scope(program=shop.program):
        wallet = Wallet.objects.get()
        store = Store.objects.get(code="quay")
    shop.post("rules", {"name": "Ours", "definition": DOUBLE})
    other = shop.post("orders", order("8", member={"kind": "card", "value": "8", "joins": True})).json()
    merged = shop.post(f"members/{sent['member']}/merge", {"gone": other["member"], "reason": "Same"}).json()
    put_up(shop.program, "mug", price={}, per_member=9)
    with scope(program=shop.program):
        anna = Member.objects.get(pk=sent["member"])
    held = redemptions.reserve(program=shop.program, member=anna, reward="mug", key="k", now=clock.now())
    ids = {
        "member_id": sent["member"],
        "order_id": sent["order"],
        "wallet_id": wallet.pk,
        "rule": "ours",
        "store_id": store.pk,
        "merge_id": merged["id"],
        "redemption_id": held.pk,
    }
    met = 0
    for method, path, content in every_call():
        if "{" not in path:
            continue
        address = path.removeprefix("/api/v1/").format(**ids)

        response = stranger.send(method.upper(), address, content)
        ours = shop.send(method.upper(), address, content)

        assert (response.status_code, response.json()["code"]) == (404, "not_found"), (method, path)
        # The examples of a merge and a transfer name a second member, who does not exist here.
        has_other = path.endswith(("/merge", "/transfers"))
        assert ours.status_code != 404 or has_other, (method, path, ours.content)
        met += 1
    assert met >= 12


def test_filters_with_ids_of_another_program_find_nothing(shop, sent):
    stranger = Shop(open_program())

    assert stranger.get("orders", member=sent["member"]).json()["items"] == []
    assert stranger.get("events", member=sent["member"]).json()["items"] == []
    assert stranger.get("orders", external_id="1001", source="shop").json()["items"] == []


def test_every_call_needs_its_scope(shop):
    keys = {}
    for method, path, content in every_call():
        address = path.removeprefix("/api/v1/").format_map(NOWHERE)
        needed = needs(method, address)
        for held in (needed, *({*Scope.values} - {each} for each in sorted(needed))):
            name = frozenset(held)
            key = keys[name] = keys.get(name) or Shop(shop.program, scopes=name)

            code = key.send(method.upper(), address, content).status_code

            assert (code == 403) == (held != needed), (method, path, held, code)


def test_the_document_says_which_scopes_a_call_needs():
    for path, methods in json.loads(docs._document())["paths"].items():
        for method, call in methods.items():
            (roles,) = [scheme["key"] for scheme in call["security"]]

            assert set(roles) == needs(method, path.removeprefix("/api/v1/")), (method, path)
            assert all(f"`{role}`" in call["description"] for role in roles), (method, path)


@pytest.mark.parametrize("deed", ["close", "merge"])
def test_who_may_only_change_members_moves_no_points_by_ending_one(shop, sent, deed):
    other = shop.post("orders", order("1002", 1000, member={"kind": "card", "value": "77", "joins": True}))
    key = Shop(shop.program, scopes=["members:read", "members:write"])
    wish = {"reason": "x"} | ({"forfeits": True} if deed == "close" else {"gone": other.json()["member"]})

    told = key.post(f"members/{sent['member']}/{deed}", wish)

    assert (told.status_code, told.json()["code"]) == (403, "scope_missing")
    assert "points:write" in told.json()["detail"]
    assert builders.balance(shop.program).active == 24


def needs(method, address):
    area = address.split("/")[0]
    if address.endswith(("close", "merge")) or (area == "merges" and method == "post"):
        return {"members:write", "points:write"}
    if address.endswith("spends") or (area, method) == ("codes", "post"):
        return {"points:spend"}
    if "redemptions" in address and not (method == "get" and area == "members"):
        return {"points:write"} if address.endswith(("cancel", "fail")) else {"points:spend"}
    if area == "merges":
        return {"members:read", "points:read"}
    what = "read" if method == "get" or address.endswith("preview") else "write"
    if address.endswith(
        ("wallets", "entries", "adjustments", "reinstatements", "redemptions", "transfers", "/rewards")
    ):
        area = "points"
    elif area in {"program", "tiers", "stores", "rewards"}:
        area = "program"
    elif area in {"payments", "cancellations", "returns", "events"}:
        area = "orders"
    return {f"{area}:{what}"}


# --- the end of a membership ------------------------------------------------------------------------------------------


def test_a_member_is_closed_and_forfeits_once(shop, sent):
    path = f"members/{sent['member']}/close"

    first = shop.post(path, {"reason": "Asked for it", "forfeits": True}, key="one")
    again = shop.post(path, {"reason": "Asked for it", "forfeits": True}, key="one")

    assert first.json() == {"member": sent["member"], "state": "closed"}
    assert again.content == first.content
    assert builders.balance(shop.program).active == 0
    assert shop.post("orders", order("1002")).json()["points"][0]["awarded"] == 0


def test_two_members_become_one(shop, sent):
    other = shop.post(
        "orders", order("1002", 1000, member={"kind": "card", "value": "77", "joins": True})
    ).json()

    told = shop.post(f"members/{sent['member']}/merge", {"gone": other["member"], "reason": "Same person"})

    assert told.status_code == 200
    assert told.json()["kept"] == sent["member"]
    assert shop.get(f"members/{other['member']}").json()["merged_into"] == sent["member"]
    assert shop.get("members", card="77").json()["items"][0]["id"] == sent["member"]
    assert builders.balance(shop.program).active == 34


@pytest.fixture
def merged(shop, sent):
    """anna with 24 points and the card 77 with 10, made one; then all but 4 are taken."""
    other = shop.post(
        "orders", order("1002", 1000, member={"kind": "card", "value": "77", "joins": True})
    ).json()
    made = shop.post(f"members/{sent['member']}/merge", {"gone": other["member"], "reason": "Same"}).json()
    wish = {"unit": "points", "amount": -30, "reason": "Voucher"}
    shop.post(f"members/{sent['member']}/adjustments", wish)
    return made


def test_what_undoing_a_merge_would_do_is_seen_and_nothing_is_written(shop, merged):
    seen = shop.get(f"merges/{merged['id']}/undo").json()

    assert (seen["orders"], seen["identities"]) == (1, 1)
    assert set(seen["ways"]) == {"user", "shared", "owner", "shop"}
    (part,) = seen["ways"]["shop"]
    assert (part["used"], part["given"]) == (6, 6)
    assert part["gone"] == {"active": 10, "pending": 0, "arrears": 0}
    assert builders.balance(shop.program).active == 4


def test_a_merge_is_undone_once_and_borne_as_chosen(shop, merged):
    wish = {"bearing": "shop", "reason": "Father and son"}

    first = shop.post(f"merges/{merged['id']}/undo", wish, key="one")
    again = shop.post(f"merges/{merged['id']}/undo", wish, key="one")
    other = shop.post(f"merges/{merged['id']}/undo", wish)

    assert first.status_code == 200
    assert first.json() | {"fact": 0} == merged | {"fact": 0}
    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (409, "undone_already")
    (mine,) = shop.get(f"members/{merged['kept']}/wallets").json()["items"]
    (theirs,) = shop.get(f"members/{merged['gone']}/wallets").json()["items"]
    assert (mine["active"], theirs["active"]) == (0, 10)
    (listed,) = shop.get(f"members/{merged['gone']}/merges").json()["items"]
    assert listed["id"] == merged["id"]
    assert listed["undone_at"]
    assert shop.get(f"merges/{merged['id']}/undo").json()["code"] == "undone_already"


def test_a_member_cannot_be_merged_with_a_stranger(shop, sent):
    stranger = Shop(open_program()).post("orders", order("7")).json()

    told = shop.post(f"members/{sent['member']}/merge", {"gone": stranger["member"], "reason": "x"})

    assert (told.status_code, told.json()["code"]) == (404, "not_found")


def test_above_the_authors_limit_a_second_person_decides(shop, sent):
    Program.objects.filter(pk=shop.program.pk).update(adjust_limits={"owner": {"points": 40}})

    told = shop.post(
        f"members/{sent['member']}/adjustments", {"unit": "points", "amount": 50, "reason": "Late"}
    )

    assert (told.status_code, told.json()["status"]) == (202, "waiting")
    assert builders.balance(shop.program).active == 24


@pytest.mark.parametrize("change", ["gone", "manager"])
def test_a_key_whose_author_is_owner_no_longer_does_nothing(shop, sent, change):
    """However that came about: teams.remove() ends keys or hands them over, the operators' pages do not."""
    places = TeamMembership.objects.filter(user=shop.key.created_by)
    places.delete() if change == "gone" else places.update(role=change)

    for told in (
        shop.post(f"members/{sent['member']}/adjustments", {"unit": "points", "amount": 5, "reason": "Late"}),
        shop.post("orders", order("1002")),
        shop.get("members"),
    ):
        assert (told.status_code, told.json()["code"]) == (403, "author_gone")
    assert builders.balance(shop.program).active == 24
