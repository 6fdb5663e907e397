"""What calls read from the address: filters, and lists in pages that go on after a cursor, never by counting rows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils.translation import gettext as _
from rest_framework.request import Request

from loyaltysite.kit.shapes import Fault, Invalid, Many, Nullable, Object, Shape, Text, Whole, parse_moment
from members.api.documents import Query

LIMIT = Query(Whole(1, 200), "How many at most; 50 unless told.", is_number=True)
CURSOR = Query(Text(300, least=1), "Where the page before ended: its `next`.")
PAGING = {"limit": LIMIT, "cursor": CURSOR}


def page_shape(name: str, of: Shape) -> Object:
    """A page of a list: its `items`, and the cursor of the next page or null."""
    return Object(
        name,
        {"items": Many(of, 200), "next": Nullable(Text(300))},
        needed=frozenset({"items", "next"}),
    )


def query(request: Request, known: Mapping[str, Query]) -> dict[str, Any]:
    """The parameters of the address. Raises Invalid, also for one that does not exist: a mistyped filter must not
    give everything."""
    faults: list[Fault] = []
    found = {}
    for name, text in request.query_params.dict().items():
        one = known.get(name)
        if one is None:
            faults.append(Fault(name[:60], "field_unknown", _("There is no such field.")))
            continue
        value: object = text
        if one.is_number and isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19:
            value = int(text)
        found[name] = one.shape.read(value, name, faults)
    if faults:
        raise Invalid(faults)
    return found


def page(
    rows: QuerySet[Any],
    asked: Mapping[str, Any],
    *,
    by: Sequence[str],
    tell: Callable[[Any], dict[str, Any]],
    upwards: bool = False,
) -> dict[str, Any]:
    """A page in the order of the columns `by`, which together are unique; newest first unless `upwards`."""
    size = asked.get("limit", 50)
    if cursor := asked.get("cursor"):
        goes_on = TupleGreaterThan if upwards else TupleLessThan
        rows = rows.filter(goes_on(Tuple(*by), _place(cursor, by)))
    order = by if upwards else [f"-{name}" for name in by]
    found = list(rows.order_by(*order)[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return {
        "items": [tell(row) for row in found[:size]],
        "next": None if last is None else _cursor([getattr(last, name) for name in by]),
    }


def _cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def _place(text: str, by: Sequence[str]) -> tuple[Any, ...]:
    """The values that a cursor holds. Raises Invalid for one that was not made here."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if len(values) != len(by):
            raise ValueError
        return tuple(_value(name, value) for name, value in zip(by, values, strict=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid([Fault("cursor", "cursor_invalid", _("This cursor was not made here."))]) from error


def _value(name: str, value: object) -> Any:
    if name.endswith("_at"):
        if (moment := parse_moment(value)) is not None:
            return moment
    elif type(value) is int and abs(value) < 2**63:
        return value
    raise ValueError
