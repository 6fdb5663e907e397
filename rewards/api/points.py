"""Calls about points: wallets with their lots, entries in pages, and adjustments by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people, reading
from members.api.callers import Caller
from members.api.documents import ID, call
from members.models import Role, Scope, TeamMembership
from rewards import adjustments, histories
from rewards.models import Entry, EntryKind, Wallet
from rewards.queries import units_of

AMOUNT = Whole(-(2**63), 2**63 - 1)
SUM = Whole(0, 2**63 - 1)
LOT = Object(
    "Lot",
    {
        "id": ID,
        "granted": SUM,
        "remaining": SUM,
        "reserved": SUM,
        "is_active": Flag(about="False while pending."),
        "earned_at": Moment(),
        "active_at": Nullable(Moment()),
        "expires_at": Nullable(Moment(about="The first moment at which it can no longer be used.")),
    },
    needed=frozenset(
        {"id", "granted", "remaining", "reserved", "is_active", "earned_at", "active_at", "expires_at"}
    ),
)
WALLET = Object(
    "Wallet",
    {
        "id": ID,
        "member": ID,
        "unit": Text(40),
        "precision": Whole(0, 6, "Decimals of the unit: all amounts are whole numbers of 10^-precision."),
        "pending": SUM,
        "active": SUM,
        "reserved": SUM,
        "arrears": SUM,
        "worth_minor": Whole(0, 2**63 - 1, "What the active points are worth, in minor units of the currency."),
        "currency": Text(3, 3),
        "lots": Many(LOT, 100_000, about="Open lots in the order in which they would be used."),
    },
    needed=frozenset(
        {
            "id", "member", "unit", "precision", "pending", "active", "reserved", "arrears", "worth_minor", "currency",
            "lots",
        }
    ),
)  # fmt: skip
WALLETS = Object("Wallets", {"items": Many(WALLET, 1000)}, needed=frozenset({"items"}))
FOUR = ("pending", "active", "reserved", "arrears")
CHANGE = Object("", dict.fromkeys(FOUR, AMOUNT), frozenset(FOUR))
ENTRY = Object(
    "Entry",
    {
        "id": ID,
        "wallet": ID,
        "seq": Whole(1, 2**63 - 1, "Its place in the wallet, without gaps."),
        "kind": Text(12, choices=tuple(EntryKind.values)),
        "at": Moment(about="When what it says happened."),
        "posted_at": Moment(),
        "change": CHANGE,
        "after": CHANGE,
        "lot": Nullable(ID),
        "fact": Nullable(ID),
        "order": Nullable(ID),
        "mends": Nullable(ID),
        "digest": Text(64, 64, about="SHA-256 over the digest before it and this entry, in hexadecimal."),
    },
    needed=frozenset(
        {
            "id", "wallet", "seq", "kind", "at", "posted_at", "change", "after", "lot", "fact", "order", "mends",
            "digest",
        }
    ),
)  # fmt: skip
ENTRIES = reading.page_shape("EntryPage", ENTRY)
ADJUSTMENT = Object(
    "AdjustmentRequest",
    {
        "unit": Text(40, 1, example="points"),
        "amount": Whole(-(10**15), 10**15, "Ledger units: above zero gives, below takes.", 50),
        "reason": Text(300, 1, example="Parcel came late"),
    },
    needed=frozenset({"unit", "amount", "reason"}),
)
ADJUSTED = Object(
    "Adjustment",
    {
        "status": Text(8, choices=("posted", "waiting"), about="`waiting`: a second person must approve it."),
        "fact": Nullable(ID),
        "unit": Text(40),
        "precision": Whole(0, 6),
        "active": Nullable(Whole(0, 2**63 - 1, "What the member can use after it.")),
    },
    needed=frozenset({"status", "fact", "unit", "precision", "active"}),
)
WALLET_EXAMPLE = {
    "id": 1009,
    "member": 1007,
    "unit": "points",
    "precision": 0,
    "pending": 0,
    "active": 24,
    "reserved": 0,
    "arrears": 0,
    "worth_minor": 24,
    "currency": "GBP",
    "lots": [
        {
            "id": 1010,
            "granted": 24,
            "remaining": 24,
            "reserved": 0,
            "is_active": True,
            "earned_at": "2026-03-01T10:15:00Z",
            "active_at": "2026-03-01T10:15:00Z",
            "expires_at": "2027-03-02T00:00:00Z",
        }
    ],
}


class Wallets(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ}

    @call(
        "list_wallets",
        tag="Points",
        summary="Read a member's wallets",
        ids=["member_id"],
        gives={200: (WALLETS, {"items": [WALLET_EXAMPLE]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        member = people.find(member_id)
        purses = histories.purses_of(program=self.program, member=member)
        return Response({"items": [purse_told(purse, self.program.currency) for purse in purses]})


class Entries(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ}

    @call(
        "list_entries",
        tag="Points",
        summary="Read a wallet's entries",
        about="The ledger of one wallet, newest first. Entries are never changed or removed.",
        query=reading.PAGING,
        ids=["wallet_id"],
        gives={200: (ENTRIES, None)},
    )
    def get(self, request: Request, wallet_id: int) -> Response:
        asked = reading.query(request, reading.PAGING)
        if not Wallet.objects.filter(pk=wallet_id).exists():
            raise NotFound
        rows = Entry.objects.filter(wallet_id=wallet_id)
        return Response(reading.page(rows, asked, by=("seq",), tell=entry_told))


class Adjustments(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "adjust_points",
        tag="Points",
        summary="Give or take points by hand",
        about="With a reason, which is kept in the audit beside the key and its author. Taking more than there is is "
        "refused with `insufficient_points`. What the author of the key may not do alone waits for a second person.",
        takes=ADJUSTMENT,
        example={"unit": "points", "amount": 50, "reason": "Parcel came late"},
        ids=["member_id"],
        gives={
            201: (
                ADJUSTED,
                {"status": "posted", "fact": 4100, "unit": "points", "precision": 0, "active": 74},
            )
        },
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(ADJUSTMENT, request.data)
        return self.in_one(request, lambda: self._adjust(member_id, asked))

    def _adjust(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        member = people.find(member_id)
        unit = next((one for one in units_of(self.program) if one.key == asked["unit"]), None)
        if unit is None:
            raise NotFound(field="unit")
        asked_for = adjustments.ask(
            program=self.program,
            member=member,
            unit=unit.key,
            amount=asked["amount"],
            reason=asked["reason"],
            by=author_in_team(self.caller),
            key=fact_key(self.key),
            now=clock.now(),
        )
        done = asked_for.movement
        told = {"unit": unit.key, "precision": unit.precision}
        if done is None:
            return 202, {"status": "waiting", "fact": None, "active": None} | told
        return 201, {"status": "posted", "fact": done.fact_id, "active": done.active} | told


def author_in_team(caller: Caller) -> TeamMembership:
    """The place of the key's author, whose limits count: an owner, or the key would not have been let in (see
    members/sql/caller.sql). Nothing is read for it."""
    return TeamMembership(program=caller.program, user=caller.author, role=Role.OWNER)


def fact_key(key: str) -> str:
    """The name of the fact that an idempotency key stands for: as long as facts may be named, and apart from others'."""
    return f"api:{hashlib.sha256(key.encode()).hexdigest()[:56]}"


def purse_told(purse: histories.Purse, currency: str) -> dict[str, Any]:
    wallet, unit = purse.wallet, purse.unit
    return {
        "id": wallet.pk,
        "member": wallet.holder_id,
        "unit": unit.key,
        "precision": unit.precision,
        "pending": wallet.pending,
        "active": wallet.active,
        "reserved": wallet.reserved,
        "arrears": wallet.arrears,
        "worth_minor": purse.worth_minor(wallet.active),
        "currency": currency,
        "lots": [
            {
                "id": lot.pk,
                "granted": lot.granted,
                "remaining": lot.remaining,
                "reserved": lot.reserved,
                "is_active": lot.is_active,
                "earned_at": lot.earned_at,
                "active_at": lot.active_at,
                "expires_at": lot.expires_at,
            }
            for lot in purse.lots
        ],
    }


def entry_told(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "wallet": entry.wallet_id,
        "seq": entry.seq,
        "kind": entry.kind,
        "at": entry.at,
        "posted_at": entry.posted_at,
        "change": {
            "pending": entry.pending_change,
            "active": entry.active_change,
            "reserved": entry.reserved_change,
            "arrears": entry.arrears_change,
        },
        "after": {
            "pending": entry.pending,
            "active": entry.active,
            "reserved": entry.reserved,
            "arrears": entry.arrears,
        },
        "lot": entry.lot_id,
        "fact": entry.fact_id,
        "order": entry.order_id,
        "mends": entry.mends_id,
        "digest": bytes(entry.digest).hex(),
    }
