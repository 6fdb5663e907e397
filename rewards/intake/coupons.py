"""The codes of an order: looked up in the posting's snapshot, priced, and claimed with it or not at all (SEMANTICS 41).

Lines are sent as without the codes; what a code takes off becomes part of their discount, so that everything after it
(what earns, what is left to pay, returns) knows only what the customer really owes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from loyaltysite.kit.errors import DomainError
from rewards.coupons import discounts, refusals
from rewards.coupons.discounts import Priced, Result
from rewards.coupons.eligibility import Basket, Terms, is_within, refusal
from rewards.coupons.seen import CodeRow, Seen, Use
from rewards.engine.facts import Context, Line, Occasion
from rewards.intake import content, earning, requests, rows, tickets
from rewards.intake.items import Item, LineIn, OrderIn
from rewards.intake.state import OrderRow, Person, Posted, State, moment, share
from rewards.intake.tickets import Ticket
from rewards.policies import local_time
from rewards.pools import signs
from rewards.rulebook import Rulebook

MOST_CODES = 10
# Uses of other orders than those of the posting.
OTHERS = -1


@dataclass(slots=True)
class Claim:
    """One code of an order: what it is good for, or why it is refused. `ticket` is the reward that it stands for."""

    code: CodeRow | None = None
    terms: Terms | None = None
    shares: list[int] = field(default_factory=list)
    error: DomainError | None = None
    before: Use | None = None
    digest: str = ""
    ticket: Ticket | None = None

    @property
    def total_minor(self) -> int:
        return sum(self.shares)


# --- reading ----------------------------------------------------------------------------------------------------------


def question(items: Sequence[Item], book: Rulebook) -> dict[str, Any] | None:
    """What wafa_read_codes is asked; None where no order brings a code or may have brought one before."""
    orders = [item for item in items if isinstance(item, OrderIn) and _brings_codes(item, book)]
    if not orders:
        return None
    typed = {code for item in orders for code in item.codes}
    digests = {
        digest.hex() for code in typed for digest in signs.digests(program_id=book.program_id, typed=code)
    }
    people = [item.member for item in orders if item.member is not None]
    return {
        "program": book.program_id,
        "digests": sorted(digests),
        "tickets": sorted(digest for code in typed for digest in tickets.digests(book.program_id, code)),
        "who": [
            {"kind": who.kind, "value": requests.normal(who.kind, who.value)}
            for who in people
            if who.kind != "number"
        ],
        "numbers": [who.value for who in people if who.kind == "number"],
        "orders": [{"source": item.source, "external_id": item.external_id} for item in orders],
    }


def _brings_codes(item: OrderIn, book: Rulebook) -> bool:
    """Whether it has any, or an earlier revision of it may have had."""
    return bool(item.codes) or (book.has_coupons and bool(item.revision))


def unpack(found: dict[str, Any] | None) -> Seen:
    seen = Seen()
    if found is None:
        return seen
    for digest, *row in found["codes"] or ():
        number, pool, used, most, member, use, is_open, starts, ends = row
        seen.codes[digest] = CodeRow(
            number, pool, used, most, member, use, is_open, moment(starts), moment(ends)
        )
    for row in found["coupons"] or ():
        terms = Terms(**row | {name: moment(row[name]) for name in ("starts_at", "ends_at")})
        seen.by_id[terms.id] = terms
        if terms.state == "live":
            seen.by_pool[terms.pool] = terms
    for coupon, code, member, order, times in found["uses"] or ():
        seen.tally(member, Use(0, order or OTHERS, coupon, code, ""), times)
    for digest, *row in found["tickets"] or ():
        row[-2] = moment(row[-2])
        seen.tickets[digest] = Ticket(*row)
    for row in found["own"] or ():
        seen.own.setdefault(row[1], []).append(Use(*row))
    return seen


# --- working in -------------------------------------------------------------------------------------------------------


def take(item: OrderIn, order: OrderRow | None, state: State) -> tuple[OrderIn, list[Claim]]:
    """The order with its lines discounted, and what is to be claimed for it. Raises the first refusal, unless it is
    only a preview; nothing is written or moved yet."""
    before = state.codes.own.get(order.id, []) if order else []
    if not item.codes and not before:
        return item, []
    if len(item.codes) > MOST_CODES:
        raise refusals.TooManyCodes(field="codes", most=MOST_CODES)
    basket = basket_of(item, order, state)
    number = order.id if order else 0
    claims = [_find(typed, basket, number, before, state) for typed in item.codes]
    _refuse_doubles(claims)
    result = discounts.price(
        [one.terms.offer for one in claims if one.terms and not one.error], basket.priced
    )
    for one in claims:
        if one.error is None and one.terms is not None:
            one.shares = result.shares.get(one.terms.id, [])
            if one.terms.id in result.left_out:
                one.error = refusals.NotTogether(field="codes")
    refused = next((one.error for one in claims if one.error is not None), None)
    if refused is not None and not state.codes.is_lenient:
        raise refused
    return _discounted(item, result), claims


def basket_of(item: OrderIn, order: OrderRow | None, state: State) -> Basket:
    """The order before its codes."""
    lines = content.lines_of(item, state)
    at = item.occurred_at if order is None or order.state == content.AWAITED else order.occurred_at
    occasion = Occasion(
        "order",
        at,
        local_time(at, state.rulebook.zone),
        item.store,
        item.channel,
        tuple(
            Line(one.position, one.sku, one.name, one.category, one.quantity, one.basis_minor, one.is_counted)
            for one in lines
        ),
    )
    priced = tuple(
        Priced(at, raw.kind, raw.sku, raw.name, raw.category, raw.quantity, raw.amount_minor, raw.is_reward)
        for at, raw in enumerate(item.lines, 1)
    )
    member_id, context = _who(item, order, occasion, state)
    return Basket(occasion, context, priced, state.rulebook.currency, member_id)


def _who(
    item: OrderIn, order: OrderRow | None, occasion: Occasion, state: State
) -> tuple[int | None, Context]:
    """The member as known at the order's moment; somebody who joins with it is 0, and a blocked one is nobody."""
    number = order.member_id if order is not None and order.member_id else None
    if number is None and item.member is not None and not content.is_gone(item.member, state):
        number = content.known(item.member, state)
        if number is None:
            joined: date = occasion.local.date()
            facts: dict[str, Any] = {
                "joined_on": joined,
                "language": item.member.language or None,
                "tags": frozenset(),
            }
            return (0, Context(member=facts)) if item.member.joins else (None, Context())
    person = state.people.get(number or 0)
    while person is not None and person.merged_into:
        person = state.people.get(person.merged_into)
    if person is None or person.state != "active":
        return None, Context()
    engine = state.rulebook.engine_at(occasion.occurred_at)
    context = earning.context_of(person, occasion, engine, state)
    return person.id, replace(context, member=person.facts)


def _find(typed: str, basket: Basket, order: int, before: Sequence[Use], state: State) -> Claim:
    """One typed code. What this order has already is not asked again whether it may."""
    seen = state.codes
    ticket = _ticket_of(typed, state)
    if ticket is not None:
        return _redeemed(ticket, basket, order)
    digests = [each.hex() for each in signs.digests(program_id=state.rulebook.program_id, typed=typed)]
    digest = next((each for each in digests if each in seen.codes), "")
    code = seen.codes.get(digest)
    claimed = next((use for use in before if use.digest in digests), None)
    if code is not None and claimed is not None:
        return Claim(code, seen.by_id[claimed.coupon_id], before=claimed)
    terms = seen.by_pool.get(code.pool) if code else None
    if code is None or terms is None or not _is_usable(code, basket):
        return Claim(error=refusals.CodeInvalid(field="codes"))
    member = basket.member_id
    if code.use == "member" and member is None:
        return Claim(code, terms, error=refusals.NeedsMember(field="codes"))
    if code.use == "member" and seen.times_before(member or 0, -code.id, order):
        return Claim(code, terms, error=refusals.LimitReached(field="codes", limit=1))
    times = seen.times_before(member or 0, terms.id, order)
    return Claim(code, terms, error=refusal(terms, basket, times=times), digest=digest)


def _ticket_of(typed: str, state: State) -> Ticket | None:
    seen = state.codes.tickets
    digests = tickets.digests(state.rulebook.program_id, typed) if seen else ()
    return next((seen[digest] for digest in digests if digest in seen), None)


def _redeemed(ticket: Ticket, basket: Basket, order: int) -> Claim:
    """The code of a reward."""
    if not ticket.is_usable(basket, order):
        return Claim(error=refusals.CodeInvalid(field="codes"))
    terms = ticket.terms
    return Claim(terms=terms, error=refusal(terms, basket, times=0), ticket=ticket)


def _is_usable(code: CodeRow, basket: Basket) -> bool:
    """Wrong, over, used up and somebody else's are one to a stranger (41)."""
    is_whose = code.member_id is None or code.member_id == basket.member_id
    is_left = code.most is None or code.used < code.most
    at = basket.occasion.occurred_at
    return code.is_open and is_whose and is_left and is_within(code.starts_at, code.ends_at, at)


def _refuse_doubles(claims: Sequence[Claim]) -> None:
    codes: set[int] = set()
    coupons: set[int] = set()
    for one in claims:
        if one.error is not None or one.terms is None:
            continue
        number = one.code.id if one.code else one.terms.id
        if number in codes:
            one.error = refusals.CodeTwice(field="codes")
        elif one.terms.id in coupons:
            one.error = refusals.NotTogether(field="codes")
        codes.add(number)
        coupons.add(one.terms.id)


def _discounted(item: OrderIn, result: Result) -> OrderIn:
    """The lines as the customer owes them; tax shrinks with them."""
    if not result.total_minor:
        return item
    off = result.per_line(len(item.lines))
    return replace(item, lines=tuple(_less(line, part) for line, part in zip(item.lines, off, strict=True)))


def _less(line: LineIn, part: int) -> LineIn:
    if not part:
        return line
    left = line.amount_minor - part
    return replace(
        line,
        amount_minor=left,
        discount_minor=line.discount_minor + part,
        tax_minor=share(line.tax_minor, left, line.amount_minor),
    )


# --- claiming ---------------------------------------------------------------------------------------------------------


def claim(
    claims: Sequence[Claim], order: OrderRow, person: Person | None, state: State, posted: Posted
) -> None:
    """Claim the codes for the order, and give back those that another revision of it had and this one has not."""
    held = [one for one in claims if one.error is None and one.ticket is None]
    tickets.use([one.ticket for one in claims if one.error is None and one.ticket], order, state, posted)
    kept = {one.before.id for one in held if one.before is not None}
    for use in tuple(state.codes.own.get(order.id, ())):
        if use.id not in kept:
            _give_back(use, person, state, posted)
    for one in held:
        shares = [[at, part] for at, part in enumerate(one.shares, 1) if part]
        if one.before is not None:
            _move(one.before, one.total_minor, shares, person, state)
        else:
            _add(one, shares, order, person, state, posted)
    order.coupons = frozenset(one.terms.key for one in held if one.terms is not None)
    if person is not None:
        person.is_touched = True


def _add(
    one: Claim, shares: list[list[int]], order: OrderRow, person: Person | None, state: State, posted: Posted
) -> None:
    assert one.code is not None and one.terms is not None  # noqa: S101, PT018 - only accepted ones come here
    use = state.codes.gone.pop((order.id, one.code.id), None)
    if use is not None:
        _move(use, one.total_minor, shares, person, state)
    else:
        use = Use(state.take_id(), order.id, one.terms.id, one.code.id, one.digest)
        _insert(one, use, shares, person, state, posted)
    state.codes.own.setdefault(order.id, []).append(use)
    if person is not None:
        state.codes.tally(person.id, use, 1)
    _count(one.code, one.terms, 1, state, posted.moment)


def _insert(
    one: Claim, use: Use, shares: list[list[int]], person: Person | None, state: State, posted: Posted
) -> None:
    row = {
        "id": use.id,
        "coupon_id": use.coupon_id,
        "code_id": use.code_id,
        "member_id": person.id if person else None,
        "order_id": use.order_id,
        "fact_id": posted.fact_id,
        "discount_minor": one.total_minor,
        "shares": shares,
        "at": posted.at,
    }
    rows.add(state, "coupon_uses", row)


def _move(
    use: Use,
    total: int,
    shares: list[list[int]],
    person: Person | None,
    state: State,
    given_back_at: datetime | None = None,
) -> None:
    """One row for each use of a posting, however many revisions of its order came with it."""
    row = {
        "id": use.id,
        "discount_minor": total,
        "shares": shares,
        "member_id": person.id if person else None,
        "given_back_at": given_back_at,
    }
    known = state.codes.moved.setdefault(use.id, row)
    if known is row:
        rows.add(state, "coupon_moves", row)
    known.update(row)


def _give_back(use: Use, person: Person | None, state: State, posted: Posted) -> None:
    seen = state.codes
    _move(use, 0, [], person, state, given_back_at=posted.moment)
    seen.own[use.order_id].remove(use)
    seen.gone[use.order_id, use.code_id] = use
    if person is not None and seen.own_times.get((use.order_id, person.id, use.coupon_id)):
        seen.tally(person.id, use, -1)
    code = seen.codes.get(use.digest)
    if code is not None:
        _count(code, seen.by_id[use.coupon_id], -1, state, posted.moment)
        return
    # Whether they are limited, the database knows: the code itself was not asked for.
    for table, number in (("code_frees", use.code_id), ("coupon_frees", use.coupon_id)):
        rows.add(state, table, number)


def _count(code: CodeRow, terms: Terms, amount: int, state: State, at: datetime) -> None:
    """One row for each code and coupon of a posting, and only where there is a limit: what has none is shared by all."""
    code.used += amount
    terms.taken += amount
    for table, number, most in (("code_uses", code.id, code.most), ("coupon_counts", terms.id, terms.most)):
        if most is None:
            continue
        row = state.codes.counted.get((table, number))
        if row is None:
            row = state.codes.counted[table, number] = {"id": number, "amount": 0, "at": at}
            rows.add(state, table, row)
        row["amount"] += amount


def told(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """One for each code, in the order in which they were sent: the coupon or reward and what it takes off, or why not."""
    found: list[dict[str, Any]] = []
    for one in claims:
        if one.error is not None:
            found.append(refusals.told(one.error))
        elif one.terms is not None:
            lines = [[at, part] for at, part in enumerate(one.shares, 1) if part]
            what = "reward" if one.ticket else "coupon"
            found.append({what: one.terms.key, "discount_minor": one.total_minor, "lines": lines})
    return found


def free(order: OrderRow, state: State, posted: Posted) -> None:
    """An order of which nothing is left gives its codes back, where the coupon says so; a line that costs nothing is left
    until its pieces are back."""
    lines = order.lines if state.rulebook.has_coupons else ()
    if lines and not any(line.left and (line.left_minor or not line.amount_minor) for line in lines):
        rows.add(state, "ended_orders", {"order_id": order.id, "at": posted.moment})
