"""The scheme and its tiers as one draft: read, checked, saved at once with a reason. Members move only by a re-grade
or by what they do next (36)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit, people
from members.models import Program, User
from rewards import policies, rulebook
from rewards.benefits import kinds
from rewards.models import Metric, Reward, RuleVersion, Standing, Tier, TierScheme, Unit
from rewards.tiers.schemes import PERIODS, Level, Scheme

MOST_TIERS = 12
# Above every rank in use while rows change places.
ASIDE = 1000
SCHEME = ("counted", "unit_key", "window", "months", "review", "grace_days", "weights")
TIER = ("key", "names", "threshold", "multipliers", "expiry", "benefits", "is_never_lost")


class TiersRefused(DomainError):
    code = "tiers_refused"
    message = _("These tiers cannot be.")


class TiersChanged(Conflict):
    code = "tiers_changed"
    message = _("Somebody else changed the tiers in the meantime. Look at them again.")


class TierInUse(Conflict):
    code = "tier_in_use"
    message = _("%(tier)s cannot be removed: members are or were in it.")


class TierNamed(Conflict):
    code = "tier_named"
    message = _("%(tier)s cannot be removed: the rule %(rule)s names it.")


class SchemeFixed(Conflict):
    code = "scheme_fixed"
    message = _("This stays as it is: orders have been counted by it.")


@dataclass(frozen=True, slots=True)
class TierDraft:
    """A level as it shall be. `threshold` is in the metric's whole unit; `multipliers` are ratios as text; benefits
    are those of rewards/benefits/kinds.py. `id` is None for a new one."""

    key: str
    names: Mapping[str, str]
    threshold: int
    multipliers: Mapping[str, str] = field(default_factory=dict)
    benefits: Sequence[Mapping[str, Any]] = ()
    # {unit key: expiry policy} in place of the unit's own (9).
    expiry: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_never_lost: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A scheme with its tiers, lowest first."""

    tiers: tuple[TierDraft, ...]
    counted: str = "spend"
    unit_key: str = ""
    window: str = "calendar_year"
    months: int = 12
    review: str = "to_earned"
    grace_days: int = 0
    # Of customer value, in percent; empty where something else counts.
    weights: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Changes whenever anything of the draft does."""
        text = json.dumps(asdict(self), sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def scheme(self, program: Program) -> Scheme:
        """The scheme as the engine would have it; new tiers have negative ids."""
        levels = tuple(
            Level(
                id=tier.id if tier.id is not None else -rank - 1,
                key=tier.key,
                rank=rank,
                threshold=tier.threshold,
                multipliers={unit: Fraction(ratio) for unit, ratio in tier.multipliers.items()},
                is_never_lost=tier.is_never_lost,
                expiry=tier.expiry,
                names=tier.names,
            )
            for rank, tier in enumerate(self.tiers)
        )
        given = {name: getattr(self, name) for name in SCHEME}
        return Scheme(levels=levels, return_days=program.return_days, zone=program.zone, **given)


def read(program: Program) -> Draft | None:
    """What is in force now; None in a program without tiers."""
    with scope(program=program):
        scheme = TierScheme.objects.filter(program=program).first()
        tiers = list(Tier.objects.filter(program=program).order_by("rank"))
    if scheme is None:
        return None
    drafts = tuple(TierDraft(id=tier.pk, **{name: getattr(tier, name) for name in TIER}) for tier in tiers)
    return Draft(tiers=drafts, **{name: getattr(scheme, name) for name in SCHEME})


def has_counted(program: Program) -> bool:
    """Whether anything has been counted for tiers."""
    with scope(program=program):
        return Metric.objects.filter(program=program).exists()


def in_use(program: Program) -> set[int]:
    """The tiers that members are or were in; these cannot be removed."""
    with scope(program=program):
        tiers = Tier.objects.filter(program=program).values_list("pk", flat=True)
        return {pk for pk in tiers if Standing.objects.filter(tier_id=pk).exists()}


def check(*, program: Program, draft: Draft) -> None:
    """Raise what stands in the way of saving: TiersRefused, SchemeFixed, TierInUse, TierNamed, BenefitRefused."""
    _check_order(draft)
    _check_benefits(program, draft)
    _check_expiry(program, draft)
    now = read(program)
    if now is not None:
        _check_scheme(program, now, draft)
        kept = {tier.id for tier in draft.tiers}
        for tier in now.tiers:
            if tier.id not in kept:
                _check_removal(program, tier)


@transaction.atomic
def save(*, program: Program, draft: Draft, seen: str, reason: str, by: User | None, now: datetime) -> Draft:
    """Put the draft in force for what happens next; nobody moves by it. `seen` is the digest of what was in force
    when the draft was begun ("" for nothing). A repeat changes nothing.

    Raises what `check` does, TiersChanged, ReasonMissing.
    """
    reason = reason.strip()
    if not reason:
        raise people.ReasonMissing(field="reason")
    with scope(program=program):
        Program.objects.select_for_update().get(pk=program.pk)
        before = read(program)
        if (before.digest if before else "") != seen:
            raise TiersChanged
        check(program=program, draft=draft)
        if before == draft:
            return draft
        _write(program, draft)
        rulebook.touch(program)
        _record(program, before, draft, reason, by, now)
        return read(program) or draft


def _check_order(draft: Draft) -> None:
    if not 1 <= len(draft.tiers) <= MOST_TIERS:
        raise TiersRefused(_("A program has between 1 and %(most)d tiers."), most=MOST_TIERS)
    thresholds = [tier.threshold for tier in draft.tiers]
    if thresholds[0] < 0 or any(low >= high for low, high in pairwise(thresholds)):
        raise TiersRefused(_("Each tier begins higher than the one before it."))
    keys = [tier.key for tier in draft.tiers]
    if len(set(keys)) < len(keys):
        raise TiersRefused(_("Each tier has a name of its own."))
    if draft.counted == "value" and not any(draft.weights.values()):
        raise TiersRefused(_("Give at least one part of the value a weight."), field="weight_historic")
    if draft.counted != "points" and draft.unit_key:
        raise TiersRefused(_("Only points earned are counted by a unit."), field="unit_key")


def _check_expiry(program: Program, draft: Draft) -> None:
    with scope(program=program):
        known = set(Unit.objects.filter(program=program).values_list("key", flat=True))
    for tier in draft.tiers:
        for unit, policy in tier.expiry.items():
            if unit not in known:
                raise TiersRefused(_("There is no such unit."))
            policies.check_expiry(policy)


def _check_scheme(program: Program, now: Draft, draft: Draft) -> None:
    """What was counted lies in buckets of a window's kind, and points in the unit that was chosen."""
    moved = {
        "window": (now.window in PERIODS or draft.window in PERIODS) and now.window != draft.window,
        "unit_key": now.unit_key != draft.unit_key,
    }
    fixed = sorted(name for name, is_moved in moved.items() if is_moved)
    if fixed and has_counted(program):
        raise SchemeFixed(field=fixed[0])


def _check_benefits(program: Program, draft: Draft) -> None:
    with scope(program=program):
        units = dict(Unit.objects.filter(program=program).values_list("key", "precision"))
        rewards = set(Reward.objects.filter(program=program).values_list("key", flat=True))
    for tier in draft.tiers:
        # A promise may be said in any of the languages.
        working = [each for each in kinds.read(tier.benefits) if kinds.kind_of(each) != kinds.PROMISE]
        kinds.check(working, units=units, rewards=rewards, main=program.languages[0])


def _check_removal(program: Program, tier: TierDraft) -> None:
    with scope(program=program):
        if tier.id is not None and Standing.objects.filter(tier_id=tier.id).exists():
            raise TierInUse(tier=_name(tier))
        versions = RuleVersion.objects.filter(program=program, published_at__isnull=False)
        for version in versions.filter(Q(until__isnull=True)).select_related("rule"):
            if _names_tier(version.definition, tier.key):
                raise TierNamed(tier=_name(tier), rule=version.rule.name)


def _names_tier(node: Any, key: str) -> bool:
    """Whether a tree of conditions asks for this tier."""
    if isinstance(node, Mapping):
        if node.get("field") == "standing.tier":
            value = node.get("value")
            return key in value if isinstance(value, list) else value == key
        return any(_names_tier(part, key) for part in node.values())
    return isinstance(node, list) and any(_names_tier(part, key) for part in node)


def _write(program: Program, draft: Draft) -> None:
    values = {name: getattr(draft, name) for name in SCHEME}
    TierScheme.objects.update_or_create(program=program, defaults=values)
    rows = Tier.objects.filter(program=program)
    try:
        with transaction.atomic():
            rows.exclude(pk__in=[tier.id for tier in draft.tiers if tier.id is not None]).delete()
    except IntegrityError as error:
        raise TiersChanged from error
    rows.update(rank=F("rank") + ASIDE)
    for rank, tier in enumerate(draft.tiers):
        columns = {name: getattr(tier, name) for name in TIER} | {"rank": rank}
        columns["benefits"] = [dict(benefit) for benefit in tier.benefits]
        if tier.id is None:
            Tier.objects.create(program=program, **columns)
        elif not rows.filter(pk=tier.id).update(**columns):
            raise TiersChanged


def _record(
    program: Program, before: Draft | None, after: Draft, reason: str, by: User | None, now: datetime
) -> None:
    old, new = _told(before) if before else {}, _told(after)
    audit.record(
        program=program, actor=by, action="tier.change", subject="program", subject_id=program.slug,
        before=audit.changed(old, new), after=audit.changed(new, old), reason=reason[:300], now=now,
    )  # fmt: skip


def _told(draft: Draft) -> dict[str, Any]:
    """A draft in the words of the audit: settings of the scheme, then one entry a tier."""
    found: dict[str, Any] = {name: getattr(draft, name) for name in SCHEME}
    for rank, tier in enumerate(draft.tiers):
        told = {name: getattr(tier, name) for name in TIER if name != "key"}
        found[tier.key] = told | {"rank": rank, "benefits": [dict(one) for one in tier.benefits]}
    return found


def _name(tier: TierDraft) -> str:
    return next(iter(tier.names.values()), tier.key)
