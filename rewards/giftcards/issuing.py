"""A new gift card: its holder, its wallet and its value in one posting; the code is drawn here and kept sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import orjson
from django_scopes import scope

from loyaltysite.kit import prints
from members import audit, people
from members.models import Member, Program, TeamMembership
from rewards import adjustments, ledger, posting
from rewards.giftcards import codes
from rewards.giftcards.refusals import EndInvalid, MoneyUnitMissing, ValueInvalid, ValueTooLarge
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.lots import EPOCH
from rewards.models import GiftCard, Unit
from rewards.policies import day_start
from rewards.rulebook import UnitInfo

SOURCE, KIND = "wafa", "giftcard.issue"
MOST_MINOR = 10**9
Origin = GiftCard.Origin


@dataclass(frozen=True, slots=True)
class Wish:
    """What card is wanted: `value_minor` of the program's currency, usable to the end of `last_day` (None: for ever)."""

    program: Program
    value_minor: int
    key: str
    now: datetime
    origin: str
    last_day: date | None
    member_id: int | None
    reference: str
    by: TeamMembership | None

    @property
    def canonical(self) -> bytes:
        told = [self.value_minor, self.origin, self.last_day, self.member_id, self.reference]
        return orjson.dumps(told)


def issue(
    *,
    program: Program,
    value_minor: int,
    key: str,
    now: datetime,
    origin: str = Origin.STAFF,
    last_day: date | None = None,
    member: Member | None = None,
    reference: str = "",
    by: TeamMembership | None = None,
) -> GiftCard:
    """Issue a card; a repeat with the same key gives the first. What staff give is limited like their adjustments, and
    nobody gives to themselves.

    Raises MoneyUnitMissing, ValueInvalid, ValueTooLarge, EndInvalid, MemberNotActive, OwnAccount, KeyReused."""
    if not 0 < value_minor <= MOST_MINOR:
        raise ValueInvalid(field="value")
    if last_day is not None and last_day < now.astimezone(program.zone).date():
        raise EndInvalid(field="last_day")
    number = (member.merged_into_id or member.pk) if member else None
    wish = Wish(program, value_minor, key, now, origin, last_day, number, reference.strip()[:128], by)
    with scope(program=program):
        if by is not None and member is not None:
            people.check_not_own(member=member.merged_into or member, by=by.user)
        holder = posting.attempt(lambda: _read_and_work(wish))
        return GiftCard.objects.select_related("unit", "member").get(pk=holder)


def unit_of(program: Program) -> Unit:
    """The unit that gift cards are of: the program's first money credit that no inactivity ends."""
    units = Unit.objects.filter(program=program, is_money=True, worth_numerator__gt=0, lapse={})
    found = units.order_by("pk").first()
    if found is None:
        raise MoneyUnitMissing
    return found


def code_of(card: GiftCard) -> str:
    """The code for its owner, in groups; "" when the secret that sealed it is gone."""
    found = codes.unseal(program_id=card.program_id, sealed=bytes(card.code_sealed))
    return codes.shown(found) if found else ""


def amount_of(value_minor: int, unit: UnitInfo) -> int:
    """The ledger units that are worth exactly so much. Raises ValueInvalid."""
    found = Fraction(value_minor) / unit.worth_each
    if found.denominator != 1:
        raise ValueInvalid(field="value")
    return int(found)


def check_limit(*, program: Program, by: TeamMembership, amount: int, unit: UnitInfo, field: str) -> None:
    """Raise ValueTooLarge where this role may not give so many ledger units alone."""
    limit = adjustments.limit_of(program=program, role=by.role, unit=unit.key)
    if limit is not None and amount > limit:
        raise ValueTooLarge(limit=limit, field=field)


def open_card(
    state: State,
    posted: Posted,
    *,
    unit: UnitInfo,
    value_minor: int,
    origin: str,
    ends_at: datetime | None,
    member_id: int | None,
    reference: str = "",
    redemption_id: int | None = None,
) -> Person:
    """Put a new card with its value into a posting; its holder."""
    card = Person(state.take_id(), 0, "", "active", EPOCH, {}, is_new=True, is_touched=True)
    state.people[card.id] = card
    code = codes.draw()
    program_id = state.rulebook.program_id
    digest = codes.digests(program_id=program_id, code=code)[0]
    row: dict[str, Any] = {
        "id": card.id,
        "unit_id": unit.id,
        "member_id": member_id,
        "origin": origin,
        "code_digest": "\\x" + digest.hex(),
        "code_sealed": "\\x" + codes.seal(program_id=program_id, code=code).hex(),
        "ending": codes.ending_of(code),
        "value_minor": value_minor,
        "ends_at": ends_at,
        "reference": reference,
        "redemption_id": redemption_id,
        "fact_id": posted.fact_id,
        "issued_at": posted.moment,
    }
    rows.add(state, "cards", row)
    book = state.book(card, unit)
    book.lapse = None
    book.credit(
        "bonus",
        amount_of(value_minor, unit),
        at=posted.at,
        moment=posted.moment,
        active_at=posted.at,
        expires_at=ends_at,
        fact_id=posted.fact_id,
    )
    data = {"card": card.id, "value_minor": value_minor, "origin": origin}
    rows.add_event(state, KIND, posted, data, holder_id=member_id or card.id)
    return card


def _read_and_work(wish: Wish) -> tuple[dict[str, Any], int]:
    unit_key = unit_of(wish.program).key
    fact = {"i": 0, "source": SOURCE, "kind": KIND, "external_id": wish.key, "revision": 0}
    holders = [wish.member_id] if wish.member_id else []
    request = {"facts": [fact], "holders": holders, "due": wish.now.isoformat()}
    state = ledger.read(wish.program, request, wish.now)
    if 0 in state.facts:
        _number, mark, answer = state.facts[0]
        if not prints.fits(mark, wish.canonical):
            raise ledger.KeyReused
        return {}, int(answer["card"])
    unit = state.rulebook.units[unit_key]
    _check(wish, unit, state)
    posted = Posted(wish.now, wish.now, state.take_id())
    card = open_card(
        state,
        posted,
        unit=unit,
        value_minor=wish.value_minor,
        origin=wish.origin,
        ends_at=day_start(wish.last_day + timedelta(days=1), wish.program.zone) if wish.last_day else None,
        member_id=wish.member_id,
        reference=wish.reference,
    )
    key = (SOURCE, KIND, wish.key, 0)
    answer = {"card": card.id}
    rows.add_fact(
        state, key, prints.of(wish.canonical), posted, answer, holder_id=wish.member_id, order_id=None
    )
    if wish.by is not None:
        rows.add(state, "audit", _audit(wish, card.id))
    return rows.document(state), card.id


def _check(wish: Wish, unit: UnitInfo, state: State) -> None:
    if wish.member_id is not None:
        person = state.people.get(wish.member_id)
        if person is None or person.state != "active":
            raise ledger.MemberNotActive(field="member")
    if wish.by is not None and wish.origin == Origin.STAFF:
        check_limit(
            program=wish.program,
            by=wish.by,
            amount=amount_of(wish.value_minor, unit),
            unit=unit,
            field="value",
        )


def _audit(wish: Wish, card_id: int) -> dict[str, Any]:
    return audit.row(
        program=wish.program,
        actor=wish.by.user if wish.by else None,
        action="giftcard.issue",
        subject="giftcard",
        subject_id=str(card_id),
        after={"value_minor": wish.value_minor, "origin": wish.origin},
        now=wish.now,
    )
