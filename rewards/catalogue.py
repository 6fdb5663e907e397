"""The catalogue: rewards are drafted, changed, put up and ended here. What was promised with a redemption stays."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import conditions, pictures
from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import Program, Store, User
from rewards import candidates
from rewards.models import Redemption, Reward, RewardPicture, Unit
from rewards.models.catalogue import LONGEST_HOLD

CHANGEABLE = (
    "kind",
    "names",
    "summaries",
    "terms",
    "value_minor",
    "percent",
    "sku",
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
)
VALUED = {Reward.Kind.AMOUNT, Reward.Kind.GIFT_CARD}
SIDE = 640
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


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Reward:
    """A new draft; `values` are of CHANGEABLE, amounts in ledger and minor units. Raises RewardKeyTaken, RewardRefused."""
    with scope(program=program), transaction.atomic():
        reward = Reward(program=program, key=key, created_at=now, **_known(values))
        _check(reward)
        try:
            with transaction.atomic():
                reward.save()
        except IntegrityError as error:
            raise RewardKeyTaken(field="key") from error
        _record(reward, "reward.create", by, now, before={}, after=_told(reward))
    return reward


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> Reward:
    """Give the reward these values; those not named stay, and a repeat changes nothing. What is redeemed keeps its
    price and worth. `revision` is the one that was looked at.

    Raises NotFound, RewardChanged, RewardOver, StockFixed, RewardRefused with the field."""
    with scope(program=program), transaction.atomic():
        reward = _lock(program, key)
        if reward.state == State.ENDED:
            raise RewardOver
        wanted = _known(values)
        moved = sorted(name for name, value in wanted.items() if getattr(reward, name) != value)
        if not moved:
            return reward
        if revision is not None and revision != reward.revision:
            raise RewardChanged
        if "stock" in moved and reward.stock is None and reward.state == State.LIVE:
            raise StockFixed(field="stock")
        before = _told(reward)
        for name in moved:
            setattr(reward, name, wanted[name])
        _check(reward)
        _save(reward, moved)
        after = _told(reward)
        _record(
            reward, "reward.change", by, now, before=audit.changed(before, after), after=audit.changed(after, before)
        )  # fmt: skip
    return reward


def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Reward:
    """Put a draft up. A repeat changes nothing. Raises NotFound, RewardOver, RewardRefused."""
    with scope(program=program), transaction.atomic():
        reward = _lock(program, key)
        if reward.state == State.ENDED:
            raise RewardOver
        if reward.state == State.DRAFT:
            _check(reward)
            _move(reward, State.LIVE, by, now)
    return reward


def end(*, program: Program, key: str, by: User | None, now: datetime) -> Reward:
    """Take it down for good; what is reserved or issued goes on. A repeat changes nothing. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        reward = _lock(program, key)
        if reward.state != State.ENDED:
            _move(reward, State.ENDED, by, now)
    return reward


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
    try:
        content = pictures.shrink(file, side=SIDE)
    except pictures.PictureRefused as error:
        error.field = "picture"
        raise
    digest = hashlib.sha256(content).hexdigest()
    with scope(program=program), transaction.atomic():
        reward = _lock(program, key)
        RewardPicture.objects.get_or_create(
            program=program,
            digest=digest,
            defaults={"content": content, "content_type": pictures.CONTENT_TYPE},
        )
        _change_picture(reward, digest, by, now)
    return reward


def remove_picture(*, program: Program, key: str, by: User | None, now: datetime) -> Reward:
    """Its drawing stands in its place again. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        reward = _lock(program, key)
        if reward.picture_digest:
            _change_picture(reward, "", by, now)
    return reward


# --- parts -----------------------------------------------------------------------------------------------------------


def _lock(program: Program, key: str) -> Reward:
    reward = Reward.objects.select_for_update().filter(program=program, key=key).first()
    if reward is None:
        raise NotFound
    return reward


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = values.keys() - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"not settings of a reward: {sorted(unknown)}")
    return dict(values)


def _save(reward: Reward, columns: Collection[str]) -> None:
    """Never `taken`, which postings move."""
    reward.revision += 1
    try:
        with transaction.atomic():
            reward.save(update_fields=[*columns, "revision"])
    except IntegrityError as error:
        raise RewardRefused(_("More than this many are taken already."), field="stock") from error


def _move(reward: Reward, state: str, by: User | None, now: datetime) -> None:
    before, reward.state = reward.state, state
    _save(reward, ["state"])
    action = "reward.publish" if state == State.LIVE else "reward.end"
    _record(reward, action, by, now, before={"state": before}, after={"state": state})


def _change_picture(reward: Reward, digest: str, by: User | None, now: datetime) -> None:
    before, reward.picture_digest = reward.picture_digest, digest
    _save(reward, ["picture_digest"])
    if before:
        others = Reward.objects.filter(program=reward.program, picture_digest=before)
        if not others.exists():
            RewardPicture.objects.filter(program=reward.program, digest=before).delete()
    _record(
        reward, "reward.picture", by, now, before={"picture": before[:16]}, after={"picture": digest[:16]}
    )


def _check(reward: Reward) -> None:
    """What a row cannot say by itself. Raises RewardRefused with the field."""
    languages = reward.program.languages
    if not reward.names.get(languages[0], "").strip():
        raise RewardRefused(_("Give it a name in the first language."), field=f"name_{languages[0]}")
    _check_worth(reward)
    _check_price(reward)
    if reward.stock is not None and not reward.taken <= reward.stock <= MOST:
        raise RewardRefused(_("More than this many are taken already."), field="stock")
    if reward.starts_at and reward.ends_at and reward.ends_at <= reward.starts_at:
        raise RewardRefused(_("It ends before it begins."), field="ends_on")
    if not 1 <= reward.hold_minutes <= LONGEST_HOLD:
        raise RewardRefused(_("Between one minute and thirty days."), field="hold_minutes")
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
    if not reward.price and not reward.per_member:
        raise RewardRefused(_("What costs nothing needs a limit for each member."), field="per_member")


def _told(reward: Reward) -> dict[str, Any]:
    """A reward in the words of the audit, JSON-ready."""
    found = {name: getattr(reward, name) for name in CHANGEABLE}
    for name in ("starts_at", "ends_at"):
        found[name] = found[name] and found[name].isoformat()
    return found | {"percent": None if reward.percent is None else str(reward.percent)}


def _record(
    reward: Reward,
    action: str,
    by: User | None,
    now: datetime,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    audit.record(
        program=reward.program, actor=by, action=action, subject="reward", subject_id=reward.key,
        before=before, after=after, now=now,
    )  # fmt: skip
