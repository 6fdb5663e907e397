"""Why these points, and why not: one reason for each rule that waits for this kind of occasion (SEMANTICS 20, 23)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit import conditions, formats
from rewards.engine import fields
from rewards.engine.compilation import Program
from rewards.engine.facts import Context, Occasion
from rewards.engine.plans import Plan, Step, Trace
from rewards.engine.pricing import Award
from rewards.engine.rules import PERIODS
from rewards.engine.situations import BASIS, COUNTED, Situation

GIVEN, CUT = "given", "cut"


@dataclass(frozen=True, slots=True)
class Reason:
    """What became of one rule. `code` is given, cut, group, stopped, window, frequency, visit, conditions, lines,
    minimum, nothing or rounded; `params` are its figures: whole ledger units, minor units, ISO moments."""

    rule_id: int
    code: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[conditions.Missing, ...] = ()

    @property
    def has_fired(self) -> bool:
        return self.code in {GIVEN, CUT} and bool(self.params["awarded"])


def explain(occasion: Occasion, context: Context, program: Program, *, currency: str = "XXX") -> list[Reason]:
    """A reason for each rule by unit and place, in the active language; `currency` is the program's."""
    kind = program.kinds.get(occasion.kind)
    if kind is None:
        return []
    situation = Situation(occasion, context, kind)
    trace: Trace = {}
    given = {award.rule_id: award for award in kind.price(situation, trace).awards}
    return [
        _Explainer(plan, situation, trace, given, currency).explain(step)
        for plan in kind.plans
        for step in sorted(plan.steps, key=lambda step: step.place)
    ]


@dataclass(frozen=True, slots=True)
class _Explainer:
    plan: Plan
    situation: Situation
    trace: Trace
    given: Mapping[int, Award]
    currency: str

    def explain(self, step: Step) -> Reason:
        """The first of what stood in the way, in the order in which it was asked."""
        desired, _value, cut = self.trace[step.number]
        if cut == "group":
            return self._lost_group(step)
        if cut:
            return self._cut(step)
        if step.rule_id in self.given:
            return self._given(step)
        if desired:
            text = _("Less than one whole unit, which went to another rule or to none.")
            return _reason(step, "rounded", text)
        return self._stopped(step) or self._shut(step) or self._empty(step)

    def _given(self, step: Step) -> Reason:
        awarded = self.given[step.rule_id].awarded
        return _reason(step, GIVEN, _("Gave %(amount)s."), awarded=awarded, amount=_units(step, awarded))

    def _cut(self, step: Step) -> Reason:
        award = self.given[step.rule_id]
        text = _("%(limit)s left room for %(amount)s of %(wanted)s.")
        return _reason(
            step,
            CUT,
            text,
            limit=str(LIMITS[award.cut_by]),
            by=award.cut_by,
            awarded=award.awarded,
            desired=award.desired,
            amount=_units(step, award.awarded),
            wanted=_units(step, award.desired),
        )

    def _lost_group(self, step: Step) -> Reason:
        rivals = (other for other in self.plan.steps if other.group == step.group)
        winner = next(
            other for other in rivals if self._was_let_in(other) and self.trace[other.number][2] != "group"
        )
        texts = {
            "best": _("“%(winner)s” gave more, and only the best of the group counts."),
            "first": _("“%(winner)s” comes first, and only the first of the group counts."),
        }
        return _reason(step, "group", texts[step.mode], winner=_name(winner), winner_id=winner.rule_id)

    def _was_let_in(self, step: Step) -> bool:
        """Whether the rule's own gates and caps left it something, whatever came afterwards."""
        desired, value, cut = self.trace[step.number]
        return bool(desired and (value or cut in {"group", "unit_order"}))

    def _stopped(self, step: Step) -> Reason | None:
        stoppers = (other for other in self.plan.steps if other.stops & step.bit)
        stopper = next((other for other in stoppers if self._was_let_in(other)), None)
        if stopper is None:
            return None
        text = _("“%(stopper)s” lets no later rule follow.")
        return _reason(step, "stopped", text, stopper=_name(stopper), stopper_id=stopper.rule_id)

    def _shut(self, step: Step) -> Reason | None:
        explain = {
            "window": self._window,
            "frequency": self._frequency,
            "visit": self._visit,
            "conditions": self._conditions,
        }
        for name, gate in zip(step.gate_names, step.gates, strict=True):
            if not gate(self.situation):
                return explain[name](step)
        return None

    def _empty(self, step: Step) -> Reason:
        found = self.situation.selection(step.selector)
        if not found[COUNTED]:
            return _reason(step, "lines", _("No line of this order counts for this rule."))
        if found[BASIS] < step.minimum:
            return self._minimum(step, found[BASIS])
        if step.is_multiplier:
            return _reason(step, "nothing", _("None of the rules it multiplies gave anything."))
        if step.rule.amount.is_whole:
            text = _("%(found)s does not fill a step of %(step)s.")
            figures = {"found_minor": found[BASIS], "step_minor": step.step_minor}
            amounts = {"found": self._money(found[BASIS]), "step": self._money(step.step_minor)}
            return _reason(step, "nothing", text, **figures, **amounts)
        return _reason(step, "nothing", _("The amount it goes by is zero."))

    def _minimum(self, step: Step, basis: int) -> Reason:
        missing = step.minimum - basis
        return _reason(
            step,
            "minimum",
            _("%(missing)s more is needed to reach %(minimum)s."),
            missing_minor=missing,
            minimum_minor=step.minimum,
            missing=self._money(missing),
            minimum=self._money(step.minimum),
        )

    def _window(self, step: Step) -> Reason:
        window = step.rule.window
        assert window is not None  # noqa: S101 (a rule without window has no such gate)
        refusal = window.refusal(self.situation.local)
        bounds = {"early": window.opens, "late": window.closes}
        moment = bounds.get(refusal)
        params = {"moment": formats.format_date(moment.date()), "at": moment.isoformat()} if moment else {}
        return _reason(step, "window", str(WINDOWS[refusal]), refusal=refusal, **params)

    def _frequency(self, step: Step) -> Reason:
        frequency = step.rule.frequency
        assert frequency is not None  # noqa: S101 (a rule without frequency has no such gate)
        if frequency.cooldown_seconds is not None:
            return self._cooldown(step, frequency.cooldown_seconds)
        if frequency.period not in PERIODS:
            return _reason(step, "frequency", _("This is given once only, and was given before."))
        begins = next_period(frequency.period, self.situation.local.date())
        return _reason(
            step,
            "frequency",
            _("Given as often as it may be for now; again from %(moment)s."),
            times=frequency.times,
            again=begins.isoformat(),
            moment=formats.format_date(begins),
        )

    def _cooldown(self, step: Step, seconds: int) -> Reason:
        key = self.situation.keys[step.number][step.periods.index("lifetime")]
        last = self.situation.counters[key].last or 0.0
        zone = self.situation.local.tzinfo
        again = datetime.fromtimestamp(last + seconds, zone)
        text = _("Given a short while ago; again from %(moment)s.")
        moment = formats.format_date(again, tz=zone, form="moment")
        return _reason(step, "frequency", text, again=again.isoformat(), moment=moment)

    def _visit(self, step: Step) -> Reason:
        return _reason(step, "visit", _("A visit counts once a day in each store."))

    def _conditions(self, step: Step) -> Reason:
        condition = conditions.parse(step.rule.conditions, fields.OCCASION)
        missing = tuple(condition.explain(self.situation, currency=self.currency))
        return Reason(step.rule_id, "conditions", " ".join(str(item) for item in missing), missing=missing)

    def _money(self, minor: int) -> str:
        return formats.format_money(minor, self.currency)


LIMITS: Mapping[str, str | Promise] = {
    "order": gettext_lazy("The limit for one order"),
    "day": gettext_lazy("The limit for one day"),
    "week": gettext_lazy("The limit for one week"),
    "month": gettext_lazy("The limit for one month"),
    "year": gettext_lazy("The limit for one year"),
    "lifetime": gettext_lazy("The limit for one member"),
    "budget": gettext_lazy("The budget of the rule"),
    "unit_order": gettext_lazy("The limit of all rules for one order"),
}
WINDOWS: Mapping[str, str | Promise] = {
    "early": gettext_lazy("Begins on %(moment)s."),
    "late": gettext_lazy("Ended on %(moment)s."),
    "weekday": gettext_lazy("Not on this day of the week."),
    "hour": gettext_lazy("Not at this time of the day."),
}


def next_period(period: str, day: date) -> date:
    """The first day of the next day, ISO week, month or year."""
    if period == "day":
        return day + timedelta(days=1)
    if period == "week":
        return day + timedelta(days=8 - day.isoweekday())
    if period == "year":
        return date(day.year + 1, 1, 1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _reason(step: Step, code: str, text: str, /, **params: Any) -> Reason:
    return Reason(step.rule_id, code, text % params if params else text, params)


def _name(step: Step) -> str:
    return step.rule.name or step.rule.key


def _units(step: Step, amount: int) -> str:
    return formats.format_number(Decimal(amount).scaleb(-step.precision))
