"""What a cashier is told, in the reader's language: who it is, what was given, what was not and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from loyaltysite.kit import clock, formats
from members.models import Member, OrderLine, Program
from members.portal import placements
from rewards import catalogue, histories, queries
from rewards.engine.explanation import Reason
from rewards.intake import Preview
from rewards.models import Cause, Coupon, Reward, TillAction, Unit
from rewards.till.actions import UNDO_WINDOW
from rewards.views import progress
from rewards.views.till import holding

SOON = timedelta(days=14)


@dataclass(slots=True)
class Who:
    """All that a cashier sees of a member: no contact, no history."""

    number: str
    name: str
    tier: str = ""
    bars: int = 1
    balance: str = ""
    note: str = ""
    # What a campaign has for this member, for the cashier to say.
    said: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Told:
    """What the page shows after an action; `left_until` ends the time to undo it."""

    kind: str
    key: str
    who: Who
    figure: str = ""
    headline: str = ""
    lines: list[str] = field(default_factory=list)
    missed: list[dict[str, str]] = field(default_factory=list)
    tier: progress.Told | None = None
    left_until: datetime | None = None
    short: str = ""
    soon: str = ""
    # What campaigns want to have on the receipt.
    receipt: list[str] = field(default_factory=list)

    @property
    def is_given(self) -> bool:
        return self.kind == TillAction.Kind.SALE and self.figure.startswith("+")


def who(*, program: Program, member: Member) -> Who:
    tiers = queries.tiers_of(program)
    tier = queries.present_tiers([member.pk], tiers=tiers)[member.pk]
    unit = next(iter(queries.units_of(program)), None)
    amount = queries.balances_of([member.pk], unit=unit).get(member.pk, 0)
    return Who(
        number=member.number,
        name=member.name or _("Member"),
        tier=queries.name_of(tier) if tier else "",
        bars=queries.bars_of(tier, tiers),
        balance=formats.format_units(amount, unit) if unit else "",
        note=_("Blocked: nothing is given until an owner or manager lifts it.")
        if member.state == Member.State.BLOCKED
        else holding.tell(program=program, member=member, now=clock.now()),
    )


def greet(*, program: Program, member: Member) -> Who:
    """Who was found, with what there is to say to them; what is shown counts as delivered."""
    found = who(program=program, member=member)
    shown = placements.of(program=program, member=member, now=clock.now(), surface="till")
    found.said = [item.text for item in shown]
    return found


def tell(*, program: Program, action: TillAction, now: datetime) -> Told:
    """An action as it was answered; a repeat of it is told the same figures."""
    member = Member.objects.get(program=program, pk=action.holder_id or 0)
    told = Told(action.kind, str(action.key), who(program=program, member=member))
    if action.kind == TillAction.Kind.SALE:
        _tell_sale(told, program, action, member, now)
    elif action.kind == TillAction.Kind.JOIN:
        _tell_joining(told, action)
    elif action.kind == TillAction.Kind.REDEEM:
        _tell_handing(told, program, action)
    elif action.kind == TillAction.Kind.DONATE:
        _tell_gift(told, program, action)
    else:
        _tell_undoing(told, program, action)
    if action.kind != TillAction.Kind.UNDO and not action.answer.get("existing"):
        told.left_until = action.recorded_at + UNDO_WINDOW
    return told


def _tell_sale(told: Told, program: Program, action: TillAction, member: Member, now: datetime) -> None:
    answer = action.answer
    units = {unit.key: unit for unit in queries.units_of(program)}
    given = [(units[key], amount) for key, amount in answer["awarded"].items() if amount]
    total = formats.format_money(answer["total_minor"], program.currency)
    told.figure = _figure(given[0][1], given[0][0]) if given else formats.format_number(0)
    names = {"name": told.who.name}
    if given:
        told.headline = _("%(units)s for %(name)s") % (
            names | {"units": formats.unit_name(given[0][1], given[0][0])}
        )
    else:
        told.headline = _("Nothing for %(name)s this time") % names
    told.lines += [formats.format_units(amount, unit, sign=True) for unit, amount in given[1:]]
    told.lines.append(_("Sale of %(total)s.") % {"total": total})
    for one in told_codes(program=program, codes=answer.get("codes", [])):
        told.lines.append(f"{one['text']}: {one['amount']}")
    if payment := answer.get("payment"):
        told.lines += paid(payment, program)
    elif answer.get("codes"):
        owed = formats.format_money(_owed(program, action.order_id), program.currency)
        told.lines.append(_("To pay: %(money)s.") % {"money": owed})
    told.lines += [
        _("New balance: %(amount)s.") % {"amount": formats.format_units(amount, units[key])}
        for key, amount in answer["balance"].items()
    ]
    if answer["code"]:
        told.lines.append(told.who.note or _("This member gets nothing at present."))
    told.missed = missed(
        program=program, reasons=histories.explain(program=program, fact_id=answer["fact_id"] or 0)
    )
    told.tier = progress.tell(program=program, member=member, now=now)
    told.soon = _soon(program, member, now)
    told.receipt = [
        item.receipt for item in placements.of(program=program, member=member, now=now, surface="receipt")
    ]
    told.short = " · ".join(
        [total, *(formats.format_units(amount, unit, sign=True) for unit, amount in given)]
    )


def _owed(program: Program, order_id: int | None) -> int:
    """What the customer pays for an order, tax included."""
    lines = OrderLine.objects.filter(order_id=order_id or 0, revision=0)
    sums = lines.aggregate(net=Sum("amount_minor"), tax=Sum("tax_minor"))
    return (sums["net"] or 0) + (0 if program.prices_include_tax else sums["tax"] or 0)


def paid(payment: Mapping[str, Any], program: Program) -> list[str]:
    """What each tender paid, and what is left to take in money."""
    units = {unit.key: unit for unit in queries.units_of(program)}
    lines = []
    for tender in payment["tenders"]:
        money = formats.format_money(tender["money_minor"], program.currency)
        if tender["card"]:
            text = _("Gift card …%(ending)s pays %(money)s.")
            lines.append(text % {"ending": tender["card"], "money": money})
        else:
            amount = formats.format_units(tender["amount"], units[tender["unit"]])
            lines.append(_("%(amount)s pay %(money)s.") % {"amount": amount, "money": money})
    left = formats.format_money(payment["left_minor"], program.currency)
    return [*lines, _("Left to pay: %(money)s") % {"money": left}]


def _soon(program: Program, member: Member, now: datetime) -> str:
    """What ends first, when that is within two weeks: the cashier can say it while there is time to use it."""
    for purse in histories.purses_of(program=program, member=member):
        lot = purse.ends_next
        if lot is not None and lot.expires_at is not None and now < lot.expires_at <= now + SOON:
            amount = formats.format_units(lot.remaining - lot.reserved, purse.unit)
            day = formats.format_date(lot.expires_at - timedelta(microseconds=1), form="day")
            return _("Say it now: %(amount)s end on %(day)s.") % {"amount": amount, "day": day}
    return ""


def _tell_joining(told: Told, action: TillAction) -> None:
    if action.answer.get("existing"):
        told.headline = _("%(name)s is a member already") % {"name": told.who.name}
    else:
        told.headline = _("%(name)s is a member now") % {"name": told.who.name}
    told.short = told.headline


def _tell_handing(told: Told, program: Program, action: TillAction) -> None:
    answer = action.answer
    reward = Reward.objects.get(program=program, key=answer["reward"])
    names = {"reward": catalogue.name_of(reward.names, reward.key), "name": told.who.name}
    told.headline = told.short = _("%(reward)s for %(name)s") % names
    units = {unit.key: unit for unit in queries.units_of(program)}
    told.lines += [
        formats.format_units(-amount, units[key], sign=True) for key, amount in answer["price"].items()
    ]
    if answer["money_minor"]:
        money = formats.format_money(answer["money_minor"], program.currency)
        told.lines.append(_("To pay besides: %(money)s") % {"money": money})


def _tell_gift(told: Told, program: Program, action: TillAction) -> None:
    answer = action.answer
    cause = Cause.objects.get(program=program, key=answer["cause"])
    name = catalogue.name_of(cause.names, cause.key)
    told.headline = told.short = _("%(name)s gives to %(cause)s") % {"name": told.who.name, "cause": name}
    units = {unit.key: unit for unit in queries.units_of(program)}
    told.lines.append(formats.format_units(-answer["amount"], units[answer["unit"]], sign=True))
    number = formats.format_number(answer["receipt"])
    told.lines.append(_("Receipt %(number)s. The member finds it on the own page.") % {"number": number})


def _tell_undoing(told: Told, program: Program, action: TillAction) -> None:
    units = {unit.key: unit for unit in queries.units_of(program)}
    told.headline = told.short = _("Undone")
    taken = [
        formats.format_units(-amount, units[key])
        for key, amount in action.answer.get("reversed", {}).items()
        if amount
    ]
    told.lines += taken
    for one in action.answer.get("restored", ()):
        money = formats.format_money(one["money_minor"], program.currency)
        if one["card"]:
            told.lines.append(
                _("Gift card …%(ending)s has %(money)s back.") % {"ending": one["card"], "money": money}
            )
        else:
            told.lines.append(formats.format_units(one["amount"], units[one["unit"]], sign=True))
    if "redemption" in action.answer:
        told.lines.append(_("The points came back. Take the goods back, too."))
    elif "donation" in action.answer:
        told.lines.append(_("The points came back, and the receipt is void."))
    elif action.order_id:
        told.lines.append(_("The sale does not count any more."))
    else:
        told.lines.append(_("The joining was taken back, and the contact is free again."))


def missed(*, program: Program, reasons: list[Reason]) -> list[dict[str, str]]:
    """The rules that gave nothing, or less, and why."""
    names = queries.rules_of(program)
    return [
        {"rule": names.get(reason.rule_id, ""), "text": reason.text}
        for reason in reasons
        if not reason.has_fired or reason.code == "cut"
    ]


def foresee(*, program: Program, found: Preview) -> dict[str, Any]:
    """What a sale would give: `give` is the label of the button, `rows` what each rule gives."""
    units = {unit.key: unit for unit in queries.units_of(program)}
    given = [(units[key], amount) for key, amount in found.outcome.awarded.items() if amount]
    names = queries.rules_of(program)
    total = ", ".join(formats.format_units(amount, unit) for unit, amount in given)
    return {
        "total": total or _("Nothing"),
        "give": _("Give %(amount)s") % {"amount": total} if total else _("Record the sale"),
        "rows": [
            {
                "text": names.get(award.rule_id, ""),
                "amount": formats.format_units(award.awarded, units[award.unit], sign=True),
            }
            for award in found.awards
            if award.awarded
        ],
        "missed": missed(program=program, reasons=list(found.reasons)),
        "codes": told_codes(program=program, codes=found.outcome.codes),
        "paid": paid(found.outcome.payment, program) if found.outcome.payment else [],
    }


def told_codes(*, program: Program, codes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What each code takes off, by the name of its coupon or reward; or why it does not."""
    names: dict[tuple[str, str], dict[str, str]] = {}
    for what, model in (("coupon", Coupon), ("reward", Reward)):
        keys = [one[what] for one in codes if what in one]
        rows = model.objects.filter(program=program, key__in=keys).values_list("key", "names") if keys else ()
        names |= {(what, key): texts for key, texts in rows}
    return [_told_code(one, names, program) for one in codes]


def _told_code(
    one: dict[str, Any], names: dict[tuple[str, str], dict[str, str]], program: Program
) -> dict[str, str]:
    what = "coupon" if "coupon" in one else "reward"
    if what not in one:
        return {"text": "", "amount": "", "refusal": one["detail"]}
    return {
        "text": catalogue.name_of(names.get((what, one[what]), {}), one[what]),
        "amount": formats.format_money(-one["discount_minor"], program.currency),
        "refusal": "",
    }


def _figure(amount: int, unit: Unit) -> str:
    return formats.format_units(amount, unit, sign=True).rsplit(
        formats.NBSP + formats.unit_name(amount, unit), 1
    )[0]
