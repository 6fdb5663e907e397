"""Earning rules over time: publish a version, retire a rule, take back what lies ahead. What was in force never
changes (21)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import models, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members import audit
from members.models import Program, User
from rewards import rulebook
from rewards.engine.definitions import RuleError
from rewards.models import EarningRule, RuleVersion, Unit

# Addresses of the dashboard that are no rule's key.
RESERVED = frozenset({"new"})


class VersionTooEarly(Conflict):
    """A version cannot begin before the one it follows has begun: what was priced stays priced."""

    code = "version_too_early"
    message = _("The present version begins later than this one would.")


class RuleInUse(Conflict):
    """Another rule could not work without this one, or beside it."""

    code = "rule_in_use"
    message = _("“%(name)s” builds on this rule and could not work: %(why)s Change or retire it first.")


class NothingAhead(Conflict):
    code = "nothing_ahead"
    message = _("Nothing is planned for this rule: what has begun cannot be taken back.")


class NotInForce(Conflict):
    code = "rule_not_in_force"
    message = _("This rule is not in force and nothing is planned for it.")


class Phase(models.TextChoices):
    """Where a rule is in its life. A live rule may have a draft, a next version or an end beside it."""

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    LIVE = "live", _("Live")
    RETIRED = "retired", _("Retired")


@dataclass(frozen=True, slots=True)
class Timeline:
    """A rule at a moment: the version in force, the one that follows, the one that was last, and when it all ends."""

    live: RuleVersion | None
    next: RuleVersion | None
    last: RuleVersion | None
    ends_at: datetime | None

    @property
    def phase(self) -> Phase:
        if self.live:
            return Phase.LIVE
        if self.next:
            return Phase.SCHEDULED
        return Phase.RETIRED if self.last else Phase.DRAFT

    @property
    def shown(self) -> RuleVersion | None:
        """The version that stands for the rule."""
        return self.live or self.next or self.last


def timeline(versions: Iterable[RuleVersion], now: datetime) -> Timeline:
    """How a rule stands, from all its versions."""
    known = sorted(
        (v for v in versions if v.published_at and v.since and not v.is_cancelled), key=lambda v: v.number
    )
    live = next((v for v in known if _begins(v) <= now and (v.until is None or now < v.until)), None)
    ahead = next((v for v in known if _begins(v) > now), None)
    ends = known[-1].until if known and known[-1].until and known[-1].until > now else None
    return Timeline(live, ahead, known[-1] if known else None, ends)


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
        former = _end_former(rule, since)
        version = RuleVersion.objects.create(
            program=program,
            rule=rule,
            number=_next_number(rule),
            definition=dict(definition),
            since=since,
            published_at=now,
            published_by=by,
            reason=reason,
        )
        rule.name, rule.state = name, EarningRule.State.LIVE
        rule.save(update_fields=["name", "state"])
        _check_from(program, rule, since)
        _set_budget(rule)
        audit.record(
            program=program,
            actor=by,
            action="rule.publish",
            subject="rule",
            subject_id=key,
            before={"definition": former.definition} if former else {},
            after={"definition": version.definition, "since": since.isoformat()},
            reason=reason,
            now=now,
        )
    rulebook.touch(program)
    return version


@transaction.atomic
def retire(
    *,
    program: Program,
    key: str,
    by: User | None,
    now: datetime,
    reason: str,
    at: datetime | None = None,
) -> EarningRule:
    """End a rule for what happens from `at` on (default `now`); earlier orders that come late are still priced by it,
    and versions that would begin later are taken back. Raises RuleInUse, NotInForce."""
    end = max(at or now, now)
    with scope(program=program):
        rule = lock(program, key)
        versions = [v for v in _standing(rule) if v.until is None or v.until > now]
        if not versions:
            raise NotInForce
        for version in versions:
            version.until = max(end, _begins(version))
            version.save(update_fields=["until"])
        if end == now:
            rule.state = EarningRule.State.RETIRED
            rule.save(update_fields=["state"])
        _check_from(program, rule, end)
        audit.record(
            program=program,
            actor=by,
            action="rule.retire",
            subject="rule",
            subject_id=key,
            after={"at": end.isoformat()},
            reason=reason,
            now=now,
        )
    rulebook.touch(program)
    return rule


@transaction.atomic
def cancel(*, program: Program, key: str, by: User | None, now: datetime, reason: str) -> EarningRule:
    """Take back what is planned: the version that would begin later, or else the end that would come.

    The version before it goes on as if nothing had been planned. Raises NothingAhead, RuleInUse.
    """
    with scope(program=program):
        rule = lock(program, key)
        standing = _standing(rule)
        ahead = timeline(standing, now)
        if ahead.next is not None:
            taken, begins = ahead.next, _begins(ahead.next)
            before = [v for v in standing if v.until == begins and v.number < taken.number]
            _set_until(before, taken.until)
            _set_until([taken], begins)
        elif ahead.ends_at is not None and ahead.last is not None:
            _set_until([ahead.last], None)
        else:
            raise NothingAhead
        _check_from(program, rule, now)
        _set_budget(rule)
        audit.record(
            program=program,
            actor=by,
            action="rule.cancel",
            subject="rule",
            subject_id=key,
            before={"since": ahead.next.since.isoformat() if ahead.next and ahead.next.since else ""},
            reason=reason,
            now=now,
        )
    rulebook.touch(program)
    return rule


def check(
    *, program: Program, key: str, name: str, definition: Mapping[str, Any], moment: datetime
) -> rulebook.Engine:
    """The rules of a moment as they would be with this definition. Nothing is written; with a key of no rule it is
    one more. Raises RuleError."""
    book = rulebook.load(program)
    rule = next((v.rule for v in book.versions.values() if v.rule.key == key), None)
    tried = EarningRule(pk=rule.pk if rule else 0, program_id=program.pk, key=key or "new", name=name)
    others = [v for v in in_force(book.versions.values(), moment) if v.rule.key != key]
    return book.compile([*others, RuleVersion(pk=0, rule=tried, definition=dict(definition), number=0)])


def in_force(versions: Iterable[RuleVersion], moment: datetime) -> list[RuleVersion]:
    """Those of any rules that price what happens at a moment."""
    return [v for v in versions if v.since and v.since <= moment and (v.until is None or moment < v.until)]


def lock(program: Program, key: str) -> EarningRule:
    """The rule, so that nobody else changes it meanwhile. Raises NotFound."""
    rule = EarningRule.objects.select_for_update().filter(program=program, key=key).first()
    if rule is None:
        raise NotFound
    return rule


def _begins(version: RuleVersion) -> datetime:
    assert version.since is not None  # noqa: S101 - a published version has a beginning
    return version.since


def _standing(rule: EarningRule) -> list[RuleVersion]:
    """The published versions that have or had a time, by number."""
    published = rule.versions.filter(published_at__isnull=False).exclude(until=F("since"))
    return list(published.order_by("number"))


def _end_former(rule: EarningRule, since: datetime) -> RuleVersion | None:
    """End the version that would still be in force at `since`."""
    former = [v for v in _standing(rule) if v.until is None or v.until > since]
    if any(_begins(version) >= since for version in former):
        raise VersionTooEarly(field="since")
    _set_until(former, since)
    return former[-1] if former else None


def _set_until(versions: Sequence[RuleVersion], until: datetime | None) -> None:
    for version in versions:
        version.until = until
        version.save(update_fields=["until"])


def _next_number(rule: EarningRule) -> int:
    last: int | None = rule.versions.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _check_from(program: Program, rule: EarningRule, moment: datetime) -> None:
    """Compile all rules together as they stand at the moment and at every change that is planned after it."""
    book = rulebook.load(program)
    for change in [moment, *(bound for bound in book.bounds if bound > moment)]:
        try:
            book.compile(in_force(book.versions.values(), change))
        except RuleError as error:
            _blame(error, rule, book)


def _blame(error: RuleError, rule: EarningRule, book: rulebook.Rulebook) -> None:
    """An error of this rule is its own; one of another rule says that this one is needed there."""
    blamed = error.params.get("rule_id", rule.pk)
    if blamed == rule.pk:
        raise error
    other = next(v.rule for v in book.versions.values() if v.rule_id == blamed)
    raise RuleInUse(name=other.name, why=str(error)) from error


def _set_budget(rule: EarningRule) -> None:
    """The limit that the database guards: the highest of all versions with a budget, since a late order is still
    priced by its own version. The engine keeps to the budget of the version in force."""
    amounts = []
    for version in _standing(rule):
        given = version.definition.get("budget")
        if given is not None:
            unit = Unit.objects.get(program=rule.program_id, key=version.definition["unit"])
            amounts.append(int(Fraction(str(given)) * 10**unit.precision))
    budget = Greatest(Value(max(amounts)), F("spent")) if amounts else None
    EarningRule.objects.filter(pk=rule.pk).update(budget=budget)
