"""One of everything that an address of the API can name, in a program that has a member with points."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django_scopes import scope

from campaigns.audiences import segments
from campaigns.models import Message
from loyaltysite.kit import clock
from members.models import Member, Program
from rewards import redemptions, units
from rewards.households import places as households
from tests.campaigns import letters
from tests.campaigns.experiments import trials
from tests.rewards import builders as b
from tests.rewards import coupons
from tests.rewards import plans_shop as plans
from tests.rewards.badges import shop as badges
from tests.rewards.catalogue import put_up
from tests.rewards.causes import house as causes
from tests.rewards.giftcards import house as cards
from tests.rewards.referrals import friends
from tests.rewards.surprises.test_surprises import prepare

CREDIT = {"en": {"one": "euro", "other": "euros"}}


def make(program: Program, member: Member) -> dict[str, Any]:
    """By the names that addresses give them. The member has at least ten points and is Anna."""
    now = clock.now()
    put_up(program, "mug", price={}, per_member=9)
    badges.put_up(program, "week", kind="challenge", has_board=True, definition=badges.goal("orders", 2))
    held = redemptions.reserve(program=program, member=member, reward="mug", key="k", now=now)
    plans.put_up(program, "premium")
    term = plans.buy(program, member, "premium")
    units.create(
        program=program,
        key="credit",
        by=None,
        now=now,
        names=CREDIT,
        is_money=True,
        precision=2,
        worth=Fraction(100),
    )
    causes.put_up(program)
    b.change_unit(program, is_shared=True)
    home = households.found(program=program, member=b.join(program, "dora"), now=now)
    boss = cards.boss(program)
    with scope(program=program):
        gift = causes.give(program, 10, at=now, member=member)
        card = cards.issue(program, at=now)
        friends.change(program, is_on=True, **friends.PRIZES)
        referral = friends.bring(program, at=now)
        surprise = prepare(program, boss, most=3)
    gifts = coupons.prepare_gifts(program, boss.user)
    segments.create(program=program, key="everybody", name="Everybody", by=None, now=now)
    segments.publish(program=program, key="everybody", by=None, now=now)
    return {
        "placement_id": _placement(program, member),
        "redemption_id": held.pk,
        "badge": "week",
        "plan": "premium",
        "term_id": term.pk,
        "donation_id": gift.pk,
        "card_id": card.pk,
        "referral_id": referral.pk,
        "surprise_id": surprise.pk,
        "gifts_id": gifts.pk,
        "household_id": home.pk,
        "segment": "everybody",
        "experiment_id": trials.with_results(program).pk,
    }


def _placement(program: Program, member: Member) -> int:
    """A card that is shown to the member."""
    template = letters.template(program)
    with scope(program=program):
        said = letters.say(program, member, template=template.pk, channel="inapp", now=clock.now())
        assert said is not None
        Message.objects.filter(pk=said.pk).update(state="sent", sent_at=clock.now())
    return said.pk
