"""A member's history told to the member: what happened, how it was worked out, what was taken back and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from loyaltysite.kit.templatetags.formats import signed
from members.models import OrderState, Program
from rewards import catalogue, offers
from rewards.histories import AwardLine, HistoryLine
from rewards.models import EntryKind, Settlement, Unit
from rewards.till.orders import number_of
from rewards.views.portal.words import (
    amount,
    dated,
    foreign,
    last_day,
    money,
    number,
    point_price,
    say,
    units,
)


@dataclass(slots=True)
class Story:
    """One line of the history: title, day and note beside it, signed amount; `rows` with `total` are a sum, `words`
    are sentences."""

    title: SafeString
    small: SafeString
    amount: SafeString | str
    rows: list[dict[str, Any]] = field(default_factory=list)
    total: dict[str, Any] = field(default_factory=dict)
    words: list[SafeString] = field(default_factory=list)


def tell(*, program: Program, lines: Iterable[HistoryLine]) -> list[Story]:
    """The lines in words; nothing is read here."""
    return [_tell(program, line) for line in lines]


def _tell(program: Program, line: HistoryLine) -> Story:
    entry = line.entry
    story = Story(title_of(line), _small_of(line), shown(line))
    tellers: Mapping[str, Callable[[Program, HistoryLine, Story], None]] = {
        EntryKind.EARN: _tell_earning,
        EntryKind.REVERSE: _tell_reversal,
        EntryKind.RESTORE: _tell_restoring,
        EntryKind.SPEND: _tell_spending,
        EntryKind.EXPIRE: _tell_ending,
        EntryKind.ACTIVATE: _tell_activation,
        EntryKind.ADJUST: _tell_adjustment,
        EntryKind.FORGIVE: _tell_forgiving,
    }
    teller = tellers.get(entry.kind)
    if teller:
        teller(program, line, story)
    if line.repaid:
        repaid = units(line.repaid, line.unit)
        story.words.append(say(_("%(amount)s of it made up for what was missing."), amount=repaid))
    return story


def shown(line: HistoryLine) -> SafeString | str:
    """What the member gained or lost, with its sign; nothing where nothing changed hands."""
    scaled = Fraction(line.amount, 10**line.unit.precision)
    return signed(float(scaled), line.unit.precision or None) if line.amount else ""


def _small_of(line: HistoryLine) -> SafeString:
    """The day, and beside the name of a reward what was done with it."""
    day = SafeString(dated(line.entry.at))
    return say("%(day)s · %(what)s", day=day, what=_named(line)) if line.reward else day


def _named(line: HistoryLine) -> str:
    return TITLES.get(line.entry.kind, lambda: line.label)()


def title_of(line: HistoryLine) -> SafeString:
    """What happened, in the member's words."""
    order = line.order
    if line.reward is not None:
        return foreign(catalogue.name_of(line.reward.names, line.reward.key))
    if line.cause is not None:
        return say(
            _("Given to %(cause)s"), cause=foreign(catalogue.name_of(line.cause.names, line.cause.key))
        )
    if order is None:
        return say(_named(line))
    kind, known = EntryKind(line.entry.kind), number_of(order)
    is_cancelled = kind == EntryKind.REVERSE and order.state == OrderState.CANCELLED
    if not known:
        # Nobody in the shop gave this sale a number.
        texts = {EntryKind.EARN: _("A purchase in the shop")}
        return say(_("A purchase was cancelled") if is_cancelled else texts.get(kind) or _named(line))
    texts = {
        EntryKind.EARN: _("Order %(number)s"),
        EntryKind.REVERSE: _("Order %(number)s was cancelled")
        if is_cancelled
        else _("Return to order %(number)s"),
        EntryKind.RESTORE: _("Given back for order %(number)s"),
        EntryKind.SPEND: _("Used for order %(number)s"),
    }
    text = texts.get(kind)
    return say(text, number=foreign(known)) if text else say(_named(line))


TITLES: Mapping[str, Callable[[], str]] = {
    EntryKind.EARN: lambda: _("Earned"),
    EntryKind.BONUS: lambda: _("A gift from the shop"),
    EntryKind.ADJUST: lambda: _("Put right by the shop"),
    EntryKind.ACTIVATE: lambda: _("Ready to use"),
    EntryKind.SPEND: lambda: _("Used"),
    EntryKind.REVERSE: lambda: _("Taken back after a return"),
    EntryKind.EXPIRE: lambda: _("Ended"),
    EntryKind.FORGIVE: lambda: _("Let go by the shop"),
    EntryKind.DONATE: lambda: _("Given to a good cause"),
    EntryKind.TRANSFER_IN: lambda: _("Received"),
    EntryKind.TRANSFER_OUT: lambda: _("Sent"),
    EntryKind.MERGE: lambda: _("Brought together from your other card"),
}


def _tell_earning(program: Program, line: HistoryLine, story: Story) -> None:
    awarded = sum(award.awarded for award in line.awards)
    for award in line.awards:
        row = {"text": foreign(award.rule), "amount": units(award.awarded, line.unit)}
        row["note"] = _sum_of(program, award, line.unit)
        story.rows.append(row)
    if story.rows:
        story.total = {"text": _("Together"), "sum": "", "amount": units(awarded, line.unit)}
    for award in line.awards:
        if award.cut_by and award.desired > award.awarded:
            story.words.append(_tell_cut(award, line.unit))
    if line.entry.pending_change > 0:
        story.small = say(_("%(day)s · not usable yet"), day=story.small)


def _sum_of(program: Program, award: AwardLine, unit: Unit) -> SafeString:
    """£10.80 at 1 Star for £1 = 10.8 · your tier × 1.5 = 16.2 · rounded to 16"""
    parts = []
    for step in award.steps:
        name, result = str(step["step"]), amount(str(step["amount"]), unit)
        if name == "tier":
            factor = amount(str(step["factor"]), unit)
            parts.append(say(_("your tier × %(factor)s = %(result)s"), factor=factor, result=result))
        elif name == "plan":
            factor, plan = amount(str(step["factor"]), unit), offers.plan_name(program, str(step["plan"]))
            parts.append(
                say(_("%(plan)s × %(factor)s = %(result)s"), plan=plan, factor=factor, result=result)
            )
        elif name == "rounding":
            parts.append(say(_("rounded to %(result)s"), result=result))
        elif name in ("cap", "group"):
            continue
        elif text := _formula(program, step, unit):
            parts.append(text)
    return SafeString(" · ".join(parts))


def _formula(program: Program, step: Mapping[str, Any], unit: Unit) -> SafeString:
    name, result = step["step"], amount(str(step["amount"]), unit)
    if name in ("per_amount", "whole_steps"):
        given, price = point_price(program, str(step["value"]), int(step["per_minor"]), unit)
        basis = money(int(step["basis_minor"]), program.currency)
        text = _("%(basis)s at %(given)s for %(price)s = %(result)s")
        return say(text, basis=basis, given=given, price=price, result=result)
    if name == "percent":
        share = say("%(value)s%%", value=amount(str(step["value"]), unit))
        basis = money(int(step["basis_minor"]), program.currency)
        return say(_("%(share)s of %(basis)s = %(result)s"), share=share, basis=basis, result=result)
    if name == "per_item":
        each, count = amount(str(step["value"]), unit), number(int(step["quantity"]))
        return say(_("%(count)s pieces × %(each)s = %(result)s"), count=count, each=each, result=result)
    if name == "multiplier":
        factor = amount(str(step["value"]), unit)
        return say(_("× %(factor)s: %(result)s more"), factor=factor, result=result)
    return SafeString("")


def _tell_cut(award: AwardLine, unit: Unit) -> SafeString:
    texts = {
        "order": _("“%(rule)s” gives only so much for one order: %(given)s instead of %(wanted)s."),
        "day": _("“%(rule)s” gives only so much a day: %(given)s instead of %(wanted)s."),
        "week": _("“%(rule)s” gives only so much a week: %(given)s instead of %(wanted)s."),
        "month": _("“%(rule)s” gives only so much a month: %(given)s instead of %(wanted)s."),
        "year": _("“%(rule)s” gives only so much a year: %(given)s instead of %(wanted)s."),
        "lifetime": _("“%(rule)s” gives only so much to one member: %(given)s instead of %(wanted)s."),
        "budget": _(
            "What the shop had set aside for “%(rule)s” is used up: %(given)s instead of %(wanted)s."
        ),
        "unit_order": _("One order can win only so much: “%(rule)s” gives %(given)s instead of %(wanted)s."),
        "group": _("Another offer gave more than “%(rule)s”, and only the best one counts."),
    }
    given, wanted = units(award.awarded, unit), units(award.desired, unit)
    text = texts.get(award.cut_by, _("“%(rule)s” gives %(given)s instead of %(wanted)s."))
    return say(text, rule=foreign(award.rule), given=given, wanted=wanted)


def _tell_reversal(program: Program, line: HistoryLine, story: Story) -> None:
    for settlement in line.settlements:
        story.words += _settle(settlement, line.unit)


def _settle(settlement: Settlement, unit: Unit) -> Iterable[SafeString]:
    kept = settlement.awarded - settlement.reversed_total
    if kept > 0:
        text = _("With what you kept, the order earns %(kept)s instead of %(awarded)s.")
        yield say(text, kept=units(kept, unit), awarded=units(settlement.awarded, unit))
    else:
        text = _("The order has been taken back whole, so its %(awarded)s go too.")
        yield say(text, awarded=units(settlement.awarded, unit))
    facts = (
        (settlement.from_ended, _("%(amount)s of them had ended before and are not taken again.")),
        (settlement.from_others, _("%(amount)s were used already, so they came from your other ones.")),
        (
            settlement.to_arrears,
            _("%(amount)s were used already and are missing; the next ones make up for it."),
        ),
        (settlement.forgiven, _("%(amount)s were used already; the shop lets you keep them.")),
    )
    for taken, words in facts:
        if taken > 0:
            yield say(words, amount=units(taken, unit))


def _tell_restoring(program: Program, line: HistoryLine, story: Story) -> None:
    if line.reward is None:
        story.words.append(say(_("You had used them for what you returned, so you have them again.")))


def _tell_spending(program: Program, line: HistoryLine, story: Story) -> None:
    text = _("Taken from those that would have ended first. After it you had %(rests)s.")
    story.words.append(say(text, rests=units(line.rests, line.unit)))


def _tell_ending(program: Program, line: HistoryLine, story: Story) -> None:
    day = dated(last_day(line.entry.at), "long")
    story.words.append(say(_("Their last day was %(day)s, and they were not used by then."), day=day))


def _tell_activation(program: Program, line: HistoryLine, story: Story) -> None:
    usable = units(line.entry.active_change - line.entry.arrears_change, line.unit)
    story.title = say(_("%(amount)s ready to use"), amount=usable)


def _tell_adjustment(program: Program, line: HistoryLine, story: Story) -> None:
    story.words.append(say(_("Somebody at the shop did this by hand. Ask there if you wonder why.")))


def _tell_forgiving(program: Program, line: HistoryLine, story: Story) -> None:
    story.words.append(say(_("You no longer owe them.")))
