"""Browser tests wait for what they look at: Playwright's calls that look at once are not for what an action brings.

`click` waits neither for the page that it opens nor for htmx, so `click(); assert rows.count() == 4` is a bet on a fast
machine. `expect(rows).to_have_count(4)` waits. `inner_text()` and its kin wait for the element but read what the page
said before. Where nothing can be on its way any more, the line (or the one above) says why: `# at once: …`.

It reads one line at a time: what is read into a name and compared further down, or in a function called from an assertion,
and what scripts tell (`evaluate`), it does not see. There the wait before it is the reader's to check.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LOOKS = {"count", "all", "all_inner_texts", "all_text_contents", "is_visible", "is_hidden"} | {
    f"is_{state}" for state in ("checked", "enabled", "disabled", "editable")
}
# They wait for the element, not for its new content, or belong to strings as well: refused where something hangs on them.
READS = {"inner_text", "inner_html", "text_content", "input_value", "get_attribute", "title", "content"}
BETS = {"wait_for_timeout", "sleep"}
# A network that is silent for half a second is no page at rest.
SILENCE = "networkidle"  # at once: the word itself
WITH_ARGUMENTS = {"get_attribute"} | BETS
# What has an address and is no page.
NO_PAGES = {"site", "request", "response", "answer", "answers"}
EXCUSE = re.compile(r"# at once: \S.*\S")


def refused(source: str) -> list[int]:
    """The lines of a test file that look at once and do not say why."""
    lines = source.splitlines()
    found = {node.end_lineno or node.lineno for node in _looks(ast.parse(source), decides=False)}
    return [line for line in sorted(found) if not _is_excused(lines, line)]


def _is_excused(lines: list[str], line: int) -> bool:
    above = lines[line - 2].strip() if line > 1 else ""
    return bool(EXCUSE.search(lines[line - 1])) or (above.startswith("#") and bool(EXCUSE.search(above)))


def _looks(node: ast.AST, *, decides: bool) -> Iterator[ast.expr]:
    """The calls in a node that look at once; in what `decides` a test, those too that read what may be old."""
    if isinstance(node, ast.Call) and _name(node.func) == "wait_until":
        return
    if isinstance(node, (ast.Call, ast.Attribute)) and _is_look(node, decides=decides):
        yield node
    if isinstance(node, ast.Constant) and node.value == SILENCE:
        yield node
    for field, child in ast.iter_fields(node):
        deciding = decides or isinstance(node, (ast.Assert, ast.Compare)) or field == "test"
        for one in child if isinstance(child, list) else [child]:
            if isinstance(one, ast.AST):
                yield from _looks(one, decides=deciding)


def _is_look(node: ast.Call | ast.Attribute, *, decides: bool) -> bool:
    if isinstance(node, ast.Attribute):
        return decides and node.attr == "url" and _name(node.value) not in NO_PAGES
    name = _name(node.func)
    if node.args and name not in WITH_ARGUMENTS:
        return False  # a string's or a list's
    if not isinstance(node.func, ast.Attribute):
        return name in BETS
    return name in BETS or ((name in LOOKS or (decides and name in READS)) and not _is_stored(node.func))


def _is_stored(node: ast.expr) -> bool:
    """Is it asked of the database?"""
    return any(isinstance(one, ast.Attribute) and one.attr == "objects" for one in ast.walk(node))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


FILES = sorted(HERE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_test_of_a_browser_looks_at_once(path):
    lines = path.read_text().splitlines()

    found = refused(path.read_text())

    assert not found, "\n".join(f"{path.name}:{line}: {lines[line - 1].strip()}" for line in found)


@pytest.mark.parametrize(
    "line",
    [
        "assert page.locator('fieldset').count() == 4",
        "assert not page.get_by_role('dialog').is_visible()",
        "assert button.is_enabled()",
        "if page.locator('dialog').is_hidden(): pass",
        "shown = page.locator('b').is_checked()",
        "for row in page.locator('tr').all(): row.click()",
        "assert page.locator('li').all_inner_texts() == ['a']",
        "assert page.url.endswith('/members/')",
        "assert 'q=' in till.url",
        "assert page.title() == 'Members'",
        "while 'Wait' in page.content(): pass",
        "assert 'Done' in page.locator('main').inner_text()",
        "assert page.locator('p').inner_text().split()[0] == '3'",
        "assert page.locator('input').input_value() == '9'",
        "assert page.locator('a').get_attribute('href') == '/'",
        "page.wait_for_timeout(500)",
        'page.wait_for_load_state("networkidle")',
        'page.goto(path, wait_until="networkidle")',
        "time.sleep(1)",
        "sleep(1)",
        "assert page.locator('a').count()  # at once:",
        "assert page.locator('a').count()  # it is there",
    ],
)
def test_what_looks_at_once_is_refused(line):
    assert refused(f"def test(page):\n    {line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        "expect(page.locator('fieldset')).to_have_count(4)",
        "expect(page).to_have_url(other.url)",
        "assert wait_until(lambda: page.locator('tr').count() == 3, seconds=60)",
        "assert page.locator('a').count()  # at once: the page was opened by goto",
        "assert Member.objects.filter(name='x').count() == 1",
        "assert 'abc'.count('b') == 1",
        "assert all(found)",
        "address = page.url",
        "join(shown_as=name.title())",
        "secret = page.locator('#secret').input_value()",
        "assert answer.url.startswith(site.url)",
    ],
)
def test_what_waits_or_says_why_is_not(line):
    assert refused(f"def test(page):\n    {line}\n") == []


def test_the_reason_may_stand_above():
    above = "# at once: nothing is on its way\nassert page.locator('a').count()\nassert page.locator('b').count()\n"

    assert refused(above) == [3]


def test_files_are_found():
    assert len(FILES) > 40
