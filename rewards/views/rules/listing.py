"""All earning rules: each in one sentence, with its state and what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from loyaltysite.kit import clock, formats
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import rules, wording, yields
from rewards.engine import rules as engine_rules
from rewards.engine.definitions import RuleError
from rewards.models import EarningRule, RuleDraft, RuleVersion, Unit
from rewards.rules import Phase, Timeline
from rewards.wording import Vocabulary
from rewards.yields import Yield

KINDS = {Phase.DRAFT: "draft", Phase.SCHEDULED: "warn", Phase.LIVE: "good", Phase.RETIRED: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in the list. `note` says what is planned."""

    rule: EarningRule
    name: str
    sentence: str
    phase: Phase
    note: str
    has_draft: bool
    priority: int
    group: str
    given: str
    to: str
    budget: str

    @property
    def kind(self) -> str:
        return KINDS[self.phase]


@require_safe
@program_view(role=Role.ANALYST)
def rule_list(request: StaffRequest, program: Program) -> HttpResponse:
    """The rules in the order in which they are asked; what is over stands apart."""
    now = clock.now()
    lines = lines_of(program, now)
    context = {
        "groups": _grouped([line for line in lines if line.phase != Phase.RETIRED]),
        "retired": [line for line in lines if line.phase == Phase.RETIRED],
        "count": len(lines),
        "days": yields.DAYS,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="rules"),
    }
    return render(request, "rewards/dashboard/rules/list.html", context)


def lines_of(program: Program, now: datetime) -> list[Line]:
    """Seven statements, whatever the number of rules."""
    names = wording.vocabulary_of(program)
    units = {unit.pk: unit for unit in Unit.objects.filter(program=program)}
    given = yields.lately(program=program, now=now)
    drafts = {draft.rule_id: draft for draft in RuleDraft.objects.filter(program=program)}
    versions: dict[int, list[RuleVersion]] = {}
    for version in RuleVersion.objects.filter(program=program):
        versions.setdefault(version.rule_id, []).append(version)
    lines = [
        _line(
            rule,
            rules.timeline(versions.get(rule.pk, []), now),
            drafts.get(rule.pk),
            names,
            _yield(given.get(rule.pk), units),
        )
        for rule in EarningRule.objects.filter(program=program)
    ]
    return sorted(lines, key=lambda line: (-line.priority, line.rule.pk))


def _line(
    rule: EarningRule, ahead: Timeline, draft: RuleDraft | None, names: Vocabulary, given: tuple[str, str]
) -> Line:
    shown = ahead.shown
    definition = shown.definition if shown else draft.definition if draft else {}
    return Line(
        rule=rule,
        name=rule.name if shown or draft is None else draft.name,
        sentence=sentence_of(definition, names),
        phase=ahead.phase,
        note=note_of(ahead),
        has_draft=draft is not None,
        priority=int(definition.get("priority") or 0),
        group=str((definition.get("group") or {}).get("key", "")),
        given=given[0],
        to=given[1],
        budget=_budget(rule, definition, names),
    )


def sentence_of(definition: dict[str, Any], names: Vocabulary) -> str:
    try:
        return wording.say(engine_rules.parse(definition, rule_id=0, version_id=0), names)
    except RuleError:
        # A definition of an older release; its page shows the values.
        return _("This rule cannot be read any more.")


def note_of(ahead: Timeline) -> str:
    """What is planned."""
    if ahead.next is not None and ahead.next.since is not None:
        begins = formats.format_date(ahead.next.since, form="moment")
        if ahead.live is None:
            return _("begins %(moment)s") % {"moment": begins}
        return _("version %(number)s begins %(moment)s") % {
            "number": formats.format_number(ahead.next.number),
            "moment": begins,
        }
    if ahead.ends_at is not None:
        return _("ends %(moment)s") % {"moment": formats.format_date(ahead.ends_at, form="moment")}
    return ""


def _yield(given: Yield | None, units: dict[int, Unit]) -> tuple[str, str]:
    if given is None or given.unit_id not in units:
        return "", ""
    members = ngettext("to %(count)s member", "to %(count)s members", given.members)
    return (
        formats.format_units(given.amount, units[given.unit_id]),
        members % {"count": formats.format_number(given.members)},
    )


def _budget(rule: EarningRule, definition: dict[str, Any], names: Vocabulary) -> str:
    """What the budget of the version shown still holds."""
    given, unit = definition.get("budget"), str(definition.get("unit", ""))
    known = names.units.get(unit)
    if given is None or known is None:
        return ""
    spent = Decimal(rule.spent).scaleb(-known.precision)
    left = max(Fraction(0), Fraction(str(given)) - Fraction(spent))
    return _("%(left)s of %(whole)s left") % {
        "left": formats.format_number(left),
        "whole": names.points(Fraction(str(given)), unit),
    }


def _grouped(lines: list[Line]) -> list[dict[str, Any]]:
    """Rules of one group stand together, where the first of them stands."""
    found: dict[object, list[Line]] = {}
    for line in lines:
        found.setdefault(line.group or line.rule.pk, []).append(line)
    blocks: list[dict[str, Any]] = []
    for some in found.values():
        if some[0].group or not blocks or blocks[-1]["group"]:
            blocks.append({"group": some[0].group, "lines": list(some)})
        else:
            blocks[-1]["lines"] += some
    return blocks
