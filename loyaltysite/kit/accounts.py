"""What the account pages say when something is refused: the fact, then what to do, without blame."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Adapter(DefaultAccountAdapter):
    """allauth's own adapter in the words of the product. Staff are invited; customers come through a portal."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "email_password_mismatch": _(
            "This e-mail and this password do not belong together. Try again or take a code."
        ),
        "incorrect_code": _("This code is another one. Look at the newest e-mail."),
        "incorrect_password": _("This is not the password of this account."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
        "rate_limited": _("Too many requests. Wait a moment, then try again."),
        "same_as_current": _("This is the one in use already."),
    }
