"""Releases measured at an unusual speed of the machine are told from the others."""

from dataclasses import replace

import made_up_storage as made_up
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.analysis.run_pace import is_slow, other_paces, pace_of


def measured(*canaries):
    return [replace(made_up.release({}), canary=canary) for canary in canaries]


def test_a_run_that_took_longer_or_less_than_the_others_is_told_with_by_how_much():
    found = measured(0.020, 0.0205, 0.032, 0.0195, 0.017, 0.0218)
    told = other_paces(found)
    assert [result for result, _ in told] == [found[2], found[4]]
    assert [pace for _, pace in told] == pytest.approx([0.032 / 0.02025, 0.017 / 0.02025])


def test_what_has_no_canary_has_no_pace():
    assert other_paces(measured(None, None)) == []
    assert other_paces(measured(None, 0.02, 0.02)) == []
    assert pace_of(measured(None)[0], 0.02) is None and not is_slow(None)


@given(st.lists(st.floats(1e-3, 1.0), min_size=1), st.integers(-5, 5))
def test_a_machine_twice_as_quick_is_told_the_same_of(canaries, doublings):
    paces = [pace for _, pace in other_paces(measured(*canaries))]
    scaled = measured(*(each * 2.0**doublings for each in canaries))
    assert [pace for _, pace in other_paces(scaled)] == paces
    assert all(is_slow(max(pace, 1 / pace)) for pace in paces)
    # The one in the middle is the usual one.
    assert len(paces) < len(canaries) or len(canaries) % 2 == 0
