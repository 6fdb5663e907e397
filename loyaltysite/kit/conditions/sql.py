"""The SQL back end: a tree becomes a Q for .filter() that is true for exactly the rows the predicate accepts.

A comparison with NULL is NULL, which a WHERE clause treats as false; under `not` it would stay NULL, so
`not` is written as IS NOT TRUE. Everything else stays plain, so that indexes serve it. To negate a
condition, put it under "not"; never negate the Q.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Exists,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models import Count as CountOf
from django.db.models.expressions import Combinable
from django.db.models.functions import ExtractDay, ExtractMonth

from loyaltysite.kit.conditions import predicate
from loyaltysite.kit.conditions.kinds import MONTH_DAY, SET, Kind, Op
from loyaltysite.kit.conditions.nodes import All, Always, AnyOf, Count, Has, Leaf, Never, Node, Not
from loyaltysite.kit.conditions.parser import no_sql
from loyaltysite.kit.conditions.predicate import Moment, days_of_year, shift
from loyaltysite.kit.conditions.registry import Collection, Field, One, Rows

# What holds exactly where the other does not, of two whole numbers.
OPPOSITES = {
    Op.EQUAL: Op.DIFFERENT,
    Op.DIFFERENT: Op.EQUAL,
    Op.BELOW: Op.AT_LEAST,
    Op.AT_LEAST: Op.BELOW,
    Op.ABOVE: Op.AT_MOST,
    Op.AT_MOST: Op.ABOVE,
}
COMPARISONS = {
    Op.EQUAL: "=",
    Op.DIFFERENT: "<>",
    Op.BELOW: "<",
    Op.AT_MOST: "<=",
    Op.ABOVE: ">",
    Op.AT_LEAST: ">=",
}


class Comparison(Func):
    """One SQL operator between two expressions; NULL where either is."""

    output_field = BooleanField()

    def __init__(self, left: Any, symbol: str, right: Any) -> None:
        super().__init__(left, right, template="(%(expressions)s)", arg_joiner=f" {symbol} ")


class IsNotTrue(Func):
    """The two-valued `not`: true where the inner question is false or NULL."""

    template = "(%(expressions)s IS NOT TRUE)"
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        inner = self.get_source_expressions()[0]
        try:
            sql, params = compiler.compile(inner)
        except EmptyResultSet:
            raise FullResultSet from None
        except FullResultSet:
            raise EmptyResultSet from None
        return self.template % {"expressions": sql}, tuple(params)


class IsAmong(Func):
    """Whether a subject is one of those counted: a table of its own that is joined or hashed. Where it is too large for
    that, PostgreSQL puts the subject's id into it and asks the index."""

    output_field = BooleanField()

    def __init__(self, subject: Any, counted: Any, *, negated: bool = False) -> None:
        super().__init__(subject, counted, negated=negated)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        subject, counted = (compiler.compile(each) for each in self.get_source_expressions())
        word = "NOT EXISTS" if self.extra["negated"] else "EXISTS"
        text = f"{word} (SELECT FROM {counted[0]} AS counted(subject) WHERE counted.subject = {subject[0]})"
        return text, (*counted[1], *subject[1])


class IsMeasured(Func):
    """Whether a condition on `measured.figure` holds of a subject's row in a table of all subjects and their figures."""

    output_field = BooleanField()

    def __init__(self, subject: Any, condition: Any, *, table: str) -> None:
        super().__init__(subject, condition, table=table)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        subject, condition = (compiler.compile(each) for each in self.get_source_expressions())
        table = self.extra["table"].replace("%", "%%")
        text = f"EXISTS (SELECT FROM ({table}) AS measured WHERE measured.subject = {subject[0]} AND {condition[0]})"
        return text, (*subject[1], *condition[1])


class Figure(Func):
    template = "measured.figure"
    output_field = BigIntegerField()


class SetTest(Func):
    """A question to a column that holds a list of texts, an array or JSON: any of these, all, or some."""

    output_field = BooleanField()
    ARRAY = {"any": "({0} && %s::{1})", "all": "({0} @> %s::{1})", "some": "(cardinality({0}) > 0)"}
    JSON = {"any": "({0} ?| %s::text[])", "all": "({0} ?& %s::text[])", "some": "({0} NOT IN ('[]', 'null'))"}

    def __init__(self, target: Any, question: str, values: tuple[str, ...] = ()) -> None:
        super().__init__(target, question=question, values=values)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        target = self.get_source_expressions()[0]
        sql, params = compiler.compile(target)
        column = target.output_field.db_type(connection)
        forms = self.JSON if column == "jsonb" else self.ARRAY
        question = self.extra["question"]
        values = [] if question == "some" else [list(self.extra["values"])]
        return forms[question].format(sql, column), (*params, *values)


def compile_node(node: Node, moment: Moment | None, *, whole: bool = False) -> Q:  # noqa: PLR0911 (one return a kind of node)
    """With `whole` for everybody at once: see Condition.q."""
    match node:
        case Always():
            return Q()
        case Never():
            return Q(Value(False))
        case All(children):
            return Q(*(compile_node(child, moment, whole=whole) for child in children))
        case AnyOf(children):
            return Q(*(compile_node(child, moment, whole=whole) for child in children), _connector=Q.OR)
        case Not(child):
            return Q(IsNotTrue(compile_node(child, moment, whole=whole)))
        case Has(collection, where):
            return _compile_has(collection, where, moment)
        case Count():
            of_all = node.collection.whole if whole else None
            return _compile_counted(node, of_all, moment) if of_all else _compile_count(node, moment)
        case Leaf(field, op, value):
            table = field.table(moment) if whole and field.table else None
            if table:
                holds = LEAVES[op](Figure(), value, field.kind, moment)
                return Q(IsMeasured(F("pk"), holds, table=table))
            return compile_leaf(field, op, value, moment)


def _compile_has(collection: Collection, where: Node, moment: Moment | None) -> Q:
    if collection.own is None or collection.kin is None:
        return Q(Exists(_rows_of(collection).filter(compile_node(where, moment))))
    mine, its = (collection.own().order_by().filter(compile_node(where, moment)) for _ in range(2))
    kin = collection.kin()
    return Q(Exists(mine)) if kin is None else Q(Exists(mine)) | Q(Exists(kin.order_by().filter(Exists(its))))


def _rows_of(collection: Collection) -> Any:
    if collection.rows is None:
        raise no_sql(collection.label, collection.name)
    return collection.rows().order_by()


def _compile_count(node: Count, moment: Moment | None) -> Q:
    rows = _rows_of(node.collection).filter(compile_node(node.where, moment))
    # A plain function, not Django's aggregate, which would group by the element and count ones.
    counted = rows.annotate(number_=Func(Value(1), function="COUNT", output_field=IntegerField()))
    number = Subquery(counted.values("number_"), output_field=IntegerField())
    return Q(Comparison(number, COMPARISONS[node.op], _constant(node.value)))


def _compile_counted(node: Count, elements: Callable[[], QuerySet[Any]], moment: Moment | None) -> Q:
    kin = node.collection.kin() if node.collection.kin else None
    if kin is None:
        return _compile_groups(node, elements(), moment)
    alone = Q(~Exists(kin.order_by())) & _compile_groups(node, elements(), moment)
    return alone | (Q(Exists(kin.order_by())) & _compile_count(node, moment))


def _compile_groups(node: Count, elements: QuerySet[Any], moment: Moment | None) -> Q:
    """All subjects counted in one pass. Who has no element is not among them, so where none is enough, those are left out
    who have too many or too few."""
    op, found = node.op, elements.order_by().filter(compile_node(node.where, moment))
    none_will_do = predicate.COMPARE[op](0, node.value)
    if none_will_do:
        op = OPPOSITES[op]
    counted = found.values("subject_").annotate(number_=CountOf("*"))
    counted = counted.filter(Comparison(F("number_"), COMPARISONS[op], _constant(node.value)))
    return Q(IsAmong(F("pk"), Subquery(counted.values("subject_")), negated=none_will_do))


def compile_leaf(field: Field, op: Op, value: Any, moment: Moment | None) -> Q:
    if field.at is not None:
        return LEAVES[op](field.at(moment), value, field.kind, moment)
    if field.q is None:
        raise no_sql(field.label, field.name)
    if field.kind is SET:
        return _compile_set(field.q, op, value)
    if isinstance(field.q, Rows):
        raise TypeError(f"{field.name}: only a set lives in rows")
    if isinstance(field.q, One):
        return _compile_one(field.q, field, op, value, moment)
    target = F(field.q) if isinstance(field.q, str) else field.q()
    if field.kind is MONTH_DAY:
        return _compile_month_day(target, op, value, moment)
    return LEAVES[op](target, value, field.kind, moment)


def _compile_one(one: One, field: Field, op: Op, value: Any, moment: Moment | None) -> Q:
    """Where a missing row fulfills the question, those are left out whose row does not."""
    here = Field(field.name, field.kind, field.label, _itself, one.key)
    if not predicate.compile_node(Leaf(here, op, value))(one.default, moment):
        return Q(Exists(one.queryset().filter(compile_leaf(here, op, value, moment))))
    against = Q(IsNotTrue(compile_leaf(here, op, value, moment)))
    return Q(IsNotTrue(Q(Exists(one.queryset().filter(against)))))


def _itself(value: Any) -> Any:
    return value


def _constant(value: Any) -> Value:
    # Django writes a plain int as int4, where a large one fails.
    whole = isinstance(value, int) and not isinstance(value, bool)
    return Value(value, output_field=BigIntegerField()) if whole else Value(value)


def _each(function: str, values: tuple[Any, ...]) -> Func:
    return Func(Value(list(values)), function=function, output_field=BooleanField())


def _compare(symbol: str) -> "CompileLeaf":
    return lambda target, value, kind, moment: Q(Comparison(target, symbol, _constant(value)))


def _in(target: Combinable, values: tuple[Any, ...], kind: Kind, moment: Moment | None) -> Q:
    return Q(Comparison(target, "=", _each("ANY", values)))


def _not_in(target: Combinable, values: tuple[Any, ...], kind: Kind, moment: Moment | None) -> Q:
    if kind.blank:
        values = ("", *values)
    return Q(Comparison(target, "<>", _each("ALL", values)))


def _different(target: Combinable, value: Any, kind: Kind, moment: Moment | None) -> Q:
    return _not_in(target, (value,), kind, moment)


def _between(target: Combinable, bounds: tuple[Any, Any], kind: Kind, moment: Moment | None) -> Q:
    first, last = map(_constant, bounds)
    return Q(Comparison(target, ">=", first), Comparison(target, "<=", last))


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _contains(target: Combinable, part: str, kind: Kind, moment: Moment | None) -> Q:
    return Q(Comparison(target, "LIKE", Value(f"%{_like(part)}%")))


def _starts_with(target: Combinable, part: str, kind: Kind, moment: Moment | None) -> Q:
    return Q(Comparison(target, "LIKE", Value(f"{_like(part)}%")))


def _is_set(target: Combinable, value: None, kind: Kind, moment: Moment | None) -> Q:
    if kind.blank:
        return Q(Comparison(target, "<>", Value("")))
    return Q(Func(target, template="(%(expressions)s IS NOT NULL)", output_field=BooleanField()))


def _is_not_set(target: Combinable, value: None, kind: Kind, moment: Moment | None) -> Q:
    return Q(IsNotTrue(_is_set(target, value, kind, moment)))


def _within(first: int, last: int) -> Callable[[Combinable, int, Kind, Moment | None], Q]:
    """The window from `first` to `last` times the given days away from now."""

    def compile_within(target: Combinable, days: int, kind: Kind, moment: Moment | None) -> Q:
        if moment is None:
            return Q(Value(False))
        start = moment.today if kind.name == "date" else moment.at
        return _between(target, (shift(start, first * days), shift(start, last * days)), kind, moment)

    return compile_within


def _compile_month_day(target: Combinable, op: Op, value: Any, moment: Moment | None) -> Q:
    if op in {Op.IS_SET, Op.IS_NOT_SET}:
        return LEAVES[op](target, value, MONTH_DAY, moment)
    number = ExtractMonth(target) * 100 + ExtractDay(target)
    if op is Op.BETWEEN:
        return _in_days_of_year(number, value)
    if op in {Op.EQUAL, Op.IN}:
        return LEAVES[op](number, value, MONTH_DAY, moment)
    if moment is None:
        return Q(Value(False))
    first, last = (-value, 0) if op is Op.WITHIN_LAST else (0, value)
    bounds = days_of_year(moment.today, first, last)
    return _in_days_of_year(number, bounds) if bounds else LEAVES[Op.IS_SET](target, None, MONTH_DAY, moment)


def _in_days_of_year(number: Combinable, bounds: tuple[int, int]) -> Q:
    first, last = bounds
    after, before = Comparison(number, ">=", _constant(first)), Comparison(number, "<=", _constant(last))
    return Q(after, before, _connector=Q.AND if first <= last else Q.OR)


def _compile_set(q: Any, op: Op, values: tuple[str, ...]) -> Q:
    if op is Op.IS_NOT_SET:
        return Q(IsNotTrue(_compile_set(q, Op.IS_SET, values)))
    if isinstance(q, Rows):
        return _compile_rows(q, op, values)
    target = F(q) if isinstance(q, str) else q()
    question = {Op.HAS_ANY: "any", Op.HAS_ALL: "all", Op.IS_SET: "some"}[op]
    return Q(SetTest(target, question, values or ()))


def _compile_rows(rows: Rows, op: Op, values: tuple[str, ...]) -> Q:
    if op is Op.IS_SET:
        return Q(Exists(rows.queryset()))
    if op is Op.HAS_ANY:
        wanted = [rows.stored(value) for value in values]
        return Q(Exists(rows.queryset().filter(**{f"{rows.key}__in": wanted})))
    return Q(*(Exists(rows.queryset().filter(**{rows.key: rows.stored(value)})) for value in values))


type CompileLeaf = Callable[[Any, Any, Kind, Moment | None], Q]

LEAVES: dict[Op, CompileLeaf] = {
    Op.EQUAL: _compare("="),
    Op.DIFFERENT: _different,
    Op.BELOW: _compare("<"),
    Op.AT_MOST: _compare("<="),
    Op.ABOVE: _compare(">"),
    Op.AT_LEAST: _compare(">="),
    Op.IN: _in,
    Op.NOT_IN: _not_in,
    Op.BETWEEN: _between,
    Op.CONTAINS: _contains,
    Op.STARTS_WITH: _starts_with,
    Op.IS_SET: _is_set,
    Op.IS_NOT_SET: _is_not_set,
    Op.WITHIN_LAST: _within(-1, 0),
    Op.WITHIN_NEXT: _within(0, 1),
}
