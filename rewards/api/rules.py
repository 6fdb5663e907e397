"""Calls about earning rules: read them and their versions, draft, publish, retire. Published versions never change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Anything, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, reading
from members.api.documents import call
from members.models import Scope
from rewards import drafts, rules
from rewards.models import EarningRule, RuleDraft, RuleVersion

COUNT = Whole(0, 2**31 - 1)
DEFINITION = Anything(
    about="What the rule does, as docs/engine.md says it.",
    example={
        "trigger": {"on": "order"},
        "unit": "points",
        "amount": {"kind": "per_amount", "points": "1", "per_minor": 100},
    },
)
VERSION = Object(
    "RuleVersion",
    {
        "number": COUNT,
        "definition": DEFINITION,
        "since": Nullable(Moment()),
        "until": Nullable(Moment(about="Where the next one begins; null while in force.")),
        "published_at": Nullable(Moment()),
        "reason": Text(300),
    },
    needed=frozenset({"number", "definition", "since", "until", "published_at", "reason"}),
)
DRAFT = Object(
    "RuleDraft",
    {
        "revision": Whole(1, 2**31 - 1, "Grows with every save; send it back with the next one."),
        "name": Text(200),
        "definition": DEFINITION,
        "changed_at": Moment(),
    },
    needed=frozenset({"revision", "name", "definition", "changed_at"}),
)
RULE = Object(
    "Rule",
    {
        "key": Text(60),
        "name": Text(200),
        "state": Text(8, choices=tuple(EarningRule.State.values)),
        "budget": Nullable(Whole(0, 2**63 - 1)),
        "spent": Whole(0, 2**63 - 1),
        "draft": Nullable(DRAFT),
        "versions": Many(VERSION, 100_000, about="Newest first."),
    },
    needed=frozenset({"key", "name", "state", "budget", "spent", "draft", "versions"}),
)
RULES = reading.page_shape("RulePage", RULE)
SAVE = Object(
    "RuleDraftRequest",
    {
        "name": Text(200, 1, example="A point a pound"),
        "definition": DEFINITION,
        "revision": Whole(
            0, 2**31 - 1, "That of the draft as you read it; 0 or absent where there was none."
        ),
    },
    needed=frozenset({"name", "definition"}),
)
PUBLISH = Object(
    "RulePublication",
    {
        "revision": Whole(1, 2**31 - 1, "That of the draft that was reviewed."),
        "reason": Text(300, 1, example="Agreed for spring"),
        "since": Nullable(Moment(about="From when it holds; at once unless told.")),
    },
    needed=frozenset({"revision", "reason"}),
)
RETIRE = Object(
    "RuleRetirement",
    {"reason": Text(300, 1), "at": Nullable(Moment(about="At once unless told."))},
    needed=frozenset({"reason"}),
)


class Rules(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.RULES_READ, "POST": Scope.RULES_WRITE}

    @call(
        "list_rules",
        tag="Rules",
        summary="List the earning rules",
        query=reading.PAGING,
        gives={200: (RULES, None)},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, reading.PAGING)
        rows = EarningRule.objects.filter(program=self.program).select_related("draft")
        rows = rows.prefetch_related("versions")
        return Response(reading.page(rows, asked, by=("id",), tell=_told, upwards=True))

    @call(
        "draft_new_rule",
        tag="Rules",
        summary="Begin a rule",
        about="A draft of a new rule, whose key is made from its name. A definition that cannot work is refused with "
        "`rule_invalid` and the path of what is wrong.",
        takes=SAVE,
        example={"name": "A point a pound", "definition": DEFINITION.example},
        gives={201: (RULE, None)},
        refuses=(409,),
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(SAVE, request.data)
        draft = drafts.save(
            program=self.program,
            key="",
            name=asked["name"],
            definition=asked["definition"],
            by=self.author,
            now=clock.now(),
            revision=asked.get("revision", 0),
        )
        return Response(_told(_find(draft.rule.key)), status=201)


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.RULES_READ}

    @call("read_rule", tag="Rules", summary="Read a rule", ids=["rule"], gives={200: (RULE, None)})
    def get(self, request: Request, rule: str) -> Response:
        return Response(_told(_find(rule)))


class Draft(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"PUT": Scope.RULES_WRITE}

    @call(
        "draft_rule",
        tag="Rules",
        summary="Save a rule's draft",
        about="Nothing earns by a draft until it is published. A draft that somebody else saved meanwhile is refused "
        "with `draft_changed`.",
        takes=SAVE,
        example={"name": "A point a pound", "definition": DEFINITION.example, "revision": 1},
        ids=["rule"],
        gives={200: (RULE, None)},
        refuses=(409,),
    )
    def put(self, request: Request, rule: str) -> Response:
        asked = shapes.read(SAVE, request.data)
        drafts.save(
            program=self.program,
            key=rule,
            name=asked["name"],
            definition=asked["definition"],
            by=self.author,
            now=clock.now(),
            revision=asked.get("revision", 0),
        )
        return Response(_told(_find(rule)))


class Publish(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.RULES_WRITE}

    @call(
        "publish_rule",
        tag="Rules",
        summary="Publish a rule's draft",
        about="The version holds for what happens from then on; what was priced stays priced. A repeat finds no draft "
        "and is refused with `draft_changed`.",
        takes=PUBLISH,
        example={"revision": 1, "reason": "Agreed for spring"},
        ids=["rule"],
        gives={200: (RULE, None)},
        refuses=(409,),
    )
    def post(self, request: Request, rule: str) -> Response:
        asked = shapes.read(PUBLISH, request.data)
        drafts.publish(
            program=self.program,
            key=rule,
            by=self.author,
            now=clock.now(),
            reason=asked["reason"],
            revision=asked["revision"],
            since=asked.get("since"),
        )
        return Response(_told(_find(rule)))


class Retire(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.RULES_WRITE}

    @call(
        "retire_rule",
        tag="Rules",
        summary="Retire a rule",
        about="Ends it for what happens from then on; earlier orders that come late are still priced by it.",
        takes=RETIRE,
        example={"reason": "Spring is over"},
        ids=["rule"],
        gives={200: (RULE, None)},
        refuses=(409,),
    )
    def post(self, request: Request, rule: str) -> Response:
        asked = shapes.read(RETIRE, request.data)
        at: datetime | None = asked.get("at")
        rules.retire(
            program=self.program, key=rule, by=self.author, now=clock.now(), reason=asked["reason"], at=at
        )
        return Response(_told(_find(rule)))


def _find(key: str) -> EarningRule:
    rows = EarningRule.objects.select_related("draft").prefetch_related("versions")
    rule = rows.filter(key=key).first()
    if rule is None:
        raise NotFound
    return rule


def _told(rule: EarningRule) -> dict[str, Any]:
    draft: RuleDraft | None = getattr(rule, "draft", None)
    versions = sorted(rule.versions.all(), key=lambda version: -version.number)
    return {
        "key": rule.key,
        "name": rule.name,
        "state": rule.state,
        "budget": rule.budget,
        "spent": rule.spent,
        "draft": None if draft is None else {name: getattr(draft, name) for name in DRAFT.fields},
        "versions": [_version(version) for version in versions],
    }


def _version(version: RuleVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in VERSION.fields}
