"""What is late may be waited for once more; what is wrong has failed (docs/adr/0010)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.databases import ROOT
from tests.fixtures.waiting import LATE, Late, until

RULE = """
from tests.fixtures.waiting import may_be_late, once_more

def pytest_collection_modifyitems(items):
    for item in items:
        if may_be_late(item):
            item.add_marker(once_more())
"""
TESTS = """
import subprocess
from pathlib import Path
import pytest

def first(name):
    path = Path(name)
    known = path.exists()
    path.touch()
    return not known

@pytest.fixture
def late_to_leave():
    yield
    {late}

@pytest.mark.slow
def test_late_once():
    if first("once"): {late}

@pytest.mark.races
def test_a_program_late_once():
    if first("program"): raise subprocess.TimeoutExpired("x", 1)

@pytest.mark.faults
def test_late_twice():
    {late}

@pytest.mark.slow
def test_wrong_once():
    assert not first("wrong")

@pytest.mark.slow
def test_wrong_and_late_to_leave(late_to_leave):
    assert not first("leaving")

@pytest.mark.slow
def test_speaks_of_something_late():
    assert not first("words"), "Late: TimeoutError"

@pytest.fixture
def var():
    pass

def test_starts_processes(var):
    if first("var"): {late}

def test_waits_for_nobody():
    if first("nobody"): {late}
"""


def outcomes(folder: Path) -> dict[str, set[str]]:
    """What a run of those tests tells: {outcome: names}."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    races\n    faults\n")
    (folder / "conftest.py").write_text(RULE)
    late = "__import__('tests.fixtures.waiting').fixtures.waiting.until(lambda: False, seconds=0)"
    (folder / "test_few.py").write_text(TESTS.format(late=late))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:django", "-rAR", "--tb=no"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for outcome, name in re.findall(r"^(RERUN|PASSED|FAILED) test_few\.py::(\w+)", done.stdout, re.MULTILINE):
        found.setdefault(outcome, set()).add(name)
    assert found, done.stdout + done.stderr
    return found


def test_what_was_late_runs_once_more_and_is_named_and_what_was_wrong_has_failed(tmp_path):
    assert outcomes(tmp_path) == {
        "RERUN": {"test_late_once", "test_a_program_late_once", "test_starts_processes", "test_late_twice"},
        "PASSED": {"test_late_once", "test_a_program_late_once", "test_starts_processes"},
        "FAILED": {
            "test_late_twice",
            "test_wrong_once",
            "test_wrong_and_late_to_leave",
            "test_speaks_of_something_late",
            "test_waits_for_nobody",
        },
    }


def test_the_rule_holds_here(request):
    assert request.node.get_closest_marker("flaky").kwargs == {"reruns": 1, "only_rerun": LATE}


def test_until_gives_back_what_it_waited_for():
    answers = iter([None, "", "here"])

    assert until(lambda: next(answers)) == "here"


@pytest.mark.parametrize("what", ["a letter", lambda: "a letter"])
def test_until_says_what_did_not_come(what):
    with pytest.raises(Late, match="not within 0 seconds: a letter"):
        until(lambda: False, seconds=0, what=what)


def test_tests_wait_by_this_rule():
    """The product's own wait_until says False, which an assertion would make of what was late something wrong."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if "e2e" not in path.parts]
    waits = [path.name for path in files if "import wait_until" in path.read_text()]

    assert waits == [Path(__file__).name]
