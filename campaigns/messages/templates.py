"""Templates: written as drafts, published as versions that never change. Each step is audited."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.messages import contents
from campaigns.models import Kind, Template, TemplateVersion
from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Program, Topic, User

State = Template.State


class NameTaken(DomainError):
    code = "template_name_taken"
    message = _("Another template has this name.")


class NameMissing(DomainError):
    code = "template_name_missing"
    message = _("Give it a name.")


class ChangedMeanwhile(Conflict):
    code = "template_changed"


def create(
    *,
    program: Program,
    name: str,
    kind: str,
    topic: str,
    draft: Mapping[str, Any],
    by: User | None,
    now: datetime,
) -> Template:
    """Raises NameMissing, NameTaken."""
    if not name.strip():
        raise NameMissing(field="name")
    try:
        with scope(program=program), transaction.atomic():
            made = Template.objects.create(
                program=program, name=name.strip(), kind=Kind(kind), topic=Topic(topic), draft=contents.clean(draft),
                created_by=by, created_at=now,
            )  # fmt: skip
            _record(made, "template.create", by, now, after={"name": made.name, "kind": kind, "topic": topic})
    except IntegrityError as error:
        raise NameTaken(field="name") from error
    return made


def change(
    *,
    template: Template,
    name: str,
    kind: str,
    topic: str,
    draft: Mapping[str, Any],
    edition: int,
    by: User,
    now: datetime,
) -> Template:
    """Keep the draft as it is, faults and all. Raises NameMissing, NameTaken, ChangedMeanwhile."""
    if not name.strip():
        raise NameMissing(field="name")
    try:
        with scope(program=template.program), transaction.atomic():
            fresh = _lock(template)
            if fresh.edition != edition:
                raise ChangedMeanwhile
            before = {"name": fresh.name, "kind": str(fresh.kind), "topic": str(fresh.topic)}
            fresh.name, fresh.kind, fresh.topic = name.strip(), Kind(kind), Topic(topic)
            fresh.draft, fresh.edition = contents.clean(draft), fresh.edition + 1
            fresh.save(update_fields=["name", "kind", "topic", "draft", "edition"])
            after = {"name": fresh.name, "kind": kind, "topic": topic}
            _record(fresh, "template.change", by, now, before=before, after=after)
    except IntegrityError as error:
        raise NameTaken(field="name") from error
    return fresh


def publish(*, template: Template, by: User | None, now: datetime) -> TemplateVersion:
    """Put the draft in force; one that says the same as the version in force gives that version.

    Raises NothingSaid, ContentMissing, ContentFaulty."""
    with scope(program=template.program), transaction.atomic():
        fresh = _lock(template)
        contents.check(fresh.draft)
        digest = hashlib.sha256(orjson.dumps(fresh.draft, option=orjson.OPT_SORT_KEYS)).hexdigest()
        live = TemplateVersion.objects.filter(pk=fresh.live_id).first() if fresh.live_id else None
        if live and live.digest == digest and fresh.state == State.LIVE:
            return live
        number = TemplateVersion.objects.filter(template=fresh).count() + 1
        version = TemplateVersion.objects.create(
            program=fresh.program, template=fresh, number=number, content=fresh.draft, digest=digest,
            published_at=now, published_by=by,
        )  # fmt: skip
        fresh.live, fresh.state = version, State.LIVE
        fresh.save(update_fields=["live", "state"])
        _record(fresh, "template.publish", by, now, after={"version": number})
    return version


def archive(*, template: Template, by: User, now: datetime) -> None:
    """Put it away: nothing new is said with it. A repeat changes nothing."""
    with scope(program=template.program), transaction.atomic():
        fresh = _lock(template)
        if fresh.state != State.ARCHIVED:
            fresh.state = State.ARCHIVED
            fresh.save(update_fields=["state"])
            _record(fresh, "template.archive", by, now)


# --- parts ------------------------------------------------------------------------------------------------------------


def _lock(template: Template) -> Template:
    locked = Template.objects.select_for_update(no_key=True, of=("self",))
    return locked.select_related("program").get(pk=template.pk)


def _record(
    template: Template,
    action: str,
    by: User | None,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        program=template.program, actor=by, action=action, subject="template", subject_id=template.pk,
        before=before, after=after, now=now,
    )  # fmt: skip
