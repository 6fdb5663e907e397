"""Who may come in: a member who is not closed, through an e-mail address proven by a code; and who joins by one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django_scopes import scope

from members import consent, identities, people, proofs
from members.arrivals import Introduction
from members.models import Channel, Event, Identity, Member, Program, Topic, User
from members.portal import codes


def find(*, program: Program, emails: Collection[str], verified: bool = False) -> Member | None:
    """The member who has one of these addresses; `verified` leaves out addresses not proven in this program."""
    if not emails:
        return None
    with scope(program=program):
        claims = Identity.objects.filter(program=program, kind=Identity.Kind.EMAIL, value__in=emails)
        claims = claims.exclude(member__state=Member.State.CLOSED).select_related("member")
        if verified:
            claims = claims.filter(verified_at__isnull=False)
        found = claims.order_by("pk").first()
    return found.member if found else None


@transaction.atomic
def prove(*, program: Program, email: str, now: datetime) -> User | None:
    """Mark a member's address as verified and return the user who signs in with it, made at the first time.

    None when no member may come in with it. A repeat changes nothing."""
    member = find(program=program, emails=[email])
    if member is None:
        return None
    with scope(program=program):
        mine = Identity.objects.select_related("member", "member__program")
        claim = mine.get(program=program, kind=Identity.Kind.EMAIL, value=email)
        if claim.verified_at is None and _is_proven(member):
            # Somebody else's card merely named this address: who can read its mail is right.
            _displace(claim, now)
            return None
        proofs.accept(claim=claim, source="portal", now=now)
    return _user_of(email, member)


@transaction.atomic
def enroll(
    *, program: Program, attempt: codes.Attempt, now: datetime, knows: Callable[[str], bool]
) -> User | None:
    """Make a member of whoever proved the address of an attempt to join; None where the shop closed that card.

    Who has a card already is let in to it. `knows` tells whether an address was proven in this browser before."""
    user = prove(program=program, email=attempt.email, now=now)
    if user is None:
        # Somebody else of the same address may have been faster: then both are that member.
        with suppress(identities.IdentityTaken):
            people.join(
                program=program,
                name=attempt.person,
                contacts=[(Identity.Kind.EMAIL, attempt.email)],
                source="portal",
                language=attempt.language,
                now=now,
                introduction=_introduction(attempt, knows),
            )
        user = prove(program=program, email=attempt.email, now=now)
    member = find(program=program, emails=[attempt.email])
    if attempt.offers and member is not None:
        consent.grant(member=member, channel=Channel.EMAIL, topic=Topic.OFFERS, source="portal", now=now)
    return user


def enroll_by_phone(*, program: Program, attempt: codes.Attempt, now: datetime) -> bool:
    """Make a member known by a phone that nobody proved; whether there is a new one. It opens no card here: the till
    asks for it. What they allow, and what its owner may owe from before, waits for the proof."""
    try:
        member = people.join(
            program=program,
            name=attempt.person,
            contacts=[(Identity.Kind.PHONE, attempt.phone)],
            source="portal",
            language=attempt.language,
            now=now,
            is_vouched=False,
            introduction=_introduction(attempt, lambda _email: False),
        )
    except identities.IdentityTaken:
        return False
    if attempt.offers:
        consent.ask(member=member, wanted={(Channel.SMS, Topic.OFFERS): True}, source="portal", now=now)
    return True


def _introduction(attempt: codes.Attempt, knows: Callable[[str], bool]) -> Introduction | None:
    return Introduction(attempt.invitation, "link", knows=knows) if attempt.invitation else None


def _is_proven(member: Member) -> bool:
    """Whether somebody showed to be this member by another address."""
    emails = Identity.objects.filter(member=member, kind=Identity.Kind.EMAIL)
    return emails.filter(verified_at__isnull=False).exists()


def _displace(claim: Identity, now: datetime) -> None:
    Event.objects.create(
        program_id=claim.program_id,
        holder_id=claim.member_id,
        kind="identity.displaced",
        occurred_at=now,
        recorded_at=now,
        data={"kind": claim.kind},
    )
    claim.delete()


def _user_of(email: str, member: Member) -> User:
    proven = EmailAddress.objects.filter(email=email, verified=True).select_related("user").first()
    if proven is not None:
        user: User = proven.user
        return user
    user, is_new = User.objects.get_or_create(email=email, defaults={"name": member.name, "password": "!"})
    if not is_new and not user.is_staff and user.has_usable_password():
        # Whoever chose it had not shown that the address is theirs.
        user.set_unusable_password()
        user.save(update_fields=["password"])
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )
    return user
