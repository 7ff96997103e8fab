"""The canary: the same work each time, and how far its times lie apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.machine import canary
from cryoet_zarr_bench.machine.canary import run_canary, spread

SECONDS = st.floats(1e-3, 1.0)


def test_the_work_is_the_same_each_time_and_in_each_process():
    noise, volume = canary._material()
    assert canary._work(noise, volume) == canary._work(noise, volume)
    canary._material.cache_clear()
    assert canary._material() == (noise, volume)


def test_it_tells_cpu_and_wall_seconds():
    cpu_seconds, wall_seconds = run_canary()
    assert cpu_seconds > 0
    assert wall_seconds > 0


@pytest.mark.parametrize("count", range(5))
def test_a_few_samples_tell_nothing(count):
    assert spread([0.02] * count) is None


def test_the_same_time_each_time_has_no_spread():
    assert spread([0.02] * 5) == 0.0


def test_it_is_what_lies_between_the_tenths_over_the_median():
    # 0 to 100 in steps of one, moved up: the tenths are 110 and 190, the median 150.
    assert spread([100.0 + step for step in range(101)]) == pytest.approx(80 / 150)


def test_one_sample_in_a_hundred_changes_little():
    calm = [0.02 + 0.00001 * step for step in range(100)]
    assert spread([*calm[:-1], 10.0]) == pytest.approx(spread(calm))


@given(samples=st.lists(SECONDS, min_size=5, max_size=60), factor=st.floats(1e-2, 1e2))
def test_it_is_the_same_on_a_machine_that_is_slower_throughout(samples, factor):
    slower = [factor * each for each in samples]
    assert spread(slower) == pytest.approx(spread(samples), rel=1e-9, abs=1e-9)


@given(samples=st.lists(SECONDS, min_size=5, max_size=60), data=st.data())
def test_it_does_not_depend_on_the_order(samples, data):
    assert spread(data.draw(st.permutations(samples))) == spread(samples) >= 0
