"""The try-it box: reads what shall be tried, and tells both sides rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions import controls
from loyaltysite.kit.conditions.controls import Terms
from loyaltysite.kit.conditions.kinds import WrongValue
from members import queries as people
from members.models import Member, Order, OrderState, Program
from members.queries import Sought
from rewards import offers, trials
from rewards.engine.definitions import RuleError
from rewards.engine.rules import scheduled
from rewards.trials import Side, Subject, Trial, Tried, TypedLine
from rewards.views import telling
from rewards.views.rules.editing import Editing

RECENT = 12
LINES = 4
TYPED = "typed"


class CannotTry(Exception):
    """What keeps the box from trying, in a sentence."""


@dataclass(slots=True)
class Box:
    """What stands in the box, and what came of it."""

    recent: list[tuple[str, str]]
    chosen: str = ""
    number: str = ""
    member: str = ""
    at: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)
    refusal: str = ""
    told: dict[str, Any] | None = None

    @property
    def is_typed(self) -> bool:
        return self.chosen == TYPED


def box_of(program: Program, data: QueryDict | None) -> Box:
    """The box as it was left, with the latest orders to choose from. Two statements."""
    posted = data or QueryDict()
    names = ("sku", "category", "quantity", "price")
    columns = [posted.getlist(f"try_{name}") for name in names]
    rows = [
        {
            name: column[index] if index < len(column) else ""
            for name, column in zip(names, columns, strict=True)
        }
        for index in range(max(LINES, *(len(column) for column in columns)))
    ]
    recent = recent_orders(program)
    first = recent[0][0] if recent else TYPED
    return Box(
        recent,
        posted.get("try_order") or first,
        posted.get("try_number", "").strip(),
        posted.get("try_member", "").strip(),
        posted.get("try_at", ""),
        rows[:50],
    )


def recent_orders(program: Program) -> list[tuple[str, str]]:
    """The orders recorded last, latest first: id and how to know it."""
    states = (OrderState.PLACED, OrderState.PAID)
    orders = Order.objects.filter(program=program, state__in=states, member__isnull=False)
    latest = sorted(
        orders.select_related("member").order_by("-pk")[:RECENT],
        key=lambda order: order.occurred_at,
        reverse=True,
    )
    return [(str(order.pk), name_of(order, program)) for order in latest]


def name_of(order: Order, program: Program) -> str:
    parts = {
        "number": order.external_id,
        "member": str(order.member) if order.member else _("nobody known"),
        "money": formats.format_money(order.total_minor, program.currency),
        "day": formats.format_date(order.occurred_at, form="short"),
    }
    return _("%(number)s, %(member)s, %(money)s, %(day)s") % {
        name: formats.isolate(text) for name, text in parts.items()
    }


def run(program: Program, editing: Editing, box: Box, now: datetime) -> None:
    """Fill the box with what came of it, or with why it could not be tried."""
    try:
        subject = _subject(program, editing, box, now)
        trial = trials.compare(
            program=program,
            subject=subject,
            key=editing.key,
            name=editing.name,
            definition=editing.definition,
            now=now,
        )
    except CannotTry as refusal:
        box.refusal = str(refusal)
    except RuleError as error:
        editing.refuse(error)
        box.refusal = str(error)
    else:
        box.told = _tell(trial, program, editing)


def _subject(program: Program, editing: Editing, box: Box, now: datetime) -> Subject:
    at = _moment(box.at, program)
    if not editing.form.is_of_orders:
        kind = str(editing.form.cleaned_data["event"])
        if editing.form.occasion == "schedule":
            kind = scheduled(kind)
        member = _member(program, box.member)
        return trials.happening(program=program, kind=kind, at=at or now, member=member)
    if box.number:
        return trials.past(program=program, order=_numbered(program, box.number), at=at)
    if not box.is_typed:
        order = (
            Order.objects.filter(program=program, pk=int(box.chosen)).first()
            if box.chosen.isdecimal()
            else None
        )
        if order is None:
            raise CannotTry(_("Choose an order, or type one."))
        return trials.past(program=program, order=order, at=at)
    lines = _typed_lines(box, program)
    return trials.typed(program=program, lines=lines, at=at or now, member=_member(program, box.member))


def _numbered(program: Program, number: str) -> Order:
    found = Order.objects.filter(program=program, external_id=number).exclude(state=OrderState.AWAITED)
    order = found.order_by("-pk").first()
    if order is None:
        raise CannotTry(_("There is no order “%(number)s”.") % {"number": number})
    return order


def _member(program: Program, text: str) -> Member | None:
    """A member by number or any identity; nobody where nothing was typed."""
    if not text:
        return None
    ways = people.ways_to(program=program, sought=Sought.parse(text))
    found = next((member for way in ways for member in way[:1]), None)
    if found is None:
        raise CannotTry(_("Nobody was found for “%(text)s”.") % {"text": text})
    return found


def _moment(text: str, program: Program) -> datetime | None:
    try:
        moment = parse_datetime(text) if text else None
    except ValueError:
        raise CannotTry(_("Give a date and a time.")) from None
    return moment.replace(tzinfo=program.zone) if moment is not None and moment.tzinfo is None else moment


def _typed_lines(box: Box, program: Program) -> list[TypedLine]:
    terms = Terms(program.currency)
    lines = []
    for number, row in enumerate(box.rows, 1):
        if not any(row.values()):
            continue
        try:
            quantity = controls.read_whole(row["quantity"] or "1")
            price = controls.read_money(row["price"], terms)
        except WrongValue as wrong:
            message = str(wrong.message) % wrong.params if wrong.params else str(wrong.message)
            raise CannotTry(
                _("Line %(number)s: %(message)s") % {"number": number, "message": message}
            ) from None
        if not (1 <= quantity <= 1_000_000 and 0 <= price <= 10**12):
            raise CannotTry(
                _("Line %(number)s: the quantity or the price is out of range.") % {"number": number}
            )
        lines.append(TypedLine(row["sku"] or f"#{number}", quantity, price, row["category"].strip()))
    if not lines:
        raise CannotTry(_("Type at least one line with a price."))
    return lines


# What came of it


def _tell(trial: Trial, program: Program, editing: Editing) -> dict[str, Any]:
    subject = trial.subject
    total = sum(line.basis_minor for line in subject.occasion.lines)
    return {
        "order": name_of(subject.order, program) if subject.order else "",
        "who": str(subject.member) if subject.member else "",
        "tier": dict(offers.tiers()).get(trial.tier, trial.tier),
        "at": subject.occasion.occurred_at,
        "total": formats.format_money(total, program.currency),
        "has_lines": bool(subject.occasion.lines),
        "rows": [_row(row, program, editing) for row in trial.rows],
        "totals": [
            {
                "unit": editing.names.unit(unit),
                "live": _amount(trial.live.get(unit, 0), unit, editing),
                "draft": _amount(trial.draft.get(unit, 0), unit, editing),
            }
            for unit in trial.differences
        ],
        "verdicts": [_verdict(unit, by, editing) for unit, by in trial.differences.items() if by],
    }


def _row(row: Tried, program: Program, editing: Editing) -> dict[str, Any]:
    live, draft = _side(row.live, program, editing), _side(row.draft, program, editing)
    return {
        "name": row.name,
        "is_own": row.is_own,
        "live": live,
        "draft": draft,
        "is_same": row.live.reason is not None and live == draft,
        "is_new": row.live.reason is None,
        "is_gone": row.draft.reason is None,
    }


def _side(side: Side, program: Program, editing: Editing) -> Mapping[str, str]:
    """The amount, the arithmetic behind it, and why it is not more."""
    if side.reason is None:
        return {"amount": "", "sum": "", "why": ""}
    steps = side.award.steps if side.award else ()
    sums = [telling.formula(steps[0], program)] if steps else []
    sums += [
        f"× {formats.format_number(Decimal(str(step['factor'])))}"
        for step in steps
        if step["step"] in {"tier", "plan"}
    ]
    return {
        "amount": _amount(side.awarded, side.unit, editing) if side.award else "",
        "sum": " ".join(filter(None, sums)),
        "why": "" if side.reason.code == "given" else side.reason.text,
    }


def _amount(amount: int, unit: str, editing: Editing) -> str:
    known = editing.names.units.get(unit)
    digits = known.precision if known else 0
    return formats.format_number(Decimal(amount).scaleb(-digits), decimals=digits or None)


def _verdict(unit: str, by: int, editing: Editing) -> str:
    known = editing.names.units[unit]
    amount = formats.format_units(abs(by), known)
    if by > 0:
        return _("The draft gives %(amount)s more.") % {"amount": amount}
    return _("The draft gives %(amount)s less.") % {"amount": amount}
