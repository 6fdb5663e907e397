"""The settings of a step as a form of its own: one class a kind, from the step's JSON and back to it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.forms import matches
from campaigns.forms.matches import MatchField
from campaigns.models import Experiment
from campaigns.views.journeys.names import EVENTS, OWN
from campaigns.views.journeys.words import CHANNELS, WEEKDAYS
from rewards.views.rules.fields import NumberField, WholeField

if TYPE_CHECKING:
    from campaigns.views.journeys.names import Names

Step = dict[str, Any]

OTHER = "other"
LONGEST = {"days": 366, "hours": 24 * 31, "minutes": 60 * 24}
TOO_LONG = gettext_lazy("At most %(most)s, and not negative.")


class StepForm(forms.Form):
    """`settings()` is the step's JSON without key, kind and what stands inside it."""

    # The tree of conditions that stands beside the fields, by the name of the setting that holds it.
    tree: ClassVar[str] = ""
    tree_label: ClassVar[str | Promise] = ""
    optional: ClassVar[tuple[str, ...]] = (
        "budget",
        "weekdays",
        "store",
        "hours",
        "minutes",
        "match",
        "coupon",
    )

    def __init__(self, data: Any, *, step: Mapping[str, Any], names: Names) -> None:
        self.step, self.names = step, names
        super().__init__(data, initial=self.initial_of(step), prefix="step")
        for name, field in self.fields.items():
            # What only one choice asks for is shown with that choice, and not as something to leave out.
            field.is_needed = name not in self.optional  # type: ignore[attr-defined]
        self.fill()

    def initial_of(self, step: Mapping[str, Any]) -> dict[str, Any]:
        return {name: step[name] for name in self.base_fields if name in step}

    def fill(self) -> None:
        """Set what can be chosen."""

    def settings(self) -> Step:
        """Ask is_valid() first."""
        return dict(self.cleaned_data)

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self.full_clean()
        self._errors = ErrorDict()


class WaitForm(StepForm):
    days = WholeField(label=gettext_lazy("Days"))
    hours = WholeField(label=gettext_lazy("Hours"))
    minutes = WholeField(label=gettext_lazy("Minutes"))

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        for name, most in LONGEST.items():
            if not 0 <= given.get(name, 0) <= most:
                self.add_error(name, TOO_LONG % {"most": most})
        if not self.errors and not any(given.values()):
            self.add_error("days", _("Say how long."))
        return self.cleaned_data

    def settings(self) -> Step:
        return {name: value for name, value in self.cleaned_data.items() if value}


class WaitLocalForm(StepForm):
    hour = forms.TypedChoiceField(
        label=gettext_lazy("Until"),
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        help_text=gettext_lazy("In the member's own time zone."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On these days"),
        coerce=int,
        required=False,
        choices=list(enumerate(WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None means any day."),
    )


class EventField(forms.ChoiceField):
    """The events that a program tells, and one for what the shop reports by a name of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[*EVENTS.items(), (OTHER, gettext_lazy("Something else"))], **options)


class WithEvent(StepForm):
    """A form with the fields `event` and `own`."""

    def read_event(self) -> str:
        chosen = self.cleaned_data.get("event", "")
        return OWN + self.cleaned_data.get("own", "") if chosen == OTHER else str(chosen)

    @staticmethod
    def event_initial(kind: str) -> dict[str, str]:
        if kind.startswith(OWN):
            return {"event": OTHER, "own": kind.removeprefix(OWN)}
        return {"event": kind or "order"}

    def clean_own(self) -> str:
        own = str(self.cleaned_data["own"]).strip().removeprefix(OWN)
        if self.cleaned_data.get("event") == OTHER and not own:
            raise ValidationError(_("Name the event."))
        return own


def own_event() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Name of the event"),
        max_length=58,
        required=False,
        help_text=gettext_lazy("As your shop or app reports it, such as review.written."),
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )


class WaitEventForm(WithEvent):
    tree, tree_label = "where", gettext_lazy("Only if the member fulfils")
    event = EventField(label=gettext_lazy("For what"))
    own = own_event()
    match = MatchField()
    timeout_days = WholeField(label=gettext_lazy("At most so many days"), required=True)

    def initial_of(self, step: Mapping[str, Any]) -> dict[str, Any]:
        known = {"timeout_days": step.get("timeout_days", ""), "match": matches.written(step.get("match"))}
        return self.event_initial(str(step.get("event", ""))) | known

    def clean_timeout_days(self) -> int:
        return within(self.cleaned_data["timeout_days"], most=LONGEST["days"])

    def settings(self) -> Step:
        found = {"event": self.read_event(), "timeout_days": self.cleaned_data["timeout_days"]}
        match = self.cleaned_data["match"]
        return found | {"match": match} if match else found


class BranchForm(StepForm):
    """Names of the paths; their conditions stand in trees of their own (see editing.py)."""

    def fill(self) -> None:
        for number, path in enumerate(self.step.get("paths") or []):
            self.fields[f"name_{number}"] = forms.CharField(
                label=gettext_lazy("Name of the path"), max_length=60, initial=path.get("name", "")
            )

    def settings(self) -> Step:
        return {}

    def path(self, number: int) -> Step:
        return {"name": self.cleaned_data[f"name_{number}"]}


class SplitForm(BranchForm):
    def fill(self) -> None:
        super().fill()
        for number, path in enumerate(self.step.get("paths") or []):
            self.fields[f"share_{number}"] = WholeField(
                label=gettext_lazy("Percent"), required=True, initial=path.get("share", "")
            )

    def clean(self) -> dict[str, Any]:
        shares = [value for name, value in self.cleaned_data.items() if name.startswith("share_")]
        if len(shares) == len(self.step.get("paths") or []) and sum(shares) != 100:
            self.add_error(
                None, _("The shares make %(sum)s percent; they must make 100.") % {"sum": sum(shares)}
            )
        return self.cleaned_data

    def path(self, number: int) -> Step:
        return super().path(number) | {"share": self.cleaned_data[f"share_{number}"]}


class ExperimentForm(SplitForm):
    """The first arm is what the others are compared with; it may be empty."""

    name = forms.CharField(label=gettext_lazy("What is tried"), max_length=80)
    measure = forms.ChoiceField(label=gettext_lazy("What counts"), choices=Experiment.Measure.choices)
    window_days = WholeField(
        label=gettext_lazy("Within so many days"),
        required=True,
        help_text=gettext_lazy("From the moment at which the lot is drawn."),
    )

    def clean_window_days(self) -> int:
        return within(self.cleaned_data["window_days"], most=LONGEST["days"])

    def settings(self) -> Step:
        return {name: self.cleaned_data[name] for name in self.base_fields}


class MessageForm(StepForm):
    message = forms.TypedChoiceField(
        label=gettext_lazy("Message"), coerce=int, help_text=gettext_lazy("Write it under Messages first.")
    )
    channel = forms.ChoiceField(label=gettext_lazy("By"), choices=list(CHANNELS.items()))
    purpose = forms.ChoiceField(
        label=gettext_lazy("What it is"),
        choices=[
            ("marketing", gettext_lazy("Marketing: consent, limits and quiet hours hold")),
            ("transactional", gettext_lazy("Belongs to something the member did")),
        ],
    )
    capped = forms.ChoiceField(
        label=gettext_lazy("Who had too many messages"),
        choices=[
            ("defer", gettext_lazy("gets it on the next free day")),
            ("skip", gettext_lazy("goes on without it")),
            ("exit", gettext_lazy("leaves the journey")),
        ],
    )

    coupon = forms.ChoiceField(
        label=gettext_lazy("With a code of"),
        required=False,
        help_text=gettext_lazy(
            "The text says it as {{ code }}. What is redeemed with it is counted for this message."
        ),
    )

    def fill(self) -> None:
        choose(self, "message", self.names.messages)
        choose(self, "coupon", {"": _("no coupon"), **self.names.coupons})


class PointsForm(StepForm):
    """Amounts are typed as members read them; the step holds them in the unit's smallest part."""

    unit = forms.ChoiceField(label=gettext_lazy("Unit"))
    amount = NumberField(label=gettext_lazy("How many"), required=True)
    budget = NumberField(
        label=gettext_lazy("At most for all together"), help_text=gettext_lazy("Empty means no limit.")
    )

    def initial_of(self, step: Mapping[str, Any]) -> dict[str, Any]:
        digits = self._digits(str(step.get("unit", "")))
        typed = {name: step[name] for name in ("amount", "budget") if step.get(name)}
        shown = {name: f"{Decimal(value).scaleb(-digits).normalize():f}" for name, value in typed.items()}
        return {"unit": step.get("unit", "")} | shown

    def fill(self) -> None:
        choose(self, "unit", dict(self.names.unit_choices()))

    def clean(self) -> dict[str, Any]:
        digits = self._digits(self.cleaned_data.get("unit", ""))
        for name in ("amount", "budget"):
            typed = self.cleaned_data.get(name)
            if typed is None:
                continue
            least = Decimal(typed).scaleb(digits)
            if least <= 0 or least != int(least) or least > 10**12:
                self.add_error(name, _("More than 0, and no finer than the unit."))
            else:
                self.cleaned_data[name] = int(least)
        return self.cleaned_data

    def settings(self) -> Step:
        return {name: value for name, value in self.cleaned_data.items() if value is not None}

    def _digits(self, unit: str) -> int:
        found = self.names.units.get(unit)
        return found.precision if found else 0


class RewardForm(StepForm):
    reward = forms.TypedChoiceField(label=gettext_lazy("Reward"), coerce=int)
    budget = WholeField(
        label=gettext_lazy("At most so many"), help_text=gettext_lazy("Empty means no limit.")
    )

    def fill(self) -> None:
        choose(self, "reward", self.names.rewards)

    def settings(self) -> Step:
        return {name: value for name, value in self.cleaned_data.items() if value is not None}


def doing() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=[("add", gettext_lazy("Put in")), ("remove", gettext_lazy("Take out"))],
    )


class TagForm(StepForm):
    do = doing()
    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=64)


class SegmentForm(StepForm):
    do = doing()
    segment = forms.TypedChoiceField(label=gettext_lazy("List"), coerce=int)

    def fill(self) -> None:
        choose(self, "segment", self.names.lists)


class TierForm(StepForm):
    tier = forms.TypedChoiceField(label=gettext_lazy("Tier"), coerce=int)
    days = WholeField(label=gettext_lazy("For so many days"), required=True)

    def fill(self) -> None:
        choose(self, "tier", self.names.tiers)

    def clean_days(self) -> int:
        return within(self.cleaned_data["days"], most=3660)


class WebhookForm(StepForm):
    topic = forms.RegexField(
        r"^[a-z0-9_.-]+$",
        label=gettext_lazy("Topic"),
        max_length=60,
        help_text=gettext_lazy("Small letters, digits, dots and dashes."),
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )


class TaskForm(StepForm):
    title = forms.CharField(label=gettext_lazy("What is to be done"), max_length=120)
    days = WholeField(label=gettext_lazy("Within so many days"), required=True)

    def clean_days(self) -> int:
        return within(self.cleaned_data["days"], most=365)


class ExitForm(StepForm):
    pass


FORMS: Mapping[str, type[StepForm]] = {
    "wait": WaitForm,
    "wait_local": WaitLocalForm,
    "wait_event": WaitEventForm,
    "branch": BranchForm,
    "split": SplitForm,
    "experiment": ExperimentForm,
    "message": MessageForm,
    "points": PointsForm,
    "reward": RewardForm,
    "tag": TagForm,
    "segment": SegmentForm,
    "tier": TierForm,
    "webhook": WebhookForm,
    "task": TaskForm,
    "exit": ExitForm,
}


def choose(form: forms.Form, name: str, things: Mapping[str, str]) -> None:
    """Fill a choice; where nothing is chosen yet it stays empty, so that nobody takes the first one by mistake."""
    empty = [] if len(things) == 1 else [("", gettext_lazy("choose"))]
    form.fields[name].choices = [*empty, *things.items()]  # type: ignore[attr-defined]


def within(number: int | None, *, most: int, least: int = 1) -> int:
    if number is None or not least <= number <= most:
        raise ValidationError(_("Between %(least)s and %(most)s.") % {"least": least, "most": most})
    return number
