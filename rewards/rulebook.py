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
from django_scopes import scope

from members import programs
from members.models import ErasureMark, Program, Store
from rewards.engine import compilation
from rewards.engine import rules as engine_rules
from rewards.engine.basis import NOT_EARNING, BasisPolicy
from rewards.models import RuleVersion, Tier, TierScheme, Unit
from rewards.policies import Lapse, active_at, expires_at, lapse_of
from rewards.tiers.schemes import Level, Scheme


@dataclass(frozen=True, slots=True)
class UnitInfo:
    """A unit as the ledger needs it; `expiry` is canonical JSON text, "" for none."""

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


@dataclass(frozen=True, slots=True)
class Engine:
    """The compiled rules of one moment and the rule versions they come from."""

    program: compilation.Program
    versions: tuple[int, ...]
    kinds: frozenset[str]
    budgets: tuple[int, ...]
    member_facts: frozenset[str]


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
    _engines: dict[tuple[int, ...], Engine] = field(default_factory=dict)
    _by_bound: dict[int, Engine] = field(default_factory=dict)

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
        )

    def terms(
        self, unit: UnitInfo, terms: str, earned_at: datetime
    ) -> tuple[datetime | None, str, datetime | None]:
        """When a grant becomes active, the event it awaits instead, and when it ends."""
        expiry, pending = _overrides(terms)
        when, awaits = active_at(unit.pending if pending is None else pending, earned_at, self.zone)
        policy = unit.expiry if expiry is None else expiry
        return when, awaits, None if when is None else expires_at(policy, when, self.zone)

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
    units = {
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
        )
        for unit in Unit.objects.filter(program_id=program_id)
    }
    versions = {
        version.pk: version
        for version in RuleVersion.objects.filter(
            program_id=program_id, published_at__isnull=False
        ).select_related("rule")
    }
    moments = {m for v in versions.values() for m in (v.since, v.until) if m is not None}
    rows = list(Store.objects.filter(program_id=program_id).values_list("code", "pk", "name"))
    stores = {code: pk for code, pk, _name in rows}
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
        scheme=_scheme(program),
        versions=versions,
        bounds=sorted(moments),
        has_marks=ErasureMark.objects.filter(program_id=program_id).exists(),
    )


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
    )


def touch(program: Program) -> None:
    """Say that units, rules, tiers or stores changed; every process then loads them again before its next posting."""
    programs.touch(program)
