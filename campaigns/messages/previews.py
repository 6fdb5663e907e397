"""What a draft becomes for a member, before anybody gets it; and a test to one's own address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.channels import providers
from campaigns.channels.letter import Letter, Outcome
from campaigns.messages import contents, facts, language, letters, manners
from campaigns.models import Carrier, Template
from loyaltysite.kit.errors import DomainError
from members.models import Holder, Member, Program

# What staff may write, and what it says.
NAMES: tuple[tuple[str, str | Promise], ...] = (
    ("{{ member.first_name }}", _("the member's first name")),
    ("{{ balance.text }}", _("the balance in words")),
    ("{{ tier.name }}", _("the tier")),
    ("{{ store.name }}", _("the favourite store")),
    ("{{ links.rewards }}", _("the address of the rewards")),
    ("{{ code }}", _("a code that the journey hands over")),
    ("{% if now.part == 'morning' %}…{% endif %}", _("morning, afternoon, evening or night")),
    ("{% if weather.kind == 'rain' %}…{% endif %}", _("clear, clouds, rain or snow")),
    ("{% if 'vip' in segments %}…{% endif %}", _("who is in a segment")),
)
SAMPLE = "100000000000"


@dataclass(frozen=True, slots=True)
class Preview:
    """`trouble` says why there is nothing to see."""

    member: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    html: str = ""
    text: str = ""
    trouble: str = ""


def of(*, template: Template, channel: str, tag: str, number: str, now: datetime) -> Preview:
    """The draft for the member of this number, or else for one who has just joined; for the program in scope."""
    program = template.program
    if not (template.draft.get(channel) or {}).get(tag):
        return Preview()
    member = _member(program, number)
    if member is None:
        return Preview(trouble=str(_("Nobody has this member number.")))
    mine = manners.of(program)
    try:
        named = contents.check({channel: {tag: template.draft[channel][tag]}})
        told = facts.of_members(program=program, members=[member], roots=named, manners=mine, now=now)[
            member.pk
        ]
        told = told | {"code": "SAMPLE-CODE"}
        rendered = contents.render({channel: {tag: template.draft[channel][tag]}}, channel, [tag], told)
    except language.Abort:
        return Preview(str(member), trouble=str(_("The template says not to send this to the member.")))
    except DomainError as error:
        return Preview(str(member), trouble=str(error))
    if channel != Carrier.EMAIL:
        return Preview(str(member), rendered.fields)
    stop = "#" if template.kind == "marketing" else ""
    html, text = letters.page_of(rendered, program=program, mine=mine, unsubscribe=stop)
    return Preview(str(member), rendered.fields, html, text)


def send_test(*, template: Template, tag: str, to: str, now: datetime) -> Outcome:
    """Send the mail to somebody of the team at once. Raises NothingSaid where there is no mail in this language, and
    TemplateFaulty."""
    program = template.program
    with scope(program=program):
        found = of(template=template, channel="email", tag=tag, number="", now=now)
        if not found.html:
            raise contents.NothingSaid(found.trouble or None)
        mine = manners.of(program)
        test = _("Test")
        words = {**found.fields, "subject": f"[{test}] {found.fields.get('subject', '')}"}
        letter = Letter(
            0, f"test:{template.pk}:{now.timestamp()}", to, words, tag,
            sender=letters.sender_of(mine, program), reply_to=mine.reply_to, html=found.html, text=found.text,
        )  # fmt: skip
        way = providers.way_of(providers.of(program=program, channel="email"), "email")
        ((_letter, outcome),) = list(way.send([letter]))
    return outcome


# --- parts ------------------------------------------------------------------------------------------------------------


def _member(program: Program, number: str) -> Member | None:
    if number:
        return Member.objects.filter(program=program, number=number).first()
    holder = Holder(pk=0, program=program)
    return Member(holder=holder, program=program, number=SAMPLE, name="Anna Berg")
