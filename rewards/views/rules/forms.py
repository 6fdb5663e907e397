"""A rule as a form: every part of a definition has its field, and nothing is lost on the way there and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.conditions.controls import Terms
from rewards.engine import rules
from rewards.views.rules.fields import ClockField, DayField, HoursField, MoneyField, NumberField, WholeField
from rewards.wording.rules import DAYS

ON = [
    ("order", _("an order")),
    ("event", _("an event that a shop or app reports")),
    ("schedule", _("a day in a member’s life")),
]
GIVES = [
    ("per_amount", _("points per amount spent")),
    ("per_item", _("points per item")),
    ("percent", _("percent of the amount")),
    ("per_order", _("points per order")),
    ("per_visit", _("points per visit, once a day in each store")),
    ("fixed", _("a fixed number of points")),
    ("multiplier", _("a multiple of what other rules give")),
]
STEPS = [("exact", _("every part of it, exactly")), ("whole", _("full steps only"))]
PERIODS = [("day", _("day")), ("week", _("week")), ("month", _("month")), ("year", _("year"))]
OFTEN = [
    ("", _("whenever it applies")),
    ("once", _("once for each member")),
    ("times", _("so many times in a period")),
    ("cooldown", _("not again for a while")),
]
SPANS = [("60", _("minutes")), ("3600", _("hours")), ("86400", _("days")), ("1", _("seconds"))]
MODES = [
    ("all", _("all of the group add up")),
    ("best", _("only the highest")),
    ("first", _("only the first that gives")),
]
ENDS = [
    ("", _("as the unit says")),
    ("none", _("never")),
    ("days", _("so many days later")),
    ("months", _("so many months later")),
    ("end_of", _("with a month, quarter or year")),
    ("dates", _("on fixed days of the year")),
]
ENDS_OF = [("month", _("month")), ("quarter", _("quarter")), ("year", _("year"))]
USABLE = [
    ("", _("as the unit says")),
    ("none", _("at once")),
    ("days", _("so many days later")),
    ("hours", _("so many hours later")),
    ("date", _("from a day on")),
    ("event", _("when an event comes, such as delivery")),
]
# Numbers that a choice asks for: the field of the choice, the number's field, the choice.
NEEDED = (
    ("", "value", ""),
    ("gives", "per", "per_amount"),
    ("often", "times", "times"),
    ("often", "cooldown", "cooldown"),
    ("ends", "ends_count", "days"),
    ("ends", "ends_count", "months"),
    ("usable", "usable_count", "days"),
    ("usable", "usable_count", "hours"),
)
# Where a refusal of the engine is shown; longer beginnings first.
PLACES = {
    "trigger": "on",
    "trigger.kind": "event",
    "unit": "unit",
    "amount": "value",
    "amount.kind": "gives",
    "amount.per_minor": "per",
    "amount.of": "of",
    "lines": "on",
    "minimum_minor": "minimum",
    "frequency": "often",
    "frequency.times": "times",
    "frequency.cooldown_seconds": "cooldown",
    "budget": "budget",
    "priority": "priority",
    "group": "group",
    "group.mode": "mode",
    "window": "from_day",
    "window.until": "until_day",
    "window.weekdays": "weekdays",
    "window.hours": "hours",
    "expiry": "ends",
    "pending": "usable",
} | {f"caps.{name}": f"cap_{name}" for name in rules.CAPS}


class Choice(forms.ChoiceField):
    """A choice that always says something, if only what is usual; left out it is the usual."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class RuleForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("Members read it beside their points.")
    )
    on = forms.ChoiceField(label=_("It waits for"), choices=ON)
    event = forms.CharField(
        label=_("Name of the event"),
        required=False,
        max_length=100,
        help_text=_("As the shop or app reports it, such as review.written."),
    )
    gives = forms.ChoiceField(label=_("It gives"), choices=GIVES)
    value = NumberField(label=_("How many"))
    per = MoneyField(label=_("For each"))
    steps = Choice(label=_("Counting"), choices=STEPS)
    of = forms.MultipleChoiceField(
        label=_("Of these rules"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all rules of this unit that go by amount, items or percent."),
    )
    unit = forms.ChoiceField(label=_("Unit"))
    minimum = MoneyField(label=_("Only from"), help_text=_("What the items that count must come to."))
    cap_order = NumberField(label=_("Per order"))
    cap_day = NumberField(label=_("Per member and day"))
    cap_week = NumberField(label=_("Per member and week"))
    cap_month = NumberField(label=_("Per member and month"))
    cap_year = NumberField(label=_("Per member and year"))
    cap_lifetime = NumberField(label=_("Per member, ever"))
    budget = NumberField(label=_("To all members together"))
    often = Choice(label=_("How often"), choices=OFTEN)
    times = WholeField(label=_("At most"))
    period = Choice(label=_("In each"), choices=PERIODS)
    cooldown = WholeField(label=_("Not again for"))
    span = Choice(label=_("Measured in"), choices=SPANS)
    from_day = DayField(label=_("First day"))
    from_time = ClockField(label=_("From"))
    until_day = DayField(label=_("Last day"))
    until_time = ClockField(label=_("Until"))
    weekdays = forms.MultipleChoiceField(
        label=_("Days of the week"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(day + 1), name) for day, name in WEEKDAYS.items()],
    )
    hours = HoursField(
        label=_("Hours"),
        required=False,
        help_text=_("Such as 16:00–18:00, 22:00–02:00. Empty means all day."),
    )
    priority = WholeField(label=_("Priority"), help_text=_("Higher goes first."))
    group = forms.CharField(label=_("Group"), required=False, max_length=100)
    mode = Choice(label=_("In the group"), choices=MODES)
    stop = forms.BooleanField(
        label=_("After it gave something, no later rule of its unit gives"), required=False
    )
    ends = Choice(label=_("They end"), choices=ENDS)
    ends_count = WholeField(label=_("How many"))
    ends_of = Choice(label=_("End of the"), choices=ENDS_OF)
    ends_after = WholeField(label=_("Skipping"))
    ends_dates = forms.CharField(
        label=_("Days"), required=False, help_text=_("Month and day, such as 06-30, 12-31.")
    )
    usable = Choice(label=_("They can be used"), choices=USABLE)
    usable_count = WholeField(label=_("How many"))
    usable_on = DayField(label=_("Day"))
    usable_event = forms.CharField(label=_("Name of the event"), required=False, max_length=32)

    def __init__(
        self,
        data: Any = None,
        *,
        currency: str,
        units: Sequence[tuple[str, str]],
        others: Sequence[tuple[str, str]],
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """`others` are key and name of the rules that a multiplier may act on."""
        super().__init__(data, initial=dict(initial or {}))
        for name in ("per", "minimum"):
            self.fields[name].terms = Terms(currency)  # type: ignore[attr-defined]
        self._offer("unit", units)
        self._offer("of", others)
        if self.occasion == "schedule":
            self.fields["event"] = forms.ChoiceField(label=_("Which day"), choices=list(DAYS.items()))
        self.fields["event"].required = self.occasion != "order"
        for needed, name, choice in NEEDED:
            if not needed or self._now(needed) == choice:
                self.fields[name].required = True
        if self.occasion != "order":
            self._offer("gives", [choice for choice in GIVES if choice[0] in ("fixed", "per_visit")])

    def _offer(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        """The choices, and what was chosen even if it is offered no more."""
        field = self.fields[name]
        chosen = self[name].value() or []
        values = [chosen] if isinstance(chosen, str) else list(chosen)
        missing = [(value, value) for value in values if value not in dict(choices)] if name == "of" else []
        field.choices = [*choices, *missing]  # type: ignore[attr-defined]

    def _now(self, name: str) -> str:
        return str(self[name].value() or "")

    # What decides which other fields are shown

    @property
    def occasion(self) -> str:
        return self._now("on") or "order"

    @property
    def is_of_orders(self) -> bool:
        return self.occasion == "order"

    @property
    def kind(self) -> str:
        kind = self._now("gives")
        return kind if kind in dict(self.fields["gives"].choices) else "fixed"  # type: ignore[attr-defined]

    @property
    def frequency(self) -> str:
        return self._now("often")

    @property
    def expiry(self) -> str:
        return self._now("ends")

    @property
    def pending(self) -> str:
        return self._now("usable")

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self._errors = ErrorDict()
        self.cleaned_data = {}

    def refuse(self, path: str, message: str) -> None:
        """Show a refusal of the engine at the field that its path speaks of."""
        around = [place for place in PLACES if path == place or path.startswith((f"{place}.", f"{place}["))]
        self.add_error(PLACES[max(around, key=len)] if around else None, message)
