"""A shop with a till for tests: one store, a cashier, and what their browser sends."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from members.models import Member, Program, Store, User
from tests.members import portal_shop

JSON = {"Accept": "application/json"}


def open_shop(**settings: Any) -> Program:
    """Harbour Lane with its store, where a pound earns a Star."""
    program = portal_shop.open_shop(**settings)
    with scope(program=program):
        Store.objects.create(program=program, code="quay", name="Quay")
    return program


def amelia(program: Program, key: str = "amelia", name: str = "Amelia Hart") -> Member:
    return portal_shop.join(program, key, name=name)


def till_of(program: Program, rest: str = "") -> str:
    return f"/till/{program.slug}/{rest}"


def tap(user: User, *, key: uuid.UUID | str = "", at: datetime | None = None) -> dict[str, Any]:
    """What every action carries."""
    return {
        "key": str(key or uuid.uuid4()),
        "at": (at or timezone.now()).isoformat(),
        "cashier": user.pk,
    }


def sell(
    client: Client,
    program: Program,
    user: User,
    member: Member | str,
    amount_minor: int = 4260,
    **others: Any,
) -> HttpResponse:
    """Send a sale as the script does; `others` are fields, or `key` and `at` of the tap."""
    fields = tap(user, key=others.pop("key", ""), at=others.pop("at", None))
    number = member if isinstance(member, str) else member.number
    fields |= {"number": number, "amount_minor": amount_minor, "store": "quay"} | others
    return client.post(till_of(program, "actions/sale/"), fields, headers=JSON)


def take_in(
    client: Client, program: Program, user: User, name: str, contact: str, **others: Any
) -> HttpResponse:
    fields = tap(user, key=others.pop("key", ""), at=others.pop("at", None))
    fields |= {"name": name, "contact": contact}
    return client.post(till_of(program, "actions/join/"), fields, headers=JSON)


def undo(client: Client, program: Program, user: User, of: str, **others: Any) -> HttpResponse:
    fields = tap(user, key=others.pop("key", ""), at=others.pop("at", None)) | {"of": of}
    return client.post(till_of(program, "actions/undo/"), fields, headers=JSON)


def find(client: Client, program: Program, typed: str) -> HttpResponse:
    return client.post(till_of(program, "find/"), {"q": typed}, headers=JSON)


def ago(**parts: float) -> datetime:
    return timezone.now() - timedelta(**parts)
