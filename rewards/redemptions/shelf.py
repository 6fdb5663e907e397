"""The shelf of one member: every live reward with what stands between the member and it. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from rewards import candidates, ledger, parties
from rewards.households import sharing
from rewards.models import Code, CodePool, Redemption, Reward
from rewards.redemptions import reading, refusals
from rewards.redemptions.refusals import Wanted
from rewards.redemptions.reserving import balances_of, with_shared

# Given out of what is one's own alone.
GIFT = Reward.Kind.DONATION


@dataclass(frozen=True, slots=True)
class Offer:
    """`obstacles` are empty where it can be had now; `balances` is {unit key: ledger units} that can be used, of which
    `shared` are the household's."""

    reward: Reward
    obstacles: list[DomainError]
    balances: dict[str, int]
    shared: dict[str, int]

    @property
    def lacking(self) -> dict[str, int]:
        """What of the price would come out of the household, {unit key: ledger units}."""
        own = {unit: amount - self.shared.get(unit, 0) for unit, amount in self.balances.items()}
        return sharing.lacking(self.reward.price, own) if self.shared and not self.obstacles else {}

    @property
    def only_lacks_points(self) -> bool:
        return [type(each) for each in self.obstacles] == [refusals.TooFew]


def offers(
    *, program: Program, member: Member, now: datetime, key: str = "", shares: bool = False
) -> list[Offer]:
    """What the member can have first, then what is missing least; with `shares` also out of what the household shares. A
    few statements, whatever the number of rewards."""
    with scope(program=program):
        live = Reward.objects.filter(program=program, state=Reward.State.LIVE)
        live = live.exclude(ends_at__lte=now).exclude(is_prize=True)
        found = list(live.filter(key=key) if key else live)
        if not found:
            return []
        request = {
            "holders": [member.pk],
            "due": now.isoformat(),
            "metrics_from": date.min.isoformat(),
            "terms_from": now.isoformat(),
        }
        before = sharing.place_for(program, member, reading.rules_of(program)) if shares else None
        if before is None:
            state = ledger.read(program, request, now)
        else:
            state = parties.read(program, request, others=[before.household_id], now=now, whole=True)
        person = reading.person_of(state, member.pk)
        if person is None:
            return []
        for book in person.books.values():
            book.settle(now)
        candidate = candidates.of(person=person, state=state, now=now)
        own = balances_of(person, state)
        home = sharing.home(state, before, now)
        shared = sharing.takeable(state, person, home, now)
        taken = _taken(program, member, [reward for reward in found if reward.per_member is not None])
        empty = _empty_pools([reward.pool_id for reward in found if reward.pool_id is not None])
    shelf = [
        Offer(reward, _empty(reward, empty) + obstacles, usable, shared if usable is not own else {})
        for reward in found
        for usable in [with_shared(own, shared) if shared and reward.kind != GIFT else own]
        for obstacles in [_obstacles(reward, taken.get(reward.pk, []), candidate, usable, program)]
    ]
    return sorted(shelf, key=_order)


def _empty_pools(pools: list[int]) -> set[int]:
    """Pools of vouchers of which none is free; one statement, and none where there are no pools."""
    if not pools:
        return set()
    free = Code.objects.filter(pool=OuterRef("pk"), given_at__isnull=True)
    return set(CodePool.objects.filter(~Exists(free), pk__in=pools).values_list("pk", flat=True))


def _empty(reward: Reward, empty: set[int]) -> list[DomainError]:
    return [refusals.OutOfStock()] if reward.pool_id in empty else []


def _taken(program: Program, member: Member, limited: list[Reward]) -> dict[int, list[datetime]]:
    """When the member took each of these rewards, without what was given back."""
    if not limited:
        return {}
    whose = Q(member=member) | Q(member__merged_into=member)
    rows = Redemption.objects.filter(whose, program=program, reward__in=limited, is_given_back=False)
    found: dict[int, list[datetime]] = {}
    for reward, at in rows.values_list("reward_id", "reserved_at"):
        found.setdefault(reward, []).append(at)
    return found


def _obstacles(
    reward: Reward,
    taken: list[datetime],
    candidate: candidates.Candidate,
    balances: dict[str, int],
    program: Program,
) -> list[DomainError]:
    since = refusals.period_start(reward.per_period, candidate.now, program.zone)
    count = sum(since is None or at >= since for at in taken)
    wanted = Wanted(candidate.now, count, candidate, balances)
    return refusals.obstacles(reward, wanted, currency=program.currency)


def _order(offer: Offer) -> tuple[int, float, int]:
    """What can be had, what only lacks points (least first), the rest; cheap before dear."""
    price = sum(offer.reward.price.values())
    if not offer.obstacles:
        return 0, price, offer.reward.pk
    lack = 1 - min(share(offer, unit) for unit in offer.reward.price) if offer.reward.price else 1.0
    return (1 if offer.only_lacks_points else 2), lack, offer.reward.pk


def share(offer: Offer, unit: str) -> float:
    """How much of the price is there, 0 to 1."""
    wanted: int = offer.reward.price[unit]
    return min(1.0, offer.balances.get(unit, 0) / wanted)
