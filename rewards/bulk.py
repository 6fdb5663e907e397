"""One action on many members: gathered and shown first, then carried out in chunks, each member exactly once.

A chunk is one transaction: the members' change, their rows here and how far the action has come. A worker that dies
leaves whole chunks; whoever runs it again goes on after them (postings also have a key per action and member).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotAllowed
from members import audit, people, tags
from members.models import Identity, Member, Program, User
from rewards import leaving, ledger
from rewards.coupons import many
from rewards.directory import Directory
from rewards.filters import Catalog, Filters
from rewards.models import BulkAction, BulkItem, Tier
from rewards.tiers import standings

CHUNK = 200
# So many are gathered while somebody waits; more by a task.
AT_ONCE = 5_000
MOST_PICKED = 200
LONGEST_REASON = 300
UNFINISHED = (BulkAction.State.GATHERING, BulkAction.State.READY, BulkAction.State.RUNNING)

GATHER = """
    INSERT INTO rewards_bulkitem (action_id, member_id, state, why)
    SELECT %s, found.id, 'waiting', '' FROM ({members}) AS found(id)
    ON CONFLICT DO NOTHING
"""
ASK = """
    UPDATE rewards_bulkitem i SET state = 'left_out', why = %(why)s
    WHERE i.action_id = %(action)s AND i.state = 'waiting' AND EXISTS ({members})
"""
SETTLE = """
    UPDATE rewards_bulkitem i SET state = 'refused', why = r.why
    FROM unnest(%s::bigint[], %s::text[]) AS r(id, why)
    WHERE i.action_id = %s AND i.member_id = r.id
"""


class NobodyChosen(DomainError):
    code = "nobody_chosen"
    message = _("Nobody is chosen. Tick members in the list, or choose all that are found.")


class AboveLimit(DomainError):
    code = "above_limit"
    message = _("Your role may adjust at most %(most)s for each member at once.")


class NotReady(Conflict):
    code = "bulk_not_ready"
    message = _("This has been started or cancelled already.")


def limit_of(*, program: Program, role: str, unit: str) -> int | None:
    """The most, in ledger units, that a role may adjust without a second person; None is no limit."""
    found = (program.adjust_limits or {}).get(role, {}).get(unit)
    return None if found is None else int(found)


def check(*, program: Program, kind: str, terms: dict[str, Any], role: str) -> dict[str, Any]:
    """The terms as they are kept. Raises what says which field is wrong, AboveLimit."""
    if kind in (BulkAction.Kind.TAG, BulkAction.Kind.UNTAG):
        return {"tag": tags.normalize(terms["tag"])}
    reason = str(terms["reason"]).strip()[:LONGEST_REASON]
    if not reason:
        raise ledger.ReasonMissing(field="reason")
    if kind == BulkAction.Kind.COUPON:
        return {"coupon": many.find(program=program, key=terms["coupon"]).key, "reason": reason}
    if kind == BulkAction.Kind.TIER:
        return {"tier": terms["tier"], "until": terms["until"], "reason": reason}
    amount, unit = int(terms["amount"]), terms["unit"]
    if not amount:
        raise ledger.AmountInvalid(field="amount")
    most = limit_of(program=program, role=role, unit=unit)
    if most is not None and abs(amount) > most:
        raise AboveLimit(field="amount", most=most)
    return {"unit": unit, "amount": amount, "reason": reason}


def prepare(
    *,
    program: Program,
    kind: str,
    terms: dict[str, Any],
    wanted: dict[str, Any],
    by: User,
    role: str,
    now: datetime,
) -> BulkAction:
    """An action that has still to be gathered. `wanted` is {"members": [ids]} or {"filter": {query}}.

    Raises AboveLimit, NobodyChosen, TagInvalid, ReasonMissing, AmountInvalid."""
    if not wanted.get("members") and "filter" not in wanted:
        raise NobodyChosen
    with scope(program=program):
        kept = check(program=program, kind=kind, terms=terms, role=role)
        return BulkAction.objects.create(
            program=program, author=by, kind=kind, terms=kept, wanted=wanted, created_at=now, touched_at=now
        )


def gather(*, program: Program, action_id: int, now: datetime) -> BulkAction | None:
    """Fix who is meant and who is left out and why; None when that was done or is being done. Changes nobody."""
    with scope(program=program), transaction.atomic():
        action = _take(action_id, BulkAction.State.GATHERING)
        if action is None:
            return None
        _insert(action, now)
        for why, statement, values in leaving.reasons(action):
            _run(ASK.format(members=statement), {"why": why, "action": action.pk, **values})
        counts = {
            row["state"]: row["number"]
            for row in BulkItem.objects.filter(action=action)
            .values("state")
            .annotate(number=Count("member_id"))
        }
        action.total = counts.get(BulkItem.State.WAITING, 0)
        action.left_out = counts.get(BulkItem.State.LEFT_OUT, 0)
        action.state, action.wanted, action.touched_at = BulkAction.State.READY, {}, now
        action.save()
        return action


def confirm(*, program: Program, action_id: int, by: User, role: str, now: datetime) -> BulkAction:
    """Let it begin. Only its author, within the limit of the present role. Raises NotReady, NotAllowed, AboveLimit."""
    with scope(program=program), transaction.atomic():
        action = BulkAction.objects.select_for_update(no_key=True).get(pk=action_id)
        if action.state != BulkAction.State.READY or not action.total:
            raise NotReady
        if action.author_id != by.pk:
            raise NotAllowed(_("Only who prepared this can start it."))
        check(program=program, kind=action.kind, terms=action.terms, role=role)
        action.state, action.confirmed_at, action.touched_at = BulkAction.State.RUNNING, now, now
        action.save()
        _audit(action, "bulk.start", by, now)
        return action


def cancel(*, program: Program, action_id: int, by: User, now: datetime) -> BulkAction:
    """Go no further; what is done stays done. Raises NotReady when there is nothing left to cancel."""
    with scope(program=program), transaction.atomic():
        action = BulkAction.objects.select_for_update(no_key=True).get(pk=action_id)
        if action.state not in UNFINISHED:
            raise NotReady
        action.state, action.wanted, action.finished_at = BulkAction.State.CANCELLED, {}, now
        action.save()
        _audit(action, "bulk.cancel", by, now)
        return action


def carry_on(*, program: Program, action_id: int, now: datetime) -> bool:
    """Do the next chunk; whether there may be more. Somebody else at work on it, or nothing to do, is no more."""
    with scope(program=program), transaction.atomic():
        action = _take(action_id, BulkAction.State.RUNNING)
        if action is None:
            return False
        items = BulkItem.objects.filter(
            action=action, member_id__gt=action.reached, state=BulkItem.State.WAITING
        )
        ids = list(items.order_by("member_id").values_list("member_id", flat=True)[:CHUNK])
        if not ids:
            action.state, action.finished_at, action.touched_at = BulkAction.State.DONE, now, now
            action.save()
            _audit(action, "bulk.done", action.author, now)
            return False
        own = _own(action, ids)
        rest = [pk for pk in ids if pk not in own]
        refused = own | (WORK[BulkAction.Kind(action.kind)](action, rest, now) if rest else {})
        _settle(action, ids, refused)
        action.reached, action.touched_at = ids[-1], now
        action.done += len(ids) - len(refused)
        action.refused += len(refused)
        action.save()
        return True


def _take(action_id: int, state: str) -> BulkAction | None:
    """The action, if it is in that state and nobody is at work on it."""
    found = BulkAction.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return found.select_related("author", "program").filter(pk=action_id, state=state).first()


def _insert(action: BulkAction, now: datetime) -> None:
    if "members" in action.wanted:
        members = Member.objects.filter(program=action.program, pk__in=action.wanted["members"])
    else:
        catalog = Catalog.of(action.program)
        members = Directory(catalog, Filters.parse(action.wanted["filter"], catalog), now).members()
    statement, values = members.order_by().values("pk").query.sql_with_params()
    _run(GATHER.format(members=statement), [action.pk, *values])


def _run(statement: str, values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _settle(action: BulkAction, ids: Collection[int], refused: dict[int, str]) -> None:
    BulkItem.objects.filter(action=action, member_id__in=ids).update(state=BulkItem.State.DONE)
    if refused:
        _run(SETTLE, [list(refused), list(refused.values()), action.pk])


def _audit(action: BulkAction, name: str, by: User, now: datetime) -> None:
    figures = {"kind": action.kind, "total": action.total, "left_out": action.left_out}
    if name != "bulk.start":
        figures |= {"done": action.done, "refused": action.refused}
    audit.record(
        program=action.program, actor=by, action=name, subject="bulk action", subject_id=action.pk,
        after=figures, reason=action.terms.get("reason", ""), now=now,
    )  # fmt: skip


# The work on one chunk: who was refused, with the code.


def _adjust(action: BulkAction, ids: list[int], now: datetime) -> dict[int, str]:
    members = list(Member.objects.filter(pk__in=ids).order_by("pk"))
    refused = ledger.adjust_each(
        program=action.program,
        members=members,
        by=action.author,
        key=f"bulk-{action.pk}",
        now=now,
        **action.terms,
    )
    return refused | _gone(ids, {member.pk for member in members})


def _set_tier(action: BulkAction, ids: list[int], now: datetime) -> dict[int, str]:
    tier = Tier.objects.filter(program=action.program, key=action.terms["tier"]).first()
    if tier is None:
        return dict.fromkeys(ids, "not_found")
    until = date.fromisoformat(action.terms["until"])
    return standings.set_manual_each(
        program=action.program, member_ids=ids, tier=tier, reason=action.terms["reason"], by=action.author,
        until=until, now=now,
    )  # fmt: skip


def _give_coupon(action: BulkAction, ids: list[int], now: datetime) -> dict[int, str]:
    """All codes of one action are one batch of their pool."""
    try:
        coupon = many.find(program=action.program, key=action.terms["coupon"])
    except DomainError as error:
        return dict.fromkeys(ids, error.code)
    refused, batch = many.give_each(
        coupon=coupon, ids=ids, by=action.author, reason=action.terms["reason"],
        batch_id=action.terms.get("batch"), now=now,
    )  # fmt: skip
    action.terms["batch"] = batch
    return refused


def _tag(action: BulkAction, ids: list[int], now: datetime) -> dict[int, str]:
    changed = tags.add_each(program=action.program, member_ids=ids, tag=action.terms["tag"], now=now)
    return _gone(ids, changed, "tag_not_added")


def _untag(action: BulkAction, ids: list[int], now: datetime) -> dict[int, str]:
    changed = tags.remove_each(program=action.program, member_ids=ids, tag=action.terms["tag"], now=now)
    return _gone(ids, changed, "has_no_tag")


def _own(action: BulkAction, ids: list[int]) -> dict[int, str]:
    """Those who have become the author's own account since they were gathered; a tag is worth nothing."""
    if action.kind in (BulkAction.Kind.TAG, BulkAction.Kind.UNTAG):
        return {}
    mine = Identity.objects.filter(
        member__in=ids, kind=Identity.Kind.EMAIL, value__in=people.addresses_of(action.author)
    )
    return dict.fromkeys(mine.values_list("member_id", flat=True), people.OwnAccount.code)


def _gone(ids: Collection[int], there: Collection[int], why: str = "not_found") -> dict[int, str]:
    return {pk: why for pk in ids if pk not in there}


WORK: dict[BulkAction.Kind, Callable[[BulkAction, list[int], datetime], dict[int, str]]] = {
    BulkAction.Kind.ADJUST: _adjust,
    BulkAction.Kind.TIER: _set_tier,
    BulkAction.Kind.TAG: _tag,
    BulkAction.Kind.UNTAG: _untag,
    BulkAction.Kind.COUPON: _give_coupon,
}

__all__ = [
    "AT_ONCE",
    "MOST_PICKED",
    "cancel",
    "carry_on",
    "check",
    "confirm",
    "gather",
    "limit_of",
    "prepare",
]
