"""The catalogue: rewards are drafted, changed, put up and ended here. What was promised with a redemption stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import conditions
from loyaltysite.kit.errors import Conflict, DomainError
from members.keeping import Keeper
from members.models import Program, Store, User
from rewards import attendance, candidates, pictures, refunds
from rewards.models import Cause, CodePool, Redemption, Reward, Unit
from rewards.models.catalogue import LONGEST_HOLD

CHANGEABLE = (
    "kind",
    "names",
    "summaries",
    "terms",
    "value_minor",
    "percent",
    "cause_key",
    "sku",
    "gives",
    "cost_minor",
    "price",
    "money_minor",
    "stock",
    "per_member",
    "per_period",
    "eligibility",
    "starts_at",
    "ends_at",
    "stores",
    "handover",
    "hold_minutes",
    "valid_days",
    "gives_back",
    "is_prize",
    "pool",
)
VALUED = {Reward.Kind.AMOUNT, Reward.Kind.GIFT_CARD}
MOST = 2**53
State = Reward.State


class RewardKeyTaken(Conflict):
    code = "reward_key_taken"
    message = _("There is a reward with this key. Choose another key.")


class RewardRefused(DomainError):
    code = "reward_refused"
    message = _("This reward cannot be.")


class RewardChanged(Conflict):
    code = "reward_changed"
    message = _("Somebody else has changed this reward. Look at it anew.")


class StockFixed(Conflict):
    """What was taken without a limit was counted nowhere."""

    code = "reward_stock_fixed"
    message = _("This reward is up without a limit and stays so. End it and make a new one.")


class RewardOver(Conflict):
    code = "reward_over"
    message = _("This reward has ended. Make a new one.")


def name_of(texts: Mapping[str, str], fallback: str = "") -> str:
    """A text per language in the active one, else in the first that there is."""
    language = (get_language() or "en").split("-")[0]
    return texts.get(language) or next(iter(texts.values()), fallback)


class RewardKeeper(Keeper[Reward]):
    model = Reward
    noun = "reward"
    settings = CHANGEABLE
    key_taken, changed, over = RewardKeyTaken, RewardChanged, RewardOver

    def check(self, reward: Reward) -> None:
        _check(reward)

    def told(self, reward: Reward) -> dict[str, Any]:
        found = super().told(reward)
        for name in ("starts_at", "ends_at"):
            found[name] = found[name] and found[name].isoformat()
        found["pool"] = reward.pool.key if reward.pool else None
        return found | {"percent": None if reward.percent is None else str(reward.percent)}

    def moving(self, reward: Reward, moved: Collection[str]) -> None:
        if "stock" in moved and reward.stock is None and reward.state == State.LIVE:
            raise StockFixed(field="stock")

    def write(self, reward: Reward, columns: Collection[str]) -> None:
        """Never `taken`, which postings move."""
        try:
            with transaction.atomic():
                super().write(reward, columns)
        except IntegrityError as error:
            raise RewardRefused(_("More than this many are taken already."), field="stock") from error

    def picture(self, reward: Reward, digest: str, by: User | None, now: datetime) -> None:
        """Show this picture from now on, or its drawing where `digest` is empty."""
        before, reward.picture_digest = reward.picture_digest, digest
        self.save(reward, ["picture_digest"])
        pictures.drop(program=reward.program, digest=before)
        self.record(
            reward, "picture", by, now, before={"picture": before[:16]}, after={"picture": digest[:16]}
        )


KEEPER = RewardKeeper()


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Reward:
    """A new draft; `values` are of CHANGEABLE, amounts in ledger and minor units. Raises RewardKeyTaken, RewardRefused."""
    return KEEPER.create(program=program, key=key, by=by, now=now, **values)


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> Reward:
    """Give the reward these values; those not named stay. What is redeemed keeps its price and worth. `revision` is the
    one that was looked at.

    Raises NotFound, RewardChanged, RewardOver, StockFixed, RewardRefused with the field."""
    return KEEPER.change(program=program, key=key, by=by, now=now, revision=revision, **values)


@transaction.atomic
def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Reward:
    """Put a draft up. Raises NotFound, RewardOver, RewardRefused."""
    reward = KEEPER.publish(program=program, key=key, by=by, now=now)
    if reward.kind == Reward.Kind.EVENT:
        attendance.follow(program)
    if reward.kind in refunds.DISCOUNTS:
        refunds.follow(program)
    return reward


def end(*, program: Program, key: str, by: User | None, now: datetime) -> Reward:
    """Take it down for good; what is reserved or issued goes on. Raises NotFound."""
    return KEEPER.end(program=program, key=key, by=by, now=now)


def taken_of(rewards: Collection[Reward]) -> dict[int, int]:
    """How many of each were taken and not given back: from its stock, else counted. One statement at most."""
    found = {reward.pk: reward.taken for reward in rewards if reward.stock is not None}
    endless = [reward.pk for reward in rewards if reward.stock is None]
    if endless:
        rows = Redemption.objects.filter(reward_id__in=endless, is_given_back=False).values("reward_id")
        found |= dict(rows.annotate(times=Count("pk")).values_list("reward_id", "times"))
    return found


def set_picture(*, program: Program, key: str, file: IO[bytes], by: User | None, now: datetime) -> Reward:
    """Give it this picture, at most 640 pixels each way. Raises NotFound, PictureRefused."""
    with scope(program=program), transaction.atomic():
        reward: Reward = KEEPER.lock(program, key)
        digest = pictures.keep(program=program, file=file)
        KEEPER.picture(reward, digest, by, now)
    return reward


def remove_picture(*, program: Program, key: str, by: User | None, now: datetime) -> Reward:
    """Its drawing stands in its place again. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        reward: Reward = KEEPER.lock(program, key)
        if reward.picture_digest:
            KEEPER.picture(reward, "", by, now)
    return reward


# --- parts -----------------------------------------------------------------------------------------------------------


def _check(reward: Reward) -> None:
    """What a row cannot say by itself. Raises RewardRefused with the field."""
    languages = reward.program.languages
    if not reward.names.get(languages[0], "").strip():
        raise RewardRefused(_("Give it a name in the first language."), field=f"name_{languages[0]}")
    _check_worth(reward)
    _check_price(reward)
    _check_gives(reward)
    _check_cause(reward)
    if reward.stock is not None and not reward.taken <= reward.stock <= MOST:
        raise RewardRefused(_("More than this many are taken already."), field="stock")
    if reward.starts_at and reward.ends_at and reward.ends_at <= reward.starts_at:
        raise RewardRefused(_("It ends before it begins."), field="ends_on")
    if not 1 <= reward.hold_minutes <= LONGEST_HOLD:
        raise RewardRefused(_("Between one minute and thirty days."), field="hold_minutes")
    pool = reward.pool
    is_foreign = pool is not None and pool.program_id != reward.program_id
    if pool is not None and (is_foreign or pool.purpose != CodePool.Purpose.VOUCHER):
        raise RewardRefused(_("There is no such pool of vouchers."), field="pool")
    if pool is not None and reward.handover != Reward.Handover.CODE:
        raise RewardRefused(_("Codes of a pool are handed out as a code to use later."), field="handover")
    known = set(
        Store.objects.filter(program=reward.program, code__in=reward.stores).values_list("code", flat=True)
    )
    if known != set(reward.stores):
        raise RewardRefused(_("There is no such store."), field="stores")
    if reward.eligibility is not None:
        try:
            candidates.parse(reward.eligibility)
        except conditions.ConditionError as error:
            raise RewardRefused(str(error), field="eligibility") from error


def _check_worth(reward: Reward) -> None:
    if reward.kind in VALUED and not reward.value_minor:
        raise RewardRefused(_("Say how much it is worth."), field="value_minor")
    if reward.value_minor is not None and not 0 < reward.value_minor <= MOST:
        raise RewardRefused(_("Say how much it is worth."), field="value_minor")
    is_percent = reward.kind == Reward.Kind.PERCENT
    if is_percent != (reward.percent is not None):
        raise RewardRefused(_("Say how many percent."), field="percent")
    if reward.percent is not None and not 0 < Decimal(reward.percent) <= 100:
        raise RewardRefused(_("Between 0 and 100 percent."), field="percent")


def _check_price(reward: Reward) -> None:
    units = dict(Unit.objects.filter(program=reward.program).values_list("key", "pk"))
    for unit, amount in reward.price.items():
        if unit not in units:
            raise RewardRefused(_("There is no such unit."), field="price")
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= MOST:
            raise RewardRefused(_("A price is a whole amount above zero."), field=f"price_{unit}")
    if not 0 <= reward.money_minor <= MOST:
        raise RewardRefused(_("This number is too large or negative."), field="money_minor")
    if not (reward.price or reward.per_member or reward.is_prize):
        raise RewardRefused(_("What costs nothing needs a limit for each member."), field="per_member")


def _check_gives(reward: Reward) -> None:
    """Points of another kind are given for others than those they cost."""
    is_units = reward.kind == Reward.Kind.UNITS
    if is_units != bool(reward.gives):
        raise RewardRefused(_("Say how many points it gives."), field="gives")
    known = set(Unit.objects.filter(program=reward.program).values_list("key", flat=True))
    for unit, amount in reward.gives.items():
        if unit not in known:
            raise RewardRefused(_("There is no such unit."), field="gives")
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= MOST:
            raise RewardRefused(_("Say how many points it gives."), field=f"gives_{unit}")
        if unit in reward.price:
            raise RewardRefused(_("It costs these itself."), field=f"gives_{unit}")


def _check_cause(reward: Reward) -> None:
    """A donation goes to one cause, and its receipt is over one unit and a worth."""
    if reward.kind != Reward.Kind.DONATION:
        if reward.cause_key:
            raise RewardRefused(_("Only a donation goes to a cause."), field="cause_key")
        return
    if not Cause.objects.filter(
        program=reward.program, key=reward.cause_key, state=Cause.State.LIVE
    ).exists():
        raise RewardRefused(_("Choose a cause that members can give to."), field="cause_key")
    if len(reward.price) != 1 or reward.money_minor:
        raise RewardRefused(_("A donation costs one unit and no money."), field="price")
    if not reward.value_minor:
        raise RewardRefused(_("Say how much it is worth."), field="value_minor")
