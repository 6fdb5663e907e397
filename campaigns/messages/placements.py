"""Messages on our own pages: banner, card and interstitial on the portal, a line at the till and on the receipt, and the
same as JSON for a shop's site or app, which reports back what was seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django_scopes import scope

from campaigns.channels.letter import Letter
from campaigns.messages import facts, letters, manners, outcomes
from campaigns.models import Carrier, Kind, Message
from members.models import Consent, Member, Program
from members.portal.placements import Placement

States = Message.State
# So many of each place at once, the newest first.
MOST = {"interstitial": 1, "banner": 1, "card": 3, "till": 2}
CHANNELS = {"portal": Carrier.INAPP, "till": Carrier.TILL, "receipt": Carrier.TILL}


def of(program: Program, member: Member, now: datetime, surface: str) -> Sequence[Placement]:
    """What is shown to the member on a surface now; what is shown is delivered. For the program in scope.

    Who is blocked or merged may still look at their own pages; no till and no receipt speaks to them."""
    if surface != "portal" and not _is_served(member):
        return []
    shown = made_for(program, member, now, surface)
    if surface == "receipt":
        shown = [(message, made) for message, made in shown if made.fields.get("receipt")]
    deliver([message.pk for message, _made in shown if message.state == States.SENT], now)
    return [_placement(program, message, made) for message, made in shown]


def deliver(ids: Collection[int], now: datetime) -> None:
    """These were seen, for the first time."""
    if ids:
        sent = Message.objects.filter(pk__in=ids, state=States.SENT)
        sent.update(state=States.DELIVERED, delivered_at=now)


@dataclass(frozen=True, slots=True)
class Item:
    """A placement as another site shows it; `link` is a whole address, or empty."""

    id: int
    place: str
    title: str
    text: str
    button: str
    link: str
    until: datetime


def feed(*, program: Program, member: Member, now: datetime, surface: str = "portal") -> list[Item]:
    """The same for a site or an app of the shop's own, which says by report() what was seen: nothing is delivered by asking.
    Nobody who is blocked gets anything."""
    if not _is_served(member):
        return []
    with scope(program=program):
        site = facts.site_of(manners.of(program))
        return [_item(message, made, site) for message, made in made_for(program, member, now, surface)]


def report(*, program: Program, member: Member, number: int, what: str, now: datetime) -> Message | None:
    """What the member did with a placement, the first time it did: seen, clicked or closed. None where the member has no
    such placement, or no more. Clicks count while the member agrees to its topic, on whichever channel."""
    with scope(program=program):
        rows = Message.objects.filter(member=member, channel__in=set(CHANNELS.values()), pk=number)
        found = rows.filter(state__in=(States.SENT, States.DELIVERED)).select_related("program").first()
        if found is None:
            return None
        deliver([found.pk], now)
        if what == "closed":
            close(message=found, now=now)
        elif what == "clicked":
            click(message=found, member=member, now=now)
        found.refresh_from_db()
    return found


def click(*, message: Message, member: Member, now: datetime) -> None:
    """It counts for what is needed, and for marketing while the member agrees to the topic on some channel."""
    agreed = Consent.objects.filter(member=member, topic=message.topic, is_given=True)
    if message.kind != Kind.MARKETING or agreed.exists():
        outcomes.note(message=message, kind="clicked", now=now)


def made_for(program: Program, member: Member, now: datetime, surface: str) -> list[tuple[Message, Letter]]:
    """The messages in force with their words, at most as many of each place as it holds."""
    rows = list(
        Message.objects.filter(
            member=member,
            channel=CHANNELS[surface],
            state__in=(States.SENT, States.DELIVERED),
            expires_at__gt=now,
            closed_at__isnull=True,
        )
        .select_related("content", "program")
        .order_by("-pk")[:20]
    )
    room, found = dict(MOST), []
    for message, made in letters.of(program=program, messages=rows, now=now):
        place = place_of(message, made) if isinstance(made, Letter) else ""
        if isinstance(made, Letter) and room.get(place):
            room[place] -= 1
            found.append((message, made))
    order = list(MOST)
    return sorted(found, key=lambda each: order.index(place_of(*each)))


def place_of(message: Message, made: Letter) -> str:
    return "till" if message.channel == Carrier.TILL else made.fields.get("place", "card")


def find(program: Program, member: Member, number: int) -> Message | None:
    """The member's own message on the portal; nobody else's."""
    rows = Message.objects.filter(program=program, member=member, channel=Carrier.INAPP)
    return rows.select_related("content", "program").filter(pk=number).first()


def close(*, message: Message, now: datetime) -> None:
    """The member wants to see it no more. A repeat changes nothing."""
    outcomes.note(message=message, kind="closed", now=now)


def link_of(program: Program, message: Message, now: datetime) -> str:
    """Where its button leads: an address of ours or one with https; empty for anything else."""
    ((_message, made),) = letters.of(program=program, messages=[message], now=now)
    return _safe(made.fields.get("link", "")) if isinstance(made, Letter) else ""


# --- parts ------------------------------------------------------------------------------------------------------------


def _is_served(member: Member) -> bool:
    return member.state == Member.State.ACTIVE and member.merged_into_id is None


def _safe(link: str) -> str:
    is_ours = link.startswith("/") and not link.startswith(("//", "/\\"))
    return link if is_ours or link.startswith("https://") else ""


def _item(message: Message, made: Letter, site: str) -> Item:
    said, link = made.fields, _safe(made.fields.get("link", ""))
    return Item(
        message.pk,
        place_of(message, made),
        said.get("title", ""),
        said["text"],
        said.get("button", ""),
        site + link if link.startswith("/") else link,
        message.expires_at,
    )


def _placement(program: Program, message: Message, made: Letter) -> Placement:
    said, at = made.fields, [program.slug, message.pk]
    if message.channel == Carrier.TILL:
        return Placement("till", "", said["text"], receipt=said.get("receipt", ""))
    has_link = bool(said.get("button") and said.get("link"))
    return Placement(
        said.get("place", "card"),
        said.get("title", ""),
        said["text"],
        said.get("button", ""),
        reverse("portal:placement_go", args=at) if has_link else "",
        reverse("portal:placement_close", args=at),
    )
