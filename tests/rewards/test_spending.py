"""Spending needs the member's code or the word of staff: over the API, in the domain, on the member's page (SEMANTICS 38)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
import time_machine
from django.core.cache import cache
from django.utils import timezone
from django_scopes import scope

from members.models import AuditEntry, Fact, Identity, Program, TeamMembership
from rewards import passcodes, spending
from rewards.models import Entry, Warrant
from tests.members.api_shop import Shop, order
from tests.rewards import builders
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

NOW = builders.moment("2026-03-05T10:00:30")


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    """anna has 24 points."""
    shop = Shop(open_program())
    shop.post("orders", order())
    return shop


@pytest.fixture
def anna(shop):
    return builders.find(shop.program, "anna")


def code_of(member, *, ago=0):
    return passcodes.show(member=member, now=timezone.now() - timedelta(seconds=ago)).code


def wish(code, amount=10, **more):
    return {"unit": "points", "amount": amount, "authorization": {"kind": "code", "code": code}} | more


def override(reason="Phone broken", amount=10):
    return {"unit": "points", "amount": amount, "authorization": {"kind": "override", "reason": reason}}


def path(member):
    return f"members/{member.pk}/spends"


def warrants(shop):
    with scope(program=shop.program):
        return list(Warrant.objects.order_by("pk"))


def audited(shop):
    with scope(program=shop.program):
        return list(AuditEntry.objects.filter(action="points.spend").order_by("pk"))


# The code


def test_points_are_spent_with_the_members_code(shop, anna):
    told = shop.post(path(anna), wish(code_of(anna)))

    assert told.status_code == 201
    assert told.json() | {"fact": 0} == {
        "fact": 0, "unit": "points", "precision": 0, "spent": 10, "active": 14,
    }  # fmt: skip
    assert builders.balance(shop.program).active == 14
    (warrant,) = warrants(shop)
    assert (warrant.kind, warrant.fact_id) == ("code", told.json()["fact"])
    (entry,) = audited(shop)
    assert (entry.after["amount"], entry.reason, entry.actor) == (10, "", shop.key.created_by)


@pytest.mark.parametrize("way", ["{} {}", "{}-{}", "arabic"])
def test_a_code_is_taken_as_people_write_it(shop, anna, way):
    code = code_of(anna)
    typed = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    if way != "arabic":
        typed = way.format(code[:4], code[4:])

    assert shop.post(path(anna), wish(typed)).status_code == 201


@pytest.mark.parametrize(("ago", "status"), [(0, 201), (60, 201), (120, 422), (-60, 422)])
def test_a_code_is_good_for_its_minute_and_the_next(shop, anna, ago, status):
    assert shop.post(path(anna), wish(code_of(anna, ago=ago))).status_code == status


def test_a_code_works_once(shop, anna):
    code = code_of(anna)
    shop.post(path(anna), wish(code))

    again = shop.post(path(anna), wish(code, 5))

    assert (again.status_code, again.json()["code"]) == (422, "passcode_wrong")
    assert again.json()["field"] == "authorization.code"
    assert builders.balance(shop.program).active == 14
    assert len(warrants(shop)) == len(audited(shop)) == 1


def test_wrong_expired_and_used_codes_answer_alike(shop, anna):
    used = code_of(anna)
    shop.post(path(anna), wish(used))

    told = [
        shop.post(path(anna), wish(code)).json()
        for code in (str(int(used) + 1).zfill(8)[-8:], code_of(anna, ago=600), used)
    ]

    assert len({(each["code"], each["detail"], each["field"]) for each in told}) == 1


def test_neither_number_nor_id_nor_another_members_code_allows_anything(shop, anna):
    ben = builders.join(shop.program, "ben")

    for code in (anna.number, str(anna.pk), code_of(ben), ""):
        assert shop.post(path(anna), wish(code)).status_code == 422

    assert builders.balance(shop.program).active == 24


def test_a_refused_spending_leaves_the_code_good(shop, anna):
    too_much = shop.post(path(anna), wish(code_of(anna), 25))

    assert too_much.json()["code"] == "insufficient_points"
    assert warrants(shop) == []
    assert shop.post(path(anna), wish(code_of(anna), 24)).json()["active"] == 0


def test_guessing_ends_after_five_wrong_codes(shop, anna):
    right = code_of(anna)
    for number in range(5):
        assert shop.post(path(anna), wish(f"{number:08}")).status_code == 422

    blocked = shop.post(path(anna), wish(right), key="later")

    assert (blocked.status_code, blocked.json()["code"]) == (429, "passcode_blocked")
    assert builders.balance(shop.program).active == 24
    cache.clear()  # a quarter of an hour passes
    assert shop.post(path(anna), wish(right), key="later").status_code == 201


def test_a_right_code_forgets_the_wrong_ones(shop, anna):
    for _round in range(2):
        for number in range(4):
            shop.post(path(anna), wish(f"{number:08}"))
        assert shop.post(path(anna), wish(code_of(anna, ago=60 * _round), 1)).status_code == 201


def test_codes_that_cannot_be_counted_are_not_checked(shop, anna, monkeypatch):
    def away(*_args, **_kwargs):
        raise redis.ConnectionError

    monkeypatch.setattr(cache, "add", away, raising=False)

    told = shop.post(path(anna), wish(code_of(anna)))

    assert (told.status_code, told.json()["code"]) == (503, "passcode_unchecked")
    assert builders.balance(shop.program).active == 24


# Once


def test_a_repeat_gets_the_first_answer_also_when_its_code_has_run_out(shop, anna):
    code = code_of(anna)
    first = shop.post(path(anna), wish(code), key="one")

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        again = shop.post(path(anna), wish(code), key="one")

    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert builders.balance(shop.program).active == 14


def test_a_repeat_in_the_domain_needs_no_code(shop, anna):
    by = TeamMembership.objects.get(program=shop.program, user=shop.key.created_by)
    facts = {"program": shop.program, "member": anna, "unit": "points", "amount": 10, "by": by, "key": "k"}
    first = spending.spend(**facts, authorization=spending.Passcode(code_of(anna)), now=timezone.now())

    again = spending.spend(**facts, authorization=spending.Passcode("0"), now=timezone.now())

    assert (again.fact_id, again.repeated) == (first.fact_id, True)
    assert len(warrants(shop)) == 1


# Staff


def test_staff_answer_with_a_reason_that_is_audited_and_not_stored_elsewhere(shop, anna):
    told = shop.post(path(anna), override("Phone broken"))

    assert told.status_code == 201
    (entry,) = audited(shop)
    assert (entry.reason, entry.subject_id) == ("Phone broken", anna.number)
    (warrant,) = warrants(shop)
    assert (warrant.kind, warrant.step) == ("override", None)
    assert "broken" not in told.content.decode()


def test_who_may_spend_only_with_codes_cannot_do_without(shop, anna):
    till = Shop(shop.program, scopes=["points:spend"])

    without = till.post(path(anna), override())
    with_code = till.post(path(anna), wish(code_of(anna)))

    assert (without.status_code, without.json()["code"]) == (403, "scope_missing")
    assert "points:write" in without.json()["detail"]
    assert with_code.status_code == 201


def test_staff_stay_within_their_limit_of_adjusting(shop, anna):
    Program.objects.filter(pk=shop.program.pk).update(adjust_limits={"owner": {"points": 9}})

    over = shop.post(path(anna), override(amount=10))
    within = shop.post(path(anna), override(amount=9))
    with_code = shop.post(path(anna), wish(code_of(anna), 10))

    assert (over.status_code, over.json()["code"]) == (403, "override_too_large")
    assert over.json()["params"] == {"limit": 9}
    assert within.status_code == with_code.status_code == 201


def test_nobody_answers_for_the_own_account(shop, anna):
    with scope(program=shop.program):
        Identity.objects.create(
            program=shop.program, member=anna, kind="email", value=shop.key.created_by.email
        )

    assert shop.post(path(anna), override()).json()["code"] == "own_account"
    assert shop.post(path(anna), wish(code_of(anna))).status_code == 201


@pytest.mark.parametrize(
    ("authorization", "field"),
    [
        ({"kind": "code"}, "authorization.code"),
        ({"kind": "override"}, "authorization.reason"),
        ({"kind": "number", "number": "1"}, "authorization.kind"),
        ({"kind": "override", "reason": "x", "code": "1"}, "authorization.code"),
        ("4821", "authorization"),
        (None, "authorization"),
    ],
)
def test_what_is_no_authorization_is_named(shop, anna, authorization, field):
    told = shop.post(path(anna), {"unit": "points", "amount": 1, "authorization": authorization})

    assert told.status_code == 422
    assert field in {each["field"] for each in told.json()["errors"]}


# What it does


def test_what_was_spent_on_an_order_comes_back_with_its_return(shop, anna):
    shop.post(path(anna), wish(code_of(anna), 20, order={"source": "shop", "external_id": "2"}))
    lines = [{"sku": "CUP", "quantity": 1, "amount_minor": 1000}]
    shop.post("orders", order("2", lines=lines))
    shop.post("cancellations", {"source": "shop", "order": "2", "occurred_at": NOW.isoformat()})

    assert builders.balance(shop.program).active == 24
    with scope(program=shop.program):
        assert Entry.objects.filter(kind="restore").count() == 1
        assert Fact.objects.filter(kind="spend").count() == 1
    assert builders.wrong_wallets(shop.program) == []


def test_a_blocked_member_spends_nothing(shop, anna):
    shop.post(f"members/{anna.pk}/block", {"reason": "Card stolen"})

    told = shop.post(path(anna), wish(code_of(anna)))

    assert (told.status_code, told.json()["code"]) == (409, "member_not_active")
