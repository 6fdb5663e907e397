"""A condition: parsed once, then asked in Python, in SQL, or for its reasons."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from loyaltysite.kit.conditions import nodes, predicate, sql
from loyaltysite.kit.conditions.explanation import Explainer, Missing
from loyaltysite.kit.conditions.nodes import Always, Leaf, Node
from loyaltysite.kit.conditions.parser import Parser
from loyaltysite.kit.conditions.predicate import Moment, Test
from loyaltysite.kit.conditions.registry import Registry, reader
from loyaltysite.kit.conditions.words import describe_node


class Condition:
    """An immutable, validated tree. Make one with parse()."""

    def __init__(self, root: Node, registry: Registry) -> None:
        self.root = root
        self.registry = registry

    @cached_property
    def tree(self) -> dict[str, Any]:
        """Canonical JSON: parsing it gives an equal condition with the same tree."""
        return nodes.write(self.root)

    @cached_property
    def simple(self) -> Node:
        return nodes.simplify(self.root)

    @cached_property
    def is_trivial(self) -> bool:
        """True for everybody."""
        return isinstance(self.simple, Always)

    @cached_property
    def is_relative(self) -> bool:
        """Whether the answer changes with time alone."""
        return nodes.is_relative(self.simple)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of all fields asked, those of elements included."""
        return frozenset(node.field.name for node in nodes.walk(self.root) if isinstance(node, Leaf))

    @cached_property
    def test(self) -> Test:
        """The compiled tree: test(subject, moment)."""
        return predicate.compile_node(self.simple)

    def predicate(self, now: datetime | None = None) -> Callable[[Any], bool]:
        """A function of the subject. `now` is aware and in the program's time zone; without it each
        subject's own moment counts (Registry.now). Only a relative condition looks at it."""
        test = self.test
        if not self.is_relative:
            return test
        if now is not None:
            fixed = Moment.of(now)
            return lambda subject: test(subject, fixed)
        read_moment = self.moment_reader()
        return lambda subject: test(subject, read_moment(subject))

    def q(self, now: datetime | None = None, *, whole: bool = False) -> Q:
        """For .filter(), on rows of the registry's model. A relative condition needs `now`, as above. Say `whole` where
        everybody is asked: elements are then counted in one pass, and not subject by subject.

        To negate it, parse {"not": tree}: the Q alone may be NULL for a row, which ~Q would keep out too.
        Raises ConditionError for a field that only Python can answer.
        """
        if self.is_relative and now is None:
            raise ValueError("this condition asks about days from now: pass now")
        return sql.compile_node(self.simple, None if now is None else Moment.of(now), whole=whole)

    def explain(
        self, subject: Any, now: datetime | None = None, *, currency: str | None = None
    ) -> list[Missing]:
        """The decisive conditions that the subject fails; empty if it meets the whole tree.

        Of a failed `all` the failed parts, of a failed `any` every part, under `not` what should not hold.
        """
        moment = None
        if self.is_relative:
            moment = Moment.of(now) if now is not None else self.moment_reader()(subject)
        return list(Explainer(moment, currency).explain(self.root, subject))

    def moment_reader(self) -> Callable[[Any], Moment | None]:
        if self.registry.now is None:
            raise ValueError(f"the registry {self.registry.name} has no moment of its own: pass now")
        read_now = reader(self.registry.now)

        def read_moment(subject: Any) -> Moment | None:
            now = read_now(subject)
            return None if now is None else Moment.of(now)

        return read_moment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.tree == other.tree and self.registry is other.registry

    def __hash__(self) -> int:
        return hash((self.registry.name, self.fields))

    def __repr__(self) -> str:
        return f"Condition({self.tree!r}, {self.registry.name!r})"


def parse(tree: Any, registry: Registry, *, bulk: bool = False) -> Condition:
    """Validate JSON (as Python objects) against the registry; {} and None are always true.

    With `bulk`, fields that only Python can answer are refused too, so that q() cannot fail later.

    Raises ConditionError with `path`, `reason` and a sentence.
    """
    return Condition(Parser(bulk=bulk).parse(tree, registry), registry)


def describe(condition: Condition, *, currency: str | None = None) -> str:
    """The condition in plain words of the active language; without a currency money has two decimals."""
    return describe_node(condition.root, currency)
