"""Referrals in words for the two of them: what is promised, how far it has come, and why not. Nobody learns from it who
the other one is, nor by what somebody was recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Program
from rewards import catalogue
from rewards.models import Referral, Reward, Unit

State, Side = Referral.State, Referral.Side
# The next day begins where a day has ended.
A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A line about one friend: `mood` is one of the badge's kinds."""

    referral: Referral
    badge: str
    mood: str
    text: str


MOODS = {
    State.JOINED: "draft",
    State.WAITING: "warn",
    State.REVIEW: "warn",
    State.PAID: "good",
    State.REFUSED: "bare",
    State.TAKEN_BACK: "bad",
}


def badge_of(referral: Referral) -> str:
    texts = {
        State.JOINED: _("Joined"),
        State.WAITING: _("Has bought"),
        State.REVIEW: _("Being looked at"),
        State.PAID: _("Done"),
        State.REFUSED: _("Does not count"),
        State.TAKEN_BACK: _("Taken back"),
    }
    return texts[State(referral.state)]


def prize(program: Program, found: Mapping[str, Any]) -> str:
    """500 Stars, or the name of the reward; "" for nothing."""
    if "reward" in found:
        reward = Reward.objects.filter(program=program, key=found["reward"]).first()
        return catalogue.name_of(reward.names, reward.key) if reward else str(found["reward"])
    unit = Unit.objects.filter(program=program, key=found.get("unit", "")).first()
    return formats.format_units(found["amount"], unit) if unit else ""


def to_referrer(program: Program, referral: Referral) -> Told:
    return Told(
        referral, badge_of(referral), MOODS[State(referral.state)], _text(program, referral, "referrer")
    )


def to_friend(program: Program, referral: Referral) -> Told:
    return Told(
        referral, badge_of(referral), MOODS[State(referral.state)], _text(program, referral, "friend")
    )


def _text(program: Program, referral: Referral, side: str) -> str:
    texts: Mapping[str, Callable[[Program, Referral, str], str]] = {
        State.JOINED: _of_joined,
        State.WAITING: _of_waiting,
        State.PAID: _of_paid,
        State.REFUSED: _of_refused,
        State.TAKEN_BACK: _of_taken,
    }
    teller = texts.get(referral.state)
    return teller(program, referral, side) if teller else _("The shop takes a look at it first.")


def _of_waiting(program: Program, referral: Referral, side: str) -> str:
    assert referral.due_at is not None  # noqa: S101 - held by a constraint
    day = formats.format_date(referral.due_at, tz=program.zone, form="long")
    return _("The prize comes on %(day)s, if nothing is returned until then.") % {"day": day}


def _of_taken(program: Program, referral: Referral, side: str) -> str:
    if getattr(referral, f"{side}_side") == Side.KEPT:
        return _("The purchase was returned. The reward was used before.")
    return _("The purchase was returned, so the prize was taken back.")


def _of_joined(program: Program, referral: Referral, side: str) -> str:
    day = formats.format_date(referral.buy_until - A_MOMENT, tz=program.zone, form="long")
    least = referral.terms["minimum_minor"]
    facts = {"day": day, "amount": formats.format_money(least, program.currency)}
    if side == "friend":
        if least:
            return _("It comes after your first purchase of %(amount)s or more, made by %(day)s.") % facts
        return _("It comes after your first purchase, made by %(day)s.") % facts
    if least:
        return _("It counts with a first purchase of %(amount)s or more by %(day)s.") % facts
    return _("It counts with a first purchase by %(day)s.") % facts


def _of_paid(program: Program, referral: Referral, side: str) -> str:
    code = Side(getattr(referral, f"{side}_side"))
    texts = {
        Side.PAID: _("You got: %(prize)s.") % {"prize": prize(program, referral.terms[side])},
        Side.CAPPED: _("You have had as many prizes as there are in this time."),
        Side.INACTIVE: _("Your account was not active on that day."),
        Side.SOLD_OUT: _("Nothing of the reward was left. Ask at the shop."),
    }
    return texts.get(code, "")


def _of_refused(program: Program, referral: Referral, side: str) -> str:
    if referral.refused_for == "late":
        return _("Nothing was bought in time.")
    if referral.refused_for == "left":
        return _("This account was closed before.")
    if side == "friend":
        return _("This gift is for new customers. Ask at the shop if you think you are one.")
    return _("Only somebody who was never a member here counts as a new friend.")
