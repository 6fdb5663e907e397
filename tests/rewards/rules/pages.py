"""Addresses of the pages of rules, and the editor filled in as a browser would."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.test import Client

from members.models import Program
from tests.posting import controls_of

ORDER = {"trigger": {"on": "order"}, "unit": "points"}


def at(program: Program, rest: str = "") -> str:
    return f"/dashboard/{program.slug}/rules/{rest}"


def filled(client: Client, url: str, **typed: Any) -> QueryDict:
    """What the editor at this address would post after somebody typed into it (`__` for each dot)."""
    html = client.get(url).content.decode()
    return changed(controls_of(html), **typed)


def changed(data: QueryDict, **typed: Any) -> QueryDict:
    data = data.copy()
    for name, value in typed.items():
        data.setlist(name.replace("__", "."), value if isinstance(value, list) else [value])
    return data


def post(client: Client, url: str, data: QueryDict, **options: Any) -> Any:
    """Post all the values; the client itself would take the last of each name."""
    return client.post(url, dict(data.lists()), **options)
