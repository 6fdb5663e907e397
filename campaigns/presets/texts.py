"""What the messages of the presets say, in four languages. «name», «program» and the like become variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.presets.said import LINKS, TEXTS


@dataclass(frozen=True, slots=True)
class Text:
    """`link` is the word on the button that leads to the portal."""

    subject: str
    body: str
    link: str


def text(message: str, language: str) -> Text:
    """The message in a language. Raises KeyError for an unknown message; other languages get the English text."""
    link, texts = TEXTS[message]
    spoken = language if language in texts else "en"
    return Text(*texts[spoken], LINKS[link][spoken])


def link_of(message: str) -> str:
    """Where the button leads: card, rewards or friends."""
    return TEXTS[message][0]


def title(message: str) -> str | Promise:
    """The name of the template."""
    return TITLES[message]


def languages_of(message: str) -> set[str]:
    return set(TEXTS[message][1])


MESSAGES: tuple[str, ...] = tuple(TEXTS)
TITLES: Mapping[str, str | Promise] = {
    "welcome": _("Welcome"),
    "welcome_gift": _("Welcome: a present"),
    "activation": _("Activation"),
    "renewal_tier": _("Renewal of a tier"),
    "renewal_plan": _("Renewal of a plan"),
    "win_back": _("Win-back"),
    "win_back_gift": _("Win-back: a present"),
    "vip": _("Best customers"),
    "birthday": _("Birthday"),
    "expiry": _("Points about to end"),
    "tier_near": _("Close to the next tier"),
    "abandoned": _("Reward not used"),
    "recovery": _("Service recovery"),
    "review": _("Request for a review"),
    "referral": _("Request to bring a friend"),
}
