"""Many letters over one line to a mail server, in as few turns as the server allows (RFC 2920).

A letter's envelope goes out together with the words of the one before it; its own words go only when the server has taken
the envelope. So a line that breaks leaves one letter at most of which nobody knows."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.mail import mailers
from django.core.mail.backends.smtp import EmailBackend

from campaigns.channels import wire
from campaigns.channels.letter import Fate, Letter, Outcome, Settings
from campaigns.channels.mail import ALIAS, CUT_OFF, SECONDS, Mail, fate_of

TAKEN, GO_ON, ENDS = 250, 354, 421
BROKEN = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter with its bytes; `content` is None where only the library can write it."""

    letter: Letter
    sender: str = ""
    content: bytes | None = None


class Refused(Exception):
    """What the server said of one letter, and to which of the commands."""

    def __init__(self, code: int, text: bytes, *, is_address: bool = False) -> None:
        super().__init__(code)
        self.code, self.text, self.is_address = code, text, is_address


class Talk:
    """The commands of one letter after the other. Where the server does not take them together, each waits its turn."""

    def __init__(self, line: smtplib.SMTP) -> None:
        line.ehlo_or_helo_if_needed()
        self._line = line
        self._takes_many = line.has_extn("pipelining")
        self._tells_size = line.does_esmtp and line.has_extn("size")
        self._asked: list[bytes] = []

    def give(self, content: bytes | None, envelope: Parcel | None) -> None:
        """Say the words of a letter and, where the server lets us, what the next one is."""
        said = b"" if content is None else _dotted(content)
        if envelope is not None:
            self._asked = self._commands(envelope)
            if self._takes_many:
                said += b"".join(self._asked)
        if said:
            self._line.send(said)

    def heed(self) -> None:
        """Read what the server says of the envelope. Raises Refused; then the server waits for another one."""
        answers = []
        for command in self._asked:
            if not self._takes_many:
                self._line.send(command)
            answers.append(self._line.getreply())
            is_over = answers[-1][0] == ENDS
            if is_over or (not self._takes_many and _refusal(answers)):
                break
        self._asked = []
        refused = _refusal(answers)
        if refused is None:
            return
        if answers[-1][0] == GO_ON:
            # Nobody gets it: an end without words (RFC 2920, 3.1).
            self._line.send(b".\r\n")
            self._line.getreply()
        if refused.code != ENDS:
            self._line.rset()
        raise refused

    def hear(self) -> None:
        """Read what the server says of the words. Raises Refused."""
        code, text = self._line.getreply()
        if code != TAKEN:
            raise Refused(code, text)

    def _commands(self, parcel: Parcel) -> list[bytes]:
        size = f" size={len(parcel.content or b'')}" if self._tells_size else ""
        return [
            f"MAIL FROM:<{parcel.sender}>{size}\r\n".encode("ascii"),
            f"RCPT TO:<{parcel.letter.to}>\r\n".encode("ascii"),
            b"DATA\r\n",
        ]


class Stream(Mail):
    """As Mail, over a line of which the commands are our own."""

    def __init__(self, name: str, backend: EmailBackend) -> None:
        super().__init__(name, backend)
        self._server = backend
        self._talk: Talk | None = None
        # Whose envelope the server has already.
        self._told: Parcel | None = None

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        rest = iter(letters)
        try:
            here = self._next(rest)
            while here is not None:
                ahead = self._next(rest)
                if self._gone:
                    outcome = Outcome(Fate.RETRY, trouble=self._gone)
                else:
                    outcome = self._noted(self._deliver(here, ahead))
                yield here.letter, outcome
                here = ahead
        finally:
            self._hang_up()

    # --- parts --------------------------------------------------------------------------------------------------------

    def _next(self, rest: Iterator[Letter]) -> Parcel | None:
        letter = next(rest, None)
        if letter is None:
            return None
        try:
            content = wire.written(letter)
            sender = self._server.prep_address(letter.sender) if content else ""
        except (ValueError, UnicodeError):
            return Parcel(letter)
        return Parcel(letter, sender, content)

    def _deliver(self, here: Parcel, ahead: Parcel | None) -> Outcome:
        if self._told is not here and (trouble := self._reach()):
            return Outcome(Fate.RETRY, trouble=trouble)
        if here.content is None:
            return self._by_the_library(here.letter)
        refused = self._ask(here)
        return refused or self._tell(here.content, ahead if ahead and ahead.content is not None else None)

    def _by_the_library(self, letter: Letter) -> Outcome:
        outcome = self._hand_over(letter)
        if outcome.fate in {Fate.UNKNOWN, Fate.RETRY}:
            self._hang_up()
        return outcome

    def _reach(self) -> str:
        """Have a line; why there is none."""
        if self._talk is not None:
            return ""
        trouble = self._open()
        if trouble:
            return trouble
        line: Any = self._server.connection
        try:
            self._talk = Talk(line)
        except BROKEN:
            self._hang_up()
            self._gone = "no_connection"
        return self._gone

    def _ask(self, here: Parcel) -> Outcome | None:
        """Whether the server takes the envelope; None if it does. Until then the letter surely stayed here: where the line
        was over when it came, there is another one."""
        is_early = self._told is here
        outcome = self._asked_once(here)
        if outcome is None or self._talk is not None or not is_early:
            return outcome
        trouble = self._reach()
        return Outcome(Fate.RETRY, trouble=trouble) if trouble else self._asked_once(here)

    def _asked_once(self, here: Parcel) -> Outcome | None:
        try:
            if self._told is not here:
                self._speaking().give(None, here)
            self._told = None
            self._speaking().heed()
        except Refused as error:
            return self._refused(error)
        except BROKEN:
            self._hang_up()
            return Outcome(Fate.RETRY, trouble=CUT_OFF)
        return None

    def _refused(self, error: Refused) -> Outcome:
        if error.code == ENDS:
            self._hang_up()
        trouble = f"smtp_{error.code}"
        if error.code < 500:
            return Outcome(Fate.RETRY, trouble=trouble)
        return Outcome(Fate.BOUNCED if error.is_address else Fate.FAILED, trouble=trouble)

    def _tell(self, content: bytes, ahead: Parcel | None) -> Outcome:
        """Hand over the words; from here on a broken line leaves it unknown."""
        try:
            self._speaking().give(content, ahead)
            self._speaking().hear()
        except Refused as error:
            self._told = ahead
            return self._refused(error)
        except BROKEN as error:
            self._hang_up()
            return fate_of(error)
        self._told = ahead
        return Outcome(Fate.SENT)

    def _speaking(self) -> Talk:
        if self._talk is None:
            raise smtplib.SMTPServerDisconnected
        return self._talk

    def _hang_up(self) -> None:
        """An envelope that the server has by now is forgotten with the line."""
        if self._told is not None and self._server.connection is not None:
            # The server is in the middle of something and would not understand a farewell.
            with suppress(*BROKEN):
                self._server.connection.close()
        self._told = self._talk = None
        self._close()


def _dotted(content: bytes) -> bytes:
    """Ended as RFC 5321 has it; a line that begins with a dot gets another."""
    return content.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _refusal(answers: list[tuple[int, bytes]]) -> Refused | None:
    """Of the three answers the first that is a no."""
    for place, (code, text) in enumerate(answers):
        if code not in ({TAKEN}, {TAKEN, 251}, {GO_ON})[place]:
            return Refused(code, text, is_address=place == 1)
    return None


def site() -> Mail:
    """Through the server that the whole site sends with."""
    backend = mailers.default
    return Stream("mailer", backend) if isinstance(backend, EmailBackend) else Mail("mailer", backend)


def smtp(settings: Settings, secret: str) -> Mail:
    """Through the program's own mail server."""
    security = settings.get("security", "tls")
    backend = wire.Line(
        alias=ALIAS,
        host=str(settings["host"]),
        port=int(settings.get("port") or 587),
        username=str(settings.get("username") or ""),
        password=secret,
        use_tls=security == "tls",
        use_ssl=security == "ssl",
        timeout=SECONDS,
    )
    return Stream("smtp", backend)
