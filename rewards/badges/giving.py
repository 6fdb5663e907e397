"""Prizes follow wins: what a win promises is given once, and what a lost one gave is taken back (SEMANTICS 29).

The follower looks at the win as it stands, so that it does not matter whether it hears of winning or of losing first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyaltysite.kit.errors import DomainError
from members import followers, tags
from members.models import Event, Member, Program
from rewards import ledger, redemptions
from rewards.badges import counting
from rewards.badges.prizes import Prize
from rewards.books import Book
from rewards.giftcards.rewarding import CardUsed
from rewards.ledger import Wish
from rewards.models import BadgeWin, Redemption, Reward
from rewards.redemptions.exchanges import ExchangeSpent
from rewards.redemptions.refusals import WrongState
from rewards.rulebook import Rulebook

FOLLOWER = "badge-prizes"
KINDS = ("badge.won", "challenge.completed", "badge.lost")
SOURCE, GIVE, TAKE = "wafa", "prize", "prize.back"


def handle(program: Program, events: Sequence[Event], now: datetime) -> None:
    """The follower; one event at a time, since each moves a wallet of its own."""
    for event in events:
        win = BadgeWin.objects.select_for_update(of=("self",)).select_related("badge", "member")
        settle(program, win.get(pk=event.data["win"]), now=now)


def settle(program: Program, win: BadgeWin, *, now: datetime) -> None:
    """Give what the win promises and has not given, or take back what it gave, if it is lost.

    Raises followers.Unfinished where a prize is refused; the others are given."""
    before, refused = list(win.prizes), None
    if win.lost_at is not None:
        win.prizes = [_take(program, win, given, now) for given in before]
    elif not before or any(given.get("is_due") for given in before):
        wanted = before or _promised(program, win)
        kept = _kept(program, win, now) if wanted else set()
        win.prizes = []
        for number, given in enumerate(wanted):
            done, error = (
                _give_one(program, win, number, given, kept, now) if _is_open(given) else (given, None)
            )
            win.prizes.append(done)
            refused = refused or error
    if win.prizes != before:
        win.save(update_fields=["prizes"])
    if refused is not None:
        raise followers.Unfinished(refused)


def _promised(program: Program, win: BadgeWin) -> list[dict[str, Any]]:
    goal = counting.known(win.badge, program).goal
    level = next((level for level in goal.levels if level.key == win.level), None)
    return [prize.told | {"is_due": True} for prize in (level.prizes if level is not None else ())]


def _is_open(given: dict[str, Any]) -> bool:
    return bool(given.get("is_due")) and not given.get("is_back")


def _kept(program: Program, win: BadgeWin, now: datetime) -> set[tuple[str, str]]:
    """Prizes that the member has had for the same already: kind and name. Those of an earlier win that can be taken back,
    are; those of a win in force are of an account that was merged with this one."""
    owner = _owner(win)
    people = {owner.pk, *Member.objects.filter(merged_into=owner).values_list("pk", flat=True)}
    rows = BadgeWin.objects.select_for_update(of=("self",)).select_related("badge", "member")
    same = rows.filter(badge=win.badge_id, level=win.level, period=win.period, member__in=people)
    kept: set[tuple[str, str]] = set()
    for other in same.exclude(pk=win.pk).order_by("pk"):
        if other.lost_at is not None:
            settle(program, other, now=now)
        kept |= {(given["kind"], given["name"]) for given in other.prizes if _is_had(given)}
    return kept


def _is_had(given: dict[str, Any]) -> bool:
    return bool(given.get("was_used")) or not (given.get("is_back") or given.get("is_due"))


def _give_one(
    program: Program,
    win: BadgeWin,
    number: int,
    given: dict[str, Any],
    kept: set[tuple[str, str]],
    now: datetime,
) -> tuple[dict[str, Any], DomainError | None]:
    """What became of a prize that is due, and what refused it."""
    prize = Prize(given["kind"], given["name"], given.get("amount", 0))
    if (prize.kind, prize.name) in kept:
        return prize.told | {"is_back": True, "was_used": True}, None
    try:
        with transaction.atomic():
            return _give(program, win, number, prize, now), None
    except DomainError as error:
        if error.is_transient:
            raise
        return given, error


def _owner(win: BadgeWin) -> Member:
    """Who holds what the winner held."""
    return win.member.merged_into or win.member


def _give(program: Program, win: BadgeWin, number: int, prize: Prize, now: datetime) -> dict[str, Any]:
    """What was given, with what takes it back. Raises MemberNotActive, refusals of the reward."""
    key, member = f"{win.pk}:{number}", _owner(win)
    if prize.kind == "units":

        def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
            expires_at = rules.expiry(rules.units[prize.name], "", now)
            book.credit(
                "bonus",
                prize.amount,
                at=now,
                moment=now,
                active_at=now,
                expires_at=expires_at,
                fact_id=fact_id,
            )

        content = {"member": member.pk, "unit": prize.name, "amount": prize.amount}
        done = ledger.carry_out(Wish(program, member.pk, prize.name, GIVE, key, SOURCE, content, now, move))
        return prize.told | {"fact": done.fact_id}
    if prize.kind == "reward":
        one = redemptions.reserve(
            program=program, member=member, reward=prize.name, key=f"badge:{key}", now=now, at_once=True,
            is_free=True,
        )  # fmt: skip
        return prize.told | {"redemption": one.pk}
    added = tags.add_each(program=program, member_ids=[member.pk], tag=prize.name, now=now)
    return prize.told | {"is_new": bool(added)}


def _take(program: Program, win: BadgeWin, given: dict[str, Any], now: datetime) -> dict[str, Any]:
    if given.get("is_back") or given.get("is_due"):
        return given | {"is_back": True}
    member = _owner(win)
    if given["kind"] == "units":
        _reverse(program, win, member, given, now)
    elif given["kind"] == "reward":
        try:
            with transaction.atomic():
                _cancel(program, given["redemption"], now)
        except (WrongState, CardUsed, ExchangeSpent):
            # Used or over: it cannot be taken back any more.
            return given | {"is_back": True, "was_used": True}
    elif given["is_new"]:
        tags.remove_each(program=program, member_ids=[member.pk], tag=given["name"], now=now)
    return given | {"is_back": True}


def _cancel(program: Program, redemption_id: int, now: datetime) -> None:
    """Raises WrongState, CardUsed, ExchangeSpent."""
    one = Redemption.objects.select_related("reward").get(pk=redemption_id)
    # These are fulfilled at once, and still there as long as nobody has spent of them.
    is_value = one.reward.kind in (Reward.Kind.GIFT_CARD, Reward.Kind.UNITS)
    undo = redemptions.fail if is_value else redemptions.cancel
    undo(program=program, redemption_id=redemption_id, reason="badge", now=now)


def _reverse(program: Program, win: BadgeWin, member: Member, given: dict[str, Any], now: datetime) -> None:
    """First from its own lot, then as with any return (25, 26)."""

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        unit = rules.units[given["name"]]
        own, ended = ledger.given_by(given["fact"], book, unit.id)
        book.reverse(
            given["amount"], at=now, moment=now, fact_id=fact_id, order_id=None, own=own, ended=ended,
            limit=unit.arrears_limit, mode=unit.shortfall,
        )  # fmt: skip

    content = {"member": member.pk, "unit": given["name"], "amount": given["amount"], "win": win.pk}
    ledger.carry_out(
        Wish(
            program,
            member.pk,
            given["name"],
            TAKE,
            f"{win.pk}:{given['fact']}",
            SOURCE,
            content,
            now,
            move,
            needs_active=False,
        )
    )
