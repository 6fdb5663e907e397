"""A refusal by the domain: a stable code for machines and a sentence for people, mapped once per surface."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """Base of every refusal. Subclasses live where they are raised and set `code` and `message`.

    `status` is what HTTP surfaces answer. `message` may hold %(name)s places, filled from the keyword
    arguments, which are also handed to the API as `params`. What `is_transient` may be tried again as it is.
    """

    code: ClassVar[str] = "refused"
    message: str | Promise = _("This is not possible.")
    status: ClassVar[int] = 422
    is_transient: ClassVar[bool] = False

    def __init__(
        self, message: str | Promise | None = None, *, field: str | None = None, **params: Any
    ) -> None:
        super().__init__(message or self.message)
        if message is not None:
            self.message = message
        self.field = field
        self.params: Mapping[str, Any] = params

    def __str__(self) -> str:
        text = str(self.message)
        return text % self.params if self.params and "%(" in text else text


class NotFound(DomainError):
    """What was asked for does not exist, or not in this program; the two are never told apart."""

    code = "not_found"
    message = _("Not found.")
    status = 404


class NotAllowed(DomainError):
    code = "not_allowed"
    message = _("You are not allowed to do this.")
    status = 403


class Conflict(DomainError):
    code = "conflict"
    message = _("This was changed by somebody else in the meantime.")
    status = 409
