"""A mail as bytes. The library reads every header anew for every mail, which takes longer than to send it; what is plain
enough is written here, and everything else is left to Django."""

from __future__ import annotations

import binascii
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from campaigns.channels.letter import Letter

# One address without a name, comments or quotes.
ADDRESS = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?")
# A header that needs no folding and no encoding.
PLAIN = re.compile(r"[\x20-\x7e]*")
LONGEST = 900
# Stands in no text: neither quoted-printable nor base64 has an underscore after an equals sign.
BOUNDARY = "=_wafa_part"


class Written:
    """What Django's back end asks of a message: its bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def as_bytes(self) -> bytes:
        return self._content


class Mail(EmailMultiAlternatives):
    """As Django's, made quickly where every header is plain."""

    def message(self, *, policy: Policy | None = None) -> Any:
        content = self._quickly()
        if content is None:
            found: EmailMessage = super().message(**({"policy": policy} if policy else {}))
            return found
        return Written(content)

    def _quickly(self) -> bytes | None:
        if self.cc or self.bcc or self.attachments or len(self.to) != 1:
            return None
        headers = {name: str(value) for name, value in self.extra_headers.items()}
        reply_to = ", ".join(self.reply_to)
        pages = [(str(kind).partition("/")[2], str(content)) for content, kind in self.alternatives]
        parts = [("plain", str(self.body)), *pages]
        return write(str(self.subject), str(self.from_email), self.to[0], reply_to, headers, parts)


class Line(EmailBackend):
    """A connection that takes plain addresses as they are, and reads a sender once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read: dict[str, str] = {}

    def prep_address(self, address: str, force_ascii: bool = True) -> str:
        if ADDRESS.fullmatch(address):
            return address
        if address not in self._read:
            self._read[address] = str(super().prep_address(address, force_ascii))
        return self._read[address]


def written(letter: Letter) -> bytes | None:
    """A letter as it goes over the line; None where the library has to write it."""
    if not letter.sender:
        return None
    parts = [("plain", letter.text), *([("html", letter.html)] if letter.html else [])]
    subject = " ".join(letter.fields.get("subject", "").split())
    return write(subject, letter.sender, letter.to, letter.reply_to, letter.headers, parts)


def write(
    subject: str,
    sender: str,
    to: str,
    reply_to: str,
    headers: Mapping[str, str],
    parts: Sequence[tuple[str, str]],
) -> bytes | None:
    """The bytes of a mail to one address; None where a header is not plain. `parts` are kinds of text with their words."""
    found = {
        "From": sender,
        "To": to,
        **({"Reply-To": reply_to} if reply_to else {}),
        "Date": _date(int(time.time())),
        **headers,
    }
    is_plain = all(len(text) <= LONGEST and PLAIN.fullmatch(text) for text in found.values())
    if not is_plain or not ADDRESS.fullmatch(to) or "\n" in subject:
        return None
    return _write({"Subject": _encoded(subject), **found}, parts)


# --- parts ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def _write(headers: Mapping[str, str], parts: Sequence[tuple[str, str]]) -> bytes:
    bodies = [_part(kind, text) for kind, text in parts]
    lines = [f"{name}: {text}" for name, text in headers.items()] + ["MIME-Version: 1.0"]
    top = "\r\n".join(lines).encode("ascii")
    if len(bodies) == 1:
        return top + b"\r\n" + bodies[0] + b"\r\n"
    mark = f"--{BOUNDARY}".encode()
    whole = b"".join(b"\r\n" + mark + b"\r\n" + body for body in bodies)
    kind = f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"\r\n'.encode()
    return top + b"\r\n" + kind + whole + b"\r\n" + mark + b"--\r\n"


def _part(kind: str, text: str) -> bytes:
    """Readable where most of it is ASCII, base64 where it is not."""
    content = text.replace("\r\n", "\n").encode()
    if len(content) - len(text) > len(text) // 6:
        how, told = (
            "base64",
            b"\r\n".join(_in_lines(binascii.b2a_base64(content.replace(b"\n", b"\r\n"), newline=False))),
        )
    else:
        how, told = "quoted-printable", binascii.b2a_qp(content, istext=True).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n\r\n'
    return head.encode() + told


def _in_lines(content: bytes, length: int = 76) -> list[bytes]:
    return [content[at : at + length] for at in range(0, len(content), length)]


def _encoded(subject: str) -> str:
    if len(subject) <= 60 and PLAIN.fullmatch(subject) and "=?" not in subject:
        return subject
    return Header(subject, "utf-8", maxlinelen=75, header_name="Subject").encode(linesep="\r\n")
