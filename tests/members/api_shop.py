"""A shop that speaks to the API: a program, a key, and calls in few words."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection
from typing import Any

from django.http import HttpResponse
from django.test import Client

from loyaltysite.kit import clock
from members import keys
from members.models import ApiKey, Program, Role, Scope
from tests.members.teams import hire

_keys = itertools.count(1)
DAY = "2026-03-01T10:00:00Z"


class Shop:
    """Calls with one key. Writes get an Idempotency-Key of their own unless told otherwise ("" for none)."""

    def __init__(
        self, program: Program, scopes: Collection[str] = tuple(Scope.values), **limits: Any
    ) -> None:
        self.program = program
        self.client = Client()
        self.key: ApiKey
        self.key, self.secret = keys.create(
            program=program,
            name="Shop",
            scopes=scopes,
            by=hire(program, Role.OWNER),
            now=clock.now(),
            **limits,
        )

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(f"/api/v1/{path}", query, headers=self._headers(""))

    def post(self, path: str, content: Any = None, *, key: str | None = None) -> HttpResponse:
        return self.send("POST", path, content, key=key)

    def send(
        self, method: str, path: str, content: Any = None, *, key: str | None = None, **headers: str
    ) -> HttpResponse:
        body = content if isinstance(content, (str, bytes)) else json.dumps(content)
        name = f"auto-{next(_keys)}" if key is None else key
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers=self._headers(name) | headers,
        )

    def _headers(self, key: str) -> dict[str, str]:
        found = {"Authorization": f"Bearer {self.secret}"}
        return found | {"Idempotency-Key": key} if key else found


def order(number: str = "1001", amount: int = 2400, **more: Any) -> dict[str, Any]:
    """An order of one mug for anna, who joins with it."""
    return {
        "source": "shop",
        "external_id": number,
        "occurred_at": DAY,
        "currency": "EUR",
        "member": {"kind": "email", "value": "anna@example.com", "joins": True},
        "lines": [{"sku": "MUG-1", "quantity": 2, "amount_minor": amount, "category": "Mugs"}],
    } | more
