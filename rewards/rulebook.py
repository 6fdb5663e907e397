"""All that the engine must know of a program, compiled once per catalogue number and kept by the process."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from django.utils.translation import get_language
from django_scopes import scope

from members import followers, programs
from members.models import ErasureMark, Program, Store
from rewards.benefits import kinds
from rewards.engine import compilation
from rewards.engine import rules as engine_rules
from rewards.engine.basis import NOT_EARNING, BasisPolicy
from rewards.engine.facts import Perk
from rewards.models import Coupon, Plan, RuleVersion, Tier, TierScheme, Unit
from rewards.policies import Lapse, active_at, expires_at, lapse_of
from rewards.tiers.schemes import Level, Scheme


@dataclass(frozen=True, slots=True)
class UnitInfo:
    """A unit as the ledger needs it; `expiry` is canonical JSON text, "" for none; `worth` is that of one ledger unit in
    minor units of the currency."""

    id: int
    key: str
    precision: int
    expiry: str
    pending: Mapping[str, Any]
    cap_per_order: int | None
    shortfall: str
    arrears_limit: int | None
    lapse: Lapse | None = None
    transfer_limit: int = 0
    worth: Fraction = Fraction(0)
    is_money: bool = False
    is_shared: bool = False

    @property
    def worth_each(self) -> Fraction:
        """What one ledger unit is worth, in minor units."""
        return self.worth / Fraction(10**self.precision)

    def worth_minor(self, amount: int) -> int:
        """What so many ledger units are worth, in minor units."""
        return round(Fraction(amount) * self.worth / Fraction(10**self.precision))


@dataclass(frozen=True, slots=True)
class PlanInfo:
    """A plan that is or was up."""

    id: int
    key: str
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        """In the active language."""
        language = (get_language() or "en").split("-")[0]
        return self.names.get(language) or next(iter(self.names.values()), self.key)


@dataclass(frozen=True, slots=True)
class Engine:
    """The compiled rules of one moment and the rule versions they come from."""

    program: compilation.Program
    versions: tuple[int, ...]
    kinds: frozenset[str]
    budgets: tuple[int, ...]
    member_facts: frozenset[str]
    # Whether a rule asks for the plans that a member holds.
    asks_plans: bool = False


MEMBER_FACTS = ("joined_on", "birthday", "language", "tags")


@dataclass(slots=True)
class Rulebook:
    program_id: int
    catalogue: int
    zone: ZoneInfo
    currency: str
    digits: int
    settings: Program
    units: dict[str, UnitInfo]
    units_by_id: dict[int, UnitInfo]
    stores: dict[str, int]
    store_codes: dict[int, str]
    store_names: dict[str, str]
    basis: BasisPolicy
    scheme: Scheme | None
    versions: dict[int, RuleVersion]
    bounds: list[datetime]
    # Whether anybody of this program was ever erased: only then newcomers are looked for among the marks.
    has_marks: bool = False
    # Whether somebody is told its events: only then a posting wakes them up.
    is_followed: bool = False
    plans: dict[int, PlanInfo] = field(default_factory=dict)
    # Rewards that are kept for some, and the names of the tiers and plans that open them.
    exclusive: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    # Whether there was ever a coupon: only then orders are asked for codes that they brought.
    has_coupons: bool = False
    _engines: dict[tuple[int, ...], Engine] = field(default_factory=dict)
    _by_bound: dict[int, Engine] = field(default_factory=dict)

    @property
    def has_tier_expiry(self) -> bool:
        """Whether points end otherwise in some tier."""
        return self.scheme is not None and self.scheme.has_expiry

    def engine_at(self, moment: datetime) -> Engine:
        """The rules in force at a moment (21)."""
        index = bisect_right(self.bounds, moment)
        engine = self._by_bound.get(index)
        if engine is None:
            engine = self._by_bound[index] = self.engine_of(
                tuple(sorted(v.id for v in self.versions.values() if _is_in_force(v, moment)))
            )
        return engine

    def engine_of(self, versions: tuple[int, ...]) -> Engine:
        """Exactly these rule versions, for pricing again what they once priced (24)."""
        engine = self._engines.get(versions)
        if engine is None:
            engine = self._engines[versions] = self.compile([self.versions[number] for number in versions])
        return engine

    def compile(self, versions: list[RuleVersion]) -> Engine:
        rules = [
            engine_rules.parse(
                v.definition, rule_id=v.rule_id, version_id=v.id, key=v.rule.key, name=v.rule.name
            )
            for v in versions
        ]
        terms = {u.key: compilation.UnitTerms(u.precision, u.cap_per_order) for u in self.units.values()}
        return Engine(
            compilation.compile_rules(rules, units=terms),
            tuple(v.id for v in versions),
            frozenset(rule.kind for rule in rules),
            tuple(v.rule_id for v in versions if v.definition.get("budget") is not None),
            # Only what a rule asks for is stored with an award: the less of a person, the better.
            frozenset(
                name
                for name in MEMBER_FACTS
                for v in versions
                if f'"member.{name}"' in json.dumps(v.definition)
            ),
            any('"standing.plans"' in json.dumps(v.definition) for v in versions),
        )

    def terms(
        self, unit: UnitInfo, terms: str, earned_at: datetime
    ) -> tuple[datetime | None, str, datetime | None]:
        """When a grant becomes active, the event it awaits instead, and when it ends."""
        expiry, pending = _overrides(terms)
        when, awaits = active_at(unit.pending if pending is None else pending, earned_at, self.zone)
        policy = unit.expiry if expiry is None else expiry
        return when, awaits, None if when is None else expires_at(policy, when, self.zone)

    def lasting(self, terms: str, unit: UnitInfo, level: Level | None) -> str:
        """The terms of an award to somebody of this level: the tier's expiry stands above the unit's, the rule's above
        both (9)."""
        policy = level.expiry.get(unit.key) if level is not None and level.expiry else None
        return terms if policy is None else _with_expiry(terms, json.dumps(policy, sort_keys=True))

    def expiry(self, unit: UnitInfo, terms: str, active: datetime) -> datetime | None:
        expiry, _ = _overrides(terms)
        return expires_at(unit.expiry if expiry is None else expiry, active, self.zone)


@lru_cache(maxsize=1024)
def _overrides(terms: str) -> tuple[str | None, Mapping[str, Any] | None]:
    if not terms:
        return None, None
    found = json.loads(terms)
    expiry = found.get("expiry")
    return None if expiry is None else canonical(expiry), found.get("pending")


@lru_cache(maxsize=1024)
def _with_expiry(terms: str, policy: str) -> str:
    return json.dumps({"expiry": json.loads(policy)} | (json.loads(terms) if terms else {}), sort_keys=True)


def canonical(policy: Mapping[str, Any]) -> str:
    """A policy as the text that caches are keyed by; "" for one that never does anything."""
    if policy.get("kind", "none") == "none":
        return ""
    return json.dumps(policy, sort_keys=True, separators=(",", ":"))


def _is_in_force(version: RuleVersion, moment: datetime) -> bool:
    return (
        version.since is not None
        and version.since <= moment
        and (version.until is None or moment < version.until)
    )


_cache: dict[tuple[str, int], Rulebook] = {}
_lock = Lock()


def of(program_id: int, *, database: str, catalogue: int | None = None) -> Rulebook:
    """The program's rulebook; loaded again when `catalogue` says that the kept one is old."""
    key = (database, program_id)
    kept = _cache.get(key)
    if kept is None or (catalogue is not None and kept.catalogue != catalogue):
        with _lock:
            program = Program.objects.get(pk=program_id)
            with scope(program=program):
                kept = _cache[key] = load(program)
    return kept


def load(program: Program) -> Rulebook:
    program_id = program.pk
    units, versions = _units(program), _versions(program)
    moments = {m for v in versions.values() for m in (v.since, v.until) if m is not None}
    rows = list(Store.objects.filter(program_id=program_id).values_list("code", "pk", "name"))
    stores = {code: pk for code, pk, _name in rows}
    scheme = _scheme(program)
    plans = list(Plan.objects.filter(program=program).exclude(state=Plan.State.DRAFT).order_by("pk"))
    return Rulebook(
        program_id=program_id,
        catalogue=program.catalogue,
        zone=program.zone,
        currency=program.currency,
        digits=get_currency_precision(program.currency),
        settings=program,
        units=units,
        units_by_id={unit.id: unit for unit in units.values()},
        stores=stores,
        store_codes={pk: code for code, pk in stores.items()},
        store_names={code: name for code, _pk, name in rows},
        basis=_basis(program),
        scheme=scheme,
        versions=versions,
        bounds=sorted(moments),
        has_marks=ErasureMark.objects.filter(program_id=program_id).exists(),
        is_followed=followers.is_followed(program),
        plans={plan.pk: PlanInfo(plan.pk, plan.key, plan.names) for plan in plans},
        exclusive=_exclusive(scheme, plans),
        has_coupons=Coupon.objects.filter(program_id=program_id).exists(),
    )


def _units(program: Program) -> dict[str, UnitInfo]:
    return {
        unit.key: UnitInfo(
            unit.pk,
            unit.key,
            unit.precision,
            canonical(unit.expiry),
            unit.pending,
            unit.cap_per_order,
            unit.shortfall,
            unit.arrears_limit,
            lapse_of(unit.lapse, program.zone),
            unit.transfer_limit,
            Fraction(unit.worth_numerator, unit.worth_denominator),
            unit.is_money,
            unit.is_shared,
        )
        for unit in Unit.objects.filter(program=program)
    }


def _versions(program: Program) -> dict[int, RuleVersion]:
    """All that were ever published: past orders are priced by those of their day."""
    return {
        version.pk: version
        for version in RuleVersion.objects.filter(program=program, published_at__isnull=False).select_related(
            "rule"
        )
    }


def _exclusive(scheme: Scheme | None, plans: list[Plan]) -> dict[str, tuple[Mapping[str, str], ...]]:
    """Rewards that only some can have, with the names of what opens them."""
    found: dict[str, tuple[Mapping[str, str], ...]] = {}
    levels = scheme.levels if scheme else ()
    givers = [(level.names, [perk.benefit for perk in level.perks]) for level in levels]
    givers += [(plan.names, plan.benefits) for plan in plans]
    for names, benefits in givers:
        for benefit in benefits:
            for key in benefit["keys"] if kinds.kind_of(benefit) == kinds.REWARDS else ():
                found[key] = (*found.get(key, ()), names)
    return found


def _basis(program: Program) -> BasisPolicy:
    """What earns in this program; `Program.basis` switches the defaults of SEMANTICS 17."""
    chosen = program.basis
    return BasisPolicy(
        prices_include_tax=program.prices_include_tax,
        earns_on_tax=bool(chosen.get("earns_on_tax", False)),
        earns_on_points_paid=bool(chosen.get("earns_on_points_paid", False)),
        excluded_kinds=frozenset(chosen.get("excluded_kinds", NOT_EARNING)),
    )


def _scheme(program: Program) -> Scheme | None:
    scheme = TierScheme.objects.filter(program=program).first()
    tiers = list(Tier.objects.filter(program=program).order_by("rank"))
    if scheme is None or not tiers:
        return None
    levels = tuple(
        Level(
            id=tier.pk,
            key=tier.key,
            rank=tier.rank,
            threshold=tier.threshold,
            multipliers={unit: Fraction(str(ratio)) for unit, ratio in tier.multipliers.items()},
            is_never_lost=tier.is_never_lost,
            names=tier.names,
            expiry=tier.expiry,
            perks=tuple(
                Perk("tier", tier.key, 0, benefit)
                for benefit in tier.benefits
                if kinds.kind_of(benefit) != kinds.PROMISE
            ),
        )
        for tier in tiers
    )
    return Scheme(
        counted=scheme.counted,
        window=scheme.window,
        months=scheme.months,
        review=scheme.review,
        grace_days=scheme.grace_days,
        return_days=program.return_days,
        zone=program.zone,
        levels=levels,
        unit_key=scheme.unit_key,
        weights=scheme.weights,
    )


def touch(program: Program) -> None:
    """Say that units, rules, tiers or stores changed; every process then loads them again before its next posting."""
    programs.touch(program)
