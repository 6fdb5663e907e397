"""Who the customers of the data are in the demo: invented names, and for most of them an address to write to."""

from __future__ import annotations

import zlib
from datetime import date, datetime, timedelta

from django.db import transaction
from django_scopes import scope

from loyaltysite.demo.names import Invented, invent
from members.models import Channel, Consent, ConsentChange, Identity, Member, Program, Topic

CHUNK = 1000
# Of a thousand members so many have told an e-mail address, and so many of them have confirmed it.
WITH_EMAIL, CONFIRMED = 720, 560
# Of those who have confirmed, so many (of the thousand) want offers by e-mail, and so many of these reminders as well.
WITH_OFFERS, WITH_REMINDERS = 430, 300
TOPICS = ((Topic.OFFERS, WITH_OFFERS), (Topic.REMINDERS, WITH_REMINDERS))
# So many (of the thousand) have told their birthday, in one of sixty years.
WITH_BIRTHDAY, OLDEST, YEARS = 380, date(1940, 1, 1), 60
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
    agreed: list[tuple[Member, Topic]] = []
    for member in members:
        person = invent(shop_ids.get(member.pk, member.number))
        member.name, member.language = person.name, person.language
        member.birthday = _birthday(person)
        fresh += _identities(program, member, person, shop_ids.get(member.pk, ""), numbers, now)
        agreed += [(member, topic) for topic, share in TOPICS if person.luck < share]
    Member.objects.bulk_update(members, ["name", "language", "birthday"])
    Identity.objects.bulk_create(fresh, ignore_conflicts=True)
    _agree(program, agreed, now)


def _birthday(person: Invented) -> date | None:
    """Always the same one for the same name and luck."""
    if person.luck >= WITH_BIRTHDAY:
        return None
    return OLDEST + timedelta(days=zlib.crc32(f"{person.latin} {person.luck}".encode()) % (YEARS * 365))


def _agree(program: Program, agreed: list[tuple[Member, Topic]], now: datetime) -> None:
    """What these want by e-mail, as if they had said so when they told their address."""
    common = [
        {"program": program, "channel": Channel.EMAIL, "topic": topic, "is_given": True}
        for _m, topic in agreed
    ]
    people = [member for member, _topic in agreed]
    Consent.objects.bulk_create(
        Consent(member=member, since=now, **values) for member, values in zip(people, common, strict=True)
    )
    ConsentChange.objects.bulk_create(
        ConsentChange(member_id=member.pk, source="import", at=now, **values)
        for member, values in zip(people, common, strict=True)
    )


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
