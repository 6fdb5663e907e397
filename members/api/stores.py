"""Calls about stores: list, add, change. A store is never removed, since orders name it; it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Flag, Nullable, Number, Object, Text, Whole
from members import stores
from members.api import endpoints, reading
from members.api.documents import ID, call
from members.models import Scope, Store

CODE = Text(64, 1, about="How orders name it; letters, digits, dots and dashes. It stays.", example="quay")
NAME = Text(200, 1, example="Harbour Quay")
PLACE = Object(
    "StorePlace",
    {
        "latitude": Number(-90, 90, about="In degrees (WGS 84).", example=53.5461),
        "longitude": Number(-180, 180, example=9.9663),
        "radius_m": Whole(stores.LEAST_M, stores.MOST_M, about="A member within so many meters is near it."),
    },
    needed=frozenset({"latitude", "longitude"}),
)
STORE = Object(
    "Store",
    {"id": ID, "code": Text(64), "name": Text(200), "is_active": Flag(), "place": Nullable(PLACE)},
    needed=frozenset({"id", "code", "name", "is_active", "place"}),
)
STORES = reading.page_shape("StorePage", STORE)
WHERE = Nullable(PLACE)
NEW = Object("StoreRequest", {"code": CODE, "name": NAME, "place": WHERE}, needed=frozenset({"code", "name"}))
CHANGE = Object(
    "StoreChange",
    {
        "name": NAME,
        "is_active": Flag(
            about="False closes it: it is offered no more, and late orders from it are still taken."
        ),
        "place": WHERE,
    },
    about="What is sent is changed, the rest stays.",
)
EXAMPLE = {
    "id": 31,
    "code": "quay",
    "name": "Harbour Quay",
    "is_active": True,
    "place": {"latitude": 53.5461, "longitude": 9.9663, "radius_m": 200},
}


class Stores(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ, "POST": Scope.PROGRAM_WRITE}

    @call(
        "list_stores",
        tag="Program",
        summary="List the stores",
        query=reading.PAGING,
        gives={200: (STORES, {"items": [EXAMPLE], "next": None})},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, reading.PAGING)
        rows = Store.objects.filter(program=self.program)
        return Response(reading.page(rows, asked, by=("id",), tell=_told, upwards=True))

    @call(
        "add_store",
        tag="Program",
        summary="Add a store",
        about="A code that a store has already is refused with `store_code_taken`; so a repeat makes no second one.",
        takes=NEW,
        example={"code": "quay", "name": "Harbour Quay"},
        gives={201: (STORE, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(NEW, request.data)
        store = stores.add(program=self.program, by=self.author, now=clock.now(), **_placed(asked))
        return Response(_told(store), status=201)


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ, "PATCH": Scope.PROGRAM_WRITE}

    @call(
        "read_store", tag="Program", summary="Read a store", ids=["store_id"], gives={200: (STORE, EXAMPLE)}
    )
    def get(self, request: Request, store_id: int) -> Response:
        return Response(_told(find(store_id)))

    @call(
        "change_store",
        tag="Program",
        summary="Name a store anew, close or open it",
        takes=CHANGE,
        example={"is_active": False},
        ids=["store_id"],
        gives={200: (STORE, EXAMPLE | {"is_active": False})},
    )
    def patch(self, request: Request, store_id: int) -> Response:
        asked = shapes.read(CHANGE, request.data)
        with transaction.atomic():
            # What is not sent stays as it is once nobody else can change it.
            store = find(store_id, rows=Store.objects.select_for_update())
            wanted: dict[str, Any] = {"name": store.name, "is_active": store.is_active} | _placed(asked)
            changed = stores.change(
                program=self.program, code=store.code, by=self.author, now=clock.now(), **wanted
            )
        return Response(_told(changed))


def find(store_id: int, rows: QuerySet[Store] | None = None) -> Store:
    """The store of the caller's program. Raises NotFound, also for those of other programs."""
    store = (Store.objects.all() if rows is None else rows).filter(pk=store_id).first()
    if store is None:
        raise NotFound
    return store


def _told(store: Store) -> dict[str, Any]:
    spot = stores.Spot.of(store)
    place = None if spot.latitude is None else asdict(spot)
    return {
        "id": store.pk, "code": store.code, "name": store.name, "is_active": store.is_active, "place": place,
    }  # fmt: skip


def _placed(asked: dict[str, Any]) -> dict[str, Any]:
    """With the spot in the place of what was sent of it: null takes it away, nothing sent leaves it."""
    found = dict(asked)
    if "place" in found:
        found["spot"] = stores.Spot(**(found.pop("place") or {}))
    return found
