"""A message made ready to go: whose address, in which language, with which facts; for many at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr, parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings

from campaigns.channels.letter import Letter
from campaigns.messages import contents, facts, frames, language, links, manners, sketches, vouchers
from campaigns.models import Carrier, Kind, Manners, Message, PushDevice
from members.models import Identity, Member, Program

# What versions name, by their ids: a version never changes.
_roots: dict[int, set[str]] = {}
KINDS = {Carrier.EMAIL: Identity.Kind.EMAIL, Carrier.SMS: Identity.Kind.PHONE}


@dataclass(frozen=True, slots=True)
class Unsendable:
    """Why nothing can be made of a message: the template said no (content), or lacks something (address, content)."""

    reason: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """What bears a message's own name: where its marketing is stopped, the picture that counts, and with `keep` its links
    but for those that begin so."""

    site: str
    stop: str
    pixel: str
    keep: tuple[str, ...] | None


def of(
    *, program: Program, messages: Sequence[Message], now: datetime
) -> list[tuple[Message, Letter | Unsendable]]:
    """Each message with its letter; all of one channel. For the program in scope; the number of statements is the same
    for any number of messages."""
    if not messages:
        return []
    channel = messages[0].channel
    mine = manners.of(program)
    people = Member.objects.in_bulk([each.member_id for each in messages])
    known = facts_of(program, messages, people.values(), mine, now)
    addresses = addresses_of(list(people), channel, people)
    codes = vouchers.codes_of(messages, now)
    found: list[tuple[Message, Letter | Unsendable]] = []
    for message in messages:
        member = people[message.member_id]
        to = addresses.get(member.pk, "")
        told = known[member.pk] | handed_over(message)
        if message.coupon_id is not None:
            told["code"] = codes.get(message.pk, "")
        has_code = message.coupon_id is None or told["code"]
        made = (
            _make(message, program, member, to, told, mine) if has_code else Unsendable("content", "no_code")
        )
        found.append((message, made))
    return found


def facts_of(
    program: Program, messages: Sequence[Message], people: Collection[Member], mine: Manners, now: datetime
) -> dict[int, facts.Facts]:
    roots: set[str] = set()
    for version in {each.content_id: each.content for each in messages}.values():
        roots |= _roots.get(version.pk) or _roots.setdefault(version.pk, roots_of(version.content))
    return facts.of_members(program=program, members=list(people), roots=roots, manners=mine, now=now)


def roots_of(content: contents.Content) -> set[str]:
    """What a content names; what was published was checked, so a fault here names nothing."""
    try:
        return contents.check(content)
    except contents.ContentFaulty:
        return set()


def handed_over(message: Message) -> dict[str, Any]:
    """What the journey gave along: `event`, `code`, and under `data` whatever else."""
    given = dict(message.context)
    event, code = given.pop("event", {}), str(given.pop("code", ""))
    return {"event": event if isinstance(event, dict) else {}, "code": code, "data": given}


def addresses_of(ids: Collection[int], channel: str, people: Mapping[int, Member]) -> dict[int, str]:
    """Where each of them is reached: the proven contact before others, all browsers, or the member's own number."""
    if channel == Carrier.PUSH:
        devices: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for device in PushDevice.objects.filter(member__in=ids).order_by("pk"):
            devices[device.member_id].append({"endpoint": device.endpoint, "keys": device.keys})
        return {member: json.dumps(each) for member, each in devices.items()}
    if channel not in KINDS:
        return {pk: member.number for pk, member in people.items()}
    rows = Identity.objects.filter(member__in=ids, kind=KINDS[Carrier(channel)])
    found: dict[int, str] = {}
    for member, value, _proven in sorted(
        rows.values_list("member_id", "value", "verified_at"), key=lambda row: row[2] is None
    ):
        found.setdefault(member, value)
    return found


def sender_of(mine: Manners, program: Program) -> str:
    return _sender(mine.sender_name or program.name, mine.sender_address or _own_address())


@lru_cache(maxsize=256)
def _sender(name: str, address: str) -> str:
    return formataddr((name, address))


def _own_address() -> str:
    return _address_in(settings.DEFAULT_FROM_EMAIL)


@lru_cache(maxsize=16)
def _address_in(sender: str) -> str:
    return parseaddr(sender)[1]


def page_of(
    rendered: contents.Rendered, *, program: Program, mine: Manners, unsubscribe: str = "", pixel: str = ""
) -> tuple[str, str]:
    """The HTML of a mail, with its frame and its footer in the language of the text; and its words without HTML."""
    said = {**rendered.fields, "unsubscribe": unsubscribe, "pixel": pixel}
    if not (said.get("button") and said.get("link")):
        said |= {"button": "", "link": ""}
    around: dict[str, Any] = {
        "program": program,
        "manners": mine,
        "language": rendered.language,
        "preferences": facts.links_of(program, mine)["preferences"],
    }
    return frames.page(said, **around), frames.words(said, **around)


# --- parts ------------------------------------------------------------------------------------------------------------


def _make(
    message: Message, program: Program, member: Member, to: str, told: facts.Facts, mine: Manners
) -> Letter | Unsendable:
    if not to:
        return Unsendable("address")
    wanted = [facts.language_of(member, program), *program.languages]
    try:
        if message.channel == Carrier.EMAIL:
            return _mail(message, program, to, wanted, told, mine)
        rendered = contents.render(message.content.content, message.channel, wanted, told)
    except language.Abort:
        return Unsendable("content", "aborted")
    except (language.Unrenderable, contents.NothingSaid) as error:
        return Unsendable("content", error.code)
    return Letter(message.pk, message.idem_key, to, rendered.fields, rendered.language)


def _mail(
    message: Message, program: Program, to: str, wanted: list[str], told: facts.Facts, mine: Manners
) -> Letter:
    site = facts.site_of(mine)
    is_marketing = message.kind == Kind.MARKETING
    own = Own(
        site,
        links.unsubscribe(site, message.pk) if is_marketing else "",
        links.opening(site, message.pk) if is_marketing and mine.tracks_opens else "",
        (f"{site}/m/",) if is_marketing and mine.tracks_clicks else None,
    )
    tag, said = contents.choose(message.content.content, message.channel, wanted)
    made = _sketched(message, program, (tag, said), told, mine, own)
    if made is None:
        rendered = contents.render(message.content.content, message.channel, [tag], told)
        html, text = page_of(rendered, program=program, mine=mine, unsubscribe=own.stop, pixel=own.pixel)
        if own.keep is not None:
            html = links.track(html, site=site, message_id=message.pk, keep=own.keep)
        made = sketches.Filled(rendered.fields, html, text)
    return Letter(
        message.pk,
        message.idem_key,
        to,
        made.fields,
        tag,
        headers=_headers(message, own.stop, program),
        sender=sender_of(mine, program),
        reply_to=mine.reply_to,
        html=made.page,
        text=made.words,
    )


def _sketched(
    message: Message,
    program: Program,
    said: tuple[str, Mapping[str, str]],
    told: facts.Facts,
    mine: Manners,
    own: Own,
) -> sketches.Filled | None:
    """Quickly, where the texts and what is told allow it; `said` is the language and what the template says in it."""
    tag, texts = said
    fields = {
        field.name: texts[field.name] for field in contents.FIELDS[Carrier.EMAIL] if field.name in texts
    }
    key = (
        *fields.items(), tag, program.pk, program.slug, program.name, program.brand, program.currency,
        mine.postal_address, own.site, bool(own.stop), bool(own.pixel), own.keep is None,
    )  # fmt: skip

    def paint(marked: Mapping[str, str]) -> tuple[str, str]:
        return page_of(
            contents.Rendered(tag, marked), program=program, mine=mine,
            unsubscribe=sketches.STOP if own.stop else "", pixel=sketches.PIXEL if own.pixel else "",
        )  # fmt: skip

    sketch = sketches.of(key, said=fields, told=told, paint=paint, keep=own.keep)
    if sketch is None:
        return None
    return sketches.fill(sketch, told, site=own.site, message_id=message.pk, stop=own.stop, pixel=own.pixel)


def _headers(message: Message, stop: str, program: Program) -> dict[str, str]:
    """RFC 8058 for what may be unsubscribed from. The name of the message is the same at each try."""
    domain = _own_address().partition("@")[2] or "localhost"
    found = {
        "Message-ID": f"<wafa.{program.pk}.{message.pk}@{domain}>",
        "Feedback-ID": f"{message.template_id}:{program.pk}:{message.kind}:wafa",
    }
    if stop:
        found |= {
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-ID": f"<{message.topic}.{program.slug}.{domain}>",
        }
    return found
