"""Who was forgotten and comes back: no second welcome, and what was owed is owed."""

from __future__ import annotations

from django_scopes import scope

from members import identities, people, proofs
from members.models import (
    Erasure,
    ErasureMark,
    Event,
    Identity,
    Member,
)
from members.portal import codes
from members.portal import people as portal_people
from rewards import checking, ledger
from rewards.intake.items import Who
from rewards.models import Wallet
from tests.members.erasure.person import EMAIL, MARKER, NOW, erase, order, rejoin
from tests.rewards import builders


def test_who_comes_back_by_own_will_is_a_new_member(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)

    back = rejoin(program)
    told = builders.record(program, order("C", "2026-05-02", 5000))

    assert back.pk != anna.pk
    assert told[0].member_id == back.pk
    assert builders.balance(program, MARKER).active == 50


def test_there_is_no_second_welcome(program, anna):
    first = builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)
    rejoin(program)

    second = builders.record(program, order("C", "2026-05-02", 6000))

    assert (first[0].awarded, second[0].awarded) == ({"points": 160}, {"points": 60})


def test_what_was_owed_is_owed_again(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    builders.spend(program, 160, "2026-01-11", member=MARKER)
    builders.record(program, builders.bring_back("R", "2026-01-12", "sku-6000", order="A"))
    owed = builders.balance(program, MARKER).arrears
    erase(anna)

    rejoin(program)

    assert owed > 0
    assert builders.balance(program, MARKER) == builders.Balance(arrears=owed)
    assert checking.run(program=program, verify=True).wrong == 0


def leave_in_debt(program, anna, phone="+447700900123"):
    """Anna owes 60 points, has had her welcome, and is gone."""
    with scope(program=program):
        identities.add(member=anna, kind="phone", value=phone)
    builders.record(program, order("A", "2026-01-10", 6000), order("B", "2026-01-10", 6000))
    builders.spend(program, 220, "2026-01-11", member=MARKER)
    builders.record(program, builders.bring_back("R", "2026-01-12", "sku-6000", order="B"))
    owed = builders.balance(program, MARKER).arrears
    assert owed == 60
    erase(anna)
    return owed


def join_by_phone(program, phone="+447700900123"):
    """As anybody may, with any number."""
    attempt = codes.begin(program=program, email="", phone=phone, person="Zoe", language="en", purpose="join")
    assert portal_people.enroll_by_phone(program=program, attempt=attempt, now=NOW)
    with scope(program=program):
        return Identity.objects.select_related("member__program").get(value=phone)


def arrears_of(member):
    with scope(program=member.program):
        return sum(Wallet.objects.filter(holder_id=member.pk).values_list("arrears", flat=True))


def test_a_stranger_with_the_phone_frees_nobody_of_what_they_owe(program, anna):
    owed = leave_in_debt(program, anna)

    stranger = join_by_phone(program).member
    back = rejoin(program)

    assert arrears_of(back) == owed
    # And nobody sheds it by joining without a proof.
    assert arrears_of(stranger) == owed
    assert builders.record(program, order("C", "2026-05-02", 6000))[0].awarded == {"points": 60}


def test_joining_by_an_unproven_phone_gives_no_second_welcome(program, anna):
    leave_in_debt(program, anna)
    join_by_phone(program)

    told = builders.record(
        program, builders.order("C", "2026-05-02", 6000, member=Who("phone", "+447700900123"))
    )

    assert told[0].awarded == {"points": 60}


def test_who_proves_the_phone_owes_it_once(program, anna):
    owed = leave_in_debt(program, anna)
    claim = join_by_phone(program)

    proofs.accept(claim=claim, source="till", now=NOW)

    assert arrears_of(claim.member) == owed
    with scope(program=program):
        assert Erasure.objects.get().burden == {}
    assert arrears_of(rejoin(program)) == 0


def test_who_left_twice_under_different_contacts_takes_up_both(program, anna):
    owed = leave_in_debt(program, anna)
    other = people.join(program=program, name="A", contacts=[("card", "77")], source="till", now=NOW)
    ledger.owe(program=program, member=other, unit="points", amount=7, key="x", now=NOW)
    builders.record(program, builders.order("D", "2026-04-01", 100, member=Who("card", "77")))
    more = arrears_of(other)
    erase(other)

    back = people.join(
        program=program, name="Anna", contacts=[("email", EMAIL), ("card", "77")], source="till", now=NOW
    )

    assert arrears_of(back) == owed + more
    assert checking.run(program=program, verify=True).wrong == 0


def test_leaving_and_coming_back_twice_changes_nothing_of_that(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)
    erase(rejoin(program))
    rejoin(program)

    assert builders.record(program, order("C", "2026-05-02", 6000))[0].awarded == {"points": 60}
    with scope(program=program):
        assert ErasureMark.objects.count() == 1
        assert [one.burden for one in Erasure.objects.order_by("pk")] == [{}, {}]


def test_a_repeat_changes_nothing(program, anna):
    erase(anna)
    with scope(program=program):
        before = Event.objects.count(), Member.objects.get(pk=anna.pk).number

    erase(anna)

    with scope(program=program):
        assert (Event.objects.count(), Member.objects.get(pk=anna.pk).number) == before
