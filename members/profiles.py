"""What is known of a member: name, language, birthday and identities. The audit names the fields, never what they hold."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import identities, people
from members.models import Event, Identity, Member, User


class BirthdayInvalid(DomainError):
    code = "birthday_invalid"
    message = _("The birthday must lie in the past.")


class LastIdentity(Conflict):
    """Without any identity nobody could be found or log in again."""

    code = "last_identity"
    message = _("This is the last way to find the member. Add another one first.")


def change(
    *, member: Member, name: str, language: str, birthday: date | None, by: User, now: datetime
) -> Member:
    """Write name, language and birthday; a repeat changes nothing. Raises BirthdayInvalid, MemberMerged."""
    if (
        birthday is not None
        and not date(1900, 1, 1) <= birthday <= now.astimezone(member.program.zone).date()
    ):
        raise BirthdayInvalid(field="birthday")
    wanted = {"name": " ".join(name.split())[:200], "language": language, "birthday": birthday}
    with scope(program=member.program), transaction.atomic():
        fresh = people.lock(member)
        fields = sorted(field for field, value in wanted.items() if getattr(fresh, field) != value)
        if fields:
            for field in fields:
                setattr(fresh, field, wanted[field])
            fresh.save(update_fields=fields)
            _tell(fresh, "member.change", by, now, {"fields": fields})
    return fresh


def add_identity(
    *, member: Member, kind: str, value: str, by: User, now: datetime, region: str | None = None
) -> Identity:
    """One more way to find the member, not verified; a repeat changes nothing.

    Raises IdentityTaken with the kind that matched, never whose it is; IdentityInvalid; MemberMerged.
    """
    with scope(program=member.program), transaction.atomic():
        fresh = people.lock(member)
        had = set(fresh.identities.values_list("pk", flat=True))
        found = identities.add(member=fresh, kind=kind, value=value, region=region)
        if found.pk not in had:
            _tell(fresh, "identity.add", by, now, {"kind": kind})
    return found


def remove_identity(*, member: Member, identity_id: int, by: User, now: datetime) -> None:
    """Forget one way to find the member. Raises LastIdentity, NotFound, MemberMerged."""
    with scope(program=member.program), transaction.atomic():
        fresh = people.lock(member)
        held = list(fresh.identities.order_by("pk"))
        found = next((one for one in held if one.pk == identity_id), None)
        if found is None:
            raise NotFound
        if len(held) == 1:
            raise LastIdentity
        kind = found.kind
        found.delete()
        _tell(fresh, "identity.remove", by, now, {"kind": kind})


def _tell(member: Member, action: str, by: User, now: datetime, data: dict[str, object]) -> None:
    Event.objects.create(
        program_id=member.program_id,
        holder_id=member.pk,
        kind=action,
        occurred_at=now,
        recorded_at=now,
        data=data,
    )
    people.audit_of(member, action, by, now, after=data)
