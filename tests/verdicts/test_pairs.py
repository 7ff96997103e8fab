"""What a pair makes of its calls."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.verdicts.change_rule import INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.confirmation import exact_differences, with_wall
from cryoet_zarr_bench.verdicts.judgement import Estimate
from cryoet_zarr_bench.verdicts.process_pairs import median_log_ratio

seconds = st.floats(1e-4, 10)


@given(seconds, st.floats(0.2, 5))
def test_the_ratio_is_that_of_b_over_a(one, ratio):
    calls = [(name, one * (ratio if name == "B" else 1)) for name in "ABBA" * 3]
    assert math.isclose(median_log_ratio(calls), math.log(ratio), abs_tol=1e-9)


@given(st.lists(seconds, min_size=12, max_size=12))
def test_names_exchanged_is_the_sign_exchanged(times):
    calls = list(zip("ABBA" * 3, times, strict=True))
    exchanged = [({"A": "B", "B": "A"}[name], each) for name, each in calls]
    assert math.isclose(median_log_ratio(calls), -median_log_ratio(exchanged), abs_tol=1e-9)


def test_a_steady_drift_alone_is_no_difference():
    calls = [(name, 1.01**place) for place, name in enumerate("ABBA" * 3)]
    assert abs(median_log_ratio(calls)) < 1e-9


def test_a_burst_that_slows_four_of_twelve_calls_hardly_moves_it():
    rng = random.Random(0)
    times = [1 + rng.random() / 100 for _ in range(12)]
    times[3:7] = [each * 3 for each in times[3:7]]
    assert abs(median_log_ratio(list(zip("ABBA" * 3, times, strict=True)))) < 0.02


def test_a_clock_that_says_zero_gives_no_ratio():
    assert math.isnan(median_log_ratio([("A", 0.0), ("B", 1.0)]))


def test_wall_time_decides_only_where_it_is_overwhelming():
    overwhelming = Estimate(2.0, 1.5, 2.5, 1e-6, 8)
    beyond = Estimate(1.3, 1.2, 1.4, 1e-6, 8)
    assert with_wall(NO_CHANGE, overwhelming) == REGRESSION
    assert with_wall(INCONCLUSIVE, overwhelming) == REGRESSION
    assert with_wall(NO_CHANGE, beyond) == NO_CHANGE
    assert with_wall(REGRESSION, Estimate(0.5, 0.4, 0.6, 1e-6, 8)) == REGRESSION


def store(**more):
    return {"stored_bytes": 100, "file_count": 9, "metadata": "{}", "content": "ab", **more}


def test_exact_differences_name_what_is_not_the_same():
    a = {"stores": {"same": store(), "other": store(), "only here": store()}}
    b = {"stores": {"same": store(), "other": store(stored_bytes=90, content="cd")}}
    assert exact_differences(a, b) == {"other": {"bytes": "100 -> 90", "chunk contents": "differ"}}
