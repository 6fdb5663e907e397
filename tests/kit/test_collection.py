"""The search for cycles is held back and comes back."""

import gc

import pytest

from loyaltysite.kit import collection


@pytest.fixture(autouse=True)
def enabled():
    gc.enable()
    yield
    gc.enable()


def fail_inside():
    with collection.paused():
        assert not gc.isenabled()
        raise RuntimeError


def test_the_search_rests_inside_and_goes_on_after_an_error():
    with pytest.raises(RuntimeError):
        fail_inside()

    assert gc.isenabled()


def test_the_inner_block_leaves_it_to_the_outer_one():
    with collection.paused():
        with collection.paused():
            pass

        assert not gc.isenabled()

    assert gc.isenabled()


def test_small_work_leaves_the_search_alone():
    with collection.paused(when=False):
        assert gc.isenabled()
