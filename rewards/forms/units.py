"""A unit: names, worth, end, waiting time, and what happens when goods come back after the points are gone."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from members.models import Program, Role
from rewards.forms import inactivity, names
from rewards.models import Unit
from rewards.units import MOST_DAYS, MOST_PRECISION

ENDS = (
    ("none", _("Never")),
    ("days", _("Some days after they can be used")),
    ("months", _("Some months after they can be used")),
    ("end_of", _("At the end of a month, quarter or year")),
    ("dates", _("On fixed days of the year")),
)
WAITS = (
    ("none", _("At once")),
    ("days", _("Some days later")),
    ("hours", _("Some hours later")),
    ("event", _("When the shop says so")),
    ("date", _("From a day on")),
)
PERIODS = (("month", _("Month")), ("quarter", _("Quarter")), ("year", _("Year")))
MOST = Decimal(10) ** 12


def _count(label: Any, *, lowest: int = 1, highest: int = 36_500) -> forms.IntegerField:
    field = forms.IntegerField(label=label, min_value=lowest, max_value=highest, required=False)
    field.is_needed = lowest > 0  # type: ignore[attr-defined]
    return field


def _amount(label: Any, hint: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=MOST, max_digits=18, required=False, help_text=hint
    )


class UnitForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=40,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
        help_text=_("How rules and the API name this unit. It stays for ever."),
    )
    precision = forms.IntegerField(
        label=_("Decimals"),
        min_value=0,
        max_value=MOST_PRECISION,
        initial=0,
        help_text=_("0 for points and stamps."),
    )
    is_money = forms.BooleanField(
        label=_("Is money credit, such as a gift card"),
        required=False,
        help_text=_(
            "Counted in your currency, and worth what it says. It pays for orders and is what gift cards hold."
        ),
    )
    worth_units = forms.DecimalField(
        label=_("So many"), min_value=Decimal("0.000001"), max_value=MOST, initial=100
    )
    worth_money = forms.DecimalField(label=_("are worth"), min_value=0, max_value=MOST, initial=1)
    ends = forms.ChoiceField(label=_("They end"), choices=ENDS, initial="none")
    end_days = _count(_("Days"))
    end_months = _count(_("Months"), highest=1_200)
    end_period = forms.ChoiceField(
        label=_("At the end of the"), choices=PERIODS, required=False, initial="year"
    )
    end_after = _count(_("Whole periods more"), lowest=0, highest=120)
    end_dates = forms.CharField(
        label=_("Days"), required=False, max_length=120, help_text=_("Month and day, such as 06-30, 12-31.")
    )
    notice_days = _count(_("Days of notice before the end"), lowest=0, highest=MOST_DAYS)
    grace_days = _count(_("Days to ask for what ended"), lowest=0, highest=MOST_DAYS)
    grace_budget = _amount(_("Give back at most"), _("All members together. Empty for no limit."))
    transfer_limit = _amount(
        _("To send in a month"), _("How many a member may send to others. Empty for none.")
    )
    is_shared = forms.BooleanField(label=_("Households may share it"), required=False)
    lapses = forms.ChoiceField(label=_("Without activity"), choices=inactivity.CHOICES, required=False)
    lapse_count = _count(_("So many"))
    lapse_by = forms.MultipleChoiceField(
        label=_("What counts as activity"),
        choices=inactivity.ACTIVITIES,
        required=False,
        initial=["order", "spend"],
        widget=forms.CheckboxSelectMultiple,
    )
    lapse_events = forms.CharField(
        label=_("Events that count too"),
        required=False,
        max_length=200,
        help_text=_("Names of events, such as visit, login."),
    )
    waits = forms.ChoiceField(label=_("They can be used"), choices=WAITS, initial="none")
    wait_days = _count(_("Days"))
    wait_hours = _count(_("Hours"))
    wait_event = forms.CharField(
        label=_("Event"),
        max_length=32,
        required=False,
        help_text=_("The name of the event, such as delivered."),
    )
    wait_on = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    shortfall = forms.ChoiceField(
        label=_("When goods come back after they were used"),
        choices=Unit.Shortfall.choices,
        initial="arrears",
    )
    arrears_limit = _amount(_("At most so many"), _("Beyond it the rest is forgiven. Empty for no limit."))
    cap_per_order = _amount(_("At most for one order"), _("Over all rules. Empty for no limit."))

    def __init__(
        self, data: Any = None, *, program: Program, unit: Unit | None = None, is_fixed: bool = False
    ) -> None:
        languages = list(program.languages)
        super().__init__(data, initial=initial_of(unit, program) if unit else None)
        self.program, self.unit, self.languages = program, unit, languages
        self.fields |= names.fields_of(languages, prefix="name")
        digits = formats.minor_digits(program.currency)
        self.fields["worth_money"] = forms.DecimalField(
            label=_("are worth"), min_value=0, max_value=MOST, decimal_places=digits, initial=1
        )
        if unit is not None:
            del self.fields["key"]
        if is_fixed:
            worth = ("worth_units", "worth_money") if unit is not None and unit.is_money else ()
            for name in ("precision", "is_money", *worth):
                self.fields[name].disabled = True
                self.fields[name].help_text = _("Fixed: members have balances in this unit.")

    def named(self) -> list[names.Language]:
        return list(names.languages_of(self, self.languages, prefix="name"))

    def clean_end_dates(self) -> list[str]:
        typed: str = self.cleaned_data["end_dates"]
        parts = [part for part in re.split(r"[\s,;،]+", typed) if part]
        for part in parts:
            if not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", part):
                raise ValidationError(
                    _("%(part)s is no month and day. Write 06-30 for 30 June."), params={"part": part}
                )
        return sorted(set(parts))

    def clean(self) -> dict[str, Any]:
        """What the chosen kinds need is there, amounts fit the unit's decimals, and each name has its last form."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for kind, name in (("days", "end_days"), ("months", "end_months"), ("dates", "end_dates")):
            self._need(found.get("ends") == kind, name)
        for kind, name in (
            ("days", "wait_days"),
            ("hours", "wait_hours"),
            ("event", "wait_event"),
            ("date", "wait_on"),
        ):
            self._need(found.get("waits") == kind, name)
        self._need(bool(found.get("lapses")), "lapse_count")
        self._need(bool(found.get("lapses")) and not found.get("lapse_events"), "lapse_by")
        for name in ("arrears_limit", "cap_per_order", "grace_budget", "transfer_limit"):
            amount = found.get(name)
            if amount is not None and amount.scaleb(self._digits()) % 1:
                self.add_error(name, _("The unit has fewer decimals than this."))
        found["names"] = names.clean(self, self.languages, prefix="name", main=self.program.languages[0])
        return found

    def clean_lapse_events(self) -> list[str]:
        try:
            return inactivity.read_events(self.cleaned_data["lapse_events"])
        except ValueError as error:
            raise ValidationError(
                _("%(part)s is no name of an event: letters, digits, dots and dashes."),
                params={"part": str(error)},
            ) from error

    def _digits(self) -> int:
        typed = self.cleaned_data.get("precision")
        return int(typed if typed is not None else 0)

    def values(self) -> dict[str, Any]:
        """What `units.create` and `units.change` take."""
        found = self.cleaned_data
        one = {name: found[name] for name in ("precision", "is_money", "shortfall")}
        digits = formats.minor_digits(self.program.currency)
        is_plain = found["is_money"] and not self.fields["is_money"].disabled
        if is_plain:
            # Credit is counted as the currency is, and worth what it says.
            one["precision"] = digits
        kept = self.unit.names if self.unit else {}
        hidden = {language: words for language, words in kept.items() if language not in self.languages}
        return one | {
            "names": hidden | found["names"],
            "worth": Fraction(10**digits) if is_plain else self._worth(),
            "expiry": self._expiry(),
            "pending": self._pending(),
            "notice_days": found["notice_days"] or 0,
            "grace_days": found["grace_days"] or 0,
            "grace_budget": self._scaled("grace_budget"),
            "transfer_limit": self._scaled("transfer_limit") or 0,
            "is_shared": self.cleaned_data["is_shared"],
            "lapse": inactivity.policy_of(found),
            "arrears_limit": self._scaled("arrears_limit"),
            "cap_per_order": self._scaled("cap_per_order"),
        }

    def _need(self, is_needed: bool, name: str) -> None:
        if is_needed and name not in self.errors and not self.cleaned_data.get(name):
            self.add_error(name, _("This is needed for what you chose above."))

    def _worth(self) -> Fraction:
        """Minor units of the currency for one whole unit."""
        if self.unit is not None and self.fields["worth_money"].disabled:
            return Fraction(self.unit.worth_numerator, self.unit.worth_denominator)
        minor: Fraction = Fraction(self.cleaned_data["worth_money"]) * 10 ** formats.minor_digits(
            self.program.currency
        )
        return minor / Fraction(self.cleaned_data["worth_units"])

    def _scaled(self, name: str) -> int | None:
        amount: Decimal | None = self.cleaned_data[name]
        return None if amount is None else int(amount.scaleb(self._digits()))

    def _expiry(self) -> dict[str, Any]:
        found, kind = self.cleaned_data, self.cleaned_data["ends"]
        policies: dict[str, dict[str, Any]] = {
            "none": {},
            "days": {"kind": kind, "count": found["end_days"]},
            "months": {"kind": kind, "count": found["end_months"]},
            "end_of": {
                "kind": kind,
                "period": found["end_period"] or "year",
                "after": found["end_after"] or 0,
            },
            "dates": {"kind": kind, "dates": found["end_dates"]},
        }
        return policies[kind]

    def _pending(self) -> dict[str, Any]:
        found, kind = self.cleaned_data, self.cleaned_data["waits"]
        policies: dict[str, dict[str, Any]] = {
            "none": {},
            "days": {"kind": kind, "count": found["wait_days"]},
            "hours": {"kind": kind, "count": found["wait_hours"]},
            "event": {"kind": kind, "event": found["wait_event"]},
            "date": {"kind": kind, "on": found["wait_on"] and found["wait_on"].isoformat()},
        }
        return policies[kind]


class LimitForm(forms.Form):
    """How much a role may adjust alone."""

    def __init__(self, data: Any = None, *, program: Program, unit: Unit) -> None:
        super().__init__(data)
        self.unit = unit
        for role in (Role.MANAGER, Role.OWNER):
            most = program.adjust_limits.get(role, {}).get(unit.key)
            self.fields[role.value] = forms.DecimalField(
                label=role.label,
                min_value=0,
                max_value=MOST,
                decimal_places=unit.precision,
                required=False,
                initial=None if most is None else Decimal(most).scaleb(-unit.precision),
                help_text=_("At once, in either direction. Empty for no limit."),
            )

    def limits(self) -> dict[Role, int | None]:
        """Ledger units by role."""
        found = {role: self.cleaned_data[role.value] for role in (Role.MANAGER, Role.OWNER)}
        digits = self.unit.precision
        return {role: None if most is None else int(most.scaleb(digits)) for role, most in found.items()}


def initial_of(unit: Unit, program: Program) -> dict[str, Any]:
    """What the form shows of a unit."""
    expiry, pending = unit.expiry, unit.pending
    kinds = {"ends": expiry.get("kind", "none"), "waits": pending.get("kind", "none")}
    units, money = _worth_shown(unit, program)
    return (
        names.initial_of(unit.names, list(program.languages), prefix="name")
        | kinds
        | {
            "precision": unit.precision,
            "is_money": unit.is_money,
            "worth_units": units,
            "worth_money": money,
            "end_days": expiry.get("count") if kinds["ends"] == "days" else None,
            "end_months": expiry.get("count") if kinds["ends"] == "months" else None,
            "end_period": expiry.get("period", "year"),
            "end_after": expiry.get("after", 0),
            "end_dates": ", ".join(expiry.get("dates", [])),
            "wait_days": pending.get("count") if kinds["waits"] == "days" else None,
            "wait_hours": pending.get("count") if kinds["waits"] == "hours" else None,
            "wait_event": pending.get("event", ""),
            "wait_on": pending.get("on"),
            **inactivity.initial_of(unit.lapse),
            "notice_days": unit.notice_days,
            "grace_days": unit.grace_days,
            "grace_budget": _whole(unit.grace_budget, unit),
            "is_shared": unit.is_shared,
            "transfer_limit": _whole(unit.transfer_limit or None, unit),
            "shortfall": unit.shortfall,
            "arrears_limit": _whole(unit.arrears_limit, unit),
            "cap_per_order": _whole(unit.cap_per_order, unit),
        }
    )


def _whole(amount: int | None, unit: Unit) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-unit.precision)


def _worth_shown(unit: Unit, program: Program) -> tuple[int, Decimal]:
    """So many units and what they are worth, with figures as round as can be."""
    worth = Fraction(unit.worth_numerator, unit.worth_denominator)
    digits = formats.minor_digits(program.currency)
    for units in (1, 10, 100, 1000):
        minor = worth * units
        if minor.denominator == 1 and (minor >= 10**digits or not minor):
            return units, Decimal(int(minor)).scaleb(-digits)
    units = worth.denominator
    return units, Decimal(worth.numerator).scaleb(-digits)
