"""Keyed prints: the same content is known again, under old keys too, and nobody without the key can test a guess."""

import hashlib

import pytest

from loyaltysite.kit import prints

SENT = b'["order","+447700900123"]'


def test_a_print_fits_its_content_alone():
    made = prints.of(SENT)

    assert prints.fits(made, SENT)
    assert not prints.fits(made, SENT + b" ")
    assert prints.of(SENT) == made
    assert len(made) == 28


def test_a_print_says_nothing_without_the_key(settings):
    made = prints.of(SENT)
    settings.SECRET_KEY = "another secret"

    assert prints.of(SENT) != made
    plain = {hashlib.new(name, SENT).digest()[:24] for name in ("sha256", "blake2b", "sha512")}
    assert made[4:] not in plain


def test_prints_of_before_the_key_are_still_known():
    old = hashlib.sha256(SENT).digest()

    assert prints.fits(old, SENT)
    assert not prints.fits(old, SENT + b" ")


def test_prints_of_a_former_key_are_still_told_apart(settings):
    made = prints.of(SENT)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret"

    assert prints.fits(made, SENT)
    assert not prints.fits(made, SENT + b" ")


def test_a_key_of_its_own_comes_first_and_the_former_one_stays_known(settings):
    made = prints.of(SENT)
    settings.MARK_KEY = "kept outside"

    assert prints.of(SENT) != made
    assert not prints.fits(made, SENT + b" ")
    assert prints.fits(made, SENT)


def test_what_a_lost_key_made_is_no_contradiction(settings):
    made = prints.of(SENT)
    settings.SECRET_KEY = "another secret"

    assert prints.fits(made, SENT + b" ")


@pytest.mark.parametrize("kept", [b"", b"\x02abc"])
def test_what_is_no_print_fits_nothing(kept):
    assert not prints.fits(kept, SENT)
