"""A line of a review in words: its facts, its reasons, and what became of the decision before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import ReviewItem
from analytics.reviews import verdicts
from loyaltysite.kit import formats
from members.models import Program

Verdict = ReviewItem.Verdict
MOODS = {Verdict.KEEP: "good", Verdict.CHANGE: "warn", Verdict.STOP: "bad"}
REASONS = {
    "unused": gettext_lazy("Nobody used it in this month."),
    "unused_twice": gettext_lazy("Nobody used it in this month nor in the one before."),
    "used": gettext_lazy("It is used."),
    "fell": gettext_lazy("It was used less than half as often as in the month before."),
    "cost_above_margin": gettext_lazy("It cost as much as the margin of those who used it, or more."),
    "cost_much": gettext_lazy("It cost more than half of the margin of those who used it."),
    "cost_covered": gettext_lazy("It cost less than half of the margin of those who used it."),
    "margin_unknown": gettext_lazy("Whether it pays cannot be said: the cost or the margin is not known."),
    "out_of_stock": gettext_lazy("There is none left."),
    "no_holdout": gettext_lazy("Nobody is left out by lot, so that its effect is not known."),
    "hardly_clicked": gettext_lazy("Fewer than one in a hundred messages were clicked."),
    "effect_clear": gettext_lazy("By hold-out it clearly brings sales."),
    "effect_unclear": gettext_lazy("By hold-out no effect can be seen."),
    "effect_negative": gettext_lazy("By hold-out it clearly costs sales."),
    "effect_below_cost": gettext_lazy("By hold-out the margin it brings is below its cost."),
}


@dataclass(frozen=True, slots=True)
class Told:
    item: ReviewItem
    mood: str
    decided_mood: str
    reasons: list[str]
    facts: list[tuple[str, str]]
    history: str


def tell(item: ReviewItem, *, program: Program, before: ReviewItem | None) -> Told:
    return Told(
        item=item,
        mood=MOODS[Verdict(item.verdict)],
        decided_mood=MOODS[Verdict(item.decision)] if item.decision else "draft",
        reasons=[str(REASONS[key]) for key in item.reasons],
        facts=_facts(item, program),
        history=_history(item, before),
    )


def rule_in_words() -> list[tuple[str, str]]:
    """(verdict, reason), as the rule has them."""
    names = {verdict: Verdict(verdict).label for verdict in Verdict.values}
    lines = [
        (verdicts.STOP, ("unused_twice", "cost_above_margin", "effect_negative", "effect_below_cost")),
        (
            verdicts.CHANGE,
            ("unused", "fell", "cost_much", "out_of_stock", "hardly_clicked", "effect_unclear"),
        ),
        (verdicts.KEEP, ("cost_covered", "effect_clear", "no_holdout", "margin_unknown", "used")),
    ]
    return [(str(names[verdict]), str(REASONS[key])) for verdict, keys in lines for key in keys]


def _facts(item: ReviewItem, program: Program) -> list[tuple[str, str]]:
    facts = item.facts
    found = [
        (_("Uses"), formats.format_number(facts["times"])),
        (_("Members"), formats.format_number(facts["members"])),
    ]
    if item.kind == ReviewItem.Kind.JOURNEY:
        found += [
            (_("Sent"), formats.format_number(facts["sent"])),
            (_("Clicked"), formats.format_number(facts["clicked"])),
            (_("By last touch"), _money(facts.get("credited_minor"), program)),
            (_("By hold-out"), _effect(facts.get("effect"), program)),
        ]
    else:
        found += [
            (_("Cost"), _money(facts.get("cost_minor"), program)),
            (_("Sales"), _money(facts.get("revenue_minor"), program)),
            (_("Margin"), _money(facts.get("margin_minor"), program)),
        ]
    return found


def _money(minor: int | None, program: Program) -> str:
    return "–" if minor is None else formats.format_money(minor, program.currency)


def _effect(effect: Mapping[str, Any] | None, program: Program) -> str:
    if effect is None:
        return "–"
    return formats.format_money(effect["revenue_minor"], program.currency, sign=True)


def _history(item: ReviewItem, before: ReviewItem | None) -> str:
    """What was decided last time, and what the uses did since."""
    if before is None or not before.decision:
        return ""
    values = {
        "decision": before.get_decision_display(),
        "month": formats.format_date(before.review.month, form="month"),
        "then": formats.format_number(before.facts["times"]),
        "now": formats.format_number(item.facts["times"]),
    }
    return _("%(month)s: %(decision)s. Uses since: from %(then)s to %(now)s.") % values
