"""Who is surprised: chosen members, all that filters find, or some of them drawn by lot so that it can be proved.

The salt of a draw is made here and nobody sees it before the draw; its digest is shown at once, so that it cannot be
changed afterwards, and the draw itself happens only when it is started, so that nobody draws until they like it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import formats
from loyaltysite.kit.errors import Conflict, DomainError, NotAllowed, NotFound
from members import audit, people
from members.models import Member, Program, TeamMembership, User
from rewards import bulk, ledger, prizes
from rewards.directory import Directory
from rewards.filters import Catalog, Filters
from rewards.models import Reward, Surprise, Unit

State = Surprise.State
MOST_NAMED, MOST, LONGEST = 200, 10**6, 500
# A search may be a person's data; it is no filter here.
NARROWING = ("tier", "store", "activity", "least", "most", "tag", "since", "until")


class NobodyMeant(DomainError):
    code = "nobody_chosen"
    message = _("Nobody is chosen.")


class AboveBudget(DomainError):
    """`wanted` and `allowed` are members, or minor units where the field is the budget."""

    code = "above_budget"
    message = _("This is more than the budget allows.")


class AboveLimit(DomainError):
    code = "above_limit"
    message = _("Your role may give at most %(most)s to each member at once.")


class SurpriseOver(Conflict):
    code = "surprise_over"
    message = _("This has been started or cancelled already.")


# Everybody meant who may be surprised: active, and not the author. Values: salt, those of the members, e-mails.
ELIGIBLE = """
    SELECT m.holder_id AS id, m.number, encode(sha256(convert_to(%s || ':' || m.number, 'UTF8')), 'hex') AS lot
    FROM ({members}) AS found(id) JOIN members_member m ON m.holder_id = found.id
    WHERE m.state = 'active' AND m.merged_into_id IS NULL AND NOT EXISTS (
        SELECT FROM members_identity d WHERE d.member_id = m.holder_id AND d.kind = 'email' AND d.value = ANY(%s))
"""
DRAW = """
    WITH eligible AS MATERIALIZED ({eligible}), drawn AS (
        SELECT id, lot FROM eligible ORDER BY lot, id LIMIT %s
    ), kept AS (
        INSERT INTO rewards_surprisegift (surprise_id, program_id, member_id, state, why)
        SELECT %s, %s, id, 'waiting', '' FROM drawn
    )
    SELECT (SELECT count(*) FROM eligible), (SELECT count(*) FROM drawn), (SELECT coalesce(max(lot), '') FROM drawn),
        (SELECT encode(sha256(convert_to(coalesce(string_agg(number, ',' ORDER BY number), ''), 'UTF8')), 'hex')
         FROM eligible)
"""


def prepare(
    *,
    program: Program,
    prize: Mapping[str, Any],
    reason: str,
    by: TeamMembership,
    now: datetime,
    texts: Mapping[str, str] | None = None,
    numbers: Sequence[str] = (),
    narrowed: Mapping[str, str] | None = None,
    draws: int | None = None,
    most: int | None = None,
    budget_minor: int | None = None,
) -> Surprise:
    """A surprise that waits to be started, for the members with these numbers or all that `narrowed` finds (an empty
    mapping: everybody); `most` is how many at most (default: the named ones, or the drawn ones).

    Raises NobodyMeant, NotFound, OwnAccount, AboveLimit, AboveBudget, PrizeInvalid, ReasonMissing."""
    with scope(program=program), transaction.atomic():
        if not reason.strip():
            raise ledger.ReasonMissing(field="reason")
        if not prize:
            raise prizes.PrizeInvalid(field="prize")
        prizes.check(prize, field="prize")
        _check_limit(program, prize, by)
        wanted = _wanted(program, numbers, narrowed, by.user)
        limit = most or draws or len(wanted.get("members", ()))
        if not limit or limit > MOST or (draws or 0) > limit:
            raise AboveBudget(_("Say how many at most."), field="most")
        made = Surprise.objects.create(
            program=program, author=by.user, reason=reason.strip()[:300], prize=dict(prize), draws=draws,
            texts={language: text.strip()[:LONGEST] for language, text in (texts or {}).items() if text.strip()},
            wanted=wanted, most=limit, budget_minor=budget_minor, cost_minor=prizes.cost_of(prize),
            salt=secrets.token_bytes(32), created_at=now, touched_at=now,
        )  # fmt: skip
        _audit(made, "surprise.prepare", by.user, now, {"commitment": commitment(made)})
    return made


def start(*, program: Program, surprise_id: int, by: TeamMembership, now: datetime) -> Surprise:
    """Draw, and let it begin. Only its author, within the role's limit of now. Raises SurpriseOver, NotAllowed,
    NobodyMeant, AboveBudget, AboveLimit."""
    with scope(program=program), transaction.atomic():
        one = _lock(surprise_id)
        if one.author_id != by.user.pk:
            raise NotAllowed(_("Only who prepared this can start it."))
        _check_limit(program, one.prize, by)
        one.eligible, drawn, one.cutoff, one.eligible_digest = _draw(one, now)
        if not drawn:
            raise NobodyMeant
        if drawn > one.most:
            raise AboveBudget(field="most", wanted=drawn, allowed=one.most)
        if one.budget_minor is not None and drawn * one.cost_minor > one.budget_minor:
            raise AboveBudget(field="budget", wanted=drawn * one.cost_minor, allowed=one.budget_minor)
        one.state, one.started_at, one.touched_at, one.wanted = State.RUNNING, now, now, {}
        one.save()
        figures = {"eligible": one.eligible, "drawn": drawn, "cutoff": one.cutoff, "salt": salt_of(one)}
        _audit(one, "surprise.start", by.user, now, figures)
    return one


def cancel(*, program: Program, surprise_id: int, by: User, now: datetime) -> Surprise:
    """Nobody gets anything of it. Raises SurpriseOver once it has begun."""
    with scope(program=program), transaction.atomic():
        one = _lock(surprise_id)
        one.state, one.wanted, one.touched_at = State.CANCELLED, {}, now
        one.save()
        _audit(one, "surprise.cancel", by, now, {})
    return one


def salt_of(surprise: Surprise) -> str:
    return bytes(surprise.salt).hex()


def commitment(surprise: Surprise) -> str:
    """What is shown before the draw: the digest of the salt."""
    return hashlib.sha256(salt_of(surprise).encode()).hexdigest()


def lot_of(surprise: Surprise, number: str) -> str:
    """Where a member number stands in the draw; the lowest are drawn."""
    return hashlib.sha256(f"{salt_of(surprise)}:{number}".encode()).hexdigest()


def is_drawn(surprise: Surprise, number: str) -> bool:
    """Whether an eligible member of this number was drawn: anybody can work it out from what is published."""
    return bool(surprise.cutoff) and lot_of(surprise, number) <= surprise.cutoff


def _draw(one: Surprise, now: datetime) -> tuple[int, int, str, str]:
    """How many were eligible and are drawn, the highest lot drawn, and the digest of all eligible numbers."""
    members, inner = _members(one, now).order_by().values("pk").query.sql_with_params()
    values = [salt_of(one), *inner, people.addresses_of(one.author), one.draws, one.pk, one.program_id]
    with connection.cursor() as cursor:
        cursor.execute(DRAW.format(eligible=ELIGIBLE.format(members=members)), values)
        found: tuple[int, int, str, str] = cursor.fetchone()
    return found


def _members(one: Surprise, now: datetime) -> Any:
    if "members" in one.wanted:
        return Member.objects.filter(program=one.program, pk__in=one.wanted["members"])
    catalog = Catalog.of(one.program)
    return Directory(catalog, Filters.parse(one.wanted["filter"], catalog), now).members()


def _wanted(
    program: Program, numbers: Sequence[str], narrowed: Mapping[str, str] | None, by: User
) -> dict[str, Any]:
    if narrowed is not None and not numbers:
        asked = {name: value for name, value in narrowed.items() if name in NARROWING and value}
        understood = Filters.parse(asked, Catalog.of(program)).query()
        for name in asked:
            # Left out, it would let everybody through.
            if name not in understood:
                raise NotFound(field=f"narrowed.{name}")
        return {"filter": asked}
    wanted = sorted(set(numbers))
    if not wanted:
        raise NobodyMeant(field="members")
    if len(wanted) > MOST_NAMED:
        raise NobodyMeant(_("Name at most 200 members."), field="members")
    found = list(Member.objects.filter(program=program, number__in=wanted))
    if len(found) != len(wanted):
        raise NotFound(_("There is no member with one of these numbers."), field="members")
    for member in found:
        people.check_not_own(member=member, by=by)
    return {"members": sorted(member.pk for member in found)}


def _check_limit(program: Program, prize: Mapping[str, Any], by: TeamMembership) -> None:
    """A reward may give no more points than the role may adjust, and be worth no more than the most of that."""
    reward = Reward.objects.get(key=prize["reward"]) if "reward" in prize else None
    for unit, amount in reward.gives.items() if reward else [(prize["unit"], prize["amount"])]:
        most = bulk.limit_of(program=program, role=by.role, unit=unit)
        if most is not None and amount > most:
            raise AboveLimit(field="prize", most=most)
    if reward:
        worth = max(reward.value_minor or 0, reward.cost_minor or 0)
        allowed = _worth_of_limits(program, by.role)
        if allowed is not None and worth > allowed:
            raise AboveLimit(field="prize", most=formats.format_money(allowed, program.currency))


def _worth_of_limits(program: Program, role: str) -> int | None:
    """The most, in minor units, that a role may adjust in any unit that is worth something; None is no limit."""
    units = Unit.objects.filter(program=program, worth_numerator__gt=0).values_list("key", flat=True)
    limits = {unit: bulk.limit_of(program=program, role=role, unit=unit) for unit in units}
    worths = [
        prizes.cost_of({"unit": unit, "amount": most}) for unit, most in limits.items() if most is not None
    ]
    return max(worths, default=None)


def _lock(surprise_id: int) -> Surprise:
    rows = Surprise.objects.select_for_update(no_key=True, of=("self",)).select_related("author", "program")
    one = rows.filter(pk=surprise_id).first()
    if one is None:
        raise NotFound
    if one.state != State.READY:
        raise SurpriseOver
    return one


def _audit(one: Surprise, action: str, by: User, now: datetime, figures: dict[str, Any]) -> None:
    after = {"prize": one.prize, "most": one.most, "draws": one.draws, **figures}
    audit.record(
        program=one.program, actor=by, action=action, subject="surprise", subject_id=one.pk, after=after,
        reason=one.reason, now=now,
    )  # fmt: skip
