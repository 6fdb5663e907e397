"""What has ended may be had back once, for some days and within a budget (11)."""

import pytest
from django.test import Client
from django_scopes import scope

from loyaltysite.kit import clock
from members.models import AuditEntry, Role
from rewards import checking, ledger, reinstatements, settling
from rewards.models import Reinstatement, Unit
from tests.members.api_shop import Shop
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

UNIT = {
    "expiry": {"kind": "days", "count": 30},
    "grace_days": 10,
    "names": {"en": {"one": "Star", "other": "Stars"}},
}
NOW = "2026-02-15"


@pytest.fixture
def program():
    """Anna's 100 points could be used to the end of 9 February."""
    program = b.open_program(units={"points": UNIT})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    settling.settle_due(program=program, now=b.moment("2026-02-10"))
    return program


def offers(program, at=NOW, member="anna"):
    return reinstatements.offers(program=program, member=b.find(program, member), now=b.moment(at))


def reinstate(program, lot_id=None, at=NOW, **given):
    lot_id = lot_id or b.lots(program)[0].pk
    return reinstatements.reinstate(
        program=program, member=b.find(program, "anna"), lot_id=lot_id, now=b.moment(at), **given
    )


def test_a_lot_comes_back_for_the_days_of_grace(program):
    (offer,) = offers(program)

    done = reinstate(program)

    assert (offer.amount, offer.until) == (100, b.moment("2026-02-20T00:00"))
    assert done.active == 100
    assert b.movements(program)[-1] == ("reinstate", 0, 100, 0)  # 11
    old, new = b.lots(program)
    assert (new.origin_id, new.expires_at) == (old.pk, b.moment("2026-02-26T00:00"))
    assert offers(program) == []
    assert checking.run(program=program, verify=True).faults == []


def test_once_only(program):
    reinstate(program)

    with pytest.raises(reinstatements.NotOffered):
        reinstate(program)
    settling.settle_due(program=program, now=b.moment("2026-02-27"))

    assert offers(program, "2026-02-27") == []  # what was given back does not come back again
    assert b.balance(program) == Balance()


@pytest.mark.parametrize(("at", "count"), [("2026-02-19T23:59", 1), ("2026-02-20T00:00", 0)])
def test_the_grace_ends_with_its_last_day(program, at, count):
    assert len(offers(program, at)) == count


def test_what_was_spent_is_not_offered(program):
    b.record(program, b.order("B", "2026-02-11", 10_000))
    b.spend(program, 60, "2026-02-12")
    settling.settle_due(program=program, now=b.moment("2026-03-15"))

    assert [offer.amount for offer in offers(program, "2026-03-16")] == [40]


def test_the_budget_is_everybodys(program):
    b.record(program, b.order("B", "2026-01-10", 5000, member="ben"), now="2026-01-11")
    settling.settle_due(program=program, now=b.moment("2026-02-10"))
    b.change_unit(program, grace_budget=120)
    (of_ben,) = offers(program, member="ben")
    reinstate(program)

    with pytest.raises(reinstatements.BudgetSpent):
        reinstatements.reinstate(
            program=program, member=b.find(program, "ben"), lot_id=of_ben.lot_id, now=b.moment(NOW)
        )

    assert b.balance(program, "ben") == Balance()
    with scope(program=program):
        assert Unit.objects.get().grace_spent == 100
        assert Reinstatement.objects.count() == 1


def test_what_comes_back_repays_arrears_first(program):
    b.record(program, b.order("B", "2026-02-11", 3000))
    b.spend(program, 30, "2026-02-12")
    b.record(program, b.bring_back("R", "2026-02-13", order="B"))

    done = reinstate(program)

    assert done.active == 70  # 26
    assert checking.run(program=program, verify=True).faults == []


def test_nobody_has_anothers_back(program):
    b.join(program, "ben")

    with pytest.raises(reinstatements.NotOffered):
        reinstatements.reinstate(
            program=program, member=b.find(program, "ben"), lot_id=b.lots(program)[0].pk, now=b.moment(NOW)
        )


def test_staff_give_back_with_a_reason(program, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: b.moment(NOW))
    client, number, lot = (
        as_staff(program, Role.MANAGER),
        b.find(program, "anna").number,
        b.lots(program)[0].pk,
    )
    address = f"/dashboard/{program.slug}/members/{number}/do/reinstate/"

    page = client.get(address)
    refused = client.post(address, {"lot": lot})
    done = client.post(address, {"lot": lot, "reason": "Shop was closed"})

    assert "100 Stars, last day 9 Feb 2026" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert (refused.status_code, done.status_code) == (422, 302)
    assert b.balance(program) == Balance(active=100)
    with scope(program=program):
        entry = AuditEntry.objects.get(action="points.reinstate")
    assert (entry.reason, entry.after["amount"]) == ("Shop was closed", 100)


def test_the_api_offers_and_gives_back_once(monkeypatch):
    shop = Shop(b.open_program(units={"points": UNIT}))
    b.record(shop.program, b.order("A", "2026-01-10", 10_000))
    settling.settle_due(program=shop.program, now=b.moment("2026-02-10"))
    monkeypatch.setattr(clock, "now", lambda: b.moment(NOW))
    member, lot = b.find(shop.program, "anna").pk, b.lots(shop.program)[0].pk
    path = f"members/{member}/reinstatements"

    offered = shop.get(path).json()["items"]
    first = shop.post(path, {"lot": lot}, key="k1")
    again = shop.post(path, {"lot": lot}, key="k1")
    other = shop.post(path, {"lot": lot}, key="k2")

    assert [(each["lot"], each["amount"]) for each in offered] == [(lot, 100)]
    assert (first.status_code, first.json()["active"]) == (201, 100)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (409, "not_offered")
    assert shop.get(path).json()["items"] == []


def test_a_blocked_member_gets_nothing_back(program):
    with scope(program=program):
        member = b.find(program, "anna")
        member.state = "blocked"
        member.save(update_fields=["state"])

    with pytest.raises(ledger.MemberNotActive):
        reinstate(program)


def test_visitors_are_sent_to_sign_in(program):
    response = Client().post(f"/p/{program.slug}/lots/back/", {"lot": b.lots(program)[0].pk})

    assert response.status_code == 302
    assert "sign-in" in response["Location"]
