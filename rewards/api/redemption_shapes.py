"""What the API takes and tells of rewards and redemptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import reading
from members.api.documents import ID, Query
from rewards.api.authorizing import Authorization
from rewards.gatherings import reading as gatherings
from rewards.models import Gathering, Redemption, Reward

MINOR = Whole(0, 2**63 - 1)
TEXTS = Anything(about="By language.")
PRICE = Anything(about="Ledger units by unit key, all of them together.")
KEY = Text(60, 1, example="mug")
STORE = Text(64, 1, example="quay")
EVENT = Object(
    "RewardEvent",
    {
        "begins_at": Moment(),
        "ends_at": Nullable(Moment()),
        "time_zone": Text(64, 1, about="Where its clock is read.", example="Europe/London"),
        "places": TEXTS,
    },
    needed=frozenset({"begins_at", "ends_at", "time_zone", "places"}),
)
REWARD = Object(
    "Reward",
    {
        "key": KEY,
        "kind": Text(10, choices=tuple(Reward.Kind.values)),
        "state": Text(5, choices=tuple(Reward.State.values)),
        "names": TEXTS,
        "summaries": TEXTS,
        "terms": TEXTS,
        "price": PRICE,
        "money_minor": Whole(0, 2**63 - 1, "To pay besides, in minor units of the currency."),
        "value_minor": Nullable(MINOR),
        "percent": Nullable(Text(8)),
        "sku": Text(64),
        "gives": PRICE,
        "left": Nullable(Whole(0, 2**63 - 1, "How many there still are; null without a limit.")),
        "handover": Text(5, choices=tuple(Reward.Handover.values)),
        "starts_at": Nullable(Moment()),
        "ends_at": Nullable(Moment()),
        "event": Nullable(EVENT),
    },
    needed=frozenset({
        "key", "kind", "state", "names", "summaries", "terms", "price", "money_minor", "value_minor", "percent", "sku",
        "gives",
        "left", "handover", "starts_at", "ends_at", "event",
    }),
)  # fmt: skip
REWARDS = Object("Rewards", {"items": Many(REWARD, 10_000)}, needed=frozenset({"items"}))
OFFER = Object(
    "Offer",
    {
        "reward": REWARD,
        "can_have": Flag(about="Whether nothing stands in the way now."),
        "refusals": Many(Anything(about="`code`, `detail`, and what is missing."), 20),
    },
    needed=frozenset({"reward", "can_have", "refusals"}),
)
OFFERS = Object("Offers", {"items": Many(OFFER, 10_000)}, needed=frozenset({"items"}))
REDEMPTION = Object(
    "Redemption",
    {
        "id": ID,
        "member": ID,
        "reward": KEY,
        "state": Text(9, choices=tuple(Redemption.State.values)),
        "price": PRICE,
        "money_minor": MINOR,
        "benefit": Anything(about="What was promised: `kind`, and `value_minor`, `percent`, `sku` or `gives`."),
        "store": Nullable(Text(64)),
        "household": Nullable(Whole(1, 2**63 - 1, "Whose shared points gave part of it.")),
        "reserved_at": Moment(),
        "issued_at": Nullable(Moment()),
        "closed_at": Nullable(Moment()),
        "due_at": Nullable(Moment(about="When it ends by time, while it can still be confirmed or used.")),
    },
    needed=frozenset({
        "id", "member", "reward", "state", "price", "money_minor", "benefit", "store", "household", "reserved_at", "issued_at",
        "closed_at", "due_at",
    }),
)  # fmt: skip
WITH_CODE = Object(
    "RedemptionWithCode",
    {**REDEMPTION.fields, "code": Nullable(Text(64, about="For its owner; null once it opens nothing."))},
    needed=REDEMPTION.needed | {"code"},
)
PAGE = reading.page_shape("RedemptionPage", REDEMPTION)
FROM_HOUSEHOLD = Flag(about="What the member lacks may come out of the household.")
SHARED = {
    "from_household": Query(
        Text(5, choices=("true", "false")), "Whether what the household shares counts too; false unless told."
    )
}
RESERVE = Object(
    "RedemptionRequest",
    {
        "reward": KEY,
        "store": STORE,
        "at_once": Flag(about="Spend the points now; unless told, all that is not shown at the till is."),
        "from_household": FROM_HOUSEHOLD,
        "authorization": Authorization(),
    },
    needed=frozenset({"reward", "authorization"}),
)
REASON = Object("RedemptionReason", {"reason": Text(300, 1, example="Broken")}, needed=frozenset({"reason"}))
NOTHING = Object("RedemptionStep", {}, about="An empty object.")
CODE = Object(
    "CodeRequest",
    {"code": Text(64, 1, example="HV7K-92QF-3XTM-84WP"), "store": STORE},
    needed=frozenset({"code"}),
)
REWARD_EXAMPLE = {
    "key": "mug",
    "kind": "product",
    "state": "live",
    "names": {"en": "Lighthouse mug"},
    "summaries": {},
    "terms": {},
    "price": {"points": 1500},
    "money_minor": 0,
    "value_minor": None,
    "percent": None,
    "sku": "mug-1",
    "gives": {},
    "left": 12,
    "handover": "till",
    "starts_at": None,
    "ends_at": None,
    "event": None,
}
EXAMPLE = {
    "id": 2007,
    "member": 1007,
    "reward": "mug",
    "state": "reserved",
    "price": {"points": 1500},
    "money_minor": 0,
    "benefit": {"kind": "product", "sku": "mug-1"},
    "store": None,
    "household": None,
    "reserved_at": "2026-03-01T10:15:00Z",
    "issued_at": None,
    "closed_at": None,
    "due_at": "2026-03-01T10:30:00Z",
}


def days_of(rewards: Collection[Reward]) -> Mapping[int, Gathering]:
    """The days of those that are events; one statement if there are any."""
    events = [reward.pk for reward in rewards if reward.kind == Reward.Kind.EVENT]
    return gatherings.of_rewards(events) if events else {}


def reward_told(reward: Reward, days: Mapping[int, Gathering]) -> dict[str, Any]:
    day = days.get(reward.pk)
    return {
        "key": reward.key,
        "kind": reward.kind,
        "state": reward.state,
        "names": reward.names,
        "summaries": reward.summaries,
        "terms": reward.terms,
        "price": reward.price,
        "money_minor": reward.money_minor,
        "value_minor": reward.value_minor,
        "percent": None if reward.percent is None else str(reward.percent),
        "sku": reward.sku,
        "gives": reward.gives,
        "left": None if reward.stock is None else reward.stock - reward.taken,
        "handover": reward.handover,
        "starts_at": reward.starts_at,
        "ends_at": reward.ends_at,
        "event": {name: getattr(day, name) for name in EVENT.fields} if day is not None else None,
    }


def redemption_told(one: Redemption) -> dict[str, Any]:
    """Without its code: answers are kept."""
    return {
        "id": one.pk,
        "member": one.member_id,
        "reward": one.reward.key,
        "state": one.state,
        "price": one.price,
        "money_minor": one.money_minor,
        "benefit": one.benefit,
        "store": one.store.code if one.store else None,
        "household": one.household_id,
        "reserved_at": one.reserved_at,
        "issued_at": one.issued_at,
        "closed_at": one.closed_at,
        "due_at": one.due_at,
    }
