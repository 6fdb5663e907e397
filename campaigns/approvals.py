"""Where a program asks for it, nobody puts a journey into force alone: a second person approves what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns import drafting
from campaigns.experiments import deciding
from campaigns.messages import manners
from campaigns.models import Experiment, Journey, JourneyVersion, PublishRequest
from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards.adjustments import AlreadyDecided, SecondPersonNeeded

State = PublishRequest.State


class AnswerMissing(DomainError):
    code = "answer_missing"
    message = _("Say why.")


def is_needed(program: Program) -> bool:
    """Whether this program asks for a second person."""
    with scope(program=program):
        return manners.of(program).needs_approval


@transaction.atomic
def publish(
    *,
    program: Program,
    key: str,
    by: User,
    now: datetime,
    revision: int,
    reason: str,
    mapping: Mapping[str, str],
) -> JourneyVersion | PublishRequest:
    """Put the draft into force, or ask for it where a second person is needed; the draft must be sound either way.

    Raises what drafting.publish raises."""
    if not is_needed(program):
        return drafting.publish(
            program=program, key=key, by=by, now=now, revision=revision, reason=reason, mapping=mapping
        )
    journey = drafting.reviewed(program=program, key=key, revision=revision, mapping=mapping)
    wish = PublishRequest(journey=journey, revision=revision, mapping=dict(mapping))
    return _ask(wish, program, by, now, reason)


@transaction.atomic
def decide(
    *, experiment: Experiment, arm: int, by: User, now: datetime, reason: str
) -> JourneyVersion | PublishRequest:
    """End a test in favour of an arm, or ask for it. Raises what deciding.decide raises."""
    if not is_needed(experiment.program):
        return deciding.decide(experiment=experiment, arm=arm, by=by, now=now, reason=reason)
    with scope(program=experiment.program):
        fresh = deciding.open_round(experiment, arm)
    wish = PublishRequest(journey=fresh.journey, revision=0, experiment=fresh, arm=arm)
    return _ask(wish, experiment.program, by, now, reason)


def approve(*, program: Program, request_id: int, by: User, now: datetime) -> JourneyVersion:
    """Put into force what was asked for, unless it was changed since. Raises NotFound, SecondPersonNeeded, AlreadyDecided
    and what publishing raises."""
    with scope(program=program), transaction.atomic():
        wish = _take(request_id, by)
        if wish.experiment is not None and wish.arm is not None:
            version = deciding.decide(
                experiment=wish.experiment, arm=wish.arm, by=by, now=now, reason=wish.reason
            )
        else:
            version = drafting.publish(
                program=program, key=wish.journey.key, by=by, now=now, revision=wish.revision, reason=wish.reason,
                mapping=wish.mapping,
            )  # fmt: skip
        wish.version = version
        _decide(wish, State.APPROVED, by, now)
    return version


def refuse(*, program: Program, request_id: int, answer: str, by: User, now: datetime) -> PublishRequest:
    """Say no, and why. Raises NotFound, SecondPersonNeeded, AlreadyDecided, AnswerMissing."""
    if not answer.strip():
        raise AnswerMissing(field="answer")
    with scope(program=program), transaction.atomic():
        wish = _take(request_id, by)
        wish.answer = answer.strip()[:300]
        _decide(wish, State.REFUSED, by, now)
    return wish


def _ask(wish: PublishRequest, program: Program, by: User, now: datetime, reason: str) -> PublishRequest:
    """Whatever waited for this journey is replaced."""
    with scope(program=program):
        Journey.objects.select_for_update(of=("self",), no_key=True).get(pk=wish.journey_id)
        PublishRequest.objects.filter(journey=wish.journey, state=State.WAITING).update(state=State.REPLACED)
        wish.program, wish.reason, wish.asked_by, wish.asked_at = program, reason[:300], by, now
        wish.save()
        _audit(wish, "journey.ask", by, now)
    return wish


def _take(request_id: int, by: User) -> PublishRequest:
    """Locked after its journey, as whoever asks does: in the other order two would wait for each other."""
    asked = PublishRequest.objects.filter(pk=request_id).values("journey_id")
    Journey.objects.select_for_update(of=("self",)).filter(pk__in=asked).first()
    rows = PublishRequest.objects.select_for_update(of=("self",))
    wish = rows.select_related("program", "journey", "experiment__program").filter(pk=request_id).first()
    if wish is None:
        raise NotFound
    if wish.state != State.WAITING:
        raise AlreadyDecided
    if wish.asked_by_id == by.pk:
        raise SecondPersonNeeded
    return wish


def _decide(wish: PublishRequest, state: str, by: User, now: datetime) -> None:
    wish.state, wish.decided_by, wish.decided_at = state, by, now
    wish.save(update_fields=["state", "decided_by", "decided_at", "answer", "version"])
    _audit(wish, "journey.approve" if state == State.APPROVED else "journey.refuse", by, now)


def _audit(wish: PublishRequest, action: str, by: User, now: datetime) -> None:
    audit.record(
        program=wish.program, actor=by, action=action, subject="journey", subject_id=wish.journey.key,
        after={"request": wish.pk}, now=now, reason=wish.answer or wish.reason,
    )  # fmt: skip
