"""The stores of a program: added, named anew, closed and opened again; never removed, since orders name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit, programs
from members.models import Program, Store, User

# What orders, files and addresses can name without quotes.
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


LEAST_M, MOST_M, USUAL_M = 20, 50_000, 200


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a store is, in degrees (WGS 84), and from how many meters a member is near it. Without degrees it is nowhere:
    a web shop, or a store that nobody has placed yet."""

    latitude: float | None = None
    longitude: float | None = None
    radius_m: int = USUAL_M

    @classmethod
    def of(cls, store: Store) -> Spot:
        return cls(store.latitude, store.longitude, store.radius_m)


class SpotInvalid(DomainError):
    code = "spot_invalid"
    message = _("Give latitude (−90 to 90) and longitude (−180 to 180) together, or neither.")


class RadiusInvalid(DomainError):
    code = "radius_invalid"
    message = _("Near is within 20 to 50,000 meters.")


class StoreCodeInvalid(DomainError):
    code = "store_code_invalid"
    message = _("Letters, digits, dots and dashes, without spaces.")


class StoreNameMissing(DomainError):
    code = "store_name_missing"
    message = _("Give the store a name.")


class StoreCodeTaken(Conflict):
    code = "store_code_taken"
    message = _("There is a store with this code. Choose another code.")


def add(
    *, program: Program, code: str, name: str, by: User | None, now: datetime, spot: Spot | None = None
) -> Store:
    """A new store; `code` is how orders name it. Raises StoreCodeInvalid, StoreNameMissing, StoreCodeTaken, SpotInvalid,
    RadiusInvalid."""
    if not PLAIN.fullmatch(code):
        raise StoreCodeInvalid(field="code")
    name, placed = _named(name), _placed(spot or Spot())
    with scope(program=program), transaction.atomic():
        try:
            with transaction.atomic():
                store = Store.objects.create(program=program, code=code, name=name, **placed)
        except IntegrityError as error:
            raise StoreCodeTaken(field="code") from error
        programs.touch(program)
        audit.record(
            program=program, actor=by, action="store.add", subject="store", subject_id=code,
            after={"name": name, **audit.changed(placed, _placed(Spot()))}, now=now,
        )  # fmt: skip
    return store


def change(
    *,
    program: Program,
    code: str,
    name: str,
    is_active: bool,
    by: User | None,
    now: datetime,
    spot: Spot | None = None,
) -> Store:
    """Another name or spot, closed or open; without a spot the old one stays. A closed store is offered no more; late
    orders from it are still taken.

    A repeat changes nothing. Raises NotFound, StoreNameMissing, SpotInvalid, RadiusInvalid.
    """
    name = _named(name)
    with scope(program=program), transaction.atomic():
        store = Store.objects.select_for_update().filter(program=program, code=code).first()
        if store is None:
            raise NotFound
        was = Spot.of(store)
        before = {"name": store.name, "is_active": store.is_active, **_placed(was)}
        after = {"name": name, "is_active": is_active, **_placed(spot or was)}
        if before == after:
            return store
        for field, value in after.items():
            setattr(store, field, value)
        store.save(update_fields=[*after])
        programs.touch(program)
        audit.record(
            program=program, actor=by, action="store.change", subject="store", subject_id=code,
            before=audit.changed(before, after), after=audit.changed(after, before), now=now,
        )  # fmt: skip
    return store


def _placed(spot: Spot) -> dict[str, Any]:
    ends = ((spot.latitude, 90.0, "latitude"), (spot.longitude, 180.0, "longitude"))
    for value, most, field in ends:
        if value is None and spot != Spot(radius_m=spot.radius_m):
            raise SpotInvalid(field=field)
        if value is not None and not -most <= value <= most:
            raise SpotInvalid(field=field)
    if not LEAST_M <= spot.radius_m <= MOST_M:
        raise RadiusInvalid(field="radius_m")
    return {"latitude": spot.latitude, "longitude": spot.longitude, "radius_m": spot.radius_m}


def _named(name: str) -> str:
    if not name.strip():
        raise StoreNameMissing(field="name")
    return name.strip()[:200]
