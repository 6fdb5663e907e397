"""Who may come in: a member who is not closed, through an e-mail address proven by a code."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django_scopes import scope

from members.models import Identity, Member, Program, User


def find(*, program: Program, emails: Collection[str], verified: bool = False) -> Member | None:
    """The member who has one of these addresses; `verified` leaves out addresses not proven in this program."""
    if not emails:
        return None
    with scope(program=program):
        identities = Identity.objects.filter(program=program, kind=Identity.Kind.EMAIL, value__in=emails)
        identities = identities.exclude(member__state=Member.State.CLOSED).select_related("member")
        if verified:
            identities = identities.filter(verified_at__isnull=False)
        found = identities.order_by("pk").first()
    return found.member if found else None


@transaction.atomic
def prove(*, program: Program, email: str, now: datetime) -> User | None:
    """Mark a member's address as verified and return the user who signs in with it, made at the first time.

    None when no member may come in with it. A repeat changes nothing.
    """
    member = find(program=program, emails=[email])
    if member is None:
        return None
    with scope(program=program):
        Identity.objects.filter(
            program=program, kind=Identity.Kind.EMAIL, value=email, verified_at__isnull=True
        ).update(verified_at=now)
    return _user_of(email, member)


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
