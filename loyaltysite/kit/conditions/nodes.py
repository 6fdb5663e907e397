"""The parsed tree: immutable nodes that hold typed values, never raw JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyaltysite.kit.conditions.kinds import RELATIVE, Op
from loyaltysite.kit.conditions.registry import Collection, Field


@dataclass(frozen=True, slots=True)
class Always:
    """The empty tree: true for everybody."""


@dataclass(frozen=True, slots=True)
class Never:
    """False for everybody; it arises from `not {}` only."""


@dataclass(frozen=True, slots=True)
class All:
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    child: "Node"


@dataclass(frozen=True, slots=True)
class Leaf:
    field: Field
    op: Op
    value: Any


@dataclass(frozen=True, slots=True)
class Has:
    collection: Collection
    where: "Node"


@dataclass(frozen=True, slots=True)
class Count:
    collection: Collection
    where: "Node"
    op: Op
    value: int


Node = Always | Never | All | AnyOf | Not | Leaf | Has | Count


def walk(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case All(children) | AnyOf(children):
            for child in children:
                yield from walk(child)
        case Not(child):
            yield from walk(child)
        case Has(_, where) | Count(_, where, _, _):
            yield from walk(where)


def is_relative(node: Node) -> bool:
    """Whether the answer depends on the moment at which it is asked."""
    return is_timed(node) or any(isinstance(inner, Leaf) and inner.op in RELATIVE for inner in walk(node))


def is_timed(node: Node) -> bool:
    """Whether a value that is asked changes with time alone, so that nobody can say beforehand whose."""
    return any(isinstance(inner, Leaf) and inner.field.is_timed for inner in walk(node))


def write(node: Node) -> dict[str, Any]:  # noqa: PLR0911 (one return a kind of node)
    """The canonical JSON of the tree."""
    match node:
        case Always():
            return {}
        case Never():
            return {"not": {}}
        case All(children):
            return {"all": [write(child) for child in children]}
        case AnyOf(children):
            return {"any": [write(child) for child in children]}
        case Not(child):
            return {"not": write(child)}
        case Leaf(field, op, value):
            leaf = {"field": field.name, "op": op.value}
            return leaf if value is None else leaf | {"value": field.kind.write_for(op, value)}
        case Has(collection, where):
            return {"has": collection.name, "where": write(where)}
        case Count(collection, where, op, value):
            return {"count": collection.name, "where": write(where), "op": op.value, "value": value}


def simplify(node: Node) -> Node:
    """The same truth in fewer nodes: constants folded, groups of one kind joined, double `not` gone."""
    match node:
        case All(children):
            return _join(All, children, neutral=Always(), deciding=Never())
        case AnyOf(children):
            return _join(AnyOf, children, neutral=Never(), deciding=Always())
        case Not(child):
            return _negate(simplify(child))
        case Has(collection, where):
            return Has(collection, simplify(where))
        case Count(collection, where, op, value):
            return _count(Count(collection, simplify(where), op, value))
    return node


def _negate(child: Node) -> Node:
    match child:
        case Always():
            return Never()
        case Never():
            return Always()
        case Not(inner):
            return inner
    return Not(child)


def _join(
    group: type[All] | type[AnyOf],
    children: tuple[Node, ...],
    *,
    neutral: Node,
    deciding: Node,
) -> Node:
    flat: list[Node] = []
    for child in map(simplify, children):
        if child == deciding:
            return deciding
        if child != neutral:
            flat.extend(child.children if isinstance(child, group) else (child,))
    if not flat:
        return neutral
    return flat[0] if len(flat) == 1 else group(tuple(flat))


def _count(node: Count) -> Node:
    """At least one, or none, is a question of existence and needs no counting."""
    if (node.op, node.value) in {(Op.AT_LEAST, 1), (Op.ABOVE, 0), (Op.DIFFERENT, 0)}:
        return Has(node.collection, node.where)
    if (node.op, node.value) in {(Op.BELOW, 1), (Op.AT_MOST, 0), (Op.EQUAL, 0)}:
        return Not(Has(node.collection, node.where))
    return node
