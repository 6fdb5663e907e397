"""The settings of a program. Every change is audited and told to the processes that keep compiled rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Order, Program, User
from members.portal import brands

CHANGEABLE = frozenset(
    {
        "name",
        "currency",
        "time_zone",
        "languages",
        "prices_include_tax",
        "tax_rate",
        "basis",
        "return_days",
        "brand",
        "requires_mfa",
        "adjust_limits",
        "margin_rate",
        "discount_rate",
    }
)


class CurrencyFixed(Conflict):
    code = "currency_fixed"
    message = _("The currency stays: there are orders in it.")


class BrandUnreadable(DomainError):
    code = "brand_unreadable"
    message = _("Too light to be read on paper. %(nearest)s is the nearest shade that can be read.")


def has_orders(program: Program) -> bool:
    with scope(program=program):
        return Order.objects.filter(program=program).exists()


def change(*, program: Program, by: User | None, now: datetime, **values: Any) -> Program:
    """Give these settings (of CHANGEABLE) new values; those not named stay, and a repeat changes nothing.

    Raises CurrencyFixed once there are orders, BrandUnreadable with the nearest shade that can be read.
    """
    unknown = values.keys() - CHANGEABLE
    if unknown:
        raise TypeError(f"not settings of a program: {sorted(unknown)}")
    with transaction.atomic():
        kept = Program.objects.select_for_update().get(pk=program.pk)
        new = {name: value for name, value in values.items() if getattr(kept, name) != value}
        if not new:
            return kept
        _check(kept, new)
        before = {name: getattr(kept, name) for name in new}
        for name, value in new.items():
            setattr(kept, name, value)
        kept.save(update_fields=sorted(new))
        touch(kept)
        record(program=kept, action="program.change", before=before, after=new, by=by, now=now)
    return kept


def record(
    *,
    program: Program,
    action: str,
    by: User | None,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Audit a change of the program's own settings."""
    with scope(program=program):
        audit.record(
            program=program, actor=by, action=action, subject="program", subject_id=program.slug,
            before=_plain(before or {}), after=_plain(after or {}), now=now,
        )  # fmt: skip


def touch(program: Program) -> None:
    """Say that something compiled changed; every process loads it again before its next posting."""
    Program.objects.filter(pk=program.pk).update(catalogue=F("catalogue") + 1)


def _check(program: Program, new: dict[str, Any]) -> None:
    if "currency" in new and has_orders(program):
        raise CurrencyFixed(field="currency")
    if "brand" in new and not brands.is_readable(new["brand"]):
        raise BrandUnreadable(field="brand", nearest=brands.nearest(new["brand"], on=brands.PAPER))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
