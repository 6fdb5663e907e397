"""The API shows nothing of another program, and each call needs its scope."""

from __future__ import annotations

import json

import pytest
from django_scopes import scope

from members.api import docs
from members.models import Member, Scope, Store
from rewards.models import Wallet
from tests.members.api_shop import Shop, order
from tests.rewards import belongings, builders
from tests.rewards.api.rules import DOUBLE
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db


NOWHERE = {
    "household_id": 1,
    "member_id": 1,
    "order_id": 1,
    "wallet_id": 1,
    "rule": "none",
    "store_id": 1,
    "merge_id": 1,
    "redemption_id": 1,
    "badge": "none",
    "plan": "none",
    "term_id": 1,
    "card_id": 1,
    "donation_id": 1,
    "referral_id": 1,
    "surprise_id": 1,
    "gifts_id": 1,
    "segment": "none",
    "placement_id": 1,
    "experiment_id": 1,
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
    with scope(program=shop.program):
        anna = Member.objects.get(pk=sent["member"])
    ids = {
        "member_id": sent["member"],
        "order_id": sent["order"],
        "wallet_id": wallet.pk,
        "rule": "ours",
        "store_id": store.pk,
        "merge_id": merged["id"],
        **belongings.make(shop.program, anna),
    }
    met = 0
    for method, path, content in every_call():
        if "{" not in path:
            continue
        address = path.removeprefix("/api/v1/").format(**ids)

        response = stranger.send(method.upper(), address, content)
        ours = shop.send(method.upper(), address, content)

        assert (response.status_code, response.json()["code"]) == (404, "not_found"), (method, path)
        # The examples of these name somebody or something else; who was closed before is in no household, and a challenge
        # for one has no teams.
        others = (
            "/merge", "/transfers", "/terms", "/coupons", "/add", "/remove", "/limits", "/household", "/journeys",
            "/teams",
        )  # fmt: skip
        has_other = path.endswith(others)
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


# Where the scope is not that of the first word of the address: by the last word, else by the first, and by the method.
BY_LAST = {
    ("close", "post"): {"members:write", "points:write"},
    ("merge", "post"): {"members:write", "points:write"},
    ("spends", "post"): {"points:spend"},
    ("coupons", "get"): {"points:spend"},
    ("coupons", "post"): {"points:write"},
    ("donations", "get"): {"points:read"},
    ("check", "post"): {"points:spend"},
    ("spend", "post"): {"points:spend"},
    ("terms", "post"): {"orders:write"},
    ("leave", "post"): {"orders:write"},
    ("stay", "post"): {"orders:write"},
    ("refund", "post"): {"orders:write"},
    ("withdraw", "post"): {"points:write"},
}

BY_AREA = {
    ("merges", "post"): {"members:write", "points:write"},
    ("merges", "get"): {"members:read", "points:read"},
    ("codes", "post"): {"points:spend"},
    ("gift-cards", "get"): {"points:write"},
    ("gift-cards", "post"): {"points:write"},
    ("households", "get"): {"members:read"},
    ("households", "post"): {"members:write", "points:write"},
    ("surprises", "get"): {"points:read"},
    ("surprises", "post"): {"points:write"},
    ("coupon-gifts", "get"): {"points:read"},
    ("coupon-gifts", "post"): {"points:write"},
    ("referrals", "get"): {"members:read"},
    ("referrals", "post"): {"points:write"},
}

AREAS = {
    "points": {"wallets", "entries", "adjustments", "reinstatements", "redemptions", "transfers"},
    "program": {
        "program",
        "tiers",
        "stores",
        "rewards",
        "badges",
        "plans",
        "causes",
        "segments",
        "experiments",
    },
    "orders": {"payments", "cancellations", "returns", "events"},
}


def needs(method, address):
    area, last = address.split("/")[0], address.rsplit("/", 1)[-1]
    if area == "members" and (last, method) == ("donations", "post"):
        return {"points:spend"}
    if "/badges/" in address or area == "events":
        return {
            "orders:write" if area == "events" and method == "post" else _plain(method, area, last, address)
        }
    if "redemptions" in address and not (method == "get" and area == "members"):
        return {"points:write"} if address.endswith(("cancel", "fail")) else {"points:spend"}
    found = BY_LAST.get((last, method)) or BY_AREA.get((area, method))
    return found or {_plain(method, area, last, address)}


def _plain(method, area, last, address):
    what = "read" if method == "get" or address.endswith("preview") else "write"
    if last in AREAS["points"] or (area, last) == ("members", "rewards"):
        return f"points:{what}"
    return next((f"{name}:{what}" for name, words in AREAS.items() if area in words), f"{area}:{what}")
