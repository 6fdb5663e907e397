"""Calls about what a member allows to be sent: read, and told by the shop that asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Fault, Flag, Invalid, Many, Moment, Nullable, Object, Text
from members import consent
from members.api import endpoints, people
from members.api.documents import call
from members.models import Channel, Member, Scope, Topic
from members.models.consents import OF_TOPIC
from members.people import lock

SOURCE = "api"
CHANNEL = Text(8, choices=tuple(Channel.values))
TOPIC = Text(16, choices=tuple(Topic.values))
STATE = Object(
    "ConsentState",
    {
        "topic": TOPIC,
        "channel": CHANNEL,
        "is_given": Flag(),
        "waits_for_proof": Flag(about="Asked for, and in force once the member proves the contact."),
        "since": Nullable(Moment(about="null where nobody was ever asked.")),
    },
    needed=frozenset({"topic", "channel", "is_given", "waits_for_proof", "since"}),
)
STATES = Object("ConsentStates", {"items": Many(STATE, len(consent.ALL))}, needed=frozenset({"items"}))
WISH = Object(
    "ConsentWish",
    {"topic": TOPIC, "channel": CHANNEL, "is_given": Flag(about="False takes it back.")},
    needed=frozenset({"topic", "channel", "is_given"}),
)
WISHES = Object(
    "ConsentRequest",
    {
        "items": Many(WISH, len(consent.ALL), 1),
        "is_contact_proven": Flag(
            about="The shop knows that e-mail and phone are this person's own, such as by a code or a link that was "
            "followed. Otherwise a consent for them waits until the member proves the contact here."
        ),
    },
    needed=frozenset({"items"}),
)
EXAMPLE = {
    "topic": "offers",
    "channel": "email",
    "is_given": True,
    "waits_for_proof": False,
    "since": "2026-03-01T10:15:00Z",
}


class Consents(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ, "POST": Scope.MEMBERS_WRITE}

    @call(
        "list_consents",
        tag="Members",
        summary="Read what a member allows",
        about="Every topic and channel there is. Nothing is allowed that was not given.",
        ids=["member_id"],
        gives={200: (STATES, {"items": [EXAMPLE]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        return Response(_told(people.find(member_id)))

    @call(
        "change_consents",
        tag="Members",
        summary="Tell what a member allows",
        about="What is named is changed, the rest stays, and a repeat changes nothing. Taking back counts at once. "
        "Every change is kept with its moment and that it came over the API.",
        takes=WISHES,
        example={
            "items": [{"topic": "offers", "channel": "email", "is_given": True}],
            "is_contact_proven": True,
        },
        ids=["member_id"],
        gives={200: (STATES, {"items": [EXAMPLE]})},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked = shapes.read(WISHES, request.data)
        wanted = _wanted(asked["items"])
        tell = consent.change if asked.get("is_contact_proven") else consent.ask
        with transaction.atomic():
            member = lock(people.find(member_id))
            tell(member=member, wanted=wanted, source=SOURCE, now=clock.now())
        return Response(_told(member))


def _wanted(items: list[dict[str, Any]]) -> dict[tuple[str, str], bool]:
    """The wishes by (channel, topic). Raises Invalid for a channel that a topic does not have."""
    for place, one in enumerate(items):
        choices = OF_TOPIC[Topic(one["topic"])]
        if one["channel"] not in choices:
            detail = _("Give one of: %(choices)s.") % {"choices": ", ".join(choices)}
            raise Invalid([Fault(f"items.{place}.channel", "choice_unknown", detail)])
    return {(one["channel"], one["topic"]): one["is_given"] for one in items}


def _told(member: Member) -> dict[str, Any]:
    return {
        "items": [
            {
                "topic": one.topic,
                "channel": one.channel,
                "is_given": one.is_given,
                "waits_for_proof": one.is_wished,
                "since": one.since,
            }
            for one in consent.states_of(member=member)
        ]
    }
