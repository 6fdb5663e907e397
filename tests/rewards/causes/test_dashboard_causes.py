"""Good causes on the dashboard: written, put up, paid on, ended; a gift taken back; each for the right role, audited."""

from __future__ import annotations

import re
import uuid

import pytest
import time_machine
from django_scopes import scope

from members.models import AuditEntry, Role
from rewards.causes import editing
from rewards.models import Cause, Payout, Reward
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.causes.house import give, open_house, put_up, total
from tests.rewards.test_portal_rewards import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(b.moment("2026-02-03"), tick=False):
        yield


@pytest.fixture
def program():
    program = open_house(languages=["en", "ar"])
    give(program, 120)
    return program


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def url(program, rest=""):
    return f"/dashboard/{program.slug}/causes/{rest}"


def find(program, key="lighthouse"):
    with scope(program=program):
        return Cause.objects.get(key=key)


def pay(client, program, amount="0.50", **more):
    typed = {"amount": amount, "paid_on": "2026-02-02", "reference": "SEPA 1", "key": str(uuid.uuid4())}
    return client.post(url(program, "lighthouse/pay/"), typed | more)


def test_the_list_tells_given_paid_and_open(program):
    put_up(program, "draft", is_live=False)
    client = as_staff(program, Role.ANALYST)

    answer = client.get(url(program))

    assert [row["one"].key for row in answer.context["rows"]] == ["lighthouse", "draft"]
    assert re.search(r"Lighthouse Live 1 €1.20 €0.00 €1.20", text_of(answer))
    assert "New cause" not in text_of(answer)


def test_a_cause_is_written_put_up_and_ended(program, manager):
    typed = {
        "key": "forest", "name_en": "The forest", "name_ar": "الغابة", "story_en": "Trees", "least_points": "25",
        "goal_minor": "5000.00", "link": "https://forest.example/",
    }  # fmt: skip

    made = manager.post(url(program, "new/"), typed)
    one = find(program, "forest")
    assert made["Location"] == url(program, "forest/")
    assert (one.state, one.accepts, one.goal_minor) == ("draft", {"points": 25}, 500_000)
    assert one.names == {"en": "The forest", "ar": "الغابة"}

    manager.post(url(program, "forest/move/"), {"to": "live"})
    assert find(program, "forest").state == "live"
    changed = {**typed, "name_en": "The wood", "revision": str(find(program, "forest").revision)}
    manager.post(url(program, "forest/edit/"), changed)
    assert find(program, "forest").names["en"] == "The wood"
    manager.post(url(program, "forest/move/"), {"to": "ended"})
    assert find(program, "forest").state == "ended"
    with scope(program=program):
        actions = AuditEntry.objects.filter(subject="cause", subject_id="forest").order_by("pk")
        assert [entry.action for entry in actions] == [
            "cause.create", "cause.publish", "cause.change", "cause.end",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name_en": ""}, "name_en"),
        ({"key": "lighthouse"}, "key"),
        ({"key": "No Key"}, "key"),
        ({"least_points": "0"}, "least_points"),
        ({"least_points": "1.5"}, "least_points"),
        ({"goal_minor": "-1"}, "goal_minor"),
        ({"link": "javascript:alert(1)"}, "link"),
    ],
)
def test_what_cannot_be_is_named_at_its_field(program, manager, given, field):
    typed = {"key": "forest", "name_en": "The forest", "least_points": "25"} | given

    answer = manager.post(url(program, "new/"), typed)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_who_looked_at_an_older_one_looks_anew(program, manager):
    one = find(program)
    editing.change(program=program, key=one.key, by=None, now=b.moment("2026-02-02"), goal_minor=100)

    answer = manager.post(
        url(program, "lighthouse/edit/"), {"name_en": "Other", "revision": str(one.revision)}
    )

    assert answer.status_code == 422
    assert "Somebody else has changed this cause" in text_of(answer)


def test_a_payment_is_recorded_once_and_never_above_what_is_open(program, manager):
    key = str(uuid.uuid4())

    first, again = pay(manager, program, key=key), pay(manager, program, key=key)
    more = pay(manager, program, "0.71")
    page = manager.get(url(program, "lighthouse/"))

    assert (first.status_code, again.status_code, more.status_code) == (302, 302, 422)
    assert "amount" in more.context["payment_form"].errors
    assert total(program) == (1, 120, 70)
    assert "SEPA 1" in text_of(page)
    assert "1 gift worth €1.20 in twelve months." in page.content.decode()
    with scope(program=program):
        assert Payout.objects.count() == 1


def test_a_gift_is_taken_back_with_a_reason(program, manager):
    with scope(program=program):
        gift = find(program).donations.get()
    path = url(program, f"lighthouse/gifts/{gift.pk}/")

    assert manager.post(path, {"reason": ""}).status_code == 422
    assert manager.post(path, {"reason": "typed twice"}).status_code == 302

    assert "Taken back" in text_of(manager.get(path))
    assert b.balance(program).active == 150
    assert total(program) == (0, 0, 0)


def test_an_analyst_looks_and_changes_nothing(program):
    client = as_staff(program, Role.ANALYST)

    page = client.get(url(program, "lighthouse/"))

    assert "Record the payment" not in text_of(page)
    assert pay(client, program).status_code == 403
    assert total(program) == (1, 120, 120)


def test_the_editor_of_rewards_makes_a_gift_of_a_fixed_size(program, manager):
    typed = {
        "key": "five", "kind": "donation", "cause_key": "lighthouse", "name_en": "Five for the light", "value_minor": "5.00",
        "price_points": "100", "hold_minutes": "15", "handover": "staff", "per_period": "ever",
    }  # fmt: skip
    path = f"/dashboard/{program.slug}/rewards/new/"

    refused = manager.post(path, typed | {"cause_key": ""})
    made = manager.post(path, typed)

    assert "cause_key" in refused.context["form"].errors
    assert made.status_code == 302
    with scope(program=program):
        assert Reward.objects.get(key="five").cause_key == "lighthouse"
