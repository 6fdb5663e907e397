"""The postal address of a member: one or none. The log and the audit say that it changed, never what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from babel import Locale
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import identities, people
from members.models import Address, Event, Member, User
from members.models.addresses import LONGEST_LINE, MOST_LINES

LONGEST_POSTCODE, LONGEST_CITY = 20, 100
# Codes of Babel that are no place to send a letter to.
NO_COUNTRY = frozenset({"CQ", "EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


class AddressInvalid(DomainError):
    code = "address_invalid"
    message = _("A postal address has a street, a city and a country.")


@dataclass(frozen=True, slots=True)
class Place:
    """An address as somebody tells it: `country` is an ISO 3166 code of two letters."""

    lines: Sequence[str]
    postcode: str
    city: str
    country: str


def save(*, member: Member, place: Place | None, now: datetime, by: User | None = None) -> bool:
    """Keep this address, or none; whether that changed anything. `by` is the member of staff who did it, if one did.

    Raises AddressInvalid, MemberMerged."""
    wanted = None if place is None else _cleaned(place)
    with scope(program=member.program), transaction.atomic():
        fresh = people.lock(member)
        if of(member=fresh) == wanted:
            return False
        if wanted is None:
            Address.objects.filter(member=fresh).delete()
        else:
            _write(fresh, wanted)
        told = {"fields": ["address"]}
        Event.objects.create(
            program_id=fresh.program_id, holder_id=fresh.pk, kind="member.changed", occurred_at=now,
            recorded_at=now, data=told,
        )  # fmt: skip
        if by is not None:
            people.audit_of(fresh, "member.change", by, now, after=told)
    return True


def of(*, member: Member) -> Place | None:
    """The address in force; for the program in scope."""
    return place_of(Address.objects.filter(member=member).first())


def place_of(row: Address | None) -> Place | None:
    return Place(tuple(row.lines), row.postcode, row.city, row.country) if row else None


def fill(*, kept: Member, gone: Member) -> bool:
    """Give the kept of two merged members the other's address where it has none; whether it did. For the caller's
    transaction, within the program's scope."""
    place = of(member=gone)
    if place is None or of(member=kept) is not None:
        return False
    _write(kept, place)
    return True


def unfill(*, kept: Member, gone: Member) -> None:
    """Take from the kept member what fill() gave, unless it was changed since."""
    if of(member=kept) == of(member=gone):
        Address.objects.filter(member=kept).delete()


def countries(language: str) -> list[tuple[str, str]]:
    """Codes with their names in a language, in the order of the names."""
    names = Locale.parse(language.replace("-", "_")).territories
    return sorted(((code, str(names[code])) for code in codes() if code in names), key=lambda each: each[1])


@cache
def codes() -> frozenset[str]:
    """Of all countries that there are."""
    known = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha()) - NO_COUNTRY


def _write(member: Member, place: Place) -> None:
    Address.objects.update_or_create(
        member=member,
        defaults={
            "program_id": member.program_id, "lines": list(place.lines), "postcode": place.postcode,
            "city": place.city, "country": place.country,
        },
    )  # fmt: skip


def _cleaned(place: Place) -> Place:
    lines = tuple(filter(None, map(_plain, place.lines)))
    found = Place(lines, _plain(place.postcode), _plain(place.city), place.country.strip().upper())
    if not 1 <= len(lines) <= MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise AddressInvalid(
            _("A street has between one and four lines of at most 100 characters."), field="lines"
        )
    if len(found.postcode) > LONGEST_POSTCODE:
        raise AddressInvalid(field="postcode")
    if not 1 <= len(found.city) <= LONGEST_CITY:
        raise AddressInvalid(field="city")
    if found.country not in codes():
        raise AddressInvalid(field="country")
    return found


def _plain(text: str) -> str:
    """One line without what nobody sees."""
    return " ".join(identities.INVISIBLE.sub(" ", text).split())
