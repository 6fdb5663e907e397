"""Earning rules over time: publish a version, retire a rule. A published version is never changed (21)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict
from members import audit
from members.models import Program, User
from rewards import rulebook
from rewards.engine import rules as engine_rules
from rewards.models import EarningRule, RuleVersion, Unit


class VersionTooEarly(Conflict):
    """A version cannot begin before the one it follows has begun: what was priced stays priced."""

    code = "version_too_early"
    message = _("The present version begins later than this one would.")


@transaction.atomic
def publish(
    *,
    program: Program,
    key: str,
    name: str,
    definition: Mapping[str, Any],
    by: User | None,
    now: datetime,
    since: datetime | None = None,
    reason: str = "",
) -> RuleVersion:
    """Put a new version of a rule in force for what happens from `since` on (default `now`); the version before ends
    there. The first version makes the rule.

    Raises RuleError with the path of what is wrong, also where the rule does not fit the others in force.
    """
    since = since or now
    with scope(program=program):
        rule = EarningRule.objects.select_for_update().filter(program=program, key=key).first()
        if rule is None:
            rule = EarningRule.objects.create(program=program, key=key, name=name)
        former = (
            rule.versions.filter(published_at__isnull=False, until__isnull=True).order_by("-number").first()
        )
        if former is not None and former.since is not None and former.since >= since:
            raise VersionTooEarly(field="since")
        version = RuleVersion(
            program=program,
            rule=rule,
            number=_next_number(rule),
            definition=dict(definition),
            since=since,
            published_at=now,
            published_by=by,
            reason=reason,
        )
        _check(program, version, since)
        if former is not None:
            former.until = since
            former.save(update_fields=["until"])
        version.save()
        _open(rule, version, name, program)
        audit.record(
            program=program,
            actor=by,
            action="rule.publish",
            subject="rule",
            subject_id=key,
            before={"definition": former.definition} if former else {},
            after={"definition": version.definition},
            reason=reason,
            now=now,
        )
    rulebook.touch(program)
    return version


@transaction.atomic
def retire(*, program: Program, key: str, by: User | None, now: datetime, reason: str) -> EarningRule:
    """End a rule for what happens from `now` on; earlier orders that come late are still priced by it."""
    with scope(program=program):
        rule = EarningRule.objects.select_for_update().get(program=program, key=key)
        rule.versions.filter(until__isnull=True, published_at__isnull=False).update(until=now)
        rule.state = EarningRule.State.RETIRED
        rule.save(update_fields=["state"])
        audit.record(
            program=program,
            actor=by,
            action="rule.retire",
            subject="rule",
            subject_id=key,
            reason=reason,
            now=now,
        )
    rulebook.touch(program)
    return rule


def _next_number(rule: EarningRule) -> int:
    last: int | None = rule.versions.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _check(program: Program, version: RuleVersion, moment: datetime) -> None:
    """Compile the version together with all others in force at the moment it begins."""
    others = RuleVersion.objects.filter(program=program, published_at__isnull=False, since__lte=moment)
    others = others.filter(Q(until__isnull=True) | Q(until__gt=moment)).exclude(rule=version.rule)
    rules = rulebook.of(program.pk, database=str(connection.settings_dict["NAME"]))
    rules.compile([*others.select_related("rule"), _numbered(version)])


def _numbered(version: RuleVersion) -> RuleVersion:
    """The version as the engine wants it before it is saved: with an id, which is forgotten again."""
    return RuleVersion(pk=0, rule=version.rule, definition=version.definition, number=version.number)


def _open(rule: EarningRule, version: RuleVersion, name: str, program: Program) -> None:
    """The rule itself follows its newest version: its name, and its budget in ledger units."""
    parsed = engine_rules.parse(version.definition, rule_id=rule.pk, version_id=version.pk, key=rule.key)
    precision = Unit.objects.get(program=program, key=parsed.unit).precision
    budget = parsed.budget
    rule.budget = (
        None if budget is None else int(Decimal(budget.numerator) * 10**precision / budget.denominator)
    )
    rule.name, rule.state = name, EarningRule.State.LIVE
    rule.save(update_fields=["budget", "name", "state"])
