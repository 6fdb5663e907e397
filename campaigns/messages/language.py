"""The language of templates: Jinja2 in its sandbox, and of it only what cannot run long, grow large or look around.

A template may show what it is given, choose between texts, and go through a list once. It cannot set, define, include or
multiply, and calls nothing but abort(). What it names must be known when it is published, and be there when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from loyaltysite.kit.errors import DomainError

LONGEST = 60_000
FILTERS = (
    "default",
    "upper",
    "lower",
    "capitalize",
    "title",
    "trim",
    "escape",
    "e",
    "length",
    "first",
    "last",
    "join",
    "round",
    "int",
)
TESTS = (
    "defined",
    "undefined",
    "none",
    "in",
    "eq",
    "ne",
    "lt",
    "gt",
    "le",
    "ge",
    "even",
    "odd",
    "true",
    "false",
)
ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.If,
    nodes.For, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg,
    nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Div, nodes.Concat, nodes.Call, nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
# What a template may name, and what of it. None: whatever the journey hands over.
KNOWN: Mapping[str, frozenset[str] | None] = {
    "member": frozenset({"name", "first_name", "number", "language", "tags", "joined"}),
    "program": frozenset({"name", "currency"}),
    "balance": frozenset({"amount", "text"}),
    "tier": frozenset({"key", "name"}),
    "store": frozenset({"code", "name"}),
    "now": frozenset({"hour", "part", "weekday", "date"}),
    "weather": frozenset({"kind", "celsius"}),
    "links": frozenset({"portal", "rewards", "preferences"}),
    "segments": frozenset(),
    "code": frozenset(),
    "event": None,
    "data": None,
}


class TemplateFaulty(DomainError):
    """`params` say where: channel, language, field, and the line of the text."""

    code = "template_faulty"
    message = _("Line %(line)d: %(why)s")


class Abort(Exception):
    """The template itself said not to send this to the member."""


class Unrenderable(DomainError):
    code = "template_unrenderable"
    message = _("The template asks for something that is not there.")


def _abort(reason: str = "") -> None:
    raise Abort(reason)


class Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "/"})

    def is_safe_callable(self, obj: Any) -> bool:
        return obj is _abort

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of nothing but what was handed over as a mapping; no method of anything."""
        return isinstance(obj, Mapping) and not callable(value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(each, int | float) for each in (left, right)):
            raise SecurityError(operator)
        return super().call_binop(context, operator, left, right)


def _environment(*, escapes: bool) -> Environment:
    made = Environment(
        undefined=StrictUndefined, autoescape=escapes, keep_trailing_newline=False, optimized=False
    )
    made.filters = {name: made.filters[name] for name in FILTERS}
    made.tests = {name: made.tests[name] for name in TESTS if name in made.tests}
    made.globals = {"abort": _abort}
    return made


HTML, PLAIN = _environment(escapes=True), _environment(escapes=False)


def check(text: str) -> set[str]:
    """What the text names (the roots). Raises TemplateFaulty for anything that could fail or harm when it is sent."""
    if len(text) > LONGEST:
        raise TemplateFaulty(line=1, why=_("this is too long"))
    try:
        tree = PLAIN.parse(text)
        named = set(_walk(tree, frozenset(), is_in_loop=False))
        # Only now: a compiler works out what is constant, such as a gigabyte of the same letter.
        PLAIN.compile(tree)
    except TemplateSyntaxError as error:
        raise TemplateFaulty(line=error.lineno or 1, why=str(error.message)) from error
    except TemplateFaulty:
        raise
    except Exception as error:
        raise TemplateFaulty(line=1, why=_("this cannot be read")) from error
    return named


def render(text: str, facts: Mapping[str, Any], *, escapes: bool) -> str:
    """Raises Abort when the template says so, and Unrenderable when something is not there."""
    if "{" not in text:
        return text.strip()
    try:
        return str(_compiled(text, escapes).render(facts)).strip()
    except (UndefinedError, SecurityError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Unrenderable from error


@lru_cache(maxsize=512)
def _compiled(text: str, escapes: bool) -> Any:
    return (HTML if escapes else PLAIN).from_string(text)


# --- parts ------------------------------------------------------------------------------------------------------------


def _walk(node: nodes.Node, own: frozenset[str], *, is_in_loop: bool) -> Iterator[str]:
    """The roots that are named below; `own` are the names of the loop."""
    if not isinstance(node, ALLOWED):
        raise TemplateFaulty(line=node.lineno, why=_("this is not part of the language of templates"))
    if isinstance(node, nodes.For):
        yield from _loop(node, own, is_in_loop=is_in_loop)
        return
    if isinstance(node, nodes.Call):
        _check_call(node)
        return
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        _check_attribute(node, own)
    elif isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in own:
        if node.name not in KNOWN:
            raise TemplateFaulty(line=node.lineno, why=_("nothing is called “%s”") % node.name)
        yield node.name
    for child in node.iter_child_nodes():
        yield from _walk(child, own, is_in_loop=is_in_loop)


def _loop(node: nodes.For, own: frozenset[str], *, is_in_loop: bool) -> Iterator[str]:
    if is_in_loop or node.recursive or not isinstance(node.target, nodes.Name):
        raise TemplateFaulty(line=node.lineno, why=_("a loop within a loop is not possible"))
    yield from _walk(node.iter, own, is_in_loop=True)
    inner = own | {node.target.name}
    for child in [*node.body, *node.else_, *([node.test] if node.test else [])]:
        yield from _walk(child, inner, is_in_loop=True)


def _check_call(node: nodes.Call) -> None:
    is_abort = isinstance(node.node, nodes.Name) and node.node.name == "abort"
    if not is_abort or not all(isinstance(each, nodes.Const) for each in node.args) or node.kwargs:
        raise TemplateFaulty(line=node.lineno, why=_('only abort("…") can be called'))


def _check_attribute(node: nodes.Getattr | nodes.Getitem, own: frozenset[str]) -> None:
    """Parts of what is known stand in its list and have no parts of their own."""
    named = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
    root, path = node.node, [str(named)]
    while isinstance(root, nodes.Getattr | nodes.Getitem):
        part = root.attr if isinstance(root, nodes.Getattr) else getattr(root.arg, "value", None)
        root, path = root.node, [str(part), *path]
    if not isinstance(root, nodes.Name):
        raise TemplateFaulty(line=node.lineno, why=_("this is not part of the language of templates"))
    known = KNOWN.get(root.name)
    if root.name in own or root.name not in KNOWN or known is None:
        return
    if len(path) > 1 or path[0] not in known:
        raise TemplateFaulty(line=node.lineno, why=_("nothing is called “%s”") % ".".join([root.name, *path]))
