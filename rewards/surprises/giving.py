"""What was started is given in chunks: the gifts, their rows and the budget in one transaction, each member once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Event, Member, Program
from rewards import ledger, prizes, redemptions
from rewards.models import Surprise, SurpriseGift

KIND = "surprise"
CHUNK = 200
State, Gift = Surprise.State, SurpriseGift.State


def carry_on(*, program: Program, surprise_id: int, now: datetime) -> bool:
    """Give the next chunk; whether there may be more. Somebody else at work on it, or nothing to do, is no more."""
    with scope(program=program), transaction.atomic():
        rows = Surprise.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        one = rows.select_related("author", "program").filter(pk=surprise_id, state=State.RUNNING).first()
        if one is None:
            return False
        # A reward is a row that everybody shares: given one by one, so that nobody waits in a ring.
        size = 1 if "reward" in one.prize else CHUNK
        waiting = SurpriseGift.objects.filter(surprise=one, state=Gift.WAITING).select_related("member")
        chunk = list(waiting.order_by("member_id")[:size])
        if not chunk:
            _finish(one, now)
            return False
        _give(program, one, chunk, now)
    return True


def see(*, member: Member, gift_id: int, now: datetime) -> None:
    """The member has read it. A repeat, or what is somebody else's, changes nothing."""
    mine = SurpriseGift.objects.filter(pk=gift_id, member=member, state=Gift.GIVEN, seen_at=None)
    mine.update(seen_at=now)


def _give(program: Program, one: Surprise, chunk: Sequence[SurpriseGift], now: datetime) -> None:
    refused = _points(program, one, chunk, now) if "unit" in one.prize else _reward(program, one, chunk, now)
    for gift in chunk:
        gift.why = refused.get(gift.member_id, "")
        gift.state = Gift.REFUSED if gift.why else Gift.GIVEN
        gift.given_at = None if gift.why else now
    SurpriseGift.objects.bulk_update(chunk, ["state", "why", "given_at"])
    data = {"surprise": one.pk, "prize": one.prize}
    Event.objects.bulk_create(
        Event(
            program=program, holder_id=gift.member_id, kind="surprise.given", occurred_at=now, recorded_at=now,
            data=data,
        )
        for gift in chunk
        if not gift.why
    )  # fmt: skip
    number = sum(gift.state == Gift.GIVEN for gift in chunk)
    # Last: a budget that would be passed is a check violation, and nothing of this chunk has happened.
    Surprise.objects.filter(pk=one.pk).update(
        given=F("given") + number,
        refused=F("refused") + len(chunk) - number,
        spent_minor=F("spent_minor") + number * one.cost_minor,
        touched_at=now,
    )


def _points(program: Program, one: Surprise, chunk: Sequence[SurpriseGift], now: datetime) -> dict[int, str]:
    wishes = [
        prizes.wish(
            program, member_id=gift.member_id, prize=one.prize, kind=KIND, key=f"{one.pk}:{gift.member_id}",
            now=now,
        )
        for gift in chunk
    ]  # fmt: skip
    return ledger.carry_out_each(program=program, wishes=wishes, now=now)


def _reward(program: Program, one: Surprise, chunk: Sequence[SurpriseGift], now: datetime) -> dict[int, str]:
    refused = {}
    for gift in chunk:
        try:
            redemptions.reserve(
                program=program, member=gift.member, reward=one.prize["reward"],
                key=f"surprise:{one.pk}:{gift.member_id}", now=now, at_once=True, is_free=True,
            )  # fmt: skip
        except DomainError as error:
            if error.is_transient:
                raise
            refused[gift.member_id] = error.code[:32]
    return refused


def _finish(one: Surprise, now: datetime) -> None:
    Surprise.objects.filter(pk=one.pk).update(state=State.DONE, touched_at=now)
    audit.record(
        program=one.program, actor=one.author, action="surprise.done", subject="surprise", subject_id=one.pk,
        after={"given": one.given, "refused": one.refused, "cost_minor": one.spent_minor}, reason=one.reason,
        now=now,
    )  # fmt: skip
