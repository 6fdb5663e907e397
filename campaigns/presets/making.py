"""Makes a preset's journey: its messages in the program's languages, its segments, and the draft, all or nothing."""

from __future__ import annotations

import html
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns import drafting
from campaigns.messages import templates
from campaigns.models import Journey, Template
from campaigns.presets import groups, texts
from campaigns.presets.preset import Preset, Shop, numbered
from loyaltysite.kit import formats
from loyaltysite.kit.errors import Conflict
from members.models import Program, Topic, User
from rewards import queries
from rewards.models import Unit

# A small present is worth about so much of the currency, in its major unit.
PRESENT = 2
VARIABLES = {"program": "{{ program.name }}", "balance": "{{ balance.text }}"}
# The name with the comma before it, or the blank: both stay away for who gave none.
NAME = re.compile("([,،]? )«name»")
BUTTONS = {
    "card": "{{ links.portal }}",
    "rewards": "{{ links.rewards }}",
    "friends": "{{ links.portal }}friends/",
}
# What the member is owed, and what is more than an offer.
NEEDED = {"recovery"}
TOPICS = {
    "review": Topic.SURVEYS,
    **dict.fromkeys(("renewal_tier", "renewal_plan", "expiry", "tier_near", "abandoned"), Topic.REMINDERS),
}


class PresetNotPossible(Conflict):
    code = "preset_not_possible"
    message = _("The program does not have what this journey is about yet.")


@transaction.atomic
def make(*, program: Program, preset: Preset, by: User, now: datetime) -> Journey:
    """A new draft of the preset. A repeat makes a second journey that shares messages and segments with the first.

    Raises PresetNotPossible."""
    with scope(program=program):
        unit = next(iter(queries.units_of(program)), None)
        messages = {name: _message(program, name, by, now).pk for name in preset.messages}
        segments = {group.key: groups.make(program, group, by, now) for group in preset.segments}
        if None in segments.values():
            raise PresetNotPossible
        found = {key: segment.pk for key, segment in segments.items() if segment is not None}
        shop = Shop(unit.key if unit else None, present_of(unit, program) if unit else 0, messages, found)
        graph = numbered(preset.graph(shop))
        return drafting.create(program=program, name=str(preset.title), by=by, now=now, graph=graph)


def present_of(unit: Unit, program: Program) -> int:
    """What makes a small present, in the unit's smallest part: round, and never nothing."""
    minor = Decimal(PRESENT).scaleb(formats.minor_digits(program.currency))
    whole = minor * unit.worth_denominator / unit.worth_numerator if unit.worth_numerator else Decimal(1)
    step = Decimal(10) ** max(0, whole.adjusted())
    rounded = max(Decimal(1), (whole / step).to_integral_value() * step)
    return int(rounded.scaleb(unit.precision))


def content_of(message: str, languages: list[str]) -> dict[str, Any]:
    """What the message says by e-mail and on the portal, as templates hold it."""
    link = BUTTONS[texts.link_of(message)]
    said: dict[str, Any] = {"email": {}, "inapp": {}}
    for language in languages:
        text = texts.text(message, language)
        body = [_filled(part) for part in text.body.split("\n\n")]
        said["email"][language] = {
            "subject": _filled(text.subject),
            "html": "\n".join(f"<p>{part}</p>" for part in map(_escaped, text.body.split("\n\n"))),
            "button": text.link,
            "link": link,
        }
        said["inapp"][language] = {
            "place": "card",
            "title": _filled(text.subject),
            "text": " ".join(body[1:] or body),
            "button": text.link,
            "link": link,
        }
    return said


def _message(program: Program, name: str, by: User, now: datetime) -> Template:
    """The template of a preset, published; the one that is there stays as staff changed it."""
    title = str(texts.title(name))
    known = (
        Template.objects.filter(program=program, name=title).exclude(state=Template.State.ARCHIVED).first()
    )
    if known is not None and known.live_id:
        return known
    made = known or templates.create(
        program=program,
        name=title,
        kind="transactional" if name in NEEDED else "marketing",
        topic=TOPICS.get(name, Topic.OFFERS),
        draft=content_of(name, list(program.languages)),
        by=by,
        now=now,
    )
    templates.publish(template=made, by=by, now=now)
    return made


def _filled(text: str) -> str:
    """With variables in the places of «words»."""
    text = NAME.sub(r"{% if member.first_name %}\1{{ member.first_name }}{% endif %}", text)
    for word, variable in VARIABLES.items():
        text = text.replace(f"«{word}»", variable)
    return text


def _escaped(text: str) -> str:
    return _filled(html.escape(text, quote=False))
