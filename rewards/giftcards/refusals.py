"""Why a gift card does not pay, is not issued or not claimed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError


class GiftCardInvalid(DomainError):
    """A wrong, a blocked and somebody else's code answer alike (41)."""

    code = "gift_card_invalid"
    message = _("This gift card is not valid.")


class GiftCardEmpty(DomainError):
    code = "gift_card_empty"
    message = _("There is nothing left on this gift card.")


class MoneyUnitMissing(Conflict):
    code = "money_unit_missing"
    message = _("Gift cards need a unit that is money credit and does not lapse. Add one under Units.")


class ValueInvalid(DomainError):
    code = "value_invalid"
    message = _("Give a value above zero that the unit can hold.")


class ValueTooLarge(DomainError):
    code = "value_too_large"
    message = _("Without a second person at most %(limit)s may be given.")
    status = 403


class EndInvalid(DomainError):
    code = "end_invalid"
    message = _("The last day lies in the future.")
