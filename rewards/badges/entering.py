"""Taking part in a challenge, and what its leaderboard may show of a member: nothing unless the member wants it."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import followers
from members.identities import INVISIBLE
from members.models import Event, Member, Program
from rewards.ledger import MemberNotActive
from rewards.models import Badge, ChallengeEntry

LONGEST = 30


class ChallengeOver(Conflict):
    code = "challenge_over"
    message = _("This challenge is over.")


class NameRefused(DomainError):
    code = "name_refused"
    message = _("A name on the board has at most 30 characters and no address.")


def join(
    *, program: Program, member: Member, key: str, now: datetime, is_shown: bool = False, shown_as: str = ""
) -> ChallengeEntry:
    """Take part; what was done in the days of the challenge counts, before joining too. A repeat only sets what the
    board shows. Raises NotFound, ChallengeOver, MemberNotActive, NameRefused."""
    name = clean(shown_as) if is_shown else ""
    with scope(program=program), transaction.atomic():
        badge = find(program, key)
        if badge.ends_at is not None and now >= badge.ends_at:
            raise ChallengeOver
        fresh = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
        if fresh.state != Member.State.ACTIVE:
            raise MemberNotActive
        entry, is_new = ChallengeEntry.objects.get_or_create(
            program=program,
            badge=badge,
            member=fresh,
            defaults={"joined_at": now, "is_shown": is_shown, "shown_as": name},
        )
        if is_new:
            _tell(program, badge, fresh, "challenge.joined", now)
        elif (entry.is_shown, entry.shown_as) != (is_shown, name):
            entry.is_shown, entry.shown_as = is_shown, name
            entry.save(update_fields=["is_shown", "shown_as"])
    return entry


def leave(*, program: Program, member: Member, key: str, now: datetime) -> None:
    """Take part no more: where it must be joined nothing counts from then on, and nothing stands on the board. What was
    won by then goes as if it had come back, unless it is kept. A repeat changes nothing. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        badge = find(program, key)
        gone, _rows = ChallengeEntry.objects.filter(program=program, badge=badge, member=member).delete()
        if gone:
            _tell(program, badge, member, "challenge.left", now)


def find(program: Program, key: str) -> Badge:
    """A challenge that is up. Raises NotFound."""
    badge = Badge.objects.filter(
        program=program, key=key, kind=Badge.Kind.CHALLENGE, state=Badge.State.LIVE
    ).first()
    if badge is None:
        raise NotFound
    return badge


def clean(text: str) -> str:
    """A name as the board shows it. Raises NameRefused."""
    name = " ".join(INVISIBLE.sub(" ", unicodedata.normalize("NFC", text)).split())
    if len(name) > LONGEST or "@" in name or "://" in name or sum(char.isdigit() for char in name) > 6:
        raise NameRefused(field="shown_as")
    return name


def _tell(program: Program, badge: Badge, member: Member, kind: str, now: datetime) -> None:
    Event.objects.create(
        program=program, holder_id=member.pk, kind=kind, occurred_at=now, recorded_at=now,
        data={"badge": badge.pk, "key": badge.key},
    )  # fmt: skip
    followers.wake()
