"""What a JSON value must look like, said once: it reads the value, names each fault by its path, and documents itself.

The API's hot path cannot afford a framework's serializers; `read()` costs about a microsecond a field. `schema()` is the
same rule as JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it), so that the documentation cannot drift from the code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, cast

from django.utils.translation import gettext as _

from loyaltysite.kit.errors import DomainError

type Json = Mapping[str, Any]


class Fault(NamedTuple):
    """One thing wrong in a request: where (`lines.3.quantity`), a stable code, and a sentence."""

    field: str
    code: str
    detail: str


class Invalid(DomainError):
    """The request is not what the documentation says; `faults` names every place."""

    code = "invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].detail, field=faults[0].field or None)
        self.faults = faults


class Shape:
    """Base of all shapes. `read` returns the value as the domain takes it; what it returns beside a fault is unused."""

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True)
class Text(Shape):
    most: int
    least: int = 0
    choices: tuple[str, ...] = ()
    about: str = ""
    example: str = ""
    reserved: tuple[str, ...] = ()

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) is not str:
            faults.append(Fault(path, "text_expected", _("Give a text.")))
        elif self.choices:
            if value not in self.choices:
                detail = _("Give one of: %(choices)s.") % {"choices": ", ".join(self.choices)}
                faults.append(Fault(path, "choice_unknown", detail))
        elif not self.least <= len(value) <= self.most:
            detail = _("Give a text of %(least)d to %(most)d characters.")
            faults.append(Fault(path, "text_invalid", detail % {"least": self.least, "most": self.most}))
        elif value in self.reserved:
            faults.append(Fault(path, "text_reserved", _("This name is reserved.")))
        elif "\0" in value:
            detail = _("The text holds characters that cannot be stored.")
            faults.append(Fault(path, "text_invalid", detail))
        return value

    def schema(self) -> dict[str, Any]:
        if self.choices:
            return described({"type": "string", "enum": list(self.choices)}, self)
        found: dict[str, Any] = {"type": "string", "maxLength": self.most}
        if self.least:
            found["minLength"] = self.least
        if self.reserved:
            found["not"] = {"enum": list(self.reserved)}
        return described(found, self)


@dataclass(frozen=True)
class Whole(Shape):
    least: int
    most: int
    about: str = ""
    example: int | None = None

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) is not int or not self.least <= value <= self.most:
            detail = _("Give a whole number from %(least)d to %(most)d.")
            faults.append(Fault(path, "number_invalid", detail % {"least": self.least, "most": self.most}))
        return value

    def schema(self) -> dict[str, Any]:
        return described(
            {"type": "integer", "format": "int64", "minimum": self.least, "maximum": self.most}, self
        )


@dataclass(frozen=True)
class Number(Shape):
    """A number, whole or not."""

    least: float
    most: float
    about: str = ""
    example: float | None = None

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) not in {int, float} or not self.least <= cast("float", value) <= self.most:
            detail = _("Give a number from %(least)g to %(most)g.")
            faults.append(Fault(path, "number_invalid", detail % {"least": self.least, "most": self.most}))
            return value
        return float(cast("float", value))

    def schema(self) -> dict[str, Any]:
        return described({"type": "number", "minimum": self.least, "maximum": self.most}, self)


@dataclass(frozen=True)
class Flag(Shape):
    about: str = ""

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) is not bool:
            faults.append(Fault(path, "flag_expected", _("Give true or false.")))
        return value

    def schema(self) -> dict[str, Any]:
        return described({"type": "boolean"}, self)


@dataclass(frozen=True)
class Moment(Shape):
    """RFC 3339 with a time zone; read as an aware datetime in UTC."""

    about: str = ""
    example: str = "2026-03-01T10:15:00Z"

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        found = parse_moment(value)
        if found is None:
            detail = _("Give a moment with its time zone, such as 2026-03-01T10:15:00Z.")
            faults.append(Fault(path, "moment_invalid", detail))
        return found

    def schema(self) -> dict[str, Any]:
        return described({"type": "string", "format": "date-time"}, self)


def parse_moment(value: object) -> datetime | None:
    """The moment in an RFC 3339 text, in UTC; None for anything else."""
    if type(value) is not str or len(value) < 20 or len(value) > 40 or value[10] not in "Tt":
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Day(Shape):
    about: str = ""
    example: str = "1990-05-17"

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        try:
            if type(value) is str and len(value) == 10:
                return date.fromisoformat(value)
        except ValueError:
            pass
        faults.append(Fault(path, "day_invalid", _("Give a day such as 1990-05-17.")))
        return None

    def schema(self) -> dict[str, Any]:
        return described({"type": "string", "format": "date"}, self)


@dataclass(frozen=True)
class Anything(Shape):
    """A JSON object whose content is somebody else's to judge."""

    about: str = ""
    example: Any = None

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) is not dict:
            faults.append(Fault(path, "object_expected", _("Give an object.")))
        return value

    def schema(self) -> dict[str, Any]:
        return described({"type": "object", "additionalProperties": True}, self)


@dataclass(frozen=True)
class Nullable(Shape):
    of: Shape

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        return None if value is None else self.of.read(value, path, faults)

    def schema(self) -> dict[str, Any]:
        found = self.of.schema()
        if "enum" in found:
            return found | {"type": [found["type"], "null"], "enum": [*found["enum"], None]}
        if isinstance(found.get("type"), str):
            return found | {"type": [found["type"], "null"]}
        return {"oneOf": [found, {"type": "null"}]}


@dataclass(frozen=True)
class Many(Shape):
    of: Shape
    most: int
    least: int = 0
    about: str = ""

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) is not list:
            faults.append(Fault(path, "list_expected", _("Give a list.")))
            return ()
        if not self.least <= len(value) <= self.most:
            detail = _("Give %(least)d to %(most)d of them.") % {"least": self.least, "most": self.most}
            faults.append(Fault(path, "list_length_invalid", detail))
            return ()
        return tuple(self.of.read(each, f"{path}.{place}", faults) for place, each in enumerate(value))

    def schema(self) -> dict[str, Any]:
        found = {"type": "array", "items": self.of.schema(), "maxItems": self.most}
        if self.least:
            found["minItems"] = self.least
        return described(found, self)


@dataclass(frozen=True)
class Object(Shape):
    """Named fields; those in `needed` must be there, and no others than `fields` may. `name` makes it a component.

    Read as `into(**values)` where that is given, else as a dict of the fields that were sent."""

    name: str
    fields: Mapping[str, Shape]
    needed: frozenset[str] = field(default_factory=frozenset)
    into: Any = None
    about: str = ""
    example: Any = None

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        if type(value) is not dict:
            faults.append(Fault(path, "object_expected", _("Give an object.")))
            return None
        before = len(faults)
        begin = f"{path}." if path else ""
        found = {}
        for name, each in value.items():
            shape = self.fields.get(name)
            if shape is None:
                faults.append(Fault(begin + name[:60], "field_unknown", _("There is no such field.")))
            else:
                found[name] = shape.read(each, begin + name, faults)
        if not self.needed <= value.keys():
            needed = _("This field is needed.")
            missing = sorted(self.needed - value.keys())
            faults += [Fault(begin + name, "field_missing", needed) for name in missing]
        if len(faults) > before:
            return None
        return found if self.into is None else self.into(**found)

    def schema(self) -> dict[str, Any]:
        if self.name:
            return {"$ref": f"#/components/schemas/{self.name}"}
        return self.component()

    def component(self) -> dict[str, Any]:
        """The schema itself, for the document's components."""
        found: dict[str, Any] = {
            "type": "object",
            "properties": {name: shape.schema() for name, shape in self.fields.items()},
            "additionalProperties": False,
        }
        if self.needed:
            found["required"] = sorted(self.needed)
        return described(found, self)

    def parts(self) -> dict[str, Object]:
        """All named shapes in this one, by name."""
        found = {self.name: self} if self.name else {}
        for shape in self.fields.values():
            found |= parts(shape)
        return found


def parts(shape: Shape) -> dict[str, Object]:
    if isinstance(shape, Object):
        return shape.parts()
    return parts(shape.of) if isinstance(shape, Many | Nullable) else {}


def described(schema: dict[str, Any], shape: Any) -> dict[str, Any]:
    if shape.about:
        schema["description"] = shape.about
    if getattr(shape, "example", None) not in (None, ""):
        schema["examples"] = [shape.example]
    return schema


def read(shape: Shape, value: object) -> Any:
    """The value as the domain takes it. Raises Invalid with every fault."""
    faults: list[Fault] = []
    found = shape.read(value, "", faults)
    if faults:
        raise Invalid(faults)
    return found
