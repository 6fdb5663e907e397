"""A member's statement: every entry with the chain of digests, signed, so that anyone can check it without trusting us.

The document is JSON whose entries hold exactly what their digests cover. The code is the short form: heads, balances
and a signature, which fits a QR code on paper. docs/statement.md shows how to check both in a few lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from members.models import Member, Order, Program
from rewards import signatures
from rewards.lots import micros
from rewards.models import Entry, Lot, Unit, Wallet

VERSION = 1
# What a digest covers, in its order: joined with "|" after the digest before, it is hashed (rewards/sql/canonical.sql).
COLUMNS = (
    "program", "wallet", "seq", "kind", "at", "posted_at", "pending_change", "active_change", "reserved_change",
    "arrears_change", "pending", "active", "reserved", "arrears", "lot", "granted", "active_at", "expires_at", "fact",
    "order", "mends",
)  # fmt: skip
BALANCES = ("pending", "active", "reserved", "arrears")
START = dict.fromkeys(BALANCES, 0)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a wallet stands: its last entry's number, digest in hex and balances in ledger units."""

    wallet: int
    seq: int
    pending: int
    active: int
    reserved: int
    arrears: int
    digest: str

    @property
    def text(self) -> str:
        numbers = (self.wallet, self.seq, self.pending, self.active, self.reserved, self.arrears)
        return "-".join((*map(str, numbers), self.digest))


@dataclass(frozen=True, slots=True)
class Account:
    """One wallet of a statement with all its entries, the oldest first."""

    wallet: Wallet
    unit: Unit
    entries: Sequence[Entry]
    lots: Mapping[int, Lot]

    @property
    def head(self) -> Head:
        last = self.entries[-1]
        balances = (last.pending, last.active, last.reserved, last.arrears)
        return Head(self.wallet.pk, last.seq, *balances, bytes(last.digest).hex())


@dataclass(frozen=True, slots=True)
class Statement:
    """What a member holds in the hand: accounts that ever moved, the orders they name, and the code."""

    program: Program
    member: Member
    made_at: datetime
    accounts: Sequence[Account]
    orders: Mapping[int, Order]

    @property
    def code(self) -> str:
        """W1.<key>.<program>.<number>.<moment>.<heads>.<signature>; the signature covers all before its dot."""
        heads = "~".join(account.head.text for account in self.accounts)
        key = signatures.present_key()
        moment = micros(self.made_at)
        text = f"W{VERSION}.{key}.{self.program.pk}.{self.member.number}.{moment}.{heads}"
        return f"{text}.{signatures.sign(text.encode())[1]}"

    def document(self) -> dict[str, Any]:
        """The signed document; `signature` covers canonical() of all else."""
        made: dict[str, Any] = {
            "wafa_statement": VERSION,
            "program": {"id": self.program.pk, "slug": self.program.slug, "name": self.program.name},
            "member": {"number": self.member.number, "name": self.member.name},
            "made_at": self.made_at.isoformat(),
            "wallets": [self._wallet(account) for account in self.accounts],
            "code": self.code,
            "key": signatures.present_key(),
        }
        return made | {"signature": signatures.sign(canonical(made))[1]}

    def _wallet(self, account: Account) -> dict[str, Any]:
        return {
            "wallet": account.wallet.pk,
            "unit": account.unit.key,
            "decimals": account.unit.precision,
            "entries": [self._entry(entry, account.lots) for entry in account.entries],
        }

    def _entry(self, entry: Entry, lots: Mapping[int, Lot]) -> dict[str, Any]:
        order = self.orders.get(entry.order_id or 0)
        readable = {"on": entry.at.isoformat(), "order_number": order.external_id if order else ""}
        return covered(entry, lots) | {"digest": bytes(entry.digest).hex()} | readable


def make(*, program: Program, member: Member, now: datetime) -> Statement:
    """The statement of everything up to now. Four statements, however long it is."""
    wallets = Wallet.objects.filter(program=program, holder_id=member.pk, seq__gt=0).select_related("unit")
    held = list(wallets.order_by("unit_id", "pk"))
    entries: dict[int, list[Entry]] = {wallet.pk: [] for wallet in held}
    for entry in Entry.objects.filter(wallet_id__in=entries).order_by("wallet_id", "seq"):
        entries[entry.wallet_id].append(entry)
    lots = {lot.pk: lot for lot in Lot.objects.filter(wallet_id__in=entries)}
    named = {entry.order_id for each in entries.values() for entry in each if entry.order_id}
    orders = Order.objects.filter(program=program).in_bulk(named) if named else {}
    accounts = [Account(wallet, wallet.unit, entries[wallet.pk], lots) for wallet in held]
    return Statement(program, member, now, accounts, orders)


def covered(entry: Entry, lots: Mapping[int, Lot]) -> dict[str, Any]:
    """The columns that the entry's digest covers; moments in microseconds since 1970 UTC, None where there is none."""
    lot = lots.get(entry.lot_id or 0)
    values = (
        entry.program_id,
        entry.wallet_id,
        entry.seq,
        entry.kind,
        _micros(entry.at),
        _micros(entry.posted_at),
        entry.pending_change,
        entry.active_change,
        entry.reserved_change,
        entry.arrears_change,
        entry.pending,
        entry.active,
        entry.reserved,
        entry.arrears,
        entry.lot_id,
        lot.granted if lot else None,
        _micros(lot.active_at) if lot else None,
        _micros(lot.expires_at) if lot else None,
        entry.fact_id,
        entry.order_id,
        entry.mends_id,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _micros(moment: datetime | None) -> int | None:
    return int(micros(moment)) if moment else None


def digest_of(before: bytes, entry: Mapping[str, Any]) -> bytes:
    """sha256(digest before ‖ the entry's columns joined with "|", nothing for None)."""
    text = "|".join("" if entry[name] is None else str(entry[name]) for name in COLUMNS)
    return hashlib.sha256(before + text.encode()).digest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """What the signature of a document covers: JSON without spaces, keys sorted, as UTF-8, without the signature."""
    content = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def heads_of(document: Mapping[str, Any]) -> Iterable[Head]:
    """The last entry of each wallet of a document."""
    for wallet in document["wallets"]:
        last = wallet["entries"][-1]
        pending, active, reserved, arrears = (last[name] for name in BALANCES)
        yield Head(last["wallet"], last["seq"], pending, active, reserved, arrears, last["digest"])
