"""A bulk action in words: whom it concerns, what each gets and all together, who is left out and why."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import formats
from rewards import catalogue, directory, leaving, queries
from rewards.models import BulkAction, BulkItem, Coupon, Tier, Unit, Wallet
from rewards.views.coupons import words

SAMPLE = 10


def whom(number: int | directory.Count) -> str:
    """How many members are meant, as far as that is known."""
    count, more = (number, False) if isinstance(number, int) else (number.number, number.is_more)
    shown = formats.format_number(count)
    if more:
        return _("All members found, more than %(count)s") % {"count": shown}
    return ngettext("%(count)s member", "%(count)s members", count) % {"count": shown}


def tell(action: BulkAction) -> dict[str, Any]:
    """Everything that the page of an action shows."""
    done = action.done + action.refused
    return {
        "whom": whom(action.total),
        "terms": _terms(action),
        "left_out": _reasons(action, BulkItem.State.LEFT_OUT),
        "refused": _reasons(action, BulkItem.State.REFUSED) if action.refused else [],
        "sample": _sample(action) if action.state == BulkAction.State.READY else [],
        "has_rest": bool(action.left_out or action.refused),
        "share": done / action.total if action.total else 0,
        "now": formats.format_number(done),
        "goal": formats.format_number(action.total),
        "done": ngettext("%(count)s member changed", "%(count)s members changed", action.done)
        % {"count": formats.format_number(action.done)},
    }


def row(action: BulkAction) -> dict[str, Any]:
    """A line of the list of actions."""
    kinds = {"done": "good", "running": "info", "gathering": "info", "ready": "warn", "cancelled": ""}
    return {
        "action": action,
        "terms": _terms(action)[0][1],
        "mood": kinds[action.state],
        "whom": whom(action.total),
    }


def _terms(action: BulkAction) -> list[tuple[str, str]]:
    terms = action.terms
    if "tag" in terms:
        return [(_("Tag"), terms["tag"])]
    reason = (_("Reason"), terms["reason"])
    if action.kind == BulkAction.Kind.TIER:
        tier = Tier.objects.filter(program=action.program, key=terms["tier"]).first()
        until = formats.format_date(date.fromisoformat(terms["until"]))
        return [
            (_("Tier"), queries.name_of(tier) if tier else terms["tier"]),
            (_("Until the end of"), until),
            reason,
        ]
    if action.kind == BulkAction.Kind.COUPON:
        return [*_coupon(action), reason]
    unit = Unit.objects.get(program=action.program, key=terms["unit"])
    return [
        (_("For each member"), formats.format_units(terms["amount"], unit, sign=True)),
        (_("All together"), formats.format_units(terms["amount"] * action.total, unit, sign=True)),
        *_worth(action, unit),
        reason,
    ]


def _coupon(action: BulkAction) -> list[tuple[str, str]]:
    key = action.terms["coupon"]
    coupon = Coupon.objects.filter(program=action.program, key=key).first()
    if coupon is None:
        return [(_("Coupon"), key)]
    return [
        (_("Coupon"), catalogue.name_of(coupon.names, key)),
        (_("For each member"), words.gives(coupon, action.program)),
    ]


def _worth(action: BulkAction, unit: Unit) -> list[tuple[str, str]]:
    """What all of it is worth in money, where the unit has a worth."""
    amount = action.terms["amount"] * action.total * unit.worth_numerator
    minor = round(amount / (unit.worth_denominator * 10**unit.precision))
    if not minor:
        return []
    return [(_("Worth"), formats.format_money(minor, action.program.currency, sign=True))]


def _reasons(action: BulkAction, state: str) -> list[tuple[str, str]]:
    rows = (
        BulkItem.objects.filter(action=action, state=state).values("why").annotate(number=Count("member_id"))
    )
    return [
        (str(leaving.WORDS.get(row["why"], row["why"])), formats.format_number(row["number"]))
        for row in rows.order_by("-number", "why")
    ]


def _sample(action: BulkAction) -> list[dict[str, Any]]:
    """The first few with what they have now and would have then."""
    items = BulkItem.objects.filter(action=action, state=BulkItem.State.WAITING).select_related("member")
    members = [item.member for item in items.order_by("member_id")[:SAMPLE]]
    if action.kind != BulkAction.Kind.ADJUST:
        return [{"member": member, "now": "", "then": ""} for member in members]
    unit = Unit.objects.get(program=action.program, key=action.terms["unit"])
    wallets = Wallet.objects.filter(holder_id__in=[member.pk for member in members], unit=unit)
    held = dict(wallets.values_list("holder_id", "active"))
    return [
        {
            "member": member,
            "now": formats.format_units(held.get(member.pk, 0), unit),
            "then": formats.format_units(held.get(member.pk, 0) + action.terms["amount"], unit),
        }
        for member in members
    ]
