"""What becomes of a gift card: it pays, is topped up again, blocked, or claimed for a member's own credit.

Each is one posting under the guard of the card's holder, so that a card pays once however many try at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any

import orjson
from django.db.models import F, Q, Sum
from django_scopes import scope

from loyaltysite.kit import prints
from loyaltysite.kit.errors import NotFound
from members import audit, people
from members.models import Member, Program, TeamMembership, User
from rewards import ledger, posting
from rewards.books import Book
from rewards.giftcards import codes, issuing
from rewards.giftcards.refusals import GiftCardEmpty, GiftCardInvalid, ValueInvalid
from rewards.intake import content, rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Entry, GiftCard, Lot

SOURCE = "wafa"
ACTIVE, BLOCKED = GiftCard.State.ACTIVE, GiftCard.State.BLOCKED


@dataclass(frozen=True, slots=True)
class Balance:
    """A card and what can be paid with it now, in minor units."""

    card: GiftCard
    left_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """What a card paid, and what is left on it, both in minor units."""

    card: GiftCard
    fact_id: int
    paid_minor: int
    left_minor: int
    repeated: bool = False


@dataclass(slots=True)
class Scene:
    """The card as a posting sees it."""

    state: State
    posted: Posted
    holder: Person
    book: Book
    is_active: bool
    order_id: int | None = None

    def minor(self) -> int:
        unit = self.state.rulebook.units_by_id[self.book.unit_id]
        return floor(self.book.active * unit.worth_each)


def find(*, program: Program, code: str) -> GiftCard:
    """The active card of a code. Wrong and blocked codes answer alike. Raises GiftCardInvalid."""
    typed = codes.clean(code)
    digests = codes.digests(program_id=program.pk, code=typed) if typed else []
    with scope(program=program):
        rows_of = GiftCard.objects.filter(program=program, code_digest__in=digests, state=ACTIVE)
        found = rows_of.select_related("unit").first()
    if found is None:
        raise GiftCardInvalid(field="code")
    return found


def left_on(cards: list[GiftCard], *, now: datetime) -> dict[int, int]:
    """What can be paid with each of these cards, in minor units, by holder. What has ended counts for nothing; a refund
    to a card that has ended is in force for its time of grace (27)."""
    in_force = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    lots = Lot.objects.filter(
        in_force, wallet__holder_id__in=[card.pk for card in cards], is_active=True, is_open=True
    )
    sums = lots.order_by().values_list("wallet__holder_id").annotate(Sum("remaining"))
    active: dict[int, int] = dict(sums)
    found = {}
    for card in cards:
        worth = Fraction(card.unit.worth_numerator, card.unit.worth_denominator * 10**card.unit.precision)
        found[card.pk] = floor(active.get(card.pk, 0) * worth)
    return found


def look(*, program: Program, code: str, now: datetime) -> Balance:
    """What is on the card of this code. Raises GiftCardInvalid."""
    card = find(program=program, code=code)
    with scope(program=program):
        return Balance(card, left_on([card], now=now)[card.pk])


def spend(
    *,
    program: Program,
    code: str,
    key: str,
    now: datetime,
    money_minor: int | None = None,
    order: tuple[str, str] | None = None,
    by: User | None = None,
) -> Paid:
    """Pay `money_minor` with the card, or all that is left; a repeat with the same key gives the first answer. `order` =
    (source, external id): its return puts the money back (27). Raises GiftCardInvalid, GiftCardEmpty,
    InsufficientPoints, KeyReused."""
    if money_minor is not None and money_minor <= 0:
        raise ValueInvalid(field="money_minor")
    card = _any(program, code)
    told = {"card": card.pk, "money_minor": money_minor, "order": order}

    def work(scene: Scene) -> dict[str, Any]:
        if not scene.is_active:
            raise GiftCardInvalid(field="code")
        left = scene.minor()
        money = left if money_minor is None else money_minor
        if not left:
            raise GiftCardEmpty(field="code")
        if money > left:
            raise ledger.InsufficientPoints(missing=money - left, field="money_minor")
        worth = scene.state.rulebook.units_by_id[scene.book.unit_id].worth_each
        scene.book.debit(
            "spend", ceil(money / worth), at=now, moment=now, fact_id=scene.posted.fact_id, order_id=scene.order_id
        )  # fmt: skip
        return {"paid_minor": money, "left_minor": scene.minor()}

    number, answer, repeated = _go(program, card, "giftcard.spend", key, told, now, work, order=order, by=by)
    return Paid(card, number, answer["paid_minor"], answer["left_minor"], repeated)


def top_up(
    *,
    program: Program,
    card_id: int,
    money_minor: int,
    reason: str,
    key: str,
    now: datetime,
    by: TeamMembership,
) -> Paid:
    """Put back what was paid by mistake, never above the card's value; with a reason, and limited like an adjustment.
    What was claimed, or paid for an order that can still be returned, does not come back here.

    Raises ReasonMissing, ValueInvalid, ValueTooLarge, OwnAccount, NotFound."""
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    card = _card(program, card_id)
    if card.member is not None:
        with scope(program=program):
            people.check_not_own(member=card.member.merged_into or card.member, by=by.user)
    told = {"card": card.pk, "money_minor": money_minor, "reason": reason}

    def work(scene: Scene) -> dict[str, Any]:
        unit = scene.state.rulebook.units_by_id[scene.book.unit_id]
        gone = floor(_gone(scene.book.id) * unit.worth_each)
        if not 0 < money_minor <= card.value_minor - scene.minor() - gone:
            raise ValueInvalid(field="money_minor")
        amount = issuing.amount_of(money_minor, unit)
        issuing.check_limit(program=program, by=by, amount=amount, unit=unit, field="money_minor")
        scene.book.credit(
            "adjust",
            amount,
            at=now,
            moment=now,
            active_at=now,
            expires_at=card.ends_at,
            fact_id=scene.posted.fact_id,
        )
        return {"paid_minor": -money_minor, "left_minor": scene.minor()}

    number, answer, repeated = _go(
        program, card, "giftcard.refund", key, told, now, work, by=by.user, reason=reason
    )
    return Paid(card, number, answer["paid_minor"], answer["left_minor"], repeated)


def block(*, program: Program, card_id: int, reason: str, now: datetime, by: User) -> GiftCard:
    """Nobody pays with it until it is opened again. A repeat changes nothing. Raises ReasonMissing, NotFound."""
    return _turn(program, card_id, BLOCKED, reason, now, by)


def unblock(*, program: Program, card_id: int, reason: str, now: datetime, by: User) -> GiftCard:
    return _turn(program, card_id, ACTIVE, reason, now, by)


def claim(*, program: Program, code: str, member: Member, key: str, now: datetime) -> Paid:
    """Move all that is on the card to the member's own credit, where it keeps its last day.

    Raises GiftCardInvalid, GiftCardEmpty, MemberNotActive, KeyReused."""
    card = _any(program, code)
    told = {"card": card.pk, "member": member.pk}

    def work(scene: Scene) -> dict[str, Any]:
        state, posted = scene.state, scene.posted
        owner = state.people[member.merged_into_id or member.pk]
        if not scene.is_active:
            raise GiftCardInvalid(field="code")
        if owner.state != "active":
            raise ledger.MemberNotActive
        moved = scene.minor()
        if not moved:
            raise GiftCardEmpty(field="code")
        own = state.book(owner, state.rulebook.units_by_id[scene.book.unit_id])
        own.settle(now)
        for lot, part in scene.book.debit(
            "transfer_out", scene.book.active, at=now, moment=now, fact_id=posted.fact_id
        ):
            own.credit(
                "transfer_in", part, at=now, moment=now, active_at=now, expires_at=lot.expires_at,
                earned_at=lot.earned_at, fact_id=posted.fact_id, origin_id=lot.id,
            )  # fmt: skip
        owner.is_touched = True
        rows.add(state, "card_moves", {"id": card.pk, "state": ACTIVE, "member_id": owner.id})
        return {"paid_minor": moved, "left_minor": 0}

    more = [member.merged_into_id or member.pk]
    number, answer, repeated = _go(program, card, "giftcard.claim", key, told, now, work, holders=more)
    return Paid(card, number, answer["paid_minor"], 0, repeated)


# --- parts ----------------------------------------------------------------------------------------------------------


def _any(program: Program, code: str) -> GiftCard:
    """The card of a code in whatever state; which that is, the posting sees."""
    typed = codes.clean(code)
    digests = codes.digests(program_id=program.pk, code=typed) if typed else []
    with scope(program=program):
        found = GiftCard.objects.filter(program=program, code_digest__in=digests).first()
    if found is None:
        raise GiftCardInvalid(field="code")
    return found


def _gone(wallet_id: int) -> int:
    """What a card cannot be given again, in ledger units: what a member claimed, what was taken back with its reward, and
    what paid for orders and is not back yet, for their return puts it back."""
    entries = Entry.objects.filter(wallet_id=wallet_id)
    of_orders = Q(kind__in=("spend", "restore"), order_id__isnull=False)
    taken_back = Q(kind="adjust", active_change__lt=0)
    total = entries.filter(of_orders | Q(kind="transfer_out") | taken_back).aggregate(
        total=Sum(-F("active_change"))
    )["total"]
    return max(0, total or 0)


def _card(program: Program, card_id: int) -> GiftCard:
    with scope(program=program):
        rows_of = GiftCard.objects.filter(program=program, pk=card_id)
        found = rows_of.select_related("member__merged_into").first()
    if found is None:
        raise NotFound
    return found


def _go(
    program: Program,
    card: GiftCard,
    kind: str,
    key: str,
    told: dict[str, Any],
    now: datetime,
    work: Callable[[Scene], dict[str, Any]],
    *,
    order: tuple[str, str] | None = None,
    holders: list[int] | None = None,
    by: User | None = None,
    reason: str = "",
) -> tuple[int, dict[str, Any], bool]:
    sent = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    request: dict[str, Any] = {
        "facts": [{"i": 0, "source": SOURCE, "kind": kind, "external_id": key, "revision": 0}],
        "holders": [card.pk, *(holders or [])],
        "cards": [bytes(card.code_digest).hex()],
        "due": now.isoformat(),
    }
    if order:
        request["orders"] = [{"i": 0, "source": order[0], "external_id": order[1]}]

    def read_and_work() -> tuple[dict[str, Any], tuple[int, dict[str, Any], bool]]:
        state = ledger.read(program, request, now)
        if 0 in state.facts:
            number, mark, answer = state.facts[0]
            if not prints.fits(mark, sent):
                raise ledger.KeyReused
            return {}, (number, answer, True)
        scene = _scene(card, state, now)
        if order:
            kept = state.orders.get(order) or content.awaited(*order, state, scene.posted)
            state.hold(kept, scene.posted.fact_id)
            scene.order_id = kept.id
        answer = work(scene)
        _write(scene, (SOURCE, kind, key, 0), prints.of(sent), answer, card, by, reason)
        return rows.document(state), (scene.posted.fact_id, answer, False)

    with scope(program=program):
        return posting.attempt(read_and_work)


def _scene(card: GiftCard, state: State, now: datetime) -> Scene:
    holder = state.people[card.pk]
    (book,) = holder.books.values()
    book.lapse = None
    book.settle(now)
    (seen,) = state.cards.values()
    return Scene(state, Posted(now, now, state.take_id()), holder, book, seen.state == ACTIVE)


def _write(
    scene: Scene,
    key: tuple[str, str, str, int],
    mark: bytes,
    answer: dict[str, Any],
    card: GiftCard,
    by: User | None,
    reason: str,
) -> None:
    state, posted = scene.state, scene.posted
    scene.holder.is_touched = True
    rows.add_fact(state, key, mark, posted, answer, holder_id=card.pk, order_id=scene.order_id)
    data = {"card": card.pk, **answer}
    rows.add_event(state, key[1], posted, data, holder_id=card.pk, order_id=scene.order_id)
    if by is not None:
        rows.add(state, "audit", _audit(card, key[1], answer, reason, posted.moment, by))


def _turn(program: Program, card_id: int, target: str, reason: str, now: datetime, by: User) -> GiftCard:
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    card = _card(program, card_id)

    def read_and_work() -> tuple[dict[str, Any], None]:
        request = {
            "holders": [card.pk],
            "cards": [bytes(card.code_digest).hex()],
            "due": now.isoformat(),
        }
        state = ledger.read(program, request, now)
        scene = _scene(card, state, now)
        if scene.is_active == (target == ACTIVE):
            return {}, None
        # The guard moves with the state: who was about to pay looks again.
        scene.holder.is_touched = True
        member = GiftCard.objects.values_list("member_id", flat=True).get(pk=card.pk)
        rows.add(state, "card_moves", {"id": card.pk, "state": target, "member_id": member})
        action = "giftcard.block" if target == BLOCKED else "giftcard.unblock"
        rows.add(state, "audit", _audit(card, action, {"state": target}, reason, now, by))
        return rows.document(state), None

    with scope(program=program):
        posting.attempt(read_and_work)
        return GiftCard.objects.select_related("unit", "member").get(pk=card.pk)


def _audit(
    card: GiftCard, action: str, after: dict[str, Any], reason: str, now: datetime, by: User
) -> dict[str, Any]:
    return audit.row(
        program=card.program,
        actor=by,
        action=action,
        subject="giftcard",
        subject_id=str(card.pk),
        after=after,
        reason=reason.strip()[:300],
        now=now,
    )
