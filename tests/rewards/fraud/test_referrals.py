"""Who brings themselves, or goes round in a circle, is paid nothing; what only looks so waits for a member of staff."""

import pytest
from django_scopes import scope

from members import erasure, identities
from members.models import AuditEntry, Identity, Role
from members.people import OwnAccount
from members.undoing import take_back_joining
from rewards import referrals
from rewards.adjustments import AlreadyDecided
from rewards.merging.joining import merge
from rewards.models import Referral, ReferralMark
from rewards.referrals import decisions, marks
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f
from tests.rewards.referrals.friends import PAID

pytestmark = pytest.mark.django_db


def earn(program, name):
    f.buy(program, name)
    f.advance(program, PAID)


def known(program, name, kind, value):
    marks.note(program=program, member=b.find(program, name), kind=kind, value=value)


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("anna@example.com", "anna@example.com"),
        ("anna+shop@example.com", "anna@example.com"),
        ("a.n.n.a+x@googlemail.com", "anna@gmail.com"),
        ("an.na@example.com", "an.na@example.com"),
        ("anna-7@yahoo.com", "anna@yahoo.com"),
        ("anna-7@example.com", "anna-7@example.com"),
        ("+@gmail.com", "+@gmail.com"),
    ],
)
def test_the_mailbox_behind_an_address(email, mailbox):
    assert marks.one_mailbox(email) == mailbox


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("anna@gmail.com", "a.nna+1@googlemail.com"),
        ("an.na+a@gmail.com", "anna+b@gmail.com"),
        ("anna@shop.example", "anna+friend@shop.example"),
    ],
)
def test_an_alias_of_the_referrer_pays_nothing(mine, theirs):
    program = f.open_program()
    with scope(program=program):
        identities.add(member=b.find(program, "anna"), kind="email", value=mine)

    referral = f.bring(program, email=theirs)
    with scope(program=program):
        identities.add(member=referral.friend, kind="email", value="ben@example.com")
    earn(program, "ben")

    assert (referral.state, referral.refused_for) == ("refused", "email")
    assert f.points(program, "anna", "ben") == [0, 0]


@pytest.mark.parametrize("kind", ["phone", "address", "card"])
@pytest.mark.parametrize("is_late", [False, True])
def test_what_the_shop_knows_of_both_pays_nothing(kind, is_late):
    """The shop may learn of it only with the order."""
    program = f.open_program()
    known(program, "anna", kind, "One  Quay Street 4")
    referral = f.bring(program)
    if is_late:
        f.buy(program)
        f.advance(program, "2026-03-05")
    known(program, "ben", kind, "one quay street 4")

    earn(program, "ben")

    assert (f.again(referral).state, f.again(referral).refused_for) == ("refused", kind)
    assert f.points(program, "anna", "ben") == [0, 0]


def test_a_circle_pays_nothing():
    """Anna brings Ben, Ben brings Cleo, who pays with Anna's card."""
    program = f.open_program()
    known(program, "anna", "card", "4242")
    f.bring(program, "ben")
    cleo = f.bring(program, "cleo", by="ben", at="2026-03-02")
    known(program, "cleo", "card", "4242")

    for name in ("ben", "cleo"):
        f.buy(program, name, at="2026-03-03")
    f.advance(program, "2026-03-18")

    assert f.again(cleo).refused_for == "circle"
    assert f.points(program, "anna", "ben", "cleo") == [500, 200, 0]


def test_who_was_forgotten_and_comes_back_is_no_friend():
    program = f.open_program()
    b.join(program, "ben")
    erasure.erase(member=b.find(program, "ben"), now=b.moment("2026-02-01"))

    referral = f.bring(program, email="ben@example.com")
    earn(program, "ben")

    assert referral.refused_for == "erased"
    assert f.points(program, "anna", "ben") == [0, 0]


def test_who_was_forgotten_does_not_come_back_by_an_alias():
    program = f.open_program()
    old = b.join(program, "ben")
    with scope(program=program):
        Identity.objects.filter(member=old).update(value="ben@gmail.com")
    erasure.erase(member=old, now=b.moment("2026-02-01"))

    assert f.bring(program, email="b.en+2@gmail.com").refused_for == "erased"


def test_a_member_under_another_address_is_no_friend():
    program = f.open_program()
    old = b.join(program, "old")
    with scope(program=program):
        Identity.objects.filter(member=old).update(value="old@gmail.com")

    assert f.bring(program, email="o.l.d@gmail.com").refused_for == "existing"


@pytest.mark.parametrize("is_brought", [False, True])
def test_whose_joining_was_undone_stands_in_nobodys_way(is_brought):
    """The till typed the address to the wrong name, and then to the right one."""
    program = f.open_program()
    if is_brought:
        wrong = f.bring(program, "wrong", email="ben@example.com").friend
    else:
        wrong = b.join(program, "wrong", at="2026-02-28")
        known(program, "wrong", "phone", "+4420")
    take_back_joining(member=wrong, by=b.staff(), now=b.moment("2026-03-01"))

    referral = f.bring(program)
    known(program, "ben", "phone", "+4420")
    earn(program, "ben")

    assert (f.again(referral).state, f.again(referral).signs) == ("paid", [])


def test_an_account_merged_into_an_older_one_is_no_friend():
    program = f.open_program()
    old = b.join(program, "old")
    referral = f.bring(program)
    f.buy(program)
    merge(
        program=program, kept=old, gone=referral.friend, reason="twice", by=hire(program), key="k",
        now=b.moment("2026-03-05"),
    )  # fmt: skip

    f.advance(program, PAID)

    assert f.again(referral).refused_for == "existing"
    assert f.points(program, "anna", "old") == [0, 0]


# --- what only looks so -----------------------------------------------------------------------------------------------


def test_the_same_browser_waits_for_staff():
    program = f.open_program()
    referral = f.bring(program, knows=lambda email: email == "anna@example.com")

    earn(program, "ben")

    assert (f.again(referral).state, referral.signs) == ("review", ["device"])
    assert f.points(program, "anna", "ben") == [0, 0]


def test_two_friends_with_one_card_wait_for_staff():
    program = f.open_program()
    for name in ("ben", "cleo"):
        f.bring(program, name)
        known(program, name, "card", "4242")
        f.buy(program, name)

    f.advance(program, PAID)

    with scope(program=program):
        found = list(Referral.objects.order_by("pk").values_list("state", "signs"))
    assert found == [("review", ["twin"]), ("review", ["twin"])]


def test_many_friends_in_a_day_wait_for_staff():
    program = f.open_program()

    found = [f.bring(program, name).signs for name in ("ben", "cleo", "dan", "eve", "fay")]

    assert found == [[], [], [], [], ["rush"]]


def review(program):
    referral = f.bring(program, knows=lambda _email: True)
    earn(program, "ben")
    return referral


def test_what_staff_approve_is_paid_and_audited():
    program = f.open_program()
    referral, user = review(program), hire(program, Role.MANAGER)
    now = b.moment("2026-03-18")

    decisions.approve(program=program, referral_id=referral.pk, reason="A family", by=user, now=now)
    f.advance(program, "2026-03-18")

    assert f.points(program, "anna", "ben") == [500, 200]
    with scope(program=program):
        entry = AuditEntry.objects.get(action="referral.approve")
    assert (entry.actor, entry.reason, entry.after["signs"]) == (user, "A family", ["device"])


def test_what_staff_refuse_is_not_paid():
    program = f.open_program()
    referral = review(program)

    decisions.refuse(
        program=program, referral_id=referral.pk, reason="One person", by=hire(program), now=b.moment(PAID)
    )
    f.advance(program, "2026-05-01")

    assert f.again(referral).state == "refused"
    assert f.points(program, "anna", "ben") == [0, 0]


def test_it_is_decided_once():
    program = f.open_program()
    referral = review(program)
    decide = {"program": program, "referral_id": referral.pk, "reason": "-", "now": b.moment(PAID)}
    decisions.refuse(**decide, by=hire(program))

    with pytest.raises(AlreadyDecided):
        decisions.approve(**decide, by=hire(program))


def test_what_was_approved_is_still_refused_for_what_nobody_could_know():
    program = f.open_program()
    referral = review(program)
    known(program, "anna", "card", "4242")
    decisions.approve(
        program=program, referral_id=referral.pk, reason="-", by=hire(program), now=b.moment(PAID)
    )
    known(program, "ben", "card", "4242")

    f.advance(program, PAID)

    assert f.again(referral).refused_for == "card"


def test_what_was_approved_is_looked_at_again_for_what_came_up_since():
    program = f.open_program()
    referral = review(program)
    decisions.approve(
        program=program, referral_id=referral.pk, reason="-", by=hire(program), now=b.moment(PAID)
    )
    b.join(program, "cleo", at="2026-02-01")
    known(program, "cleo", "card", "4242")
    known(program, "ben", "card", "4242")

    f.advance(program, PAID)
    held = f.again(referral)
    decisions.approve(
        program=program,
        referral_id=referral.pk,
        reason="-",
        by=hire(program, Role.MANAGER),
        now=b.moment(PAID),
    )
    f.advance(program, PAID)

    assert (held.state, held.signs) == ("review", ["device", "known_card"])
    assert (held.decided_by, held.decided_at, held.answer) == (None, None, "")
    assert f.again(referral).state == "paid"


@pytest.mark.parametrize("whose", ["anna", "ben"])
def test_nobody_approves_one_of_their_own(whose):
    program = f.open_program()
    referral = review(program)
    user = hire(program)
    with scope(program=program):
        identities.add(member=b.find(program, whose), kind="email", value=user.email)

    for decide in (referrals.approve, referrals.refuse):
        with pytest.raises(OwnAccount):
            decide(program=program, referral_id=referral.pk, reason="-", by=user, now=b.moment(PAID))


def test_marks_say_nothing_and_go_with_the_person():
    program = f.open_program()
    known(program, "anna", "card", "4242")
    f.bring(program)
    with scope(program=program):
        kept = {bytes(digest) for digest in ReferralMark.objects.values_list("digest", flat=True)}

    erasure.erase(member=b.find(program, "anna"), now=b.moment("2026-03-02"))

    assert all(len(digest) == 32 for digest in kept)
    with scope(program=program):
        left = ReferralMark.objects.count()
    assert (len(kept), left) == (3, 1)


def test_what_staff_wrote_about_a_person_goes_with_the_person():
    program = f.open_program()
    referral = review(program)
    decisions.refuse(
        program=program, referral_id=referral.pk, reason="Ben is Anna", by=hire(program), now=b.moment(PAID)
    )

    erasure.erase(member=b.find(program, "ben"), now=b.moment("2026-04-01"))

    with scope(program=program):
        assert Referral.objects.get().answer == erasure.SAID
        assert AuditEntry.objects.get(action="referral.refuse").reason == ""
