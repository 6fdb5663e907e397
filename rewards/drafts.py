"""Drafts of earning rules: what a rule shall become, valid whenever it is saved, published as it was reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict
from members import audit
from members.models import Program, User
from rewards import rules
from rewards.engine import canonical
from rewards.models import EarningRule, RuleDraft, RuleVersion

LONGEST_KEY = 60


class DraftChanged(Conflict):
    """Somebody else saved the draft since it was read; `draft` is theirs, None when it is gone."""

    code = "draft_changed"
    message = _("Somebody else changed this draft in the meantime.")

    def __init__(self, draft: RuleDraft | None) -> None:
        super().__init__(field="revision")
        self.draft = draft


@transaction.atomic
def save(
    *,
    program: Program,
    key: str,
    name: str,
    definition: Mapping[str, Any],
    by: User | None,
    now: datetime,
    revision: int = 0,
    based_on: int | None = None,
) -> RuleDraft:
    """Keep a draft of the rule with this key; without a key a new rule is begun, named after `name`.

    `revision` is that of the draft as it was read, 0 for none. Raises DraftChanged when it is another by now, NotFound,
    and RuleError with the path of what is wrong, also where the rule would not fit the others in force.
    """
    with scope(program=program):
        rule = rules.lock(program, key) if key else None
        rules.check(program=program, key=key, name=name, definition=definition, moment=now)
        if rule is None:
            rule = EarningRule.objects.create(program=program, key=_free_key(program, name), name=name)
        draft = RuleDraft.objects.filter(rule=rule).first()
        if (draft.revision if draft else 0) != revision:
            raise DraftChanged(draft)
        before = {"definition": draft.definition, "name": draft.name} if draft else {}
        draft = draft or RuleDraft(rule=rule, program=program, revision=0, based_on=based_on)
        draft.name, draft.definition = name, canonical.normalize(definition)
        draft.revision += 1
        draft.changed_at, draft.changed_by = now, by
        draft.save()
        if not rule.versions.exists():
            rule.name = name
            rule.save(update_fields=["name"])
        audit.record(
            program=program,
            actor=by,
            action="rule.draft",
            subject="rule",
            subject_id=rule.key,
            before=before,
            after={"definition": draft.definition, "name": name},
            now=now,
        )
    return draft


@transaction.atomic
def discard(*, program: Program, key: str, by: User | None, now: datetime, revision: int) -> bool:
    """Throw a draft away; whether the rule is still there, since one that was never published goes with its draft.

    Raises DraftChanged, NotFound."""
    with scope(program=program):
        rule = rules.lock(program, key)
        draft = _read(rule, revision)
        stays = rule.versions.exists()
        audit.record(
            program=program,
            actor=by,
            action="rule.discard",
            subject="rule",
            subject_id=key,
            before={"definition": draft.definition, "name": draft.name},
            now=now,
        )
        draft.delete()
        if not stays:
            rule.delete()
    return stays


@transaction.atomic
def publish(
    *,
    program: Program,
    key: str,
    by: User | None,
    now: datetime,
    reason: str,
    revision: int,
    since: datetime | None = None,
) -> RuleVersion:
    """Publish the draft as it was reviewed, for what happens from `since` on (default `now`).

    Raises DraftChanged when it was saved again meanwhile, RuleError, RuleInUse, VersionTooEarly, NotFound."""
    with scope(program=program):
        rule = rules.lock(program, key)
        draft = _read(rule, revision)
        version = rules.publish(
            program=program,
            key=key,
            name=draft.name,
            definition=draft.definition,
            by=by,
            now=now,
            since=max(since, now) if since else None,
            reason=reason,
        )
        draft.delete()
    return version


def _read(rule: EarningRule, revision: int) -> RuleDraft:
    draft = RuleDraft.objects.filter(rule=rule).first()
    if draft is None or draft.revision != revision:
        raise DraftChanged(draft)
    return draft


def _free_key(program: Program, name: str) -> str:
    """A key that no rule of the program has, from the name where it has Latin letters."""
    stem = slugify(name)[: LONGEST_KEY - 8] or "rule"
    taken = set(
        EarningRule.objects.filter(program=program, key__startswith=stem).values_list("key", flat=True)
    )
    taken |= rules.RESERVED
    number, key = 1, stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key
