"""What a back-test changes, as plain data: kept with the result, and laid over the program's rulebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from math import lcm
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members.models import Program
from rewards import policies, rulebook, rules
from rewards.benefits import kinds
from rewards.engine import rules as engine_rules
from rewards.engine.definitions import RuleError
from rewards.engine.facts import Perk
from rewards.models import EarningRule, Reward, RuleVersion
from rewards.rulebook import Engine, Rulebook
from rewards.tiers import editing
from rewards.tiers.schemes import Level, Scheme


class NothingChanged(DomainError):
    code = "backtest_changes_nothing"
    message = _("Choose at least one change.")


@dataclass(frozen=True, slots=True)
class Changes:
    """`rules` maps keys to {"name", "definition"}; `retired` are keys of rules left out; `tiers` is a whole draft of
    rewards.tiers.editing as JSON; `expiry` maps units to policies, `prices` rewards to {unit key: ledger units}."""

    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retired: Sequence[str] = ()
    tiers: Mapping[str, Any] | None = None
    regrades: bool = False
    expiry: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.rules or self.retired or self.tiers or self.expiry or self.prices)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}


def of_json(stored: Mapping[str, Any]) -> Changes:
    return Changes(**stored)


def of_tiers(draft: editing.Draft) -> dict[str, Any]:
    """A draft of the tiers as JSON."""
    found = asdict(draft)
    for tier in found["tiers"]:
        tier["benefits"] = [dict(benefit) for benefit in tier["benefits"]]
    return found


def tiers_of(stored: Mapping[str, Any]) -> editing.Draft:
    tiers = tuple(editing.TierDraft(**tier) for tier in stored["tiers"])
    return editing.Draft(**{**stored, "tiers": tiers})


def check(*, program: Program, changes: Changes, now: datetime) -> None:
    """Raise what could not be: NothingChanged, RuleError, what the tiers refuse, PolicyError."""
    if changes.is_empty:
        raise NothingChanged
    for key, draft in changes.rules.items():
        rules.check(program=program, key=key, name=draft["name"], definition=draft["definition"], moment=now)
    if changes.tiers:
        editing.check(program=program, draft=tiers_of(changes.tiers))
    for policy in changes.expiry.values():
        policies.check_expiry(policy)


@dataclass(slots=True)
class Side:
    """One of the two worlds: a rulebook and the engine for each set of rule versions that priced something."""

    book: Rulebook
    gone: frozenset[int] = frozenset()
    new: tuple[int, ...] = ()
    # Where everything is compared by the rules of one moment.
    fixed: tuple[int, ...] | None = None
    used: set[int] = field(default_factory=set)
    _engines: dict[tuple[int, ...], Engine] = field(default_factory=dict)

    def engine(self, versions: tuple[int, ...]) -> Engine:
        """The engine that prices here what these versions priced. A draft that could not work beside the rules of that
        time stands back."""
        if self.fixed is not None:
            versions = self.fixed
        found = self._engines.get(versions)
        if found is None:
            self.used.update(versions)
            kept = tuple(number for number in versions if self.book.versions[number].rule_id not in self.gone)
            try:
                found = self.book.engine_of((*kept, *self.new))
            except RuleError:
                found = self.book.engine_of(versions)
            self._engines[versions] = found
        return found


@dataclass(frozen=True, slots=True)
class Sides:
    """`weights` is what one ledger unit is worth, {unit key: 1/scale minor units}; `budgets` are those of rules, {rule id:
    ledger units}: the replay does not cut by them, since the members are worked apart; the result says when they would
    have been used up. `prices` are the new prices of rewards by id."""

    live: Side
    draft: Side
    scale: int
    weights: Mapping[str, int]
    budgets: Mapping[int, int]
    prices: Mapping[int, Mapping[str, int]]
    is_expiry_changed: bool
    regrades: bool


def sides(*, program: Program, changes: Changes) -> Sides:
    """Both worlds. Four statements more than the rulebook takes."""
    live = rulebook.load(program)
    budgets = {
        version.rule_id: _scaled(version.definition, live)
        for version in live.versions.values()
        if version.definition.get("budget") is not None
    }
    live.versions = {number: _without_budget(version) for number, version in live.versions.items()}
    touched = {*changes.rules, *changes.retired}
    known = {rule.key: rule for rule in EarningRule.objects.filter(program=program, key__in=touched)}
    drafted = _drafted(changes, known)
    for version in drafted.values():
        if version.definition.get("budget") is not None:
            budgets[version.rule_id] = _scaled(version.definition, live)
    units = {
        key: replace(unit, expiry=rulebook.canonical(changes.expiry[key])) if key in changes.expiry else unit
        for key, unit in live.units.items()
    }
    draft = replace(
        live,
        units=units,
        units_by_id={unit.id: unit for unit in units.values()},
        scheme=_scheme(program, changes, live),
        versions=live.versions | {number: _without_budget(version) for number, version in drafted.items()},
        _engines={},
        _by_bound={},
    )
    scale = lcm(*(unit.worth_each.denominator for unit in units.values())) if units else 1
    gone = frozenset(rule.pk for rule in known.values()) | {version.rule_id for version in drafted.values()}
    return Sides(
        live=Side(live),
        draft=Side(draft, gone, tuple(drafted)),
        scale=scale,
        weights={key: int(unit.worth_each * scale) for key, unit in units.items()},
        budgets=budgets,
        prices=_prices(program, changes),
        is_expiry_changed=bool(changes.expiry),
        regrades=changes.regrades,
    )


def names_of(sides: Sides) -> dict[int, str]:
    """The rules of both worlds by id."""
    return {
        v.rule_id: v.rule.name
        for v in [*sides.live.book.versions.values(), *sides.draft.book.versions.values()]
    }


def _drafted(changes: Changes, known: Mapping[str, EarningRule]) -> dict[int, RuleVersion]:
    """The drafts as versions with numbers that no real one has. They held all along, so days on which a campaign begins or
    ends are left out."""
    found = {}
    for number, (key, draft) in enumerate(sorted(changes.rules.items()), 1):
        rule = known.get(key) or EarningRule(pk=-number, key=key)
        rule = EarningRule(pk=rule.pk, key=key, name=draft["name"])
        definition = dict(draft["definition"])
        window = {
            name: value
            for name, value in (definition.get("window") or {}).items()
            if name not in ("from", "until")
        }
        definition["window"] = window or None
        found[-number] = RuleVersion(pk=-number, rule=rule, number=0, definition=definition)
    return found


def _without_budget(version: RuleVersion) -> RuleVersion:
    if version.definition.get("budget") is None:
        return version
    definition = {name: value for name, value in version.definition.items() if name != "budget"}
    return RuleVersion(
        pk=version.pk,
        rule=version.rule,
        number=version.number,
        definition=definition,
        since=version.since,
        until=version.until,
        published_at=version.published_at,
    )


def _scaled(definition: Mapping[str, Any], book: Rulebook) -> int:
    rule = engine_rules.parse(definition, rule_id=0, version_id=0)
    return int((rule.budget or Fraction(0)) * 10 ** book.units[rule.unit].precision)


def _scheme(program: Program, changes: Changes, book: Rulebook) -> Scheme | None:
    if not changes.tiers:
        return book.scheme
    draft = tiers_of(changes.tiers)
    perks = {
        tier.key: tuple(
            Perk("tier", tier.key, 0, benefit)
            for benefit in tier.benefits
            if kinds.kind_of(benefit) != kinds.PROMISE
        )
        for tier in draft.tiers
    }
    scheme = draft.scheme(program)
    levels: tuple[Level, ...] = tuple(replace(level, perks=perks[level.key]) for level in scheme.levels)
    return replace(scheme, levels=levels)


def _prices(program: Program, changes: Changes) -> dict[int, Mapping[str, int]]:
    found = Reward.objects.filter(program=program, key__in=changes.prices).values_list("pk", "key")
    return {pk: changes.prices[key] for pk, key in found}
