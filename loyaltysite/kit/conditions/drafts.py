"""A tree while it is being edited: groups and rows of texts as typed, which need not make sense yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, Protocol

from loyaltysite.kit.conditions.parser import MAX_NODES, join

ALL, ANY, NONE, NOT_ALL = "all", "any", "none", "not all"
JOINS = (ALL, ANY, NONE, NOT_ALL)
HAS = "has"
# In the list of fields a collection stands beside the fields; no field's name begins so.
COLLECTION = "@"


class Posted(Protocol):
    """What a QueryDict can do."""

    def get(self, key: str, default: str, /) -> Any: ...
    def getlist(self, key: str, /) -> list[Any]: ...
    def __contains__(self, key: object, /) -> bool: ...


@dataclass(slots=True)
class Row:
    """One condition. `field` is a field's name, the beginning of open ones, or "@" and a collection's; `name` ends an
    open field's name; `values` are texts; `where` is what the elements of a collection are asked."""

    field: str = ""
    op: str = ""
    values: list[str] = made(default_factory=list)
    name: str = ""
    where: Group | None = None
    is_new: bool = False

    @property
    def collection(self) -> str:
        return self.field.removeprefix(COLLECTION) if self.field.startswith(COLLECTION) else ""


@dataclass(slots=True)
class Group:
    """Several conditions under one word: all, any, none, or not all of them."""

    join: str = ALL
    children: list[Row | Group] = made(default_factory=list)


Item = Row | Group


# From a form


def read(data: Posted, prefix: str) -> Group:
    """The tree that was posted; indices run from 0 without a gap, as they were rendered."""
    return _read_group(data, prefix, [MAX_NODES])


def _read_group(data: Posted, name: str, room: list[int]) -> Group:
    asked = data.get(f"{name}.join", ALL)
    group = Group(asked if asked in JOINS else ALL)
    while room[0] > 0:
        child = f"{name}.{len(group.children)}"
        room[0] -= 1
        if f"{child}.join" in data:
            group.children.append(_read_group(data, child, room))
        elif f"{child}.field" in data:
            group.children.append(_read_row(data, child, room))
        else:
            break
    return group


def _read_row(data: Posted, name: str, room: list[int]) -> Row:
    row = Row(
        field=data.get(f"{name}.field", ""),
        op=data.get(f"{name}.op", ""),
        values=data.getlist(f"{name}.value"),
        name=data.get(f"{name}.name", "").strip(),
    )
    if f"{name}.was" in data and data.get(f"{name}.was", "") != row.field:
        # What was typed for another field means nothing for this one.
        row.op, row.values, row.name = "", [], ""
    if row.collection:
        row.where = _read_group(data, f"{name}.where", room)
    return row


# Places: "" is the root, "0.1" the second of its first group, "0.where.2" within what a collection is asked


def find(root: Group, place: str) -> Item | None:
    item: Item | None = root
    for step in filter(None, place.split(".")):
        if step == "where":
            item = item.where if isinstance(item, Row) else None
        elif isinstance(item, Group) and step.isdecimal() and int(step) < len(item.children):
            item = item.children[int(step)]
        else:
            return None
    return item


def _above(place: str) -> tuple[str, int]:
    above, _dot, last = place.rpartition(".")
    return above, int(last) if last.isdecimal() else -1


def edit(root: Group, action: str) -> None:
    """Do what a button says, such as `add:0`, `group:`, `any:1`, `remove:0.1`, `up:2`, `nest:1`; nothing for a place
    that is not there."""
    verb, _colon, place = action.partition(":")
    if verb in JOINS:
        target = find(root, place)
        if isinstance(target, Group):
            target.join = verb
        return
    if verb in ("add", "group"):
        target = find(root, place)
        if isinstance(target, Group):
            target.children.append(Row(is_new=True) if verb == "add" else Group(ANY, [Row(is_new=True)]))
        return
    above, index = _above(place)
    parent = find(root, above)
    if isinstance(parent, Group) and 0 <= index < len(parent.children):
        _move(root, parent, above, index, verb)


def _move(root: Group, parent: Group, above: str, index: int, verb: str) -> None:
    siblings = parent.children
    if verb == "remove":
        del siblings[index]
    elif verb == "nest":
        siblings[index] = Group(ANY, [siblings[index]])
    elif verb == "up" and index:
        siblings[index - 1], siblings[index] = siblings[index], siblings[index - 1]
    elif verb == "down" and index + 1 < len(siblings):
        siblings[index + 1], siblings[index] = siblings[index], siblings[index + 1]
    elif verb == "out":
        outer_place, own = _above(above)
        outer = find(root, outer_place)
        if above and own >= 0 and isinstance(outer, Group):
            outer.children.insert(own + 1, siblings.pop(index))
            if not siblings:
                del outer.children[own]


def walk(item: Item, place: str = "") -> Iterator[tuple[str, Item]]:
    """Every group and row with its place."""
    yield place, item
    if isinstance(item, Group):
        for index, child in enumerate(item.children):
            yield from walk(child, join(place, str(index)))
    elif item.where is not None:
        yield from walk(item.where, join(place, "where"))


# From JSON


def load(tree: Mapping[str, Any] | None, write_value: Any) -> Group:
    """A draft of a stored tree; `write_value(field, op, value)` gives the texts of a row's value."""
    root = _load(tree or {}, write_value)
    return root if isinstance(root, Group) else Group(ALL, [root])


def _load(tree: Mapping[str, Any], write_value: Any) -> Item:
    for key in (ALL, ANY):
        if key in tree:
            return Group(key, [_load(child, write_value) for child in tree[key]])
    if "not" in tree:
        return _load_not(tree["not"], write_value)
    if "field" in tree:
        name, op = str(tree["field"]), str(tree.get("op", ""))
        return Row(name, op, write_value(name, op, tree.get("value")))
    if HAS in tree or "count" in tree:
        where = load(tree.get("where"), write_value)
        if HAS in tree:
            return Row(COLLECTION + str(tree[HAS]), HAS, where=where)
        number = [str(tree.get("value", ""))]
        return Row(COLLECTION + str(tree["count"]), str(tree.get("op", "")), number, where=where)
    return Group(ALL)


def _load_not(inner: Mapping[str, Any], write_value: Any) -> Group:
    for key, word in ((ANY, NONE), (ALL, NOT_ALL)):
        if key in inner:
            return Group(word, [_load(child, write_value) for child in inner[key]])
    return Group(NONE, [_load(inner, write_value)] if inner else [])


# To JSON


@dataclass(slots=True)
class Written:
    """A tree as JSON, where in it each place stands, and which groups are empty."""

    tree: dict[str, Any] = made(default_factory=dict)
    places: dict[str, str] = made(default_factory=dict)
    empty: list[str] = made(default_factory=list)

    def place_of(self, path: str) -> str:
        """The place that a parser's path speaks of: that of the nearest node around it."""
        around = [at for at in self.places if not at or path == at or path.startswith((f"{at}.", f"{at}["))]
        return self.places[max(around, key=len)] if around else ""


def write(root: Group, read_row: Any) -> Written:
    """The JSON of a draft; `read_row(row, place)` gives a row's own part of it (without its `where`)."""
    written = Written()
    written.tree = _write_root(root, "", "", written, read_row)
    return written


def _write_root(group: Group, path: str, place: str, written: Written, read_row: Any) -> dict[str, Any]:
    """A tree of its own may be empty, and a single condition needs no group around it."""
    written.places.setdefault(path, place)
    if group.join in (ALL, ANY) and len(group.children) < 2:
        if not group.children:
            return {}
        return _write(group.children[0], path, join(place, "0"), written, read_row)
    return _write(group, path, place, written, read_row)


def _write(item: Item, path: str, place: str, written: Written, read_row: Any) -> dict[str, Any]:
    written.places[path] = place
    if isinstance(item, Row):
        found: dict[str, Any] = read_row(item, place)
        if item.where is not None:
            where = join(path, "where")
            found["where"] = _write_root(item.where, where, join(place, "where"), written, read_row)
        return found
    if not item.children:
        written.empty.append(place)
    key, inside = (ALL if item.join in (ALL, NOT_ALL) else ANY), path
    if item.join in (NONE, NOT_ALL):
        inside = join(path, "not")
        if len(item.children) == 1:
            return {"not": _write(item.children[0], inside, join(place, "0"), written, read_row)}
    children = _write_each(item.children, join(inside, key), place, written, read_row)
    return {key: children} if inside == path else {"not": {key: children}}


def _write_each(
    children: Sequence[Item], path: str, place: str, written: Written, read_row: Any
) -> list[dict[str, Any]]:
    return [
        _write(child, f"{path}[{index}]", join(place, str(index)), written, read_row)
        for index, child in enumerate(children)
    ]
