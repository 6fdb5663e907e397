"""JSON to a typed tree. Everything a person can get wrong is refused here, with the place and a sentence."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.conditions.kinds import COUNTING, INTEGER, LISTS, PRESENCE, Op, WrongValue
from loyaltysite.kit.conditions.nodes import All, Always, AnyOf, Count, Has, Leaf, Node, Not
from loyaltysite.kit.conditions.registry import Field, Registry
from loyaltysite.kit.errors import DomainError

MAX_DEPTH = 8
MAX_NODES = 200


class ConditionError(DomainError):
    """A tree that cannot be used. `path` is where, such as all[1].not.value; `reason` is for machines."""

    code: ClassVar[str] = "invalid_condition"

    def __init__(self, message: str | Promise, *, path: str, reason: str, **params: Any) -> None:
        super().__init__(message, field=path, path=path, reason=reason, **params)
        self.path = path
        self.reason = reason


KEYS = {
    "all": {"all"},
    "any": {"any"},
    "not": {"not"},
    "field": {"field", "op", "value"},
    "has": {"has", "where"},
    "count": {"count", "where", "op", "value"},
}


class Parser:
    """One pass over one tree; it counts nodes as it goes. `bulk` refuses what SQL cannot answer."""

    def __init__(self, *, bulk: bool = False) -> None:
        self.nodes = 0
        self.bulk = bulk

    def parse(self, tree: Any, registry: Registry, path: str = "", depth: int = 1) -> Node:
        self._measure(path, depth)
        if tree is None:
            return Always()
        if not isinstance(tree, dict):
            raise ConditionError(_("A condition must be an object."), path=path, reason="shape")
        if not tree:
            return Always()
        return self._parse_shape(shape_of(tree, path), tree, registry, path, depth)

    def _measure(self, path: str, depth: int) -> None:
        self.nodes += 1
        if depth > MAX_DEPTH:
            message = _("Conditions may be nested at most %(most)d deep.")
            raise ConditionError(message, path=path, reason="too_deep", most=MAX_DEPTH)
        if self.nodes > MAX_NODES:
            message = _("There may be at most %(most)d conditions in one tree.")
            raise ConditionError(message, path=path, reason="too_many", most=MAX_NODES)

    def _parse_shape(
        self, shape: str, tree: dict[str, Any], registry: Registry, path: str, depth: int
    ) -> Node:
        match shape:
            case "all":
                return All(self._parse_group(tree["all"], registry, join(path, "all"), depth))
            case "any":
                children = self._parse_group(tree["any"], registry, join(path, "any"), depth)
                if not children:
                    message = _("“Any of” needs at least one condition.")
                    raise ConditionError(message, path=join(path, "any"), reason="empty")
                return AnyOf(children)
            case "not":
                return Not(self.parse(tree["not"], registry, join(path, "not"), depth + 1))
            case "field":
                leaf = parse_leaf(tree, registry, path)
                self._check_bulk(leaf.field.q or leaf.field.at, leaf.field.label, join(path, "field"))
                return leaf
        return self._parse_quantifier(shape, tree, registry, path, depth)

    def _parse_group(self, children: Any, registry: Registry, path: str, depth: int) -> tuple[Node, ...]:
        if not isinstance(children, list):
            raise ConditionError(_("Give a list of conditions."), path=path, reason="shape")
        return tuple(
            self.parse(child, registry, f"{path}[{index}]", depth + 1) for index, child in enumerate(children)
        )

    def _parse_quantifier(
        self, shape: str, tree: dict[str, Any], registry: Registry, path: str, depth: int
    ) -> Node:
        name = tree[shape]
        collection = registry.collection(name) if isinstance(name, str) else None
        if collection is None:
            known = [known.name for known in registry.collections()]
            raise unknown(name, known, join(path, shape), _("There is no collection “%(name)s”."))
        self._check_bulk(collection.rows, collection.label, join(path, shape))
        where = self.parse(tree.get("where"), collection.registry, join(path, "where"), depth + 1)
        if shape == "has":
            return Has(collection, where)
        op = parse_operator(tree, COUNTING, path)
        number = parse_value(tree, path, lambda value: INTEGER.read_for(op, value))
        return Count(collection, where, op, number)

    def _check_bulk(self, sql: object, label: Any, path: str) -> None:
        if self.bulk and sql is None:
            raise no_sql(label, path)


def no_sql(label: Any, path: str) -> ConditionError:
    message = _("“%(label)s” can be asked of one member or order at a time, but not of many at once.")
    return ConditionError(message, path=path, reason="no_sql", label=str(label))


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def shape_of(tree: dict[str, Any], path: str) -> str:
    """The one key that tells what a node is; a stray or missing key is refused."""
    shapes = [shape for shape in KEYS if shape in tree]
    if len(shapes) != 1:
        message = _("A condition is exactly one of: %(shapes)s.")
        raise ConditionError(message, path=path, reason="shape", shapes=", ".join(KEYS))
    stray = sorted(str(key) for key in tree if key not in KEYS[shapes[0]])
    if stray:
        message = _("“%(key)s” does not belong here.")
        raise ConditionError(message, path=join(path, stray[0]), reason="stray_key", key=stray[0])
    return shapes[0]


def parse_leaf(tree: dict[str, Any], registry: Registry, path: str) -> Leaf:
    name = tree["field"]
    field = registry.field(name) if isinstance(name, str) else None
    if field is None:
        known = [known.name for known in registry.fields()]
        raise unknown(name, known, join(path, "field"), _("There is no field “%(name)s”."))
    op = parse_operator(tree, field.kind.operators, path, of=field)
    value = parse_value(tree, path, lambda raw: field.kind.read_for(op, raw), wanted=op not in PRESENCE)
    check_choices(field, op, value, join(path, "value"))
    return Leaf(field, op, value)


def unknown(name: Any, known: list[str], path: str, message: Promise) -> ConditionError:
    shown = name if isinstance(name, str) else str(name)
    near = get_close_matches(shown[:100], known, n=3, cutoff=0.5)
    if not near:
        return ConditionError(message, path=path, reason="unknown", name=shown[:100], near=[])
    full = _("%(sentence)s Did you mean %(matches)s?")
    sentence = str(message) % {"name": shown[:100]}
    matches = ", ".join(f"“{match}”" for match in near)
    return ConditionError(full, path=path, reason="unknown", sentence=sentence, matches=matches, near=near)


def parse_operator(
    tree: dict[str, Any], operators: Iterable[Op], path: str, *, of: Field | None = None
) -> Op:
    op = tree.get("op")
    known = tuple(operators)
    if isinstance(op, str) and op in known:
        return Op(op)
    params = {"op": str(op)[:40], "operators": ", ".join(known)}
    if of is None:
        message = _("“%(op)s” cannot be used for a number of elements; use one of: %(operators)s.")
    else:
        message = _("“%(op)s” cannot be used with %(field_label)s; use one of: %(operators)s.")
        params["field_label"] = str(of.label)
    raise ConditionError(message, path=join(path, "op"), reason="operator", **params)


def parse_value(tree: dict[str, Any], path: str, read: Any, *, wanted: bool = True) -> Any:
    place = join(path, "value")
    if not wanted:
        if tree.get("value") is not None:
            raise ConditionError(_("This operator takes no value."), path=place, reason="value")
        return None
    if tree.get("value") is None:
        raise ConditionError(_("A value is missing."), path=place, reason="value")
    try:
        return read(tree["value"])
    except WrongValue as wrong:
        at = place + wrong.place
        raise ConditionError(wrong.message, path=at, reason="value", **wrong.params) from None


def check_choices(field: Field, op: Op, value: Any, path: str) -> None:
    fixed = field.fixed_values()
    if fixed is None or value is None:
        return
    for index, chosen in enumerate(value if op in LISTS else (value,)):
        if chosen not in fixed:
            at = f"{path}[{index}]" if op in LISTS else path
            message = _("“%(value)s” is not one of the choices of %(field_label)s: %(choices)s.")
            raise ConditionError(
                message,
                path=at,
                reason="choice",
                value=chosen,
                field_label=str(field.label),
                choices=", ".join(sorted(fixed)),
            )
