"""Who the customers of the data are in the demo: invented names, and for most of them an address to write to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_scopes import scope

from loyaltysite.demo.names import Invented, invent
from members.models import Identity, Member, Program

CHUNK = 1000
# Of a thousand members so many have told an e-mail address, and so many of them have confirmed it.
WITH_EMAIL, CONFIRMED = 720, 560
# The numbers that Ofcom keeps free for drama: +44 7700 900000 to 900999.
PHONES = 1000


def name_members(*, program: Program, now: datetime) -> int:
    """Give every member who has none a name; how many got one."""
    named = 0
    with scope(program=program):
        numbers = _phone_numbers(program)
        while members := list(Member.objects.filter(program=program, name="").order_by("pk")[:CHUNK]):
            _name(program, members, numbers, now)
            named += len(members)
    return named


@transaction.atomic
def _name(program: Program, members: list[Member], numbers: list[str], now: datetime) -> None:
    shop_ids = dict(
        Identity.objects.filter(program=program, kind=Identity.Kind.SHOP, member__in=members).values_list(
            "member_id", "value"
        )
    )
    fresh: list[Identity] = []
    for member in members:
        person = invent(shop_ids.get(member.pk, member.number))
        member.name, member.language = person.name, person.language
        fresh += _identities(program, member, person, shop_ids.get(member.pk, ""), numbers, now)
    Member.objects.bulk_update(members, ["name", "language"])
    Identity.objects.bulk_create(fresh, ignore_conflicts=True)


def _identities(
    program: Program, member: Member, person: Invented, shop_id: str, numbers: list[str], now: datetime
) -> list[Identity]:
    found = []
    if person.luck < WITH_EMAIL:
        value = f"{person.latin}.{shop_id}@example.com"
        verified = now if person.luck < CONFIRMED else None
        found.append(
            Identity(
                program=program, member=member, kind=Identity.Kind.EMAIL, value=value, verified_at=verified
            )
        )
    if person.luck % 5 == 0 and numbers:
        found.append(Identity(program=program, member=member, kind=Identity.Kind.PHONE, value=numbers.pop()))
    return found


def _phone_numbers(program: Program) -> list[str]:
    """Those that nobody has yet."""
    taken = set(
        Identity.objects.filter(program=program, kind=Identity.Kind.PHONE).values_list("value", flat=True)
    )
    return [
        number for number in (f"+447700900{n:03d}" for n in reversed(range(PHONES))) if number not in taken
    ]
