"""A new member names who brought them: once, and only somebody who is new."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError
from members.arrivals import Introduction
from members.models import Event, Identity, Member, Order, Program
from rewards.models import Referral, ReferralLink
from rewards.policies import day_start
from rewards.referrals import links, schemes, signs

# So long after joining somebody may still say who brought them, if nothing was bought meanwhile.
LATE_DAYS = 7
Via = Referral.Via


class CodeUnknown(DomainError):
    """A code of nobody, of somebody who left, and one while the program has none: all alike."""

    code = "referral_code_unknown"
    message = _("This code is not valid. Ask your friend for it again.")


class NotNew(Conflict):
    code = "referral_not_new"
    message = _("Only a new member can be brought by a friend.")


class AlreadyReferred(Conflict):
    code = "referral_taken"
    message = _("Somebody else has brought this member already.")


def arrive(member: Member, introduction: Introduction, now: datetime) -> None:
    """Called in the transaction of joining, see members/arrivals.py."""
    try:
        claim(
            program=member.program, friend=member, code=introduction.code, via=introduction.via, now=now,
            introduction=introduction,
        )  # fmt: skip
    except DomainError:
        if introduction.is_strict:
            raise


def claim(
    *,
    program: Program,
    friend: Member,
    code: str,
    via: str,
    now: datetime,
    order: Order | None = None,
    introduction: Introduction | None = None,
) -> Referral:
    """Note that the member of this code brought `friend`, who has joined just now or with `order`. A repeat with the same
    code returns the first; what is plainly no new friend is refused at once and kept so.

    Raises CodeUnknown, NotNew, AlreadyReferred."""
    with scope(program=program), transaction.atomic():
        scheme, link = schemes.of(program), links.find(program=program, code=code)
        if not scheme.is_on or link is None:
            raise CodeUnknown(field="referral_code")
        referrer = link.member.merged_into or link.member
        first = Referral.objects.filter(friend=friend).first()
        if first is not None:
            return _same(first, referrer)
        begins = min(now, order.occurred_at) if order else now
        _check_new(friend, referrer, order, begins)
        last = begins.astimezone(program.zone).date() + timedelta(days=scheme.buy_days)
        until = day_start(last + timedelta(days=1), program.zone)
        try:
            with transaction.atomic():
                made = Referral.objects.create(
                    program=program, referrer=referrer, friend=friend, via=via, joined_at=begins,
                    buy_until=until, terms=schemes.terms_of(scheme, program),
                )  # fmt: skip
        except IntegrityError:
            # Another referrer was faster: whoever is written first brought the friend.
            return _same(Referral.objects.get(friend=friend), referrer)
        _judge(made, link, introduction, now)
    return made


def _same(first: Referral, referrer: Member) -> Referral:
    if first.referrer_id != referrer.pk:
        raise AlreadyReferred(field="referral_code")
    return first


def _check_new(friend: Member, referrer: Member, order: Order | None, begins: datetime) -> None:
    if friend.pk == referrer.pk:
        raise NotNew(field="referral_code")
    earlier = Order.objects.filter(member_id=friend.pk)
    if order is not None:
        earlier = earlier.exclude(pk=order.pk)
    is_late = friend.joined_at < begins - timedelta(days=LATE_DAYS)
    if is_late or friend.state != Member.State.ACTIVE or earlier.exists():
        raise NotNew(field="referral_code")


def _judge(made: Referral, link: ReferralLink, introduction: Introduction | None, now: datetime) -> None:
    """Refuse at once what is plainly no new friend, note what somebody should look at."""
    found = signs.look(program=made.program, referrals=[made])[made.pk]
    if signs.is_rush(referrer=made.referrer, joined=made):
        found.add("rush")
    if introduction is not None and _is_same_browser(made.referrer, introduction):
        found.add("device")
    made.signs = sorted(found)
    refusing = sorted(found & signs.REFUSING)
    if refusing:
        made.state, made.refused_for, made.closed_at = Referral.State.REFUSED, refusing[0], now
    made.save(update_fields=["signs", "state", "refused_for", "closed_at"])
    tell(made, "referral.refused" if refusing else "referral.joined", now)


def _is_same_browser(referrer: Member, introduction: Introduction) -> bool:
    mine = Identity.objects.filter(member=referrer, kind=Identity.Kind.EMAIL)
    return any(introduction.knows(email) for email in mine.values_list("value", flat=True))


def tell(referral: Referral, kind: str, now: datetime) -> None:
    """One event for each of the two."""
    Event.objects.bulk_create(events(referral, kind, now))


def events(referral: Referral, kind: str, now: datetime) -> list[Event]:
    data = {"referral": referral.pk, "state": referral.state}
    return [
        Event(
            program_id=referral.program_id, holder_id=holder, kind=kind, occurred_at=now, recorded_at=now,
            data=data | {"as": side},
        )
        for holder, side in ((referral.referrer_id, "referrer"), (referral.friend_id, "friend"))
    ]  # fmt: skip
