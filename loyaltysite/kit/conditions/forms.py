"""The editor of a tree of conditions: one form for rules, audiences, journeys and rewards.

    form = ConditionForm(OCCASION, "conditions", tree=stored, url=request.path, currency="GBP", zone=program.zone)
    form = ConditionForm(OCCASION, "conditions", data=request.POST, url=…)
    if form.was_edited: …render it again, nothing is judged yet…
    elif form.is_valid(): form.tree

`{% conditions form %}` renders it inside a form of yours. Its buttons and choices post that whole form to `url`
(by htmx, and as plain submits without JavaScript); the view answers with the page, or with the tag's own part
when `request.htmx.target` is the form's `prefix`. The server is the only truth: what was typed comes back as typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from datetime import tzinfo
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from loyaltysite.kit.conditions import controls, drafts, nodes
from loyaltysite.kit.conditions.condition import parse
from loyaltysite.kit.conditions.controls import Control, Terms
from loyaltysite.kit.conditions.drafts import COLLECTION, HAS, Group, Item, Row
from loyaltysite.kit.conditions.kinds import COUNTING, Op, WrongValue
from loyaltysite.kit.conditions.parser import ConditionError, join
from loyaltysite.kit.conditions.registry import Field, Registry
from loyaltysite.kit.conditions.words import operator_label

JOINS: Mapping[str, str | Promise] = {
    drafts.ALL: pgettext_lazy("of these conditions", "all"),
    drafts.ANY: pgettext_lazy("of these conditions", "any"),
    drafts.NONE: pgettext_lazy("of these conditions", "none"),
    drafts.NOT_ALL: pgettext_lazy("of these conditions", "not all"),
}
COUNTS: Mapping[Op, str | Promise] = {
    Op.EQUAL: gettext_lazy("number exactly"),
    Op.DIFFERENT: gettext_lazy("number not"),
    Op.BELOW: gettext_lazy("number below"),
    Op.AT_MOST: gettext_lazy("number at most"),
    Op.ABOVE: gettext_lazy("number above"),
    Op.AT_LEAST: gettext_lazy("number at least"),
}

Choices = list[tuple[str, str]]


@dataclass(slots=True)
class Shown:
    """A group or a row as templates/components/conditions/ renders it."""

    place: str
    name: str
    id: str
    errors: list[str] = made(default_factory=list)
    is_first: bool = True
    is_last: bool = True
    is_inner: bool = False
    removable: bool = False
    is_new: bool = False
    join: str = ""
    joins: Choices = made(default_factory=list)
    children: list[Shown] = made(default_factory=list)
    field: str = ""
    fields: list[tuple[str, Choices]] = made(default_factory=list)
    open_name: str | None = None
    op: str = ""
    operators: Choices = made(default_factory=list)
    control: Control = made(default_factory=Control)
    where: Shown | None = None

    @property
    def is_group(self) -> bool:
        return bool(self.join)


class ConditionForm:
    """A tree as form fields that begin with `prefix`.

    tree         the stored JSON to begin with; `data`, what was posted, takes its place
    url          where the buttons post to
    suggestions  {field name: texts} that help with typing; choices of the field itself are offered anyway
    groups       {beginning of a field's name: heading} for the list of fields
    hides        says of a field's or collection's name that it is not offered here, unless the tree uses it
    bulk         refuse what SQL cannot answer
    """

    def __init__(
        self,
        registry: Registry,
        prefix: str,
        *,
        tree: Mapping[str, Any] | None = None,
        data: drafts.Posted | None = None,
        url: str = "",
        currency: str = "",
        zone: tzinfo | None = None,
        suggestions: Mapping[str, Sequence[str]] | None = None,
        groups: Mapping[str, str | Promise] | None = None,
        hides: Callable[[str], bool] = lambda name: False,
        bulk: bool = False,
        label: str | Promise = "",
    ) -> None:
        self.registry, self.prefix, self.url, self.label = registry, prefix, url, label
        self.terms = Terms(currency, zone)
        self.suggestions, self.groups, self.hides = suggestions or {}, groups or {}, hides
        self.bulk = bulk
        self.is_bound = data is not None
        self.errors: dict[str, list[str]] = {}
        self.was_edited = self.is_quiet = False
        if data is None:
            self.root = drafts.load(self._simple(tree), self._write_value)
        else:
            self.root = drafts.read(data, prefix)
            action = data.get(f"{prefix}.do", "")
            if action:
                self.was_edited = True
                drafts.edit(self.root, action)
        for place, item in drafts.walk(self.root):
            if isinstance(item, Row):
                self._settle(item, self._registry_at(place))

    # What it says

    def is_valid(self) -> bool:
        return self.is_bound and not self._written.empty and not self.errors and self._parse()

    @cached_property
    def tree(self) -> dict[str, Any] | None:
        """The JSON as posted, None for a tree that is always true. Only is_valid() says whether it makes sense."""
        return self._written.tree or None

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self.errors, self.is_quiet = {}, True

    def refuse(self, path: str, message: str) -> None:
        """Show a refusal at the row that a path such as `all[1].value` speaks of."""
        self.errors.setdefault(self._written.place_of(path), []).append(message)

    @cached_property
    def _written(self) -> drafts.Written:
        written = drafts.write(self.root, self._read_row)
        for place in written.empty:
            self._note(place, _("Add a condition to this group, or remove it."))
        return written

    def _parse(self) -> bool:
        try:
            parse(self.tree, self.registry, bulk=self.bulk)
        except ConditionError as error:
            self.refuse(error.path, str(error))
        return not self.errors

    def _note(self, place: str, message: str) -> None:
        self.errors.setdefault(place, []).append(message)

    # Rows

    def _simple(self, tree: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Without constants and double groups; as it is where it can no longer be read."""
        try:
            return nodes.write(parse(tree, self.registry).simple)
        except ConditionError:
            return tree or {}

    def _settle(self, row: Row, registry: Registry) -> None:
        """Split the name of an open field, and give a new row its first field and operator."""
        if not row.field:
            first = next((f for f in registry.fields() if not self.hides(f.name)), None)
            row.field = first.name if first else ""
        for prefix, _label in registry.open_fields:
            if row.field.startswith(prefix) and row.field != prefix:
                row.field, row.name = prefix, row.field.removeprefix(prefix)
        known = [value for value, _label in self._operators(row, registry)]
        if known and row.op not in known:
            row.op = known[0]
        if row.collection and row.where is None:
            row.where = Group()

    def _asked(self, row: Row, registry: Registry) -> Field | None:
        """The field of a row; of an open one without a name yet, what it will be."""
        if row.field and self._is_open(registry, row) and not row.name:
            return registry.field(f"{row.field}_")
        return registry.field(self._name(row))

    def _name(self, row: Row) -> str:
        return row.field + row.name

    def _registry_at(self, place: str) -> Registry:
        """The fields that stand to choose at a place: those of the elements inside a `where`."""
        registry, steps, at = self.registry, place.split("."), ""
        for step in steps:
            if step == "where":
                row = drafts.find(self.root, at)
                found = registry.collection(row.collection) if isinstance(row, Row) else None
                registry = found.registry if found else registry
            at = join(at, step)
        return registry

    def _write_value(self, name: str, op: str, value: Any) -> list[str]:
        return controls.write(self._anywhere(name), op, value, self.terms)

    def _anywhere(self, name: str) -> Field | None:
        """A field of the scope, or of its collections."""
        inner = (collection.registry.field(name) for collection in self.registry.collections())
        return self.registry.field(name) or next(filter(None, inner), None)

    def _read_row(self, row: Row, place: str) -> dict[str, Any]:
        if row.collection:
            return self._read_quantifier(row, place)
        found: dict[str, Any] = {"field": self._name(row), "op": row.op}
        asked = self._registry_at(place).field(self._name(row))
        if asked is None:
            return found
        try:
            value = controls.read(asked, Op(row.op), row.values, self.terms)
        except WrongValue as wrong:
            self._note(place, wrong.text)
            return found
        return found if value is None else found | {"value": value}

    def _read_quantifier(self, row: Row, place: str) -> dict[str, Any]:
        if row.op == HAS:
            return {HAS: row.collection}
        found = {"count": row.collection, "op": row.op}
        try:
            return found | {"value": controls.read_whole(row.values[0] if row.values else "")}
        except WrongValue as wrong:
            self._note(place, wrong.text)
            return found

    # How it looks

    @property
    def shown(self) -> Shown:
        if self.is_bound and not (self.was_edited or self.is_quiet):
            self.is_valid()
        return self._show(self.root, "", self.registry)

    def _show(self, item: Item, place: str, registry: Registry) -> Shown:
        name = join(self.prefix, place) if place else self.prefix
        shown = Shown(place, name, name.replace(".", "-"), self.errors.get(place, []))
        # The root of a tree and what a collection is asked stay where they are.
        shown.removable = place.rpartition(".")[2].isdecimal()
        shown.is_inner = place.rpartition(".")[0].rpartition(".")[2].isdecimal()
        if isinstance(item, Group):
            shown.join = item.join
            shown.joins = [(word, str(label)) for word, label in JOINS.items()]
            shown.children = list(self._show_each(item.children, place, registry))
        else:
            self._show_row(shown, item, registry)
        return shown

    def _show_each(self, children: Sequence[Item], place: str, registry: Registry) -> Iterator[Shown]:
        for index, child in enumerate(children):
            shown = self._show(child, join(place, str(index)), registry)
            shown.is_first, shown.is_last = index == 0, index == len(children) - 1
            yield shown

    def _show_row(self, shown: Shown, row: Row, registry: Registry) -> None:
        shown.field, shown.op, shown.is_new = row.field, row.op, row.is_new
        shown.fields = self._fields(registry, row)
        shown.operators = self._operators(row, registry)
        shown.open_name = row.name if self._is_open(registry, row) else None
        asked = self._asked(row, registry)
        if row.collection:
            collection = registry.collection(row.collection)
            if row.op != HAS:
                shown.control = Control("one", css="num", values=[*row.values[:1], ""][:1])
            if row.where is not None and collection is not None:
                shown.where = self._show(row.where, join(shown.place, "where"), collection.registry)
        elif asked is not None and row.op:
            suggestions = self.suggestions.get(row.field, ())
            shown.control = controls.control_of(asked, Op(row.op), row.values, self.terms, suggestions)

    def _is_open(self, registry: Registry, row: Row) -> bool:
        return any(row.field == prefix for prefix, _label in registry.open_fields)

    def _operators(self, row: Row, registry: Registry) -> Choices:
        if row.collection:
            counts = [(op.value, str(COUNTS[op])) for op in COUNTING]
            return [(HAS, _("there is one with")), *counts]
        asked = self._asked(row, registry)
        if asked is None:
            return [(row.op, row.op)] if row.op else []
        return [(op.value, operator_label(asked.kind, op)) for op in asked.kind.operators]

    def _fields(self, registry: Registry, row: Row) -> list[tuple[str, Choices]]:
        """The fields by heading, and what is chosen in any case."""
        found: list[tuple[str, str]] = [(f.name, str(f.label)) for f in registry.fields()]
        found += [(prefix, str(label)) for prefix, label in registry.open_fields]
        found += [(COLLECTION + c.name, str(c.label)) for c in registry.collections()]
        shown = [pair for pair in found if pair[0] == row.field or not self.hides(pair[0])]
        if row.field not in dict(found):
            shown.append((row.field, row.field))
        headed: dict[str, Choices] = {}
        for name, label in shown:
            heading = next((str(text) for start, text in self.groups.items() if name.startswith(start)), "")
            headed.setdefault(heading, []).append((name, capfirst(label)))
        return list(headed.items())
