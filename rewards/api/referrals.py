"""Calls about referrals: a member's link, who brought whom, what a shop knows of a person, and what looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people, reading
from members.api.documents import ID, Query, call
from members.models import Scope
from rewards import referrals
from rewards.api.points import author_in_team
from rewards.models import Referral, ReferralLink, ReferralMark
from rewards.referrals import links, marks

CODE = Text(64, 1, about="As the member says or shows it.", example="HV7K92QF")
LINK = Object(
    "ReferralLink",
    {
        "code": Text(12),
        "path": Text(200, about="Below this site's address; where a friend joins."),
        "visits": Whole(0, 2**63 - 1, "How many browsers opened it."),
        "shown": Text(7, choices=tuple(ReferralLink.Shown.values), about="What friends see of the name."),
    },
    needed=frozenset({"code", "path", "visits", "shown"}),
)
REFERRAL = Object(
    "Referral",
    {
        "id": ID,
        "referrer": ID,
        "friend": ID,
        "via": Text(4, choices=tuple(Referral.Via.values)),
        "state": Text(10, choices=tuple(Referral.State.values)),
        "signs": Many(Text(16), 20, about="What makes it look like no new friend."),
        "refused_for": Nullable(Text(16)),
        "joined_at": Moment(),
        "bought_at": Nullable(Moment()),
        "due_at": Nullable(Moment(about="From when both prizes are paid, if the purchase still stands.")),
        "closed_at": Nullable(Moment()),
        "referrer_side": Nullable(Text(10, about="What became of the referrer's prize.")),
        "friend_side": Nullable(Text(10, about="What became of the friend's.")),
    },
    needed=frozenset({
        "id", "referrer", "friend", "via", "state", "signs", "refused_for", "joined_at", "bought_at", "due_at",
        "closed_at", "referrer_side", "friend_side",
    }),
)  # fmt: skip
PAGE = reading.page_shape("ReferralPage", REFERRAL)
CLAIM = Object("ReferralClaim", {"code": CODE}, needed=frozenset({"code"}))
MARK = Object(
    "MemberMark",
    {
        "kind": Text(7, choices=tuple(ReferralMark.Kind.values)),
        "value": Text(
            254,
            1,
            about="A fingerprint of a paying card, or an address written always alike. Better a digest of your own than "
            "the thing itself: only a keyed digest of it is kept.",
            example="9f2c1d7a",
        ),
    },
    needed=frozenset({"kind", "value"}),
)
NOTHING = Object("MarkKept", {}, about="An empty object.")
REASON = Object(
    "ReferralDecision", {"reason": Text(300, 1, example="A family of two")}, needed=frozenset({"reason"})
)
LINK_EXAMPLE = {"code": "HV7K92QF", "path": "/p/shop/i/HV7K92QF/", "visits": 3, "shown": "first"}
EXAMPLE = {
    "id": 31,
    "referrer": 1007,
    "friend": 1020,
    "via": "link",
    "state": "waiting",
    "signs": [],
    "refused_for": None,
    "joined_at": "2026-03-01T10:15:00Z",
    "bought_at": "2026-03-02T10:15:00Z",
    "due_at": "2026-03-17T00:00:00Z",
    "closed_at": None,
    "referrer_side": None,
    "friend_side": None,
}
FILTERS = {
    "state": Query(Text(10, choices=tuple(Referral.State.values)), "Only those in this state."),
    "member": Query(ID, "Only those of this member, on either side.", is_number=True),
    **reading.PAGING,
}


class Link(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "make_referral_link",
        tag="Referrals",
        summary="Read a member's link to bring friends",
        about="Made at the first time; a repeat gives the same.",
        takes=Object("ReferralLinkRequest", {}, about="An empty object."),
        example={},
        ids=["member_id"],
        gives={200: (LINK, LINK_EXAMPLE)},
    )
    def post(self, request: Request, member_id: int) -> Response:
        link = links.of(member=people.find(member_id), now=clock.now())
        found = {"code": link.code, "visits": link.visits, "shown": link.shown}
        return Response(found | {"path": links.path_of(link, self.program)})


class Claim(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "claim_referral",
        tag="Referrals",
        summary="Say who brought a new member",
        about="Within seven days of joining and before the first purchase. A repeat with the same code gives the first "
        "answer. It may be sent with `create_member` and with `send_order`, too. Who is plainly no new friend is kept as "
        "`refused`.",
        takes=CLAIM,
        example={"code": "HV7K92QF"},
        ids=["member_id"],
        gives={200: (REFERRAL, EXAMPLE | {"state": "joined", "bought_at": None, "due_at": None})},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked = shapes.read(CLAIM, request.data)
        made = referrals.claim(
            program=self.program,
            friend=people.find(member_id),
            code=asked["code"],
            via=Referral.Via.API,
            now=clock.now(),
        )
        return Response(told(made))


class Marks(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "note_mark",
        tag="Referrals",
        summary="Say what a shop knows a person by",
        about="Two members with the same paying card, address, phone or mailbox are one person to the referrals: nobody "
        "is paid for bringing oneself. A repeat changes nothing.",
        takes=MARK,
        example={"kind": "card", "value": "9f2c1d7a"},
        ids=["member_id"],
        gives={200: (NOTHING, {})},
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked = shapes.read(MARK, request.data)
        marks.note(program=self.program, member=people.find(member_id), **asked)
        return Response({})


class Referrals(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "list_referrals",
        tag="Referrals",
        summary="Read who brought whom",
        query=FILTERS,
        gives={200: (PAGE, {"items": [EXAMPLE], "next": None})},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, FILTERS)
        rows = Referral.objects.filter(program=self.program)
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        if "member" in asked:
            rows = rows.filter(Q(referrer_id=asked["member"]) | Q(friend_id=asked["member"]))
        return Response(reading.page(rows, asked, by=("id",), tell=told))


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "read_referral",
        tag="Referrals",
        summary="Read a referral",
        ids=["referral_id"],
        gives={200: (REFERRAL, EXAMPLE)},
    )
    def get(self, request: Request, referral_id: int) -> Response:
        return Response(told(_find(referral_id)))


class Approve(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "approve_referral",
        tag="Referrals",
        summary="Approve what looked wrong",
        about="It is paid when its time has come. Decided once; nobody decides about their own account.",
        takes=REASON,
        example={"reason": "A family of two"},
        ids=["referral_id"],
        gives={200: (REFERRAL, EXAMPLE | {"signs": ["device"]})},
        refuses=(409,),
    )
    def post(self, request: Request, referral_id: int) -> Response:
        reason = shapes.read(REASON, request.data)["reason"]
        by = author_in_team(self.caller).user
        referrals.approve(
            program=self.program, referral_id=referral_id, reason=reason, by=by, now=clock.now()
        )
        return Response(told(_find(referral_id)))


class Refuse(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "refuse_referral",
        tag="Referrals",
        summary="Refuse what looked wrong",
        about="Neither gets a prize. Decided once; nobody decides about their own account.",
        takes=REASON,
        example={"reason": "One and the same person"},
        ids=["referral_id"],
        gives={200: (REFERRAL, EXAMPLE | {"state": "refused", "signs": ["device"], "refused_for": "staff"})},
        refuses=(409,),
    )
    def post(self, request: Request, referral_id: int) -> Response:
        reason = shapes.read(REASON, request.data)["reason"]
        by = author_in_team(self.caller).user
        referrals.refuse(program=self.program, referral_id=referral_id, reason=reason, by=by, now=clock.now())
        return Response(told(_find(referral_id)))


def told(one: Referral) -> dict[str, Any]:
    plain = REFERRAL.needed - {"referrer", "friend", "refused_for", "referrer_side", "friend_side"}
    return {name: getattr(one, name) for name in plain} | {
        "referrer": one.referrer_id,
        "friend": one.friend_id,
        "refused_for": one.refused_for or None,
        "referrer_side": one.referrer_side or None,
        "friend_side": one.friend_side or None,
    }


def _find(referral_id: int) -> Referral:
    one = Referral.objects.filter(pk=referral_id).first()
    if one is None:
        raise NotFound
    return one
