"""A household for tests, and what is done in it, in few words."""

from __future__ import annotations

from django_scopes import scope

from members.models import Identity
from rewards import checking, sendings
from rewards.households import moving, parting, places
from rewards.models import Household, Wallet
from tests.rewards import builders as b

NOW = "2026-02-01"
UNIT = {"expiry": {"kind": "days", "count": 60}, "is_shared": True}


def open_home(**program):
    """Anna has 100 to 11 March and 50 to 1 April, ben 40 to 1 April; both are in one household, anna its head."""
    program = b.open_program(**{"units": {"points": UNIT}, "return_days": 0} | program)
    b.record(program, b.order("A", "2026-01-10", 10_000), now="2026-01-10")
    b.record(program, b.order("B", "2026-01-31", 5000))
    b.record(program, b.order("C", "2026-01-31", 4000, member="ben"))
    b.join(program, "cora")
    with scope(program=program):
        Identity.objects.update(verified_at=b.moment("2026-01-01"))
    places.found(program=program, member=b.find(program, "anna"), now=b.moment("2026-02-01T08:00"))
    join(program, "ben")
    return program


def join(program, name, *, head="anna", at="2026-02-01T09:00"):
    now = b.moment(at)
    to = sendings.read_contact(f"{name}@example.com")
    made = places.invite(program=program, head=b.find(program, head), to=to, now=now)
    member = b.find(program, name)
    places.answer(program=program, member=member, invitation_id=made.pk, accepts=True, now=now)


def move(program, way, amount, *, member="anna", at=NOW, key=""):
    return moving.move(
        program=program, member=b.find(program, member), way=way, unit="points", amount=amount,
        key=key or f"{way}-{amount}-{at}-{member}", now=b.moment(at),
    )  # fmt: skip


def shared(program):
    with scope(program=program):
        found = Wallet.objects.filter(holder__kind="household").order_by("pk")
        return [wallet.active for wallet in found]


def limit(program, amount, *, member="ben", head="anna"):
    places.set_limit(
        program=program, head=b.find(program, head), member=b.find(program, member), unit="points", amount=amount,
        now=b.moment(NOW),
    )  # fmt: skip


def leave(program, name, *, by=None, at=NOW):
    head = b.find(program, by) if by else None
    parting.leave(program=program, member=b.find(program, name), by=head, now=b.moment(at))


def is_right(program):
    return checking.run(program=program, verify=True).faults == []


def home_of(program):
    with scope(program=program):
        return Household.objects.order_by("pk").first()
