"""Both prizes, once each: points in one posting for many, a reward as a gift; and taken back when the purchase falls.

Each prize is a fact of our own, named by the referral and the side, so that it has effect once however often this runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Event, Fact, Holder, Member, Order, Program
from rewards import ledger, prizes, redemptions
from rewards.books import Book
from rewards.ledger import Wish
from rewards.models import Redemption, Referral, ReferralLink
from rewards.redemptions import refusals
from rewards.referrals import claims, schemes, signs
from rewards.rulebook import Rulebook

SOURCE, KIND, BACK = "wafa", "referral", "referral.back"
SIDES = ("referrer", "friend")
CHUNK = 200
State, Side = Referral.State, Referral.Side
WITH_REWARD = Q(terms__referrer__has_key="reward") | Q(terms__friend__has_key="reward")


def pay_due(*, program: Program, now: datetime, limit: int) -> int:
    """Pay what has waited long enough, put to the queue what looks wrong; how many moved. For the program in scope."""
    due = Referral.objects.filter(program=program, state=State.WAITING, due_at__lte=now)
    done = 0
    # A reward is a row that everybody shares: it is given in a transaction of its own, so that nobody waits in a ring.
    for rows, size in ((due.exclude(WITH_REWARD), CHUNK), (due.filter(WITH_REWARD), 1)):
        ids = list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])
        for start in range(0, len(ids), size):
            done += _pay(program, ids[start : start + size], now)
    return done


@transaction.atomic
def _pay(program: Program, ids: Sequence[int], now: datetime) -> int:
    _hold_recipients(ids)
    rows = Referral.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    held = list(
        rows.filter(pk__in=ids, state=State.WAITING, due_at__lte=now)
        .select_related("referrer", "friend")
        .order_by("pk")
    )
    standing = _standing(held)
    # One whose purchase fell a moment ago is found so by the next run.
    passed = _judge(program, [each for each in held if each.pk in standing], now)
    if passed:
        _settle_sides(program, passed, now)
        told = [event for each in passed for event in claims.events(each, "referral.paid", now)]
        Event.objects.bulk_create(told)
    return len(held)


def _standing(held: Sequence[Referral]) -> set[int]:
    """Those whose purchase is still there, read once they are locked."""
    orders = Order.objects.filter(pk__in=[each.order_id for each in held], state="paid").in_bulk()
    found = set()
    for each in held:
        order = orders.get(each.order_id or 0)
        least = max(1, each.terms["minimum_minor"])
        if order is not None and order.total_minor - order.returned_minor >= least:
            found.add(each.pk)
    return found


def _judge(program: Program, held: list[Referral], now: datetime) -> list[Referral]:
    """Who may be paid; the others are refused, or wait for a member of staff."""
    seen = signs.look(program=program, referrals=held) if held else {}
    passed, moved = [], []
    for each in held:
        is_decided = each.decided_at is not None
        # Who decided has seen what was there then.
        fresh = seen[each.pk] - set(each.signs) if is_decided else seen[each.pk]
        each.signs = sorted({*each.signs, *fresh})
        refusing = sorted(fresh & signs.REFUSING)
        if refusing:
            each.state, each.refused_for, each.closed_at = State.REFUSED, refusing[0], now
            moved.append(each)
        elif not (fresh if is_decided else each.signs):
            passed.append(each)
        else:
            # The decision was about other signs.
            each.state, each.decided_by, each.decided_at, each.answer = State.REVIEW, None, None, ""
            moved.append(each)
    names = ["state", "signs", "refused_for", "closed_at", "decided_by", "decided_at", "answer"]
    Referral.objects.bulk_update(moved, names)
    Event.objects.bulk_create(
        event
        for each in moved
        for event in claims.events(each, f"referral.{'refused' if each.refused_for else 'held'}", now)
    )
    return passed


def _settle_sides(program: Program, held: list[Referral], now: datetime) -> None:
    capped = _capped(program, held, now)
    whose = {(each.pk, side): _recipient(getattr(each, side)) for each in held for side in SIDES}
    wishes: list[Wish] = []
    for each in held:
        each.state, each.closed_at = State.PAID, now
        for side in SIDES:
            is_capped = side == "referrer" and each.pk in capped
            wishes += _begin(program, each, side, whose[each.pk, side], now, is_capped=is_capped)
    refused = ledger.carry_out_each(program=program, wishes=wishes, now=now) if wishes else {}
    _note_facts(program, held, {wish.key: wish.member_id for wish in wishes}, refused)
    for each in held:
        for side in SIDES:
            if getattr(each, f"{side}_side") == Side.OPEN:
                _give_reward(program, each, side, whose[each.pk, side], now)
    names = [
        "state",
        "closed_at",
        "signs",
        *(f"{side}_{what}" for side in SIDES for what in ("side", "fact")),
    ]
    Referral.objects.bulk_update(held, names)


def _begin(
    program: Program, referral: Referral, side: str, member: Member, now: datetime, *, is_capped: bool
) -> list[Wish]:
    """Set what is plain of a side; the wish where points are to be given. What stays open is a reward."""
    prize = referral.terms[side]
    if not prize or is_capped:
        setattr(referral, f"{side}_side", Side.CAPPED if prize else Side.NONE)
        return []
    if "reward" in prize:
        return []
    setattr(referral, f"{side}_side", Side.PAID)
    key = f"{referral.pk}:{side}"
    return [prizes.wish(program, member_id=member.pk, prize=prize, kind=KIND, key=key, now=now)]


def _note_facts(
    program: Program, held: list[Referral], wishes: dict[str, int], refused: dict[int, str]
) -> None:
    facts = Fact.objects.filter(program=program, source=SOURCE, kind=KIND, external_id__in=list(wishes))
    found = dict(facts.values_list("external_id", "pk"))
    for each in held:
        for side in SIDES:
            key = f"{each.pk}:{side}"
            if key in found:
                setattr(each, f"{side}_fact", found[key])
            elif key in wishes and wishes[key] in refused:
                setattr(each, f"{side}_side", Side.INACTIVE)


def _give_reward(program: Program, referral: Referral, side: str, member: Member, now: datetime) -> None:
    try:
        made = redemptions.reserve(
            program=program, member=member, reward=referral.terms[side]["reward"],
            key=f"referral:{referral.pk}:{side}", now=now, at_once=True, is_free=True,
        )  # fmt: skip
    except ledger.MemberNotActive:
        setattr(referral, f"{side}_side", Side.INACTIVE)
    except (refusals.OutOfStock, refusals.NotOffered, DomainError) as error:
        if error.is_transient:
            raise
        setattr(referral, f"{side}_side", Side.SOLD_OUT)
    else:
        setattr(referral, f"{side}_side", Side.PAID)
        setattr(referral, f"{side}_fact", made.pk)


def _recipient(member: Member) -> Member:
    return member.merged_into or member


def _hold_recipients(ids: Sequence[int]) -> None:
    """Guard who gets the prizes of these referrals, all at once in the order of their ids, before the referrals and any
    row that everybody shares: whoever else moves a member's rows holds the member first, so nobody waits in a ring."""
    sides = (
        Referral.objects.filter(pk__in=ids)
        .order_by()
        .values_list(Coalesce(f"{side}__merged_into", f"{side}__pk"))
        for side in SIDES
    )
    whose = Q(pk__in=next(sides)) | Q(pk__in=next(sides))
    list(Holder.objects.select_for_update(no_key=True).filter(whose).order_by("pk").values_list("pk"))


def _capped(program: Program, held: Sequence[Referral], now: datetime) -> set[int]:
    """The referrals whose referrer has had enough, accounts that were merged together. The links are the guard: of two
    workers one counts after the other; who was merged is held already (_hold_recipients)."""
    scheme = schemes.of(program)
    referrers = {each.referrer_id for each in held}
    locked = ReferralLink.objects.select_for_update(no_key=True).filter(pk__in=referrers).order_by("pk")
    list(locked.values_list("pk"))
    if scheme.most is None:
        return set()
    whose = {each.pk: _recipient(each.referrer).pk for each in held}
    counts = _paid_to(set(whose.values()), refusals.period_start(scheme.period, now, program.zone))
    found = set()
    for each in held:
        counts[whose[each.pk]] += 1
        if counts[whose[each.pk]] > scheme.most:
            found.add(each.pk)
    return found


def _paid_to(people: set[int], since: datetime | None) -> Counter[int]:
    """How many referrals each was paid for since then, with those of the accounts that were merged into theirs."""
    paid = Referral.objects.filter(
        Q(referrer__in=people) | Q(referrer__merged_into__in=people),
        state=State.PAID,
        referrer_side=Side.PAID,
    )
    if since is not None:
        paid = paid.filter(closed_at__gte=since)
    return Counter(paid.values_list(Coalesce("referrer__merged_into", "referrer__pk"), flat=True))


# --- taken back -------------------------------------------------------------------------------------------------------


@transaction.atomic
def take_back(*, program: Program, referral_id: int, now: datetime) -> bool:
    """The purchase was returned after the prizes were paid: points are reversed as those of an order are (25, 26), a
    reward that nobody has used yet is cancelled. Whether anything was taken; a repeat takes nothing."""
    with scope(program=program):
        _hold_recipients([referral_id])
        rows = Referral.objects.select_for_update(no_key=True, of=("self",))
        one = rows.select_related("referrer", "friend").filter(pk=referral_id, state=State.PAID).first()
        if one is None:
            return False
        for side in SIDES:
            if getattr(one, f"{side}_side") == Side.PAID:
                setattr(one, f"{side}_side", _take(program, one, side, now))
        one.state, one.closed_at = State.TAKEN_BACK, now
        one.save()
        claims.tell(one, "referral.taken_back", now)
    return True


def _take(program: Program, one: Referral, side: str, now: datetime) -> str:
    prize, fact = one.terms[side], getattr(one, f"{side}_fact")
    if "reward" in prize:
        return _cancel(program, fact, now)
    unit, amount = prize["unit"], prize["amount"]
    member = _recipient(getattr(one, side))

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        info = rules.units[unit]
        own, ended = ledger.given_by(fact, book, info.id)
        book.reverse(
            amount, at=now, moment=now, fact_id=fact_id, order_id=None, own=own, ended=ended,
            limit=info.arrears_limit, mode=info.shortfall,
        )  # fmt: skip

    key = f"{one.pk}:{side}"
    content = {"referral": key, **prize}
    ledger.carry_out(
        Wish(program, member.pk, unit, BACK, key, SOURCE, content, now, move, needs_active=False)
    )
    return Side.TAKEN_BACK


def _cancel(program: Program, redemption_id: int, now: datetime) -> str:
    one = Redemption.objects.filter(pk=redemption_id).first()
    if one is None or one.state != Redemption.State.ISSUED:
        return Side.KEPT
    redemptions.cancel(program=program, redemption_id=one.pk, reason="referral", now=now)
    return Side.TAKEN_BACK
