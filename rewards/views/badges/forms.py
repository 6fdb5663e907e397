"""A badge as a form: its words and medal, what counts and within which time, its levels with what they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from members import tags
from members.models import Program
from rewards.badges import medals
from rewards.forms.names import Language
from rewards.models import Badge, Reward, Unit
from rewards.views.badge_words import reward_names
from rewards.views.rules.fields import DayField, NumberField, WholeField

COUNTS = (
    ("orders", _("Orders")),
    ("spend", _("Spend")),
    ("items", _("Items")),
    ("days", _("Different days")),
    ("stores", _("Different stores")),
    ("categories", _("Different categories")),
    ("events", _("Custom events")),
    ("sum", _("A number of custom events")),
)
WINDOWS = (
    ("ever", _("Ever")),
    ("week", _("In a calendar week")),
    ("month", _("In a calendar month")),
    ("quarter", _("In a quarter")),
    ("year", _("In a calendar year")),
    ("days", _("In the last days")),
    ("joining", _("In the first days after joining")),
    ("row-day", _("Days in a row")),
    ("row-week", _("Weeks in a row")),
    ("row-month", _("Months in a row")),
)
GROUPS = (
    ("", _("Each member alone")),
    ("all", _("Everybody together")),
    ("stores", _("Stores against each other")),
    ("tags", _("Teams by tag")),
    ("households", _("Households")),
)
ROWS = 4
ROW = "row-"
TEXTS = {"names": "name", "texts": "text"}


class BadgeForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
        help_text=_("How the API names this badge. It stays for ever."),
    )
    kind = forms.ChoiceField(label=_("What it is"), choices=Badge.Kind.choices, initial="badge")
    shape = forms.ChoiceField(label=_("Shape"), choices=list(medals.SHAPES.items()), initial="rosette")
    color = forms.ChoiceField(label=_("Colour"), choices=list(medals.COLORS.items()), initial="brand")
    icon = forms.ChoiceField(label=_("Picture"), choices=list(medals.ICONS.items()), initial="star")
    counted = forms.ChoiceField(label=_("What counts"), choices=COUNTS, initial="orders")
    event = forms.CharField(
        label=_("Kind of event"),
        max_length=58,
        required=False,
        help_text=_("As the shop sends it, such as run."),
    )
    number = forms.CharField(
        label=_("Number of the event"),
        max_length=60,
        required=False,
        help_text=_("Its name in the data, such as km."),
    )
    category = forms.CharField(
        label=_("Only of this category"), max_length=128, required=False, help_text=_("Empty for all.")
    )
    window = forms.ChoiceField(label=_("Within"), choices=WINDOWS, initial="ever")
    days = WholeField(label=_("How many days"))
    each = NumberField(label=_("At least so much in each"), initial=1)
    repeats = forms.BooleanField(label=_("It can be won in each period"), required=False)
    is_kept = forms.BooleanField(
        label=_("Kept once won"),
        required=False,
        help_text=_("A return then takes neither the badge nor its prize."),
    )
    group = forms.ChoiceField(
        label=_("Who does it"),
        choices=GROUPS,
        required=False,
        help_text=_("A team reaches the levels by what all its members do."),
    )
    teams = forms.CharField(
        label=_("Tags of the teams"), max_length=600, required=False, help_text=_("With commas between them.")
    )
    least = NumberField(
        label=_("At least so much from a member"),
        initial=1,
        help_text=_("Who brought less has no part in the prize."),
    )
    starts_on = DayField(label=_("From the day"), help_text=_("What was done before does not count."))
    ends_on = DayField(label=_("To the end of the day"))
    needs_joining = forms.BooleanField(label=_("Members join it"), required=False)
    has_board = forms.BooleanField(label=_("With a leaderboard"), required=False)

    def __init__(
        self, data: Any = None, *, program: Program, units: Sequence[Unit], badge: Badge | None
    ) -> None:
        super().__init__(data, initial=initial_of(badge, program, units) if badge else None)
        self.program, self.units, self.badge = program, {unit.key: unit for unit in units}, badge
        self.languages = list(program.languages)
        for language in self.languages:
            is_first = language == self.languages[0]
            self.fields[f"name_{language}"] = forms.CharField(
                label=_("Name"), max_length=60, required=is_first
            )
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("What to do"), max_length=300, required=False
            )
        rewards = Reward.objects.filter(program=program).exclude(state=Reward.State.ENDED)
        named, live = reward_names(program), rewards.values_list("key", flat=True)
        choices = [("", _("Nothing"))] + [(key, named[key]) for key in live]
        kinds = [(unit.key, formats.unit_name(10 * 10**unit.precision, unit)) for unit in units]
        for row in range(1, ROWS + 1):
            self.fields[f"target_{row}"] = NumberField(label=_("From"))
            self.fields[f"level_{row}"] = forms.CharField(label=_("Name"), max_length=40, required=False)
            self.fields[f"amount_{row}"] = WholeField(label=_("Gives"))
            self.fields[f"unit_{row}"] = forms.ChoiceField(label=_("Unit"), choices=kinds, required=False)
            self.fields[f"reward_{row}"] = forms.ChoiceField(
                label=_("Reward"), choices=choices, required=False
            )
        self.fields["target_1"].required = True
        if badge is not None:
            del self.fields["key"]

    def texts(self) -> list[Language]:
        """The fields of each language, for the template."""
        known = dict(settings.LANGUAGES)
        return [
            Language(code, str(known.get(code, code)), [self[f"name_{code}"], self[f"text_{code}"]])
            for code in self.languages
        ]

    def rows(self) -> list[dict[str, Any]]:
        """The levels, for the template."""
        names = ("target", "level", "amount", "unit", "reward")
        return [
            {"number": row, **{name: self[f"{name}_{row}"] for name in names}} for row in range(1, ROWS + 1)
        ]

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self.full_clean()
        self._errors = ErrorDict()

    def values(self) -> dict[str, Any]:
        """What `editing.create` and `editing.change` take, without the conditions."""
        found = self.cleaned_data
        is_challenge = found.get("kind") == Badge.Kind.CHALLENGE
        return {
            "kind": found.get("kind") or Badge.Kind.BADGE,
            **{many: self._texts_of(many, one) for many, one in TEXTS.items()},
            "medal": {name: found.get(name) or medals.PLAIN[name] for name in medals.PLAIN},
            "definition": self._definition(),
            "is_kept": found.get("is_kept", False),
            "starts_at": self._midnight(found.get("starts_on")),
            "ends_at": self._midnight(found.get("ends_on"), days=1) if is_challenge else None,
            "needs_joining": is_challenge and found.get("needs_joining", False),
            "has_board": is_challenge and found.get("has_board", False),
        }

    def _definition(self) -> dict[str, Any]:
        found, kept = self.cleaned_data, dict(self.badge.definition) if self.badge else {}
        counted, window = found.get("counted") or "orders", found.get("window") or "ever"
        made: dict[str, Any] = {"count": counted}
        if counted in ("events", "sum", "days") and found.get("event"):
            made["event"] = found["event"]
        if counted == "sum":
            made["field"] = found.get("number") or ""
        if found.get("category"):
            made["lines"] = {"field": "category", "op": "=", "value": found["category"]}
        elif kept.get("lines") and _category_of(kept) is None:
            # A finer filter than this form has; it stays.
            made["lines"] = kept["lines"]
        if window.startswith(ROW):
            made["streak"] = {
                "unit": window.removeprefix(ROW),
                "each": _text(found.get("each") or Decimal(1)),
            }
        elif window in ("days", "joining"):
            made["window"] = {
                "kind": window,
                "count" if window == "days" else "days": found.get("days") or 30,
            }
        elif window != "ever":
            made["window"] = {"kind": "calendar", "unit": window, "repeats": found.get("repeats", False)}
        if found.get("kind") == Badge.Kind.CHALLENGE and found.get("group"):
            made["group"] = self._group(counted)
        made["levels"] = [level for level in map(self._level, range(1, ROWS + 1)) if level]
        return made

    def _group(self, counted: str) -> dict[str, Any]:
        found = self.cleaned_data
        digits = formats.minor_digits(self.program.currency) if counted == "spend" else 0
        made: dict[str, Any] = {
            "by": found["group"],
            "least": _text(Decimal(found.get("least") or 1).scaleb(digits)),
        }
        if found["group"] == "tags":
            made["tags"] = found.get("teams") or []
        return made

    def clean_teams(self) -> list[str]:
        try:
            return tags.split(self.cleaned_data["teams"])
        except tags.TagInvalid as error:
            raise forms.ValidationError(str(error)) from error

    def _level(self, row: int) -> dict[str, Any] | None:
        found = self.cleaned_data
        target = found.get(f"target_{row}")
        if target is None:
            return None
        kept: Sequence[Any] = self.badge.definition["levels"] if self.badge else ()
        old: Mapping[str, Any] = kept[row - 1] if row <= len(kept) else {}
        prizes = [prize for prize in old.get("prizes", ()) if prize["kind"] == "tag"]
        unit = self.units.get(found.get(f"unit_{row}", ""))
        if found.get(f"amount_{row}") and unit is not None:
            amount = found[f"amount_{row}"] * 10**unit.precision
            prizes.append({"kind": "units", "name": unit.key, "amount": amount})
        if found.get(f"reward_{row}"):
            prizes.append({"kind": "reward", "name": found[f"reward_{row}"]})
        names = {code: text for code, text in old.get("names", {}).items() if code != self.languages[0]}
        if found.get(f"level_{row}"):
            names[self.languages[0]] = found[f"level_{row}"]
        is_money = found.get("counted") == "spend" and not str(found.get("window")).startswith(ROW)
        digits = formats.minor_digits(self.program.currency) if is_money else 0
        return {
            "key": old.get("key") or f"level-{row}",
            "target": _text(Decimal(target).scaleb(digits)),
            "names": names,
            "prizes": prizes,
        }

    def _texts_of(self, many: str, one: str) -> dict[str, str]:
        kept: Mapping[str, str] = getattr(self.badge, many) if self.badge else {}
        hidden = {language: text for language, text in kept.items() if language not in self.languages}
        typed = {language: self.cleaned_data.get(f"{one}_{language}", "") for language in self.languages}
        return hidden | {language: text for language, text in typed.items() if text}

    def _midnight(self, day: date | None, *, days: int = 0) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=self.program.zone)


def _text(number: Decimal) -> str:
    """A figure as definitions have it."""
    shown = f"{number:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _category_of(definition: Mapping[str, Any]) -> str | None:
    """The category of a filter that says no more than this."""
    lines = definition.get("lines") or {}
    is_plain = (
        lines.get("field") == "category" and lines.get("op") == "=" and set(lines) == {"field", "op", "value"}
    )
    return str(lines["value"]) if is_plain else None


def initial_of(badge: Badge, program: Program, units: Sequence[Unit]) -> dict[str, Any]:
    """What the form shows of a badge."""
    asked = badge.definition
    window, streak = asked.get("window") or {}, asked.get("streak") or {}
    kind = window.get("kind", "ever")
    found: dict[str, Any] = {
        "kind": badge.kind,
        **medals.full(badge.medal),
        "counted": asked["count"],
        "event": asked.get("event", ""),
        "number": asked.get("field", ""),
        "category": _category_of(asked) or "",
        "window": ROW + streak["unit"] if streak else window.get("unit") or kind,
        "days": window.get("count") or window.get("days"),
        "each": streak.get("each", 1),
        "repeats": window.get("repeats", False),
        "is_kept": badge.is_kept,
        "needs_joining": badge.needs_joining,
        "has_board": badge.has_board,
        "starts_on": badge.starts_at and timezone.localtime(badge.starts_at).date(),
        "ends_on": badge.ends_at and timezone.localtime(badge.ends_at - timedelta(microseconds=1)).date(),
    }
    if group := asked.get("group"):
        digits = formats.minor_digits(program.currency) if asked["count"] == "spend" else 0
        found |= {
            "group": group["by"],
            "teams": ", ".join(group.get("tags", ())),
            "least": _text(Decimal(str(group.get("least", 1))).scaleb(-digits)),
        }
    for many, one in TEXTS.items():
        texts: Mapping[str, str] = getattr(badge, many)
        found |= {f"{one}_{language}": text for language, text in texts.items()}
    is_money = asked["count"] == "spend" and not streak
    digits = formats.minor_digits(program.currency) if is_money else 0
    known = {unit.key: unit for unit in units}
    for row, level in enumerate(asked["levels"][:ROWS], 1):
        found[f"target_{row}"] = _text(Decimal(str(level["target"])).scaleb(-digits))
        found[f"level_{row}"] = (level.get("names") or {}).get(program.languages[0], "")
        for prize in level.get("prizes") or ():
            if prize["kind"] == "units" and prize["name"] in known:
                found[f"amount_{row}"] = prize["amount"] // 10 ** known[prize["name"]].precision
                found[f"unit_{row}"] = prize["name"]
            elif prize["kind"] == "reward":
                found[f"reward_{row}"] = prize["name"]
    return found
