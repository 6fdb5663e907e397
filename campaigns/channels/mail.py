"""E-mail through Django's back ends: a provider's by django-anymail, and what campaigns/channels/stream.py does not take."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from campaigns.channels import wire
from campaigns.channels.letter import Fate, Letter, Outcome, Settings

log = logging.getLogger(__name__)

ALIAS = "wafa-messages"
SECONDS = 20
CUT_OFF, MOST_CUTS = "cut_off", 3
# Mail providers that take one secret; what else they need stands in the settings of the same name.
ESPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "postmark": ("anymail.backends.postmark.EmailBackend", "server_token", ()),
    "mailgun": ("anymail.backends.mailgun.EmailBackend", "api_key", ("sender_domain",)),
    "sendgrid": ("anymail.backends.sendgrid.EmailBackend", "api_key", ()),
    "brevo": ("anymail.backends.brevo.EmailBackend", "api_key", ()),
    "resend": ("anymail.backends.resend.EmailBackend", "api_key", ()),
    "mailersend": ("anymail.backends.mailersend.EmailBackend", "api_token", ()),
    "sparkpost": ("anymail.backends.sparkpost.EmailBackend", "api_key", ()),
}


class Mail:
    """One connection for as long as letters come. A letter that a server refused for good failed; one whose server was
    gone before anything was said is tried again; one that was cut off in the middle is unknown. A server that is not there,
    or cuts off one after the other, is not asked for the others either."""

    def __init__(self, name: str, backend: BaseEmailBackend) -> None:
        self.name = name
        self._backend = backend
        # Why nothing more is tried, and how many were cut off in a row.
        self._gone = ""
        self._cuts = 0

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        is_open = False
        try:
            for letter in letters:
                if self._gone or (not is_open and self._open()):
                    yield letter, Outcome(Fate.RETRY, trouble=self._gone)
                    continue
                is_open = True
                outcome = self._noted(self._hand_over(letter))
                if outcome.fate in {Fate.UNKNOWN, Fate.RETRY}:
                    self._close()
                    is_open = False
                yield letter, outcome
        finally:
            self._close()

    def _open(self) -> str:
        try:
            self._backend.open()
        except (OSError, smtplib.SMTPException) as error:
            log.warning("no connection to the mail server", extra={"error": type(error).__name__})
            self._gone = "no_connection"
        return self._gone

    def _noted(self, outcome: Outcome) -> Outcome:
        self._cuts = self._cuts + 1 if outcome.trouble == CUT_OFF else 0
        if self._cuts >= MOST_CUTS:
            self._gone = CUT_OFF
        return outcome

    def _close(self) -> None:
        with suppress(OSError, smtplib.SMTPException):
            self._backend.close()

    def _hand_over(self, letter: Letter) -> Outcome:
        mail = compose(letter)
        try:
            self._backend.send_messages([mail])
        except Exception as error:  # noqa: BLE001 - one bad letter must not hold up the others
            log.warning(
                "a letter did not go",
                extra={"message_id": letter.message_id, "error": type(error).__name__},
            )
            return fate_of(error)
        status = getattr(mail, "anymail_status", None)
        return Outcome(Fate.SENT, str(getattr(status, "message_id", "") or "")[:200])


def compose(letter: Letter) -> EmailMultiAlternatives:
    mail = wire.Mail(
        " ".join(letter.fields.get("subject", "").split()),
        letter.text,
        letter.sender or None,
        [letter.to],
        headers={**letter.headers},
        reply_to=[letter.reply_to] if letter.reply_to else None,
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    return mail


def fate_of(error: Exception) -> Outcome:
    """What is known after an error in the middle of handing over."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
        return Outcome(Fate.BOUNCED if code >= 500 else Fate.RETRY, trouble=f"smtp_{code}")
    if isinstance(error, smtplib.SMTPResponseException):
        fate = Fate.FAILED if error.smtp_code >= 500 else Fate.RETRY
        return Outcome(fate, trouble=f"smtp_{error.smtp_code}")
    if type(error).__name__ == "AnymailRecipientsRefused":
        return Outcome(Fate.BOUNCED, trouble="refused")
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return Outcome(_by_status(status), trouble=f"http_{status}")
    is_cut_off = isinstance(error, OSError | smtplib.SMTPException)
    return Outcome(Fate.UNKNOWN, trouble=CUT_OFF) if is_cut_off else Outcome(Fate.FAILED, trouble="unfit")


def _by_status(status: int) -> Fate:
    """A provider that fails inside may have taken it."""
    if status == 429:
        return Fate.RETRY
    return Fate.UNKNOWN if status >= 500 else Fate.FAILED


def esp(settings: Settings, secret: str) -> Mail:
    """Through a mail provider."""
    path, name, others = ESPS[str(settings["esp"])]
    options: dict[str, Any] = {each: settings[each] for each in others if settings.get(each)}
    backend = import_string(path)(alias=ALIAS, **{name: secret}, **options)
    return Mail(str(settings["esp"]), cast("BaseEmailBackend", backend))
