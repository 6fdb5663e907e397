"""Scores in words: what drives a risk, why an action was chosen, why a model does not speak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.scores.foretelling import LEAST_CUSTOMERS, LEAST_DAYS, LEAST_RETURNED
from loyaltysite.kit import formats
from members.models import Channel, MemberScore, NextAction, Program

MOODS = {"low": "good", "medium": "warn", "high": "bad", "": "draft"}
WHYS = {
    "few_customers": gettext_lazy(
        "There are fewer than %(least)s customers. A model would only seem to know more."
    ),
    "short_past": gettext_lazy("The past is shorter than %(days)s days."),
    "few_returned": gettext_lazy("Fewer than %(returned)s customers have bought a second time."),
    "not_converged": gettext_lazy("No model describes these customers: none of them converged."),
}
ACTION_WORDS = {
    NextAction.WELCOME: gettext_lazy("Bought once and has been silent for at least half the usual gap."),
    NextAction.KEEP: gettext_lazy("The risk lies above a third."),
    NextAction.WIN_BACK: gettext_lazy("The risk lies above two thirds."),
    NextAction.GROW: gettext_lazy("Little risk, and likely to buy more often than last year."),
    NextAction.THANK: gettext_lazy("Little risk, and among the tenth that is worth most."),
    NextAction.NONE: gettext_lazy(
        "May not be written to, is worth nothing in the coming year, or buys as always: nothing needs to be done."
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One member's scores as a page shows them."""

    score: MemberScore
    mood: str
    drivers: list[str]
    why: str
    channel: str


def tell(score: MemberScore, *, program: Program) -> Told:
    return Told(
        score,
        MOODS[score.churn_band],
        list(drivers(score, program)),
        str(ACTION_WORDS[NextAction(score.action)]),
        str(Channel(score.channel).label) if score.channel else "–",
    )


def drivers(score: MemberScore, program: Program) -> Iterable[str]:
    """Recency against the own rhythm, frequency and spending, each in a sentence."""
    today = _day(score.scored_at, program)
    if score.last_on is None or score.first_on is None:
        return
    idle = (today - score.last_on).days
    yield _rhythm(score, idle)
    watched = max((today - score.first_on).days, 1)
    yield ngettext(
        "%(days)s day with a purchase within %(watched)s days.",
        "%(days)s days with a purchase within %(watched)s days.",
        score.purchases,
    ) % {"days": formats.format_number(score.purchases), "watched": formats.format_number(watched)}
    yield _("A day with a purchase to come is worth %(amount)s.") % {
        "amount": formats.format_money(score.mean_minor, program.currency)
    }


def _rhythm(score: MemberScore, idle: int) -> str:
    if score.purchases < 2 or score.last_on is None or score.first_on is None:
        return ngettext("Bought once, %(days)s day ago.", "Bought once, %(days)s days ago.", idle) % {
            "days": formats.format_number(idle)
        }
    gap = (score.last_on - score.first_on).days / (score.purchases - 1)
    names = {
        "gap": formats.format_number(round(gap)),
        "idle": formats.format_number(idle),
        "times": formats.format_number(idle / gap, decimals=1),
    }
    if idle <= gap:
        return (
            _(
                "Buys every %(gap)s days on average; the last purchase was %(idle)s days ago, within the rhythm."
            )
            % names
        )
    return (
        _(
            "Buys every %(gap)s days on average; the last purchase was %(idle)s days ago, %(times)s times as long."
        )
        % names
    )


def why_plain(code: str) -> str:
    """Why no model speaks, with what would be needed."""
    numbers = {"least": LEAST_CUSTOMERS, "days": LEAST_DAYS, "returned": LEAST_RETURNED}
    names = {name: formats.format_number(number) for name, number in numbers.items()}
    return str(WHYS[code]) % names if code in WHYS else ""


def reason_of(fit: Any) -> str:
    """How a fit went."""
    if fit.converged:
        return _("converged")
    if fit.reason.endswith("grows without end"):
        return _("a parameter grows without end")
    if fit.reason.startswith("amounts differ"):
        return _("the amounts have no mean")
    return _("no summit was found")


def _day(moment: datetime, program: Program) -> date:
    return moment.astimezone(program.zone).date()
