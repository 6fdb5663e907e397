"""What a coupon gives and asks, in words."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from loyaltysite.kit import conditions, formats
from loyaltysite.kit.templatetags.formats import money, number
from members.models import Program, Store
from rewards.engine import fields
from rewards.models import Coupon
from rewards.views.portal.words import dated, last_day, say


def gives(coupon: Coupon, program: Program) -> Any:
    """Such as "10% off" or "5.00 off"."""
    if coupon.kind == Coupon.Kind.PERCENT and coupon.percent is not None:
        decimals = max(0, -int(coupon.percent.normalize().as_tuple().exponent))
        share = formats.format_percent(coupon.percent / 100, decimals=decimals)
        return say(_("%(percent)s off"), percent=share)
    if coupon.kind == Coupon.Kind.AMOUNT:
        return say(_("%(money)s off"), money=money(coupon.value_minor, program.currency))
    if coupon.kind == Coupon.Kind.PRODUCT:
        return say(_("Free: %(sku)s"), sku=coupon.sku)
    return str(coupon.get_kind_display())


def pairs(coupon: Coupon, program: Program) -> list[tuple[str, Any]]:
    """Everything that is set, with its name."""
    found: list[tuple[str, Any]] = [(_("What it gives"), gives(coupon, program))]
    if coupon.most_minor:
        found.append((_("At most"), money(coupon.most_minor, program.currency)))
    if coupon.minimum_minor:
        found.append((_("Minimum order"), money(coupon.minimum_minor, program.currency)))
    found.append((_("Together with others"), coupon.get_stacking_display()))
    if coupon.members_only:
        found.append((_("Only for members"), _("Yes")))
    if coupon.most is not None:
        used = say(_("%(taken)s of %(stock)s"), taken=number(coupon.taken), stock=number(coupon.most))
        found.append((_("Uses altogether"), used))
    if coupon.per_member is not None:
        found.append((_("Uses for one member"), number(coupon.per_member)))
    return [*found, *_where(coupon, program), *_when(coupon)]


def _where(coupon: Coupon, program: Program) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if coupon.conditions:
        tree = conditions.parse(coupon.conditions, fields.OCCASION)
        found.append((_("Conditions"), conditions.describe(tree, currency=program.currency)))
    if coupon.lines:
        tree = conditions.parse(coupon.lines, fields.LINE)
        found.append((_("Items that count"), conditions.describe(tree, currency=program.currency)))
    if coupon.stores:
        names = Store.objects.filter(program=program, code__in=coupon.stores).order_by("name")
        found.append((_("Only in these stores"), ", ".join(names.values_list("name", flat=True))))
    return found


def _when(coupon: Coupon) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if coupon.starts_at:
        found.append((_("From the day"), dated(timezone.localtime(coupon.starts_at).date(), "long")))
    if coupon.ends_at:
        found.append((_("To the end of the day"), dated(last_day(coupon.ends_at), "long")))
    found.append((_("Can be used again after a cancellation"), _("Yes") if coupon.comes_back else _("No")))
    return found
