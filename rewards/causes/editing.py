"""Causes are drafted, changed, put up and ended here. What was given to one stays its own."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members.keeping import Keeper
from members.models import Holder, Program, User
from rewards import catalogue, pictures
from rewards.models import Cause, Reward, Unit

CHANGEABLE = ("names", "stories", "link", "accepts", "goal_minor")
MOST = 2**53


class CauseKeyTaken(Conflict):
    code = "cause_key_taken"
    message = _("There is a cause with this key. Choose another key.")


class CauseRefused(DomainError):
    code = "cause_refused"
    message = _("This cause cannot be.")


class CauseChanged(Conflict):
    code = "cause_changed"
    message = _("Somebody else has changed this cause. Look at it anew.")


class CauseOver(Conflict):
    code = "cause_over"
    message = _("This cause has ended.")


class CauseKeeper(Keeper[Cause]):
    model = Cause
    noun = "cause"
    settings = CHANGEABLE
    key_taken, changed, over = CauseKeyTaken, CauseChanged, CauseOver

    def lock(self, program: Program, key: str) -> Cause:
        """Guarded until the transaction ends: whoever gives to it meanwhile must read it again."""
        cause = Cause.objects.filter(program=program, key=key).first()
        if cause is None:
            raise NotFound
        Holder.objects.filter(pk=cause.pk).update(seq=F("seq") + 1)
        found: Cause = super().lock(program, key)
        return found

    def insert(self, cause: Cause) -> None:
        """With a wallet of its own."""
        cause.holder = Holder.objects.create(program=cause.program, kind=Holder.Kind.CAUSE)
        super().insert(cause)

    def turn(self, cause: Cause, state: str, now: datetime) -> list[str]:
        if state == Cause.State.ENDED:
            cause.ended_at = now
        return [*super().turn(cause, state, now), "ended_at"]

    def check(self, cause: Cause) -> None:
        """What a row cannot say by itself. Raises CauseRefused with the field."""
        main = cause.program.languages[0]
        if not cause.names.get(main, "").strip():
            raise CauseRefused(_("Give it a name in the first language."), field=f"name_{main}")
        if cause.link:
            try:
                URLValidator(schemes=["https", "http"])(cause.link)
            except ValidationError as error:
                raise CauseRefused(_("This is no address of a website."), field="link") from error
        if cause.goal_minor is not None and not 0 < cause.goal_minor <= MOST:
            raise CauseRefused(_("This number is too large or negative."), field="goal_minor")
        units = dict(Unit.objects.filter(program=cause.program).values_list("key", "worth_numerator"))
        for unit, least in cause.accepts.items():
            if unit not in units:
                raise CauseRefused(_("There is no such unit."), field="accepts")
            if isinstance(least, bool) or not isinstance(least, int) or not 0 < least <= MOST:
                raise CauseRefused(_("The least gift is a whole amount above zero."), field=f"least_{unit}")
            if not units[unit]:
                raise CauseRefused(
                    _("This unit has no worth in money, so no gift of it can be paid on."),
                    field=f"least_{unit}",
                )


KEEPER = CauseKeeper()


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Cause:
    """A new draft with a wallet of its own; `values` are of CHANGEABLE. Raises CauseKeyTaken, CauseRefused."""
    return KEEPER.create(program=program, key=key, by=by, now=now, **values)


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> Cause:
    """Give the cause these values; those not named stay. `revision` is the one that was looked at. Raises NotFound,
    CauseChanged, CauseOver, CauseRefused with the field."""
    return KEEPER.change(program=program, key=key, by=by, now=now, revision=revision, **values)


def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Cause:
    """Put a draft up. Raises NotFound, CauseOver, CauseRefused."""
    return KEEPER.publish(program=program, key=key, by=by, now=now)


@transaction.atomic
def end(*, program: Program, key: str, by: User | None, now: datetime) -> Cause:
    """Nobody can give to it any more, and rewards that go to it end with it; what it was given is still to be paid on.
    Raises NotFound."""
    cause = KEEPER.end(program=program, key=key, by=by, now=now)
    with scope(program=program):
        gifts = Reward.objects.filter(program=program, cause_key=key).exclude(state=Reward.State.ENDED)
        for reward in gifts.values_list("key", flat=True):
            catalogue.end(program=program, key=reward, by=by, now=now)
    return cause


def set_picture(
    *, program: Program, key: str, file: IO[bytes] | None, by: User | None, now: datetime
) -> Cause:
    """Give it this picture, or none. Raises NotFound, PictureRefused."""
    with scope(program=program), transaction.atomic():
        cause = KEEPER.lock(program, key)
        before = cause.picture_digest
        cause.picture_digest = pictures.keep(program=program, file=file) if file is not None else ""
        if cause.picture_digest == before:
            return cause
        KEEPER.save(cause, ["picture_digest"])
        pictures.drop(program=program, digest=before)
        told = {"picture": cause.picture_digest[:16]}
        KEEPER.record(cause, "picture", by, now, before={"picture": before[:16]}, after=told)
    return cause
