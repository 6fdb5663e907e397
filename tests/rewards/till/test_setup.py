"""What the till's script is given: its words, and how an amount is written."""

import re

import pytest
from django.utils import translation

from rewards.views.till import setup
from tests.fixtures.databases import ROOT

SCRIPTS = ROOT / "static" / "js"


def test_every_word_that_the_script_uses_is_given_and_no_other():
    text = "".join((SCRIPTS / f"{name}.js").read_text() for name in setup.SCRIPTS)
    used = set(re.findall(r"\bwords\.(\w+)", text))
    # By the name of a kind or a state of an action.
    used |= {"sale", "join", "undo", "sent", "refused", "expired", "undone"}

    assert set(setup._words()) == used


@pytest.mark.parametrize(
    ("language", "currency", "expected"),
    [
        ("en", "GBP", {"digits": 2, "pattern": "£{}", "group": ",", "point": "."}),
        (
            "ar",
            "GBP",
            {"digits": 2, "pattern": "{}\u00a0£", "group": "٬", "point": "٫", "figures": "٠١٢٣٤٥٦٧٨٩"},
        ),
        ("fa", "KWD", {"digits": 3, "group": "٬", "point": "٫", "figures": "۰۱۲۳۴۵۶۷۸۹"}),
        ("en", "JPY", {"digits": 0, "pattern": "¥{}"}),
    ],
)
def test_the_script_writes_money_as_the_server_does(language, currency, expected):
    with translation.override(language):
        found = setup._money(currency)

    assert expected.items() <= found.items()
