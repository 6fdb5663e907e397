"""What an event must say, as it is typed."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.forms.matches import MatchField, written


def test_numbers_truths_and_texts_come_out_and_go_back_in():
    typed = 'store: quay\nn: 3\nshare: 0.5\nis_new: true\ncode: "12"\nbig: 9223372036854775807'

    found = MatchField().clean(typed)

    assert found == {
        "store": "quay", "n": 3, "share": 0.5, "is_new": True, "code": "12", "big": 9223372036854775807,
    }  # fmt: skip
    assert written(found) == typed
    assert MatchField().clean(" ") == {}


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "-Infinity",
        "1e999",
        "9223372036854775808",
        "null",
        "[1]",
        "{}",
        '"\\u0000"',
        '"\\ud800"',
        "a\0b",
        "x" * 2001,
    ],
)
def test_what_cannot_be_kept_is_refused(value):
    with pytest.raises(ValidationError):
        MatchField().clean(f"store: {value}")
