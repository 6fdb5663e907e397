"""Why a code does not work in an order: each refusal has a machine code and says what is missing (SEMANTICS 40, 41)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.conditions import Missing
from loyaltysite.kit.errors import Conflict, DomainError


class CodeInvalid(DomainError):
    """Wrong, over and used alike: nobody learns which codes there are (41)."""

    code = "code_invalid"
    message = _("This code is not valid. It may be mistyped, used or over.")


class CodeTwice(DomainError):
    code = "code_twice"
    message = _("This code was entered twice.")


class TooManyCodes(DomainError):
    """`most` is how many an order may have."""

    code = "codes_too_many"
    message = _("An order takes at most %(most)s codes.")


class NeedsMember(DomainError):
    code = "coupon_needs_member"
    message = _("This code is for members. Say who it is.")


class LimitReached(DomainError):
    """`limit` is how often one member may use it."""

    code = "coupon_limit_reached"
    message = _("It has been used as often as it may be.")


class WrongStore(DomainError):
    """`stores` are the codes of those where it works."""

    code = "coupon_wrong_store"
    message = _("This code does not work in this store.")


class BelowMinimum(DomainError):
    """`missing_minor` is how much more the order must cost, before codes."""

    code = "coupon_below_minimum"
    message = _("The order is too small for this code.")


class NotEligible(DomainError):
    """`missing` are the conditions that do not hold, in words."""

    code = "coupon_not_eligible"
    message = _("Needed: %(why)s.")

    def __init__(self, missing: Sequence[Missing]) -> None:
        texts = [
            str(_("not: %(sentence)s") % {"sentence": one.sentence}) if one.negated else one.sentence
            for one in missing
        ]
        super().__init__(why="; ".join(texts), missing=texts)


class NothingToTakeOff(DomainError):
    """`sku` is the product that must be among the lines, where there is one."""

    code = "coupon_nothing_to_take_off"
    message = _("Nothing in this order that it could be taken off.")


class CouponOver(Conflict):
    code = "coupon_over"
    message = _("This coupon has ended. Make a new one.")


class NotUpYet(Conflict):
    code = "coupon_not_up"
    message = _("This coupon is a draft. Put it up first.")


class NotTogether(DomainError):
    code = "coupon_not_together"
    message = _("This code does not go together with the others.")


def told(error: DomainError) -> dict[str, Any]:
    """A refusal as the API tells it, with what is missing."""
    found = {"code": error.code, "detail": str(error)}
    return found | {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in error.params.items()
        if name != "why"
    }
