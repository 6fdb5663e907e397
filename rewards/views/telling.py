"""A line of the ledger in the words of staff: what happened, the sum behind it, and where it was taken from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit import formats
from members.models import Program
from rewards import catalogue, offers
from rewards.engine.reasons import Step
from rewards.histories import AwardLine, HistoryLine
from rewards.models import Allocation, EntryKind, Lot, Settlement, Unit

type Row = dict[str, Any]

LIMITS: Mapping[str, str | Promise] = {
    "order": gettext_lazy("Limit for one order"),
    "day": gettext_lazy("Limit for one day"),
    "week": gettext_lazy("Limit for one week"),
    "month": gettext_lazy("Limit for one month"),
    "year": gettext_lazy("Limit for one year"),
    "lifetime": gettext_lazy("Limit for one member"),
    "budget": gettext_lazy("Budget of the rule"),
    "unit_order": gettext_lazy("Limit of all rules for one order"),
}
HEADLINES: Mapping[EntryKind, str | Promise] = {
    EntryKind.SPEND: gettext_lazy("%(unit)s used"),
    EntryKind.EXPIRE: gettext_lazy("%(unit)s ended"),
    EntryKind.ACTIVATE: gettext_lazy("%(unit)s became usable"),
    EntryKind.ADJUST: gettext_lazy("Corrected by staff"),
    EntryKind.MERGE: gettext_lazy("Moved by a merge of two members"),
}
KINDS = {
    EntryKind.EARN: "good",
    EntryKind.BONUS: "good",
    EntryKind.ACTIVATE: "good",
    EntryKind.RESTORE: "good",
    EntryKind.REVERSE: "bad",
    EntryKind.RESERVE: "warn",
}


@dataclass(slots=True)
class Told:
    """What components/why.html and reasons.html show; `why_not` is the address of what was not given."""

    line: HistoryLine
    date: str
    text: str
    amount: str
    badge: str
    kind: str
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    total: Row | None = None
    caption: str = ""
    why_not: str = ""

    @property
    def digest(self) -> str:
        """The beginning and the end of the entry's seal, enough to compare by eye."""
        text = bytes(self.line.entry.digest).hex()
        return f"{text[:4]} {text[4:8]} … {text[-4:]}"


def tell(
    line: HistoryLine, *, program: Program, member_number: str, used: Sequence[Allocation], opened: Lot | None
) -> Told:
    """One entry with everything that unfolds under it."""
    entry, unit = line.entry, line.unit
    told = Told(
        line=line,
        date=formats.format_date(entry.at),
        text=_headline(line, program),
        amount=_signed(line.amount, unit),
        badge=_("Pending") if _is_pending(opened, entry.kind) else line.label,
        kind="warn" if _is_pending(opened, entry.kind) else KINDS.get(EntryKind(entry.kind), ""),
    )
    told.notes = list(_notes(line, program, opened))
    if line.awards:
        told.rows = list(_award_rows(line, program))
        told.total = {"text": _("Given"), "amount": _number(entry_gain(line), unit)}
        told.caption = _("How %(amount)s were worked out") % {
            "amount": formats.format_units(line.amount, unit)
        }
    elif line.settlements:
        told.rows, told.total = _settlement_rows(line.settlements, unit)
        told.caption = _("Where %(amount)s were taken") % {"amount": formats.format_units(-line.amount, unit)}
    elif used:
        told.rows = [_used_row(one, unit) for one in used]
        told.total = {"text": _("Together"), "amount": _number(sum(one.amount for one in used), unit)}
        told.caption = _("Which lots were used")
    if entry.fact_id and entry.kind == EntryKind.EARN and line.order is not None:
        told.why_not = reverse("rewards:reasons", args=[program.slug, member_number, entry.fact_id])
    return told


def entry_gain(line: HistoryLine) -> int:
    """What the awards of an entry add up to: repaid arrears are part of what was given."""
    return sum(award.awarded for award in line.awards)


def _headline(line: HistoryLine, program: Program) -> str:
    entry, order = line.entry, line.order
    if order is None:
        return _headline_alone(line)
    names = {"number": order.external_id, "money": formats.format_money(order.total_minor, program.currency)}
    if entry.kind == EntryKind.EARN:
        return _("Order %(number)s, %(money)s") % names
    if entry.kind == EntryKind.REVERSE:
        return _("Taken back, order %(number)s") % names
    if entry.kind == EntryKind.ACTIVATE:
        return _("Became usable, order %(number)s") % names
    if entry.kind in (EntryKind.SPEND, EntryKind.RESERVE):
        return _("Used for order %(number)s") % names
    return f"{line.label}, {order.external_id}"


def _headline_alone(line: HistoryLine) -> str:
    """Of what belongs to no order."""
    if line.reward is not None:
        return f"{line.label}: {catalogue.name_of(line.reward.names, line.reward.key)}"
    headline = HEADLINES.get(EntryKind(line.entry.kind))
    return str(headline) % {"unit": formats.unit_name(0, line.unit)} if headline else line.label


def _is_pending(opened: Lot | None, kind: str) -> bool:
    return opened is not None and not opened.is_active and kind != EntryKind.ACTIVATE


def _notes(line: HistoryLine, program: Program, opened: Lot | None) -> Iterator[str]:
    entry, order = line.entry, line.order
    moment = formats.format_date(entry.at, form="moment")
    if order is not None and line.awards:
        yield _("%(moment)s, with the rules and the tier of that moment. %(basis)s of %(total)s earn.") % {
            "moment": moment,
            "basis": formats.format_money(order.basis_minor, program.currency),
            "total": formats.format_money(order.total_minor, program.currency),
        }
    elif entry.at != entry.posted_at:
        booked = formats.format_date(entry.posted_at, form="moment")
        yield _("Counts for %(moment)s, booked %(booked)s.") % {"moment": moment, "booked": booked}
    else:
        yield f"{moment}."
    if line.repaid:
        yield _("%(amount)s of it paid back arrears.") % {
            "amount": formats.format_units(line.repaid, line.unit)
        }
    if entry.arrears_change > 0:
        owed = formats.format_units(entry.arrears, line.unit)
        yield _("The member now owes %(amount)s, which the next points pay back first.") % {"amount": owed}
    yield from _lot_notes(opened)


def _lot_notes(opened: Lot | None) -> Iterator[str]:
    if opened is None:
        return
    if not opened.is_active and opened.active_at:
        yield _("Usable from %(day)s.") % {"day": formats.format_date(opened.active_at)}
    elif not opened.is_active:
        yield _("Usable as soon as “%(event)s” is reported.") % {"event": opened.awaits}
    if opened.expires_at:
        yield _("Last day %(day)s.") % {"day": last_day(opened)}


def last_day(lot: Lot) -> str:
    """The last day on which the lot can be used: it ends with the first moment of the next one."""
    return formats.format_date(lot.expires_at - timedelta(microseconds=1)) if lot.expires_at else ""


def _award_rows(line: HistoryLine, program: Program) -> Iterator[Row]:
    for award in line.awards:
        yield from _steps_of(award, line.unit, program)


def _steps_of(award: AwardLine, unit: Unit, program: Program) -> Iterator[Row]:
    """The rule's own row, then what changed its amount: tier, cap, group, rounding."""
    version = _("version %(number)s") % {"number": formats.format_number(award.version)}
    before = Fraction(0)
    for step in award.steps:
        amount = Fraction(str(step["amount"]))
        name = str(step["step"])
        if name in ("tier", "plan"):
            yield {
                "text": offers.plan_name(program, str(step["plan"])) if name == "plan" else _("Tier"),
                "sum": f"{_exact(before)} × {_exact(step['factor'])}",
                "amount": _exact(amount),
            }
        elif name in ("cap", "group"):
            yield _cut_row(step, before, amount, unit)
        elif name == "rounding":
            yield {"text": _("Rounded once, at the end"), "sum": _exact(before), "amount": _exact(amount)}
        else:
            yield {
                "text": award.rule,
                "note": version,
                "sum": formula(step, program),
                "amount": _exact(amount),
            }
        before = amount


def _cut_row(step: Step, before: Fraction, after: Fraction, unit: Unit) -> Row:
    if step["step"] == "group":
        text: str = _("Only the best of its group counts")
    else:
        text = str(LIMITS.get(str(step["by"]), step["by"]))
    cut = before - after
    return {
        "text": text,
        "badge": _("Cut by %(amount)s") % {"amount": _exact(cut)} if cut > 0 else "",
        "sum": f"{_exact(before)} → {_exact(after)}",
        "amount": formats.format_number(-cut) if cut else _exact(after),
    }


def formula(step: Step, program: Program) -> str:
    """£42.60 × 1 per £1, 5% of £42.60, 3 × 2, × 1.5: the arithmetic of the first step."""
    value = _exact(step["value"])
    money = formats.format_money(int(str(step.get("basis_minor", 0))), program.currency)
    if "per_minor" in step:
        per = formats.format_money(int(str(step["per_minor"])), program.currency, short=True)
        if step["step"] == "whole_steps":
            return _("%(money)s × %(value)s per whole %(per)s") % {"money": money, "value": value, "per": per}
        return _("%(money)s × %(value)s per %(per)s") % {"money": money, "value": value, "per": per}
    if step["step"] == "percent":
        return _("%(value)s%% of %(money)s") % {"value": value, "money": money}
    if "quantity" in step:
        return f"{formats.format_number(int(str(step['quantity'])))} × {value}"
    if step["step"] == "multiplier":
        return f"× {value}"
    return ""


def _settlement_rows(settlements: Sequence[Settlement], unit: Unit) -> tuple[list[Row], Row]:
    """What the order gives now, what it gave before, and from where the difference was taken (25, 26)."""
    rows: list[Row] = []
    taken = 0
    for one in settlements:
        left = one.awarded - one.reversed_total
        rows += [
            {"text": _("The order as it was"), "sum": _number(left + one.reversed, unit)},
            {"text": _("What is left of it, priced again with the same rules"), "sum": _number(left, unit)},
        ]
        rows += [
            {"text": str(text), "amount": _number(-amount, unit)}
            for text, amount in (
                (_("From the order’s own lots"), one.from_own),
                (_("Had ended unused, taken from nowhere"), one.from_ended),
                (_("From other lots"), one.from_others),
                (_("Owed as arrears"), one.to_arrears),
                (_("Forgiven"), one.forgiven),
            )
            if amount
        ]
        taken += one.reversed
    return rows, {"text": _("Taken back"), "amount": _number(-taken, unit)}


def _used_row(one: Allocation, unit: Unit) -> Row:
    earned = formats.format_date(one.lot.earned_at)
    note = _("last day %(day)s") % {"day": last_day(one.lot)} if one.lot.expires_at else ""
    return {"text": _("Lot of %(day)s") % {"day": earned}, "note": note, "amount": _number(one.amount, unit)}


def _number(amount: int, unit: Unit) -> str:
    return formats.format_number(Decimal(amount).scaleb(-unit.precision), decimals=unit.precision or None)


def _signed(amount: int, unit: Unit) -> str:
    scaled = Decimal(amount).scaleb(-unit.precision)
    return formats.format_number(scaled, decimals=unit.precision or None, sign=True)


def _exact(value: object) -> str:
    """A decimal where there is one, else three places and dots: 1.667…"""
    exact = value if isinstance(value, Fraction) else Fraction(str(value))
    rounded = round(exact, 6)
    if rounded == exact:
        return formats.format_number(exact)
    return formats.format_number(exact, decimals=3) + "…"
