"""What the snapshot of a posting knows of the codes that its orders bring."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rewards.coupons.eligibility import Terms

if TYPE_CHECKING:
    from rewards.intake.tickets import Ticket


@dataclass(slots=True)
class CodeRow:
    """A code as read. `use` says once, several times, or once for each member."""

    id: int
    pool: int
    used: int
    most: int | None
    member_id: int | None
    use: str
    is_open: bool
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Use:
    """What an order claimed before."""

    id: int
    order_id: int
    coupon_id: int
    code_id: int
    digest: str


@dataclass(slots=True)
class Seen:
    """What the snapshot knows of codes, and the posting has done since. `times` counts uses by (member, coupon) and by
    (member, -code), `own_times` those of one order by its id and the same; `gone` is what an order gave back, by order
    and code; `moved` is the row of each use that moved. `tickets` are redeemed rewards by the digest of their code."""

    codes: dict[str, CodeRow] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    by_pool: dict[int, Terms] = field(default_factory=dict)
    by_id: dict[int, Terms] = field(default_factory=dict)
    times: dict[tuple[int, int], int] = field(default_factory=dict)
    own_times: dict[tuple[int, int, int], int] = field(default_factory=dict)
    own: dict[int, list[Use]] = field(default_factory=dict)
    gone: dict[tuple[int, int], Use] = field(default_factory=dict)
    moved: dict[int, dict[str, Any]] = field(default_factory=dict)
    counted: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    # A preview tells every refusal; a posting is refused with the first.
    is_lenient: bool = False

    def times_before(self, member: int, what: int, order: int) -> int:
        """How often the member has used the coupon or -code with other orders."""
        return self.times.get((member, what), 0) - self.own_times.get((order, member, what), 0)

    def tally(self, member: int, use: Use, amount: int) -> None:
        """Count a use of the member's."""
        for what in (use.coupon_id, -use.code_id):
            self.times[member, what] = self.times.get((member, what), 0) + amount
            own = (use.order_id, member, what)
            self.own_times[own] = self.own_times.get(own, 0) + amount
