"""A lot in memory, the canonical form of a moment, and where a reversal was taken. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
_DAY = 86_400_000_000


def micros(moment: datetime | None) -> str:
    """Microseconds since 1970 UTC as text, as wafa_micros() writes them; "" for none."""
    if moment is None:
        return ""
    # In UTC equal times are one moment; see policies.local_time.
    return _micros(moment) if moment.tzinfo is UTC else _count(moment)


def _count(moment: datetime) -> str:
    gap = moment - EPOCH
    return str(gap.days * _DAY + gap.seconds * 1_000_000 + gap.microseconds)


_micros = lru_cache(maxsize=4096)(_count)


@dataclass(slots=True)
class LotRow:
    """A lot as read or opened; see rewards.models.Lot."""

    id: int
    wallet_id: int
    granted: int
    remaining: int
    is_active: bool
    earned_at: datetime
    active_at: datetime | None
    expires_at: datetime | None
    reserved: int = 0
    expired: int = 0
    awaits: str = ""
    terms: str = ""
    fact_id: int | None = None
    order_id: int | None = None
    version_id: int | None = None
    origin_id: int | None = None
    is_new: bool = False
    is_changed: bool = False

    @property
    def usable(self) -> int:
        return self.remaining - self.reserved if self.is_active else 0

    @property
    def due_at(self) -> datetime | None:
        """When this lot next changes by itself: it activates, or what is not held of it ends."""
        if not self.is_active:
            return self.active_at
        return self.expires_at if self.remaining > self.reserved else None

    def order_of_use(self) -> tuple[datetime, datetime, int]:
        """Soonest expiry, then oldest earned, then id (5)."""
        return (self.expires_at or NEVER, self.earned_at, self.id)


@dataclass(frozen=True, slots=True)
class Reversal:
    """Where a reversal of `amount` was taken; the parts sum to it (SEMANTICS 25, 26)."""

    amount: int
    from_own: int
    from_ended: int
    from_others: int
    to_arrears: int
    forgiven: int
