"""Why not: the leaves that decided against a subject, what they wanted and what they found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit.conditions.kinds import INTEGER, Op
from loyaltysite.kit.conditions.nodes import All, Always, AnyOf, Count, Has, Leaf, Never, Node, Not
from loyaltysite.kit.conditions.parser import join
from loyaltysite.kit.conditions.predicate import Moment, compile_node
from loyaltysite.kit.conditions.registry import Field, reader
from loyaltysite.kit.conditions.words import describe_node, operator_label, show_value, show_wanted


@dataclass(frozen=True, slots=True)
class Missing:
    """One decisive condition that a subject did not meet.

    field      name of the field or collection, and its label
    operator   in words; wanted and actual: as shown to people; value and found: as compared
    negated    the condition was met and should not have been (it stands under `not`)
    sentence   the condition as a whole, in words
    closest    for a collection: what the element that comes nearest still lacks
    """

    path: str
    field: str
    label: str
    operator: str
    wanted: str
    actual: str
    value: Any
    found: Any
    negated: bool
    sentence: str
    closest: tuple["Missing", ...] = ()

    def __str__(self) -> str:
        wanted = _("Not wanted: %(sentence)s.") if self.negated else _("Wanted: %(sentence)s.")
        if not self.field:
            return wanted % {"sentence": self.sentence}
        found = _("Found: %(actual)s.") % {"actual": self.actual}
        return " ".join([wanted % {"sentence": self.sentence}, found])


@dataclass(frozen=True, slots=True)
class Explainer:
    moment: Moment | None
    currency: str | None

    def explain(self, node: Node, subject: Any, path: str = "", *, wanted: bool = True) -> Iterator[Missing]:
        """What keeps `node` from being `wanted`; nothing where it already is."""
        if bool(compile_node(node)(subject, self.moment)) is wanted:
            return
        match node:
            case Always() | Never() | All(()):
                yield self._constant(node, path, negated=not wanted)
            case All(children) | AnyOf(children):
                key = "all" if isinstance(node, All) else "any"
                for index, child in enumerate(children):
                    yield from self.explain(child, subject, join(path, f"{key}[{index}]"), wanted=wanted)
            case Not(child):
                yield from self.explain(child, subject, join(path, "not"), wanted=not wanted)
            case Leaf(field, op, value):
                yield self._leaf(field, op, value, subject, path, negated=not wanted)
            case Has() | Count():
                yield self._quantifier(node, subject, path, negated=not wanted)

    def _leaf(self, field: Field, op: Op, value: Any, subject: Any, path: str, *, negated: bool) -> Missing:
        found = reader(field.read)(subject)
        return Missing(
            path=path,
            field=field.name,
            label=str(field.label),
            operator=operator_label(field.kind, op),
            wanted=show_wanted(field, op, value, self.currency),
            actual=show_value(field, found, self.currency),
            value=value,
            found=found,
            negated=negated,
            sentence=describe_node(Leaf(field, op, value), self.currency),
        )

    def _quantifier(self, node: Has | Count, subject: Any, path: str, *, negated: bool) -> Missing:
        collection, where = node.collection, node.where
        elements = list(reader(collection.read)(subject) or ())
        test = compile_node(where)
        number = sum(1 for element in elements if test(element, self.moment))
        op, value = (node.op, node.value) if isinstance(node, Count) else (Op.AT_LEAST, 1)
        count = Field(collection.name, INTEGER, collection.label, read=lambda _subject: number)
        return Missing(
            path=path,
            field=collection.name,
            label=str(collection.label),
            operator=operator_label(INTEGER, op),
            wanted=show_wanted(count, op, value),
            actual=show_value(count, number),
            value=value,
            found=number,
            negated=negated,
            sentence=describe_node(node, self.currency),
            closest=() if negated else self._closest(where, elements, path),
        )

    def _closest(self, where: Node, elements: list[Any], path: str) -> tuple[Missing, ...]:
        lacks = [tuple(self.explain(where, element, join(path, "where"))) for element in elements]
        return min((lack for lack in lacks if lack), key=len, default=())

    def _constant(self, node: Node, path: str, *, negated: bool) -> Missing:
        sentence = describe_node(node, self.currency)
        return Missing(path, "", "", "", "", "", None, None, negated, sentence)
