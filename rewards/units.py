"""The units of a program: made, named, given a worth and an end. What the ledger already counts in stays as it is."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit, programs
from members.models import Program, Role, User
from rewards import policies, rulebook
from rewards.models import Unit, Wallet

CHANGEABLE = (
    "names",
    "precision",
    "worth_numerator",
    "worth_denominator",
    "is_money",
    "expiry",
    "pending",
    "lapse",
    "notice_days",
    "grace_days",
    "grace_budget",
    "transfer_limit",
    "is_shared",
    "cap_per_order",
    "shortfall",
    "arrears_limit",
)
# The ledger holds whole numbers of the smallest step, and promises were made in them.
FIXED_BY_ENTRIES = frozenset({"precision", "is_money"})
MOST_PRECISION = 6
MOST_DAYS = 366


class UnitKeyTaken(Conflict):
    code = "unit_key_taken"
    message = _("There is a unit with this key. Choose another key.")


class UnitFixed(Conflict):
    code = "unit_fixed"
    message = _("This stays as it is: members have balances in this unit.")


class UnitRefused(DomainError):
    code = "unit_refused"
    message = _("This unit cannot be.")


def is_stamp(unit: Unit) -> bool:
    """Whether it is counted in whole pieces that are worth nothing by themselves: stamps, not points or credit."""
    return unit.precision == 0 and unit.worth_numerator == 0 and not unit.is_money


def has_entries(unit: Unit) -> bool:
    """Whether the ledger counts in it."""
    return Wallet.objects.filter(unit=unit).exists()


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Unit:
    """A new unit; `values` are of CHANGEABLE, `worth` a Fraction of minor units. Raises UnitKeyTaken, UnitRefused,
    PolicyError."""
    with scope(program=program), transaction.atomic():
        unit = Unit(program=program, key=key, **_columns(values))
        _check(unit)
        try:
            with transaction.atomic():
                unit.save()
        except IntegrityError as error:
            raise UnitKeyTaken(field="key") from error
        rulebook.touch(program)
        _record(unit, "unit.create", by, now, before={}, after=_told(unit))
    return unit


def change(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Unit:
    """Give the unit these values; those not named stay, and a repeat changes nothing. What was granted keeps its end.

    Raises NotFound, UnitFixed with the field, UnitRefused, PolicyError.
    """
    with scope(program=program), transaction.atomic():
        unit = Unit.objects.select_for_update().filter(program=program, key=key).first()
        if unit is None:
            raise NotFound
        before = _told(unit)
        columns = _columns(values)
        moved = {name for name, value in columns.items() if getattr(unit, name) != value}
        # What is on cards was promised in money.
        worth = {"worth_numerator", "worth_denominator"} if unit.is_money else set()
        fixed = sorted(moved & (FIXED_BY_ENTRIES | worth))
        if fixed and has_entries(unit):
            raise UnitFixed(field=fixed[0])
        if not moved:
            return unit
        for name in moved:
            setattr(unit, name, columns[name])
        _check(unit)
        if "lapse" in moved:
            # The clocks of those who have points already are started by the next task (settling.start_lapses).
            unit.is_lapse_begun = not unit.lapse
        unit.save(update_fields=[*sorted(moved), "is_lapse_begun"])
        rulebook.touch(program)
        after = _told(unit)
        _record(
            unit, "unit.change", by, now, before=audit.changed(before, after), after=audit.changed(after, before)
        )  # fmt: skip
    return unit


def limit(
    *, program: Program, key: str, limits: dict[Role, int | None], by: User | None, now: datetime
) -> Program:
    """The most that a role may adjust at once without a second person, in ledger units; None = no limit."""
    with transaction.atomic():
        kept = Program.objects.select_for_update().get(pk=program.pk)
        wanted = {role: dict(units) for role, units in kept.adjust_limits.items()}
        for role, most in limits.items():
            units = wanted.setdefault(str(role), {})
            units.pop(key, None)
            if most is not None:
                units[key] = most
        wanted = {role: units for role, units in wanted.items() if units}
        return programs.change(program=program, by=by, now=now, adjust_limits=wanted)


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    worth: Fraction | None = values.pop("worth", None)
    if worth is not None:
        values |= {"worth_numerator": worth.numerator, "worth_denominator": worth.denominator}
    unknown = values.keys() - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"not settings of a unit: {sorted(unknown)}")
    return values


def _check(unit: Unit) -> None:
    policies.check_expiry(unit.expiry)
    policies.check_pending(unit.pending)
    policies.check_lapse(unit.lapse)
    if not 0 <= unit.precision <= MOST_PRECISION:
        raise UnitRefused(_("A unit has between 0 and 6 decimals."), field="precision")
    if unit.worth_numerator < 0:
        raise UnitRefused(_("The worth is not negative."), field="worth_money")
    for name in ("notice_days", "grace_days"):
        if not 0 <= getattr(unit, name) <= MOST_DAYS:
            raise UnitRefused(_("This number is too large or negative."), field=name)
    for name in ("cap_per_order", "arrears_limit", "grace_budget", "transfer_limit"):
        value = getattr(unit, name)
        if value is not None and not 0 <= value < 2**62:
            raise UnitRefused(_("This number is too large or negative."), field=name)
    if not any(words.get("other") for words in unit.names.values() if isinstance(words, dict)):
        raise UnitRefused(_("A unit needs a name in at least one language."), field="names")


def _told(unit: Unit) -> dict[str, Any]:
    """A unit in the words of the audit."""
    found = {name: getattr(unit, name) for name in CHANGEABLE if not name.startswith("worth")}
    return found | {"worth": f"{unit.worth_numerator}/{unit.worth_denominator}"}


def _record(
    unit: Unit,
    action: str,
    by: User | None,
    now: datetime,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    audit.record(
        program=unit.program, actor=by, action=action, subject="unit", subject_id=unit.key,
        before=before, after=after, now=now,
    )  # fmt: skip
