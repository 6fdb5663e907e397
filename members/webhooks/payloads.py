"""What a message says, and its signature as Standard Webhooks 1.0 has it: HMAC-SHA256 over id, time and the bytes sent.

Events hold ids and figures only; members appear by their number, orders by the shop's own number.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from loyaltysite.kit import boxes
from members.models import Event, Member, Order, Program, Webhook, WebhookMessage

PREFIX = "whsec_"
PURPOSE = "webhooks"
# Data of events in which a member stands by an inner id.
PEOPLE = ("to", "from", "gone")


def draw() -> str:
    """A new secret of 256 bits, in the form that receivers' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def seal(secret: str, program_id: int) -> bytes:
    return boxes.seal(secret, purpose=PURPOSE, context=str(program_id))


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """Those that sign now, the newest first; empty when the site's secret that sealed them is gone."""
    sealed = [webhook.secret_sealed]
    if webhook.former_sealed is not None and webhook.former_until is not None and now < webhook.former_until:
        sealed.append(webhook.former_sealed)
    opened = (boxes.unseal(bytes(each), purpose=PURPOSE, context=str(webhook.program_id)) for each in sealed)
    return [secret for secret in opened if secret]


def body(message: WebhookMessage, program: Program) -> bytes:
    """The bytes to send: the same at each try. For the program in scope."""
    if message.event_id is None:
        told: dict[str, Any] = {"hello": "This is a test. Nothing has happened."}
        at, member, order = message.made_at, None, None
    else:
        event = Event.objects.get(pk=message.event_id)
        at, told = event.occurred_at, _named(event.data)
        member = _number(event.holder_id)
        order = _order(event.order_id)
    document = {
        "type": message.kind,
        "timestamp": at,
        "data": {"program": program.slug, "member": member, "order": order, **told},
    }
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def headers(message: WebhookMessage, content: bytes, keys: list[str], now: datetime) -> dict[str, str]:
    return sign(message.number, content, keys, now)


def sign(number: str, content: bytes, keys: list[str], now: datetime) -> dict[str, str]:
    """The headers of a message of this number with these bytes."""
    stamp = str(int(now.timestamp()))
    signed = b".".join([number.encode(), stamp.encode(), content])
    signatures = (hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), signed, "sha256") for key in keys)
    return {
        "content-type": "application/json",
        "user-agent": "Wafa",
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }


def _named(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _number(value) if name in PEOPLE and isinstance(value, int) else value
        for name, value in data.items()
    }


def _number(holder_id: int | None) -> str | None:
    return Member.objects.filter(pk=holder_id).values_list("number", flat=True).first() if holder_id else None


def _order(order_id: int | None) -> dict[str, str] | None:
    rows = Order.objects.filter(pk=order_id).values("source", "external_id") if order_id else None
    return rows.first() if rows is not None else None  # type: ignore[return-value]
