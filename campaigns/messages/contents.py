"""What a template says on each channel and in each language: fields, checked when it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.messages import language
from campaigns.models import Carrier
from loyaltysite.kit.errors import DomainError

type Content = Mapping[str, Mapping[str, Mapping[str, str]]]

PLACES = ("banner", "card", "interstitial")


@dataclass(frozen=True, slots=True)
class Field:
    """`longest` in signs of the template itself; `is_text` fields are templates, the others a choice or an address."""

    name: str
    label: Any
    longest: int
    is_needed: bool = True
    is_html: bool = False
    is_long: bool = False
    choices: tuple[tuple[str, str | Promise], ...] = ()


SUBJECT = Field("subject", _("Subject"), 300)
TITLE = Field("title", _("Title"), 200)
TEXT = Field("text", _("Text"), 2000, is_long=True)
LINK = Field("link", _("Link"), 500, is_needed=False)
BUTTON = Field("button", _("Words on the button"), 80, is_needed=False)
PLACE = Field(
    "place", _("Place"), 16,
    choices=(("banner", _("Banner above the page")), ("card", _("Card on the page")), ("interstitial", _("Over the page"))),
)  # fmt: skip
FIELDS: Mapping[str, tuple[Field, ...]] = {
    Carrier.EMAIL: (
        SUBJECT,
        Field("preview", _("First words in the list"), 200, is_needed=False),
        Field("html", _("Text in HTML"), language.LONGEST, is_html=True, is_long=True),
        BUTTON,
        LINK,
    ),
    Carrier.SMS: (TEXT,),
    Carrier.PUSH: (TITLE, TEXT, LINK),
    Carrier.INAPP: (PLACE, TITLE, TEXT, BUTTON, LINK),
    Carrier.TILL: (
        Field("text", _("Text for the cashier"), 500, is_long=True),
        Field("receipt", _("Text on the receipt"), 500, is_needed=False, is_long=True),
    ),
    Carrier.PRINT: (TEXT,),
    Carrier.WEBHOOK: (TEXT,),
}


class ContentMissing(DomainError):
    code = "content_missing"
    message = _("%(channel)s, %(language)s: %(label)s is missing.")


class ContentFaulty(DomainError):
    code = "content_faulty"
    message = _("%(channel)s, %(language)s, %(label)s: %(why)s")


class NothingSaid(DomainError):
    code = "nothing_said"
    message = _("Write the text for at least one channel.")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the member gets, by field; `language` is the one that was found."""

    language: str
    fields: Mapping[str, str]


def check(content: Content) -> set[str]:
    """The roots that anything in it names. Raises NothingSaid, ContentMissing, ContentFaulty; the error's field is
    `<channel>-<language>-<field>`."""
    named: set[str] = set()
    if not any(content.values()):
        raise NothingSaid
    for channel, languages in content.items():
        for tag, fields in languages.items():
            for field in FIELDS[channel]:
                named |= _check_field(channel, tag, field, fields.get(field.name, ""))
    return named


def clean(content: Mapping[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """Only known channels, languages and fields, without those where nothing was written."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    languages = dict(settings.LANGUAGES)
    for channel, fields in FIELDS.items():
        for tag, said in (content.get(channel) or {}).items():
            known = {each.name: str(said.get(each.name, "") or "")[: each.longest] for each in fields}
            words = {name: text for name, text in known.items() if text.strip()}
            if tag in languages and set(words) - {"place"}:
                found.setdefault(str(channel), {})[tag] = words
    return found


def choose(content: Content, channel: str, wanted: list[str]) -> tuple[str, Mapping[str, str]]:
    """The first of the wanted languages there is, else any. Raises NothingSaid where the channel has no text."""
    languages = content.get(channel) or {}
    for tag in [*wanted, *languages]:
        if tag in languages:
            return tag, languages[tag]
    raise NothingSaid(field=channel)


def render(content: Content, channel: str, wanted: list[str], facts: Mapping[str, Any]) -> Rendered:
    """Raises NothingSaid, language.Abort, language.Unrenderable."""
    tag, said = choose(content, channel, wanted)
    told = {
        field.name: language.render(said[field.name], facts, escapes=field.is_html)
        for field in FIELDS[channel]
        if field.name in said
    }
    return Rendered(tag, told)


# --- parts ------------------------------------------------------------------------------------------------------------


def _check_field(channel: str, tag: str, field: Field, text: str) -> set[str]:
    where = f"{channel}-{tag}-{field.name}"
    told = {
        "channel": Carrier(channel).label,
        "language": dict(settings.LANGUAGES)[tag],
        "label": field.label,
    }
    if not text.strip():
        if field.is_needed:
            raise ContentMissing(field=where, **told)
        return set()
    if field.choices:
        if text not in dict(field.choices):
            raise ContentMissing(field=where, **told)
        return set()
    try:
        named = language.check(text)
    except language.TemplateFaulty as error:
        raise ContentFaulty(field=where, why=str(error), **told) from error
    if field is LINK and not text.startswith(("https://", "{{", "/")):
        raise ContentFaulty(field=where, why=_("a link begins with https://"), **told)
    return named
