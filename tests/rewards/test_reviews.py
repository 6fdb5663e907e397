"""Staff hold points for review and release them (13)."""

import pytest
from django_scopes import scope

from loyaltysite.kit import clock
from members import people
from members.models import AuditEntry, Identity, Role
from rewards import checking, holds, ledger, settling
from rewards.models import Hold
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

NAMES = {"en": {"one": "Star", "other": "Stars"}}
NOW = "2026-01-15"


@pytest.fixture
def program():
    program = b.open_program(units={"points": {"expiry": {"kind": "days", "count": 30}, "names": NAMES}})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    return program


def hold(program, amount=60, key="k", at=NOW, by=None):
    return holds.hold(
        program=program, member=b.find(program, "anna"), unit="points", amount=amount, reason="Looks odd",
        by=by or b.staff(), key=key, now=b.moment(at),
    )  # fmt: skip


def release(program, held, at="2026-01-20", **given):
    return holds.release(
        program=program, member=b.find(program, "anna"), hold_id=held.pk, reason="All well", by=b.staff(),
        now=b.moment(at), **given,
    )  # fmt: skip


def is_right(program):
    return checking.run(program=program, verify=True).faults == []


def test_held_points_are_neither_used_nor_lost(program):
    hold(program)

    with pytest.raises(ledger.InsufficientPoints):
        b.spend(program, 41, "2026-01-16")
    settling.settle_due(program=program, now=b.moment("2026-03-01"))

    assert b.balance(program) == Balance(reserved=60)  # 13
    assert is_right(program)


def test_released_they_are_as_before(program):
    release(program, hold(program))

    b.spend(program, 100, "2026-01-21")

    assert b.balance(program) == Balance()
    assert is_right(program)


@pytest.mark.parametrize(("is_ours", "active"), [(False, 0), (True, 60)])
def test_released_too_late_they_end_unless_it_was_our_mistake(program, is_ours, active):
    held = hold(program)
    settling.settle_due(program=program, now=b.moment("2026-03-01"))

    release(program, held, "2026-03-02", is_ours=is_ours)

    assert b.balance(program) == Balance(active=active)  # 13
    if is_ours:
        assert b.lots(program)[-1].expires_at == b.moment("2026-03-17T00:00")
    assert is_right(program)


def test_a_repeat_holds_once_and_a_release_is_once(program):
    first, again = hold(program), hold(program)

    release(program, first)

    assert first.pk == again.pk
    with pytest.raises(holds.AlreadyReleased):
        release(program, first)
    assert b.balance(program) == Balance(active=100)


def test_more_than_there_is_cannot_be_held(program):
    with pytest.raises(ledger.InsufficientPoints):
        hold(program, 101)

    with scope(program=program):
        assert not Hold.objects.exists()


def test_a_hold_of_a_blocked_member_is_released(program):
    held = hold(program)
    people.block(member=b.find(program, "anna"), reason="fraud", by=b.staff(), now=b.moment(NOW))

    release(program, held)

    assert b.balance(program) == Balance(active=100)


def test_nobody_holds_or_releases_ones_own(program):
    own = hire(program, Role.MANAGER)
    with scope(program=program):
        Identity.objects.create(
            program=program, member=b.find(program, "anna"), kind="email", value=own.email
        )

    with pytest.raises(people.OwnAccount):
        hold(program, by=own)


def test_a_manager_holds_and_releases_on_the_members_page(program, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: b.moment(NOW))
    client, number = as_staff(program, Role.MANAGER), b.find(program, "anna").number
    page = f"/dashboard/{program.slug}/members/{number}/"
    form = client.get(f"{page}do/hold/").context["form"]

    done = client.post(
        f"{page}do/hold/",
        {"amount": "60", "unit": "points", "reason": "Looks odd", "key": form["key"].value()},
    )
    shown = client.get(page).text
    with scope(program=program):
        held = Hold.objects.get()
    released = client.post(f"{page}do/release/?hold={held.pk}", {"reason": "All well"})

    assert (done.status_code, released.status_code) == (302, 302)
    assert "held for review by" in shown
    assert "Looks odd" in shown
    assert "held for review by" not in client.get(page).text
    assert client.post(f"{page}do/release/?hold=999", {"reason": "x"}).status_code in (404, 422)
    with scope(program=program):
        assert {e.action for e in AuditEntry.objects.all()} >= {"points.hold", "points.release"}
