"""Who is near a store: a position is told by the member, compared with the stores in the database, and forgotten.

Kept is that a member was near a store (the event `place.near`, once within the program's hours), never where.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled

from campaigns.messages import manners
from campaigns.messages.weather import Place
from campaigns.models import Nearness
from loyaltysite.kit.errors import DomainError
from members import consent
from members.models import Channel, Consent, Member, Program, Store, Topic

KIND = "place.near"
# A position that may be this far off says nothing.
MOST_OFF_M = 1000
CHOICE = (Channel.PLACE, Topic.OFFERS)

# The way on a sphere by haversine (Sinnott, Sky & Telescope 68, 1984), its radius the mean of the earth's (IUGG).
METERS = """
    2 * 6371008.8 * asin(sqrt(least(1, power(sin(radians(s.latitude - %(latitude)s) / 2), 2)
        + cos(radians(%(latitude)s)) * cos(radians(s.latitude)) * power(sin(radians(s.longitude - %(longitude)s) / 2), 2))))
"""
# One statement: of two requests at once one tells it, and consent counts as it is at that moment.
TELL = f"""
    WITH found AS (
        SELECT s.id, s.code, {METERS} AS meters FROM members_store s
        WHERE s.program_id = %(program)s AND s.is_active AND s.latitude IS NOT NULL
            AND {METERS} <= s.radius_m
    ),
    allowed AS (
        SELECT m.holder_id FROM members_member m
        WHERE m.holder_id = %(member)s AND m.program_id = %(program)s AND m.state = 'active' AND m.merged_into_id IS NULL
            AND EXISTS (SELECT FROM members_consent c WHERE c.member_id = m.holder_id AND c.channel = 'place'
                AND c.topic = 'offers' AND c.is_given)
    ),
    fresh AS (
        INSERT INTO campaigns_nearness AS n (program_id, member_id, store_id, at)
        SELECT %(program)s, a.holder_id, f.id, %(now)s FROM allowed a CROSS JOIN found f ORDER BY f.id
        ON CONFLICT (member_id, store_id) DO UPDATE SET at = excluded.at WHERE n.at <= %(since)s
        RETURNING store_id
    ),
    told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT %(program)s, %(member)s, '{KIND}', %(now)s, %(now)s, jsonb_build_object('store', f.code)
        FROM fresh JOIN found f ON f.id = fresh.store_id ORDER BY f.id
    )
    SELECT f.id FROM found f CROSS JOIN allowed ORDER BY f.meters, f.id
"""  # noqa: S608 - our own words


class PlaceNotShared(DomainError):
    code = "place_not_shared"
    status = 403
    message = _("The member has not agreed to tell where they are.")


@transaction.atomic
def come_by(
    *, member: Member, latitude: float, longitude: float, off_m: float = 0, now: datetime
) -> list[Store]:
    """The stores that are near a position in degrees (WGS 84) that may be `off_m` meters off, the nearest first; for each
    that was not told within the program's hours the log gets `place.near`. The position is not kept.

    Raises PlaceNotShared without the member's consent."""
    program = member.program
    with scope(program=program):
        if not consent.has_consent(member=member, channel=CHOICE[0], topic=CHOICE[1]):
            raise PlaceNotShared
        if off_m > MOST_OFF_M:
            return []
        hours = timedelta(hours=manners.of(program).place_hours)
        values = {
            "program": program.pk, "member": member.pk, "latitude": latitude, "longitude": longitude,
            "now": now, "since": now - hours,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(TELL, values)
            ids = [number for (number,) in cursor.fetchall()]
        stores = Store.objects.in_bulk(ids)
    return [stores[number] for number in ids]


def of_stores() -> list[Place]:
    """Where the open stores of all programs are."""
    with scopes_disabled():
        rows = Store.objects.filter(is_active=True, latitude__isnull=False).order_by("pk")
        return [Place(row.program_id, row.code, row.latitude or 0.0, row.longitude or 0.0) for row in rows]


def is_offered(program: Program) -> bool:
    """Whether there is a store to be near of; for the program in scope."""
    return Store.objects.filter(program=program, is_active=True, latitude__isnull=False).exists()


def is_shared(member: Member) -> bool:
    return consent.has_consent(member=member, channel=CHOICE[0], topic=CHOICE[1])


def share(*, member: Member, now: datetime) -> None:
    consent.grant(member=member, channel=CHOICE[0], topic=CHOICE[1], source="portal", now=now)


def stop(*, member: Member, now: datetime) -> None:
    """The member takes it back: what was noted to tell it once goes as well. A repeat changes nothing."""
    consent.withdraw(member=member, channel=CHOICE[0], topic=CHOICE[1], source="portal", now=now)
    forget(member=member)


def forget(*, member: Member) -> None:
    with scope(program=member.program):
        Nearness.objects.filter(member=member).delete()


def forget_old(*, program: Program, now: datetime) -> int:
    """What may be told again by now needs no note, nor does what nobody may be told of any more; how many went."""
    with scope(program=program):
        since = now - timedelta(hours=manners.of(program).place_hours)
        agreed = Consent.objects.filter(
            member=OuterRef("member"), channel=CHOICE[0], topic=CHOICE[1], is_given=True
        )
        rows = Nearness.objects.filter(Q(at__lte=since) | ~Exists(agreed), program=program)
        return rows.delete()[0]
