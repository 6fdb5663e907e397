"""A reward handed over at the till by its code, which the cashier has scanned or typed: once (38, 41)."""

from __future__ import annotations

from datetime import datetime

from django.core import signing

from loyaltysite.kit.errors import NotFound
from members.models import Program, User
from rewards import redemptions
from rewards.models import Redemption, TillAction
from rewards.redemptions import moves, tickets
from rewards.redemptions.refusals import CodeInvalid
from rewards.till import actions
from rewards.till.actions import Effect, Tap

SALT = "wafa.rewards.till.handing"
# So long after it was scanned the cashier may still tap.
SECONDS = 300


def looks_like_code(typed: str) -> bool:
    """Whether this is the code of a reward rather than who somebody is."""
    return bool(tickets.clean(typed)) and not typed.strip().isdigit() and "@" not in typed


def find(*, program: Program, typed: str, now: datetime) -> Redemption:
    """What this code stands for, while it can be used. Wrong, over and used answer alike. Raises CodeInvalid."""
    found = moves.find(program=program, code=typed)
    is_over = found is not None and found.due_at is not None and found.due_at <= now
    if found is None or found.state not in moves.OPEN or is_over:
        raise CodeInvalid(field="q")
    return found


def token_of(*, redemption: Redemption, cashier: User) -> str:
    """Proves for five minutes that this cashier had the code in hand, which itself stands in no address."""
    return signing.dumps([redemption.program_id, redemption.pk, cashier.pk], salt=SALT)


def opened(*, program: Program, token: str, cashier: User) -> Redemption:
    """The redemption of a token. Raises CodeInvalid, and NotFound for one of another program."""
    try:
        program_id, number, whose = signing.loads(token, salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise CodeInvalid from error
    if program_id != program.pk:
        raise NotFound
    if whose != cashier.pk:
        raise CodeInvalid
    rows = Redemption.objects.filter(program=program, pk=number).select_related("reward", "member")
    found = rows.first()
    if found is None:
        raise CodeInvalid
    return found


def hand_over(*, program: Program, tap: Tap, redemption: Redemption, store: str, now: datetime) -> TillAction:
    """Spend what is reserved and hand it over. A repeat returns the first action.

    Raises what redemptions.fulfil raises, OtherCashier, KeyExpired, SelfService; then nothing was written."""
    content = {"redemption": redemption.pk, "store": store}

    def work(at: datetime) -> Effect:
        actions.refuse_oneself(redemption.member, tap.cashier)
        one = redemptions.fulfil(
            program=program, redemption_id=redemption.pk, now=now, by=tap.cashier, store=store
        )
        answer = {
            "redemption": one.pk,
            "reward": one.reward.key,
            "price": one.price,
            "money_minor": one.money_minor,
        }
        return Effect(answer, one.member.merged_into_id or one.member_id)

    return actions.once(program, tap, TillAction.Kind.REDEEM, content, work, now)
