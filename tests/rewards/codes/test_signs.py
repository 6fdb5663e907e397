"""Codes in their one form (41)."""

import pytest
from django.test import override_settings

from rewards.pools import signs


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("summer", "SUMMER"),
        (" sum-mer 24 ", "SUMMER24"),
        ("A.B_C/1+2#3*", "A.B_C/1+2#3*"),
        ("٢٠٢٦ABC", "2026ABC"),
        ("ＳＵＭＭＥＲ", "SUMMER"),
        ("صيف٢٤", "صيف24"),
        ("ab", ""),
        ("", ""),
        ("x" * 65, ""),
        ("x" * 100_000, ""),
        ("a;b;c", ""),
        ("ABC\0D", ""),
        ("<b>AB</b>", ""),
    ],
)
def test_a_code_has_one_form(typed, found):
    assert signs.clean(typed) == found


def test_a_drawn_code_has_80_bits_and_is_read_out_with_mistakes():
    codes = {signs.draw() for _each in range(1000)}

    assert len(codes) == 1000
    assert {len(code) for code in codes} == {16}
    assert set("".join(codes)) == set(signs.SIGNS)
    assert signs.read_out(" oil1-0000-vvvv-aaaa ") == "01110000VVVVAAAA"
    assert signs.shown("01110000VVVVAAAA") == "0111-0000-VVVV-AAAA"
    assert signs.shown("SUMMER") == "SUMMER"


def test_a_misread_drawn_code_is_found_and_a_word_is_not_folded():
    kept = signs.Keeper(7).digest("0011223344556677")

    assert kept in signs.digests(program_id=7, typed="OOI1-2233-4455-6677")
    assert signs.Keeper(7).digest("SOLO") not in signs.digests(program_id=7, typed="S010")


def test_another_program_keeps_it_under_another_digest():
    assert signs.Keeper(7).digest("SUMMER") != signs.Keeper(8).digest("SUMMER")


def test_codes_outlive_a_change_of_the_secret():
    kept, sealed = signs.Keeper(7).digest("SUMMER"), signs.Keeper(7).seal("SUMMER")
    from django.conf import settings

    with override_settings(SECRET_KEY="another" * 8, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert kept in signs.digests(program_id=7, typed="summer")
        assert signs.unseal(program_id=7, sealed=sealed) == "SUMMER"
    with override_settings(SECRET_KEY="another" * 8, SECRET_KEY_FALLBACKS=[]):
        assert signs.unseal(program_id=7, sealed=sealed) == ""
    assert signs.unseal(program_id=8, sealed=sealed) == ""
