"""The one rule of what is a change: of ratios, of counts, of exact figures."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from cryoet_zarr_bench.verdicts.change_rule import (
    BEYOND,
    EQUAL,
    IMPROVEMENT,
    INCONCLUSIVE,
    LESS,
    MORE,
    NO_CHANGE,
    REGRESSION,
    WITHIN,
    change_of_counts,
    change_of_exact,
    change_of_ratio,
    direction,
)

MIRRORED = {REGRESSION: IMPROVEMENT, IMPROVEMENT: REGRESSION}


@pytest.mark.parametrize(
    ("bounds", "word"),
    [
        ((1.20, 1.10, 1.30), REGRESSION),
        ((0.80, 0.75, 0.85), IMPROVEMENT),
        ((1.04, 1.01, 1.07), NO_CHANGE),
        ((1.20, 0.99, 1.40), INCONCLUSIVE),
        ((1.06, 1.001, 1.12), REGRESSION),
        ((1.04, 1.001, 1.12), INCONCLUSIVE),
        ((math.nan, math.nan, math.nan), INCONCLUSIVE),
    ],
)
def test_ratios(bounds, word):
    assert change_of_ratio(*bounds) == word


@given(some.floats(0.2, 5), some.floats(1, 2), some.floats(1, 2))
def test_a_against_b_says_the_opposite_of_b_against_a(ratio, below, above):
    low, high = ratio / below, ratio * above
    # Rounding decides where a bound lies on a threshold.
    for value in (ratio, low, high):
        assume(all(abs(value / edge - 1) > 1e-9 for edge in (1, BEYOND, 1 / BEYOND)))
        assume(all(abs(value / edge - 1) > 1e-9 for edge in (WITHIN, 1 / WITHIN)))
    word = change_of_ratio(ratio, low, high)
    assert change_of_ratio(1 / ratio, 1 / high, 1 / low) == MIRRORED.get(word, word)


def test_counts_change_beyond_their_repeats_and_beyond_half_a_percent():
    assert change_of_counts((1000, 1001), (1010, 1011)) == MORE
    assert change_of_counts((1000, 1001), (990, 991)) == LESS
    assert change_of_counts((1000, 1000), (1004, 1004)) == EQUAL
    assert change_of_counts((1000, 1040), (1060, 1100)) == EQUAL, "their repeats differ by 4 %"
    # 0.502 % more one way is 0.499 % less the other.
    assert change_of_counts((100_000, 100_000), (100_502, 100_502)) == MORE
    assert change_of_counts((100_502, 100_502), (100_000, 100_000)) == LESS


def test_exact_figures_are_equal_or_not():
    assert change_of_exact(923100.0, 923101.0) == MORE
    assert change_of_exact(71, 11) == LESS
    assert change_of_exact(0.1 + 0.2, 0.3) == EQUAL, "the last digit is the order of a sum"
    assert change_of_exact(0.0, 0.0) == EQUAL and change_of_exact(0.0, 2.0) == MORE


def test_more_is_worse_of_bytes_and_better_of_a_ratio():
    assert direction("storage.Storage.track_stored_bytes", MORE) == 1
    assert direction("storage.Storage.track_compression_ratio", MORE) == -1
    assert direction("lossy.LossyStorage.track_psnr", LESS) == 1
    assert direction("read.Open.time_open", IMPROVEMENT) == -1
    assert [direction("read.Open.time_open", word) for word in (NO_CHANGE, INCONCLUSIVE)] == [0, 0]
