"""docs/api.md does what it says: its commands run, its codes are all there are."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.members import api_codes
from tests.members.api_shop import Shop
from tests.rewards.builders import balance, open_program

COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def test_every_code_is_in_the_table_and_no_other():
    text = api_codes.PAGE.read_text()

    assert text.endswith(api_codes.MARK + "\n" + api_codes.table()), "python -m tests.members.api_codes"


def test_codes_inside_faults_are_those_of_the_code():
    found = set()
    for name in ("loyaltysite/kit/shapes.py", "members/api/reading.py"):
        text = (api_codes.ROOT / name).read_text()
        found |= set(re.findall(r'Fault\(\s*[^"()]*(?:\[[^\]]*\])?[^"()]*"([a-z_]+)"', text))
        found |= set(re.findall(r'Fault\("cursor", "([a-z_]+)"', text))

    assert found - {"cursor"} == api_codes.OF_FAULTS


@pytest.mark.slow
def test_every_command_of_the_page_runs(site):
    program = open_program(currency="GBP")
    shop = Shop(program)
    environment = {"SITE": site.url, "KEY": shop.secret, "PATH": "/usr/bin:/bin"}

    answers = [
        json.loads(
            subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True).stdout
        )
        for command in COMMANDS.findall(api_codes.PAGE.read_text())
    ]
    first = next(
        line for line in (api_codes.ROOT / "README.md").read_text().split("\n\n") if "api/v1" in line
    )

    assert answers[0]["currency"] == "GBP"
    assert answers[1]["points"][0] == {
        "unit": "points", "precision": 0, "awarded": 24, "reversed": 0, "balance": 24,
    }  # fmt: skip
    assert answers[2]["items"][0]["identities"][0]["value"] == "anna@example.com"
    assert answers[3]["items"][0]["external_id"] == "1001"
    assert answers[4]["quote"]
    assert answers[5]["points"][0]["reversed"] == 12
    assert len(answers) == 6
    assert balance(program).active == 12
    told = subprocess.run(["sh", "-c", first], env=environment, capture_output=True, check=True).stdout
    assert json.loads(told)["status"] == "recorded"
