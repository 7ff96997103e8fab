"""A run waits until the machine is as quick as usual, and for no longer than it was told."""

import pytest

from cryoet_zarr_bench.machine.pace_wait import SECONDS_BETWEEN_LOOKS, pace_now, wait_for_usual_pace


@pytest.mark.parametrize(
    ("paces", "came", "slept", "words"),
    [
        ([1.05], True, 0, []),
        ([0.7], True, 0, []),
        ([1.6, 1.2, 1.04], True, 2, ["takes 1.60 times as long", "usual pace again"]),
        ([1.6] * 4 + [1.3], False, 3, ["up to 1 minutes", "still takes 1.60 times as long"]),
    ],
)
def test_it_waits_for_the_usual_pace_up_to_the_time_given(paces, came, slept, words):
    told, sleeps, looks = [], [], iter(paces)
    assert (
        wait_for_usual_pace(0.02, 1, told.append, lambda usual: next(looks), sleeps.append) is came
    )
    assert sleeps == [SECONDS_BETWEEN_LOOKS] * slept
    assert len(told) == len(words)
    assert all(word in line for word, line in zip(words, told, strict=True))


def test_without_minutes_it_says_what_the_pace_is_and_goes_on():
    told = []
    assert not wait_for_usual_pace(0.02, 0, told.append, lambda usual: 1.6, pytest.fail)
    assert len(told) == 2


def test_the_pace_is_the_canary_against_what_is_usual():
    usual = pace_now(1.0)
    assert usual > 0
    assert pace_now(usual / 1000) > 100
