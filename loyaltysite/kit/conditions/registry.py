"""The typed fields a condition may speak of. Each app adds its own at start-up, in apps.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.utils.functional import Promise

from loyaltysite.kit.conditions.kinds import Kind

Label = str | Promise
Choices = Sequence[tuple[str, Label]]
Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """A set of texts kept in another table: `queryset()` is correlated by OuterRef, `key` holds the text. Where it holds
    something else, `stored` gives what stands there for a text."""

    queryset: Callable[[], QuerySet[Any]]
    key: str
    stored: Callable[[str], Any] = str


@dataclass(frozen=True, slots=True)
class One:
    """A value kept in another table, at most one row a subject: `queryset()` is correlated by OuterRef, `key` holds the
    value, and where there is no row it is `default`. Asked as a question of existence, which PostgreSQL answers for a
    million members in one pass and for a few by the index."""

    queryset: Callable[[], QuerySet[Any]]
    key: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be asked of a subject.

    read     attribute path on the subject ("member.birthday"; None on the way is missing) or a callable
    q        ORM path that follows no to-many relation, or a callable that returns an expression; for a
             set the path of an array or JSON list, or Rows; One for a value in another table; None where SQL cannot answer. What it
             names must have the kind's type in SQL: cast a JSON key or an id in a callable.
    choices  fixed choices are validated; a callable only suggests (what it offers may change later)
    at       in the place of q for a value that changes with time alone: gives the expression at a Moment
    table    beside `at`: SQL of all subjects with their values (columns subject, figure) at a Moment, which is asked where
             everybody is; None where there is none
    """

    name: str
    kind: Kind
    label: Label
    read: str | Read
    q: str | Callable[[], Combinable] | Rows | One | None = None
    choices: Choices | Callable[[], Choices] | None = None
    at: Callable[[Any], Combinable] | None = None
    table: Callable[[Any], str | None] | None = None

    @property
    def is_timed(self) -> bool:
        return self.at is not None

    def offers(self) -> Choices:
        """The choices an editor shows, empty where any value goes."""
        return (self.choices() if callable(self.choices) else self.choices) or ()

    def fixed_values(self) -> set[str] | None:
        if self.choices is None or callable(self.choices):
            return None
        return {value for value, _label in self.choices}


@dataclass(frozen=True, slots=True)
class Collection:
    """Elements that belong to a subject (lines of an order), for `has` and `count`.

    read  attribute path or callable that gives an iterable of elements; None is empty
    rows  callable that gives their queryset, correlated to the outer row by OuterRef
    own   where elements of other subjects count as well: those of one subject alone, correlated as rows are
    kin   then: the other subjects, correlated to the outer row, or None where there are none; `has` asks each by itself,
          so that either is a join and none is looked for row by row
    whole those of all subjects, each with the id of its own subject as `subject_`: they are counted in one pass where
          everybody is asked, and subject by subject only for the few that have kin
    """

    name: str
    label: Label
    registry: "Registry"
    read: str | Read
    rows: Callable[[], QuerySet[Any]] | None = None
    own: Callable[[], QuerySet[Any]] | None = None
    kin: Callable[[], QuerySet[Any] | None] | None = None
    whole: Callable[[], QuerySet[Any]] | None = None


class Registry:
    """The fields and collections of one scope.

    `now` reads from a subject the moment that "within last 30 days" counts from, aware and in the
    program's time zone, for predicates that get no fixed one. `open_fields` are the beginnings of fields that
    nobody can list, with a label each, for an editor.
    """

    def __init__(self, name: str, *, now: str | Read | None = None) -> None:
        self.name = name
        self.now = now
        self.open_fields: list[tuple[str, Label]] = []
        self._fields: dict[str, Field] = {}
        self._collections: dict[str, Collection] = {}
        self._included: list[tuple[Registry, str, str | None]] = []

    def add(self, *items: Field | Collection) -> None:
        for item in items:
            if self.field(item.name) or self.collection(item.name):
                raise ValueError(f"{item.name} is already in the registry {self.name}")
            if isinstance(item, Field):
                self._fields[item.name] = item
            else:
                self._collections[item.name] = item

    def include(self, other: "Registry", *, read: str, q: str | None = None) -> None:
        """See the other scope's fields through an attribute path and an ORM path, also those added later.

        Callables for SQL and collections cannot be moved along an ORM path: they answer in Python only.
        """
        self._included.append((other, read, q))

    def field(self, name: str) -> Field | None:
        if name in self._fields:
            return self._fields[name]
        for other, read, q in self._included:
            found = other.field(name)
            if found:
                return replace(found, read=_through(read, found.read), q=_along(q, found.q))
        return None

    def collection(self, name: str) -> Collection | None:
        if name in self._collections:
            return self._collections[name]
        for other, read, _q in self._included:
            found = other.collection(name)
            if found:
                return replace(found, read=_through(read, found.read), rows=None)
        return None

    def fields(self) -> list[Field]:
        """Every field in scope, in the order of registration, for an editor."""
        moved = [self.field(f.name) for other, _read, _q in self._included for f in other.fields()]
        return [*self._fields.values(), *(f for f in moved if f)]

    def collections(self) -> list[Collection]:
        moved = [self.collection(c.name) for other, _read, _q in self._included for c in other.collections()]
        return [*self._collections.values(), *(c for c in moved if c)]


def _through(path: str, read: str | Read) -> str | Read:
    if isinstance(read, str):
        return f"{path}.{read}"
    outer, inner = reader(path), read

    def read_through(subject: Any) -> Any:
        middle = outer(subject)
        return None if middle is None else inner(middle)

    return read_through


def _along(path: str | None, q: object) -> str | None:
    return f"{path}__{q}" if path and isinstance(q, str) else None


def reader(read: str | Read) -> Read:
    """A callable that reads a subject; along a dotted path None anywhere gives None."""
    if not isinstance(read, str):
        return read
    head, _dot, rest = read.partition(".")
    outer = attrgetter(head)
    if not rest:
        return outer
    inner = reader(rest)

    def read_path(subject: Any) -> Any:
        middle = outer(subject)
        return None if middle is None else inner(middle)

    return read_path
