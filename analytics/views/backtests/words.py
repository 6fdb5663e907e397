"""A back-test in words: what was changed, what it comes to in one sentence, and every figure with its definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from analytics.backtests import changes as drafted
from analytics.backtests.results import Result
from analytics.backtests.tallying import BUDGET, OTHER, TIER
from analytics.models import Backtest
from loyaltysite.kit import formats
from members.models import Program
from rewards import wording
from rewards.engine import rules as engine_rules
from rewards.models import EarningRule, Reward, Unit
from rewards.tiers import editing
from rewards.views import tier_words
from rewards.wording import policies

KINDS = {"running": "info", "done": "good", "cancelled": "draft", "failed": "bad"}


@dataclass(slots=True)
class Teller:
    """Knows the names of a program's things."""

    program: Program
    vocabulary: wording.Vocabulary = field(init=False)
    units: dict[str, Unit] = field(init=False)

    def __post_init__(self) -> None:
        self.vocabulary = wording.vocabulary_of(self.program)
        self.units = {unit.key: unit for unit in Unit.objects.filter(program=self.program)}

    def money(self, minor: int) -> str:
        return formats.format_money(minor, self.program.currency)

    def signed(self, minor: int) -> str:
        return formats.format_money(minor, self.program.currency, sign=True)

    def changes(self, backtest: Backtest) -> list[str]:
        """Each change in a sentence."""
        return list(self._changes(drafted.of_json(backtest.changes)))

    def _changes(self, wanted: drafted.Changes) -> Iterator[str]:
        for draft in wanted.rules.values():
            rule = engine_rules.parse(draft["definition"], rule_id=0, version_id=0)
            yield f"{draft['name']}: {wording.say(rule, self.vocabulary)}"
        names = dict(EarningRule.objects.filter(program=self.program).values_list("key", "name"))
        for key in wanted.retired:
            yield _("Without the rule “%(rule)s”") % {"rule": names.get(key, key)}
        if wanted.tiers:
            yield from self._tiers(drafted.tiers_of(wanted.tiers))
        if wanted.regrades:
            yield _("Everybody re-graded on the first day")
        for key, policy in wanted.expiry.items():
            yield f"{self.vocabulary.unit(key)}: {policies.say_expiry(policy)}"
        for reward in Reward.objects.filter(program=self.program, key__in=wanted.prices):
            price = " + ".join(
                formats.format_units(amount, self.units[key])
                for key, amount in wanted.prices[reward.key].items()
            )
            yield f"{tier_words.name_of(reward)}: {price}"  # type: ignore[arg-type]

    def _tiers(self, draft: editing.Draft) -> Iterator[str]:
        for tier in draft.tiers:
            amount = tier_words.amount(tier.threshold, draft.counted, self.program)
            yield _("%(tier)s from %(amount)s") % {"tier": tier_words.name_of(tier), "amount": amount}


def headline(result: Result, teller: Teller) -> str:
    """The finding: This draft would have cost £120.00 more (+8.2%)."""
    before, after = (result.minor(value) for value in result.cost)
    difference = after - before
    figures = {"money": teller.money(abs(difference))}
    if difference == 0:
        cost = _("This draft would have cost as much as what is in force.")
    elif before <= 0:
        cost = _("This draft would have cost %(money)s.") % figures
    else:
        figures["share"] = formats.format_percent(difference / before, sign=True)
        more = _("This draft would have cost %(money)s more (%(share)s).")
        cost = (
            more if difference > 0 else _("This draft would have cost %(money)s less (%(share)s).")
        ) % figures
    return f"{cost} {people(result)}"


def people(result: Result) -> str:
    """1,204 members gain, 310 lose."""
    shares = result.more["shares"]
    if not shares["winners"] and not shares["losers"]:
        return _("Nobody gains or loses.")
    gain = ngettext("%(count)s member gains", "%(count)s members gain", shares["winners"])
    lose = ngettext("%(count)s loses.", "%(count)s lose.", shares["losers"])
    return (
        gain % {"count": formats.format_number(shares["winners"])}
        + _(", ")
        + lose % {"count": formats.format_number(shares["losers"])}
    )


def stats(result: Result, teller: Teller) -> list[dict[str, str]]:
    """The four figures that are looked at first, as components/stat.html shows them."""
    shares, total = result.more["shares"], result.sums
    before, after = (result.minor(value) for value in result.cost)
    held = tuple(result.minor(value) for value in total.held)
    members = ngettext("of %(count)s member", "of %(count)s members", total.members)
    of = members % {"count": formats.format_number(total.members)}
    found = [
        (_("Cost under the draft"), teller.money(after), _share(before, after), _("%(money)s as it was") % {"money": teller.money(before)}),
        (_("Members who gain"), formats.format_number(shares["winners"]), teller.signed(result.minor(shares["won"])), of),
        (_("Members who lose"), formats.format_number(shares["losers"]), teller.signed(-result.minor(shares["lost"])), of),
        (_("Outstanding at the end"), teller.money(held[1]), _share(*held), _("%(money)s as it was") % {"money": teller.money(held[0])}),
    ]  # fmt: skip
    return [dict(zip(("name", "value", "change", "of"), one, strict=True)) for one in found]


def _share(before: int, after: int) -> str:
    return formats.format_percent((after - before) / before, sign=True) if before > 0 else ""


@dataclass(frozen=True, slots=True)
class Figure:
    """What it was, what it would be, the difference, and how it is counted."""

    name: str
    before: str
    after: str
    change: str
    about: str


def figures(result: Result, teller: Teller) -> list[Figure]:
    """The figures that a decision stands on."""
    total = result.sums
    cost = tuple(result.minor(value) for value in result.cost)
    held = tuple(result.minor(value) for value in total.held)
    ended = tuple(result.minor(value) for value in total.ended)
    found = [
        _money(_("Cost"), cost, teller, _("The worth of what was given for the orders and events of the period, less what was taken back for returns. Other prices of rewards and other ends of points count too.")),
        _money(_("Outstanding at the end"), held, teller, _("What members would hold on the last day, at full worth: the liability before breakage.")),
        _money(_("Ended unused"), ended, teller, _("What would have ended by the last day because nobody used it.")),
    ]  # fmt: skip
    if result.more["margin"] != "unknown":
        margin = tuple(total.margin - part for part in cost)
        found.append(_money(_("Margin after points"), margin, teller, _about_margin(result)))
    if total.basis:
        was, will = (formats.format_percent(part / total.basis, decimals=2) for part in cost)
        change = formats.format_percent((cost[1] - cost[0]) / total.basis, decimals=2, sign=True)
        found.append(Figure(_("Cost per sale"), was, will, change, _("The cost in percent of what earns: orders without tax, shipping and what points paid.")))  # fmt: skip
    return [*found, *(_units(key, result, teller) for key in sorted({*total.before, *total.after}))]


def _money(name: str, pair: tuple[int, ...], teller: Teller, about: str) -> Figure:
    change = formats.format_money(pair[1] - pair[0], teller.program.currency, sign=True)
    return Figure(name, teller.money(pair[0]), teller.money(pair[1]), change, about)


def _units(key: str, result: Result, teller: Teller) -> Figure:
    unit = teller.units[key]
    before, after = result.sums.before.get(key, 0), result.sums.after.get(key, 0)
    minor = formats.format_money(result.minor(result.more["weights"][key] * 100 * 10**unit.precision), teller.program.currency)  # fmt: skip
    about = _("Net of what was taken back. 100 of them are worth %(money)s.") % {"money": minor}
    return Figure(
        _("%(unit)s given") % {"unit": teller.vocabulary.unit(key)},
        formats.format_units(before, unit),
        formats.format_units(after, unit),
        formats.format_units(after - before, unit, sign=True),
        about,
    )


def _about_margin(result: Result) -> str:
    source = {
        "lines": _("Margins come from the cost of the lines."),
        "rate": _("Margins are estimated by the program's rate."),
        "mixed": _(
            "Margins come from the cost of the lines where it is known, else from the program's rate."
        ),
    }.get(result.more["margin"], "")
    text = _("The margin of the orders of the period before returns, less the cost of points.")
    return f"{text} {source}".strip()


def breakeven(result: Result) -> str:
    """By how much sales would have to grow for the draft to pay for itself."""
    total = result.sums
    before, after = (result.minor(value) for value in result.cost)
    if after <= before or not total.basis or total.margin <= 0:
        return ""
    rate = total.margin / total.basis - after / total.basis
    if rate <= 0:
        return _("The draft costs more than the margin of these orders.")
    share = formats.format_percent((after - before) / rate / total.basis)
    return _("It pays for itself if members buy %(share)s more than they did.") % {"share": share}


def lacking(result: Result, teller: Teller) -> str:
    """Where the points of the draft would not have sufficed for what members did with theirs."""
    members, value = result.sums.lacking
    if not members:
        return ""
    text = ngettext(
        "%(count)s time points would not have sufficed for what was done with them: %(money)s.",
        "%(count)s times points would not have sufficed for what was done with them: %(money)s.",
        members,
    )
    return text % {"count": formats.format_number(members), "money": teller.money(result.minor(value))}


def compared(result: Result, teller: Teller) -> str:
    """The replay of what was, beside what the ledger says, and why they differ."""
    replayed, real = result.minor(result.value(result.sums.before)), result.minor(result.real)
    if not result.sums.unlike:
        return _("The replay of what was gives exactly what the ledger says: %(money)s.") % {
            "money": teller.money(real)
        }
    text = _("The replay of what was gives %(replayed)s, the ledger says %(real)s.")
    reasons = [
        _(why) % {"count": formats.format_number(result.sums.unlike[key])}
        for key, why in UNLIKE.items()
        if key in result.sums.unlike
    ]
    return " ".join([text % {"replayed": teller.money(replayed), "real": teller.money(real)}, *reasons])


UNLIKE = {
    TIER: gettext_noop(
        "Orders that had another tier in fact, because they came late or somebody was re-graded: %(count)s."
    ),
    BUDGET: gettext_noop("Orders that a used-up budget had cut: %(count)s."),
    OTHER: gettext_noop("Orders that came back after the period, or other reasons: %(count)s."),
}
