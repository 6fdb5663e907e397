"""Segments are made, changed, put in force and archived here; each in one transaction with its audit."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.audiences import fields, membership, nesting
from campaigns.models import Dirty, Journey, Segment
from loyaltysite.kit.conditions import ConditionError
from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import AudienceMember, Program, User

log = logging.getLogger(__name__)

Kind, State = Segment.Kind, Segment.State
RUNNING = (Journey.State.LIVE, Journey.State.PAUSED)
LONGEST_NAME, LONGEST_KEY = 120, 60


class SegmentKeyTaken(Conflict):
    code = "segment_key_taken"
    message = _("There is a segment with this key. Choose another key.")


class SegmentInvalid(DomainError):
    code = "segment_invalid"
    message = _("This segment cannot be.")


class SegmentChanged(Conflict):
    code = "segment_changed"
    message = _("Somebody else has changed this segment. Look at it anew.")


class SegmentArchived(Conflict):
    code = "segment_archived"
    message = _("This segment is archived. Make a new one.")


class SegmentUsed(Conflict):
    """`names` are of what uses it."""

    code = "segment_used"
    message = _("It is still used by: %(names)s.")


def create(
    *,
    program: Program,
    name: str,
    by: User | None,
    now: datetime,
    kind: str = Kind.CONDITION,
    tree: Any = None,
    key: str = "",
) -> Segment:
    """A new draft, or for Kind.LIST an empty list in force; without a key one is made of the name.

    Raises SegmentKeyTaken, SegmentInvalid with the field or the path in `tree`."""
    membership.begin(program)
    with scope(program=program), transaction.atomic():
        is_list = kind == Kind.LIST
        segment = Segment(
            program=program,
            key=key or _free_key(name),
            name=_name(name),
            kind=kind,
            state=State.LIVE if is_list else State.DRAFT,
            draft=None if is_list else checked(tree or {}).tree,
            gathered_at=now if is_list else None,
            created_by=by,
            created_at=now,
        )
        try:
            with transaction.atomic():
                segment.save()
        except IntegrityError as error:
            raise SegmentKeyTaken(field="key") from error
        _record(segment, "segment.create", by, now, {}, {"kind": kind, "name": segment.name})
    return segment


def change(
    *,
    program: Program,
    key: str,
    by: User | None,
    now: datetime,
    name: str | None = None,
    tree: Any = None,
    revision: int | None = None,
) -> Segment:
    """Keep the name and what is written; the segment in force stays as it is until it is published. A repeat changes
    nothing. Raises NotFound, SegmentChanged, SegmentArchived, SegmentInvalid, ConditionError."""
    with scope(program=program), transaction.atomic():
        segment = lock(program, key)
        wanted: dict[str, Any] = {}
        if name is not None and _name(name) != segment.name:
            wanted["name"] = _name(name)
        if tree is not None and segment.kind == Kind.CONDITION:
            draft = checked(tree).tree
            current = segment.draft if segment.draft is not None else segment.tree
            if draft != current:
                wanted["draft"] = draft
        if not wanted:
            return segment
        if revision is not None and revision != segment.revision:
            raise SegmentChanged
        before = {field: getattr(segment, field) for field in wanted}
        for field, value in wanted.items():
            setattr(segment, field, value)
        _save(segment, *wanted)
        _record(segment, "segment.change", by, now, before, wanted)
    return segment


def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Segment:
    """Put what is written in force. Who is in it now stays until those it is for now have been gathered. A repeat changes
    nothing. Raises NotFound, SegmentArchived, SegmentInvalid, ConditionError."""
    membership.begin(program)
    with scope(program=program), transaction.atomic():
        membership.hold(program)
        segment = lock(program, key)
        if segment.draft is None:
            return segment
        tree = checked(segment.draft).tree
        _check_nesting(segment, tree)
        before = {"state": segment.state, "tree": segment.tree}
        segment.tree, segment.draft, segment.state = tree, None, State.LIVE
        segment.gathered_at = None
        _save(segment, "tree", "draft", "state", "gathered_at")
        _record(segment, "segment.publish", by, now, before, {"state": State.LIVE, "tree": tree})
    return segment


def discard(*, program: Program, key: str, by: User | None, now: datetime) -> Segment:
    """Forget what is written beside the segment in force. A repeat changes nothing."""
    with scope(program=program), transaction.atomic():
        segment = lock(program, key)
        if segment.draft is not None and segment.state == State.LIVE:
            segment.draft = None
            _save(segment, "draft")
            _record(segment, "segment.discard", by, now, {}, {})
    return segment


def archive(*, program: Program, key: str, by: User | None, now: datetime) -> Segment:
    """Take it out of use: nobody is in it any more, and nobody has left either. A repeat changes nothing.

    Raises NotFound, SegmentUsed."""
    with scope(program=program), transaction.atomic():
        membership.hold(program)
        segment = lock(program, key, archived=True)
        if segment.state == State.ARCHIVED:
            return segment
        names = uses(program=program, segment=segment)
        if names:
            raise SegmentUsed(names=", ".join(names))
        AudienceMember.objects.filter(audience_id=segment.pk).delete()
        before, segment.state, segment.size = segment.state, State.ARCHIVED, 0
        _save(segment, "state", "size")
        _record(segment, "segment.archive", by, now, {"state": before}, {"state": State.ARCHIVED})
    return segment


def gather(*, program: Program, key: str, now: datetime) -> bool:
    """Gather the members of a segment that was just put in force; False where it takes longer than a page waits or others
    are at it: then the next refresh does it."""
    try:
        with scope(program=program), transaction.atomic():
            if not membership.hold(program, waits=False):
                return False
            segment = lock(program, key)
            if segment.state == State.LIVE and segment.gathered_at is None:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = '{settings.SEGMENT_GATHERED_WITHIN}'")
                moves = membership.settle(program, segment, None, now)
                _note_dependents(program, segment, moves)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError:
        log.info("a segment is gathered in the background", extra={"segment": key})
        return False
    return True


def _note_dependents(program: Program, segment: Segment, moves: Any) -> None:
    """Segments that ask for this one look at whoever moved; where they were too many, at everybody."""
    others = nesting.users(segment.key, Segment.objects.filter(state=State.LIVE))
    if not others:
        return
    if moves.came is None:
        Segment.objects.filter(pk__in=[one.pk for one in others]).update(gathered_at=None)
    else:
        note(program, {*moves.came, *moves.went})


def note(program: Program, ids: set[int]) -> None:
    """Let the next refresh look at these members."""
    Dirty.objects.bulk_create([Dirty(program=program, member_id=pk) for pk in sorted(ids)], batch_size=5000)


def look_anew(*, program: Program, prefix: str) -> int:
    """Let the next refresh ask everybody anew in segments in force that ask for fields of this beginning; how many they
    are. For figures that change of nearly all members at once, where a note for each would cost more."""
    with scope(program=program):
        rows = Segment.objects.filter(state=State.LIVE, kind=Kind.CONDITION)
        asking = [one.pk for one in rows if nesting.asks_field(one.tree, prefix)]
        return Segment.objects.filter(pk__in=asking).update(gathered_at=None)


def checked(tree: Any) -> Any:
    """The condition, which SQL can answer; in the program's scope. Raises ConditionError."""
    return fields.parse(tree)


def uses(*, program: Program, segment: Segment) -> list[str]:
    """The names of the segments and journeys that use the segment."""
    with scope(program=program):
        others = Segment.objects.exclude(state=State.ARCHIVED).exclude(pk=segment.pk)
        running = Journey.objects.filter(state__in=RUNNING).select_related("current").order_by("name")
        return [one.name for one in nesting.users(segment.key, others)] + [
            one.name
            for one in running
            if one.current and nesting.names(one.current.graph, segment.pk, segment.key)
        ]


def lock(program: Program, key: str, *, archived: bool = False) -> Segment:
    segment = Segment.objects.select_for_update(no_key=True).filter(program=program, key=key).first()
    if segment is None:
        raise NotFound
    if segment.state == State.ARCHIVED and not archived:
        raise SegmentArchived
    return segment


def _check_nesting(segment: Segment, tree: Any) -> None:
    known = {one.key: one for one in Segment.objects.exclude(state=State.ARCHIVED)}
    for key in sorted(nesting.asked(tree)):
        if key not in known or known[key].state != State.LIVE:
            raise SegmentInvalid(_("The segment “%(key)s” is not in force."), field="tree", key=key)
    if nesting.circle(segment.key, tree, list(known.values())):
        raise SegmentInvalid(_("A segment cannot ask for itself, not even over others."), field="tree")


def _name(name: str) -> str:
    found = " ".join(name.split())
    if not 1 <= len(found) <= LONGEST_NAME:
        raise SegmentInvalid(_("Give a name with at most %(most)s letters."), field="name", most=LONGEST_NAME)
    return found


def _free_key(name: str) -> str:
    stem = slugify(name)[: LONGEST_KEY - 8] or "segment"
    taken = set(Segment.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for key in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if key not in taken)


def _save(segment: Segment, *names: str) -> None:
    segment.revision += 1
    segment.save(update_fields=[*names, "revision"])


def _record(
    segment: Segment,
    action: str,
    by: User | None,
    now: datetime,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    audit.record(
        program=segment.program, actor=by, action=action, subject="segment", subject_id=segment.key,
        before=before, after=after, now=now,
    )  # fmt: skip


__all__ = [
    "ConditionError", "SegmentArchived", "SegmentChanged", "SegmentInvalid", "SegmentKeyTaken", "SegmentUsed",
    "archive", "change", "create", "discard", "gather", "lock", "look_anew", "note", "publish", "uses",
]  # fmt: skip
