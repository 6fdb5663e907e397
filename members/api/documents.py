"""How a call is documented: its shapes, its answers and every problem it may give. The same shapes read the requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from loyaltysite.kit import problems
from loyaltysite.kit.shapes import Anything, Many, Object, Shape, Text, Whole, parts

ID = Whole(0, 10**18 - 1)

FAULT = Object(
    "Fault",
    {
        "field": Text(200, about="Where, such as `lines.3.quantity`."),
        "code": Text(64),
        "detail": Text(1000),
    },
    needed=frozenset({"field", "code", "detail"}),
)
PROBLEM = Object(
    "Problem",
    {
        "type": Text(200),
        "status": Whole(400, 599),
        "code": Text(64, about="Stable; docs/api.md lists all of them."),
        "detail": Text(2000, about="A sentence for people, in the language of Accept-Language."),
        "field": Text(200, about="The field at fault, where it is one."),
        "params": Anything(about="The figures of the sentence."),
        "errors": Many(FAULT, 100, about="Everything that is wrong with an invalid request."),
        "request_id": Text(64, about="Also in the header X-Request-ID and in our logs."),
    },
    needed=frozenset({"type", "status", "code", "detail", "request_id"}),
    about="Problem details (RFC 9457).",
    example={
        "type": "about:blank",
        "status": 422,
        "code": "invalid",
        "detail": "Give a whole number from 1 to 2147483647.",
        "field": "lines.0.quantity",
        "errors": [
            {
                "field": "lines.0.quantity",
                "code": "number_invalid",
                "detail": "Give a whole number from 1 to 2147483647.",
            }
        ],
        "request_id": "9f86d081884c7d65",
    },
)

REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=True,
    description="Present when this is the stored answer of an earlier, equal request.",
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Yours to choose, one for each thing to be done; a repeat gets the same answer for 30 days.",
)
# What every call may answer.
ALWAYS = (401, 403, 429, 500, 503)


@dataclass(frozen=True)
class Query:
    """A parameter of the address; `shape` reads its text, or its number where `is_number`."""

    shape: Shape
    about: str
    is_number: bool = False


_components: dict[str, Object] = {}


def call(
    name: str,
    *,
    tag: str,
    summary: str,
    about: str = "",
    takes: Shape | None = None,
    example: Any = None,
    gives: Mapping[int, tuple[Shape, Any]],
    refuses: Iterable[int] = (),
    query: Mapping[str, Query] | None = None,
    ids: Iterable[str] = (),
    moves_value: bool = False,
) -> Any:
    """extend_schema() for a method of an Endpoint. `gives` maps a status to the shape of its answer and an example."""
    for shape in (PROBLEM, *([takes] if takes else []), *(shape for shape, _example in gives.values())):
        _components.update(parts(shape))
    statuses = {*ALWAYS, *refuses}
    if takes is not None:
        statuses |= {400, 413, 415, 422}
    if query:
        statuses.add(422)
    if ids:
        statuses.add(404)
    if moves_value:
        statuses |= {400, 409, 422}
    parameters = [
        *_queries(query or {}),
        *(_id(each) for each in ids),
        *([KEY, REPLAYED] if moves_value else []),
    ]
    return extend_schema(
        operation_id=name,
        tags=[tag],
        summary=summary,
        description=about or summary,
        request={"application/json": takes.schema()} if takes else None,
        responses={
            **{
                (status, "application/json"): OpenApiResponse(shape.schema(), HTTPStatus(status).phrase)
                for status, (shape, _example) in gives.items()
            },
            **{
                (status, problems.MEDIA_TYPE): OpenApiResponse(PROBLEM.schema(), HTTPStatus(status).phrase)
                for status in sorted(statuses)
            },
        },
        parameters=parameters,
        examples=list(_examples(example, gives)),
    )


def _examples(example: Any, gives: Mapping[int, tuple[Shape, Any]]) -> Iterable[OpenApiExample]:
    if example is not None:
        yield OpenApiExample("request", value=example, request_only=True)
    for status, (_shape, value) in gives.items():
        if value is not None:
            yield OpenApiExample(
                HTTPStatus(status).phrase, value=value, response_only=True, status_codes=[str(status)]
            )


def _queries(query: Mapping[str, Query]) -> Iterable[OpenApiParameter]:
    for name, one in query.items():
        schema = one.shape.schema()
        yield OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=one.about)


def _id(name: str) -> OpenApiParameter:
    if name.endswith("id"):
        return OpenApiParameter(name, ID.schema(), OpenApiParameter.PATH, required=True)
    schema = {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,60}$"}
    return OpenApiParameter(name, schema, OpenApiParameter.PATH, required=True)


class CallSchema(AutoSchema):
    """Each call says which scopes its key needs: in words, and as roles of the security scheme (OpenAPI 3.1)."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        needs = getattr(self.view, "needs", None)
        if operation and needs:
            scopes = [str(each) for each in needs(self.method)]
            told = " and ".join(f"`{each}`" for each in scopes)
            operation["description"] = f"{operation['description']}\n\nScope: {told}."
            operation["security"] = [{KeyScheme.name: scopes}]
        return operation


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "members.api.callers.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of the program: `wafa_…`."}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing of the document: the named shapes become its components."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {name: shape.component() for name, shape in sorted(_components.items())}
    return result


def only_ours(endpoints: list[Any], **_: Any) -> list[Any]:
    """Preprocessing: the API's own calls, without the one that says that there is no such address."""
    return [each for each in endpoints if each[0].startswith("/api/v1/") and "rest" not in each[0]]
