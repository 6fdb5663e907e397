"""What allows points to be spent, as shops and apps send it (SEMANTICS 38)."""

from __future__ import annotations

from typing import Any

from loyaltysite.kit.shapes import Fault, Object, Shape, Text
from rewards.spending import Override, Passcode

CODE, OVERRIDE = "code", "override"


def _passcode(*, kind: str, code: str) -> Passcode:
    return Passcode(code)


def _override(*, kind: str, reason: str) -> Override:
    return Override(reason)


BY_CODE = Object(
    "",
    {
        "kind": Text(8, choices=(CODE,)),
        "code": Text(20, 1, about="What the member's own page shows now.", example="4821 7730"),
    },
    needed=frozenset({"kind", "code"}),
    into=_passcode,
    about="The member agrees: the code changes every minute and works once.",
)
BY_STAFF = Object(
    "",
    {
        "kind": Text(8, choices=(OVERRIDE,)),
        "reason": Text(300, 1, example="Phone broken, passport seen"),
    },
    needed=frozenset({"kind", "reason"}),
    into=_override,
    about="Staff answer for it, in the name of the key's author and within that author's limit of adjusting.",
)


class Authorization(Shape):
    """One of two objects, told apart by `kind`."""

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        is_override = type(value) is dict and value.get("kind") == OVERRIDE
        return (BY_STAFF if is_override else BY_CODE).read(value, path, faults)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [BY_CODE.schema(), BY_STAFF.schema()]}
