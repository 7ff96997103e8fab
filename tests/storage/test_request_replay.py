"""Requests replayed at another place take what the library takes there, on a virtual clock."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.object_store.bucket import Request
from cryoet_zarr_bench.storage.object_store.request_latency import ASSUMED, Connections, Latency
from cryoet_zarr_bench.storage.object_store.request_replay import Place, replayed_seconds
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS
from cryoet_zarr_bench.storage.patterns.request_counts import count_reading

ENGINE = installed_engine()
TOMOGRAM = np.random.default_rng(0).normal(size=(32, 64, 64)).astype("float32")


def asked(*moved, after=None, step=0):
    return [Request("GET", "key", None, None, each, 0, 0, step, after) for each in moved]


def test_a_request_waits_and_then_its_bytes_come():
    assert replayed_seconds(asked(0), Place(0.5, 1, 100.0)) == 0.5
    assert replayed_seconds(asked(200), Place(0.5, 1, 100.0)) == 2.5
    assert replayed_seconds([], Place(0.5, 1, 100.0)) == 0


def test_steps_follow_each_other():
    both = [*asked(100), *asked(100, step=1)]
    assert replayed_seconds(both, Place(0.5, 10, 100.0)) == 3.0


def test_what_waits_for_an_answer_is_made_then():
    index_and_ranges = [*asked(0), *asked(100, 100, after=0)]
    assert replayed_seconds(index_and_ranges, Place(1.0, 10, 100.0)) == 3.0
    assert replayed_seconds(index_and_ranges, Place(1.0, 1, 100.0)) == 5.0


def test_the_line_is_shared_by_what_comes_at_once():
    place = Place(1.0, 10, 100.0, line_bytes_per_second=100.0)
    assert replayed_seconds(asked(100, 100), place) == pytest.approx(3.0)
    # The short one leaves the line to the long one: 2 * 50 bytes in a second, then 100 bytes.
    assert replayed_seconds(asked(50, 150), place) == pytest.approx(3.0)


@given(st.lists(st.integers(0, 10**6), max_size=30), st.integers(1, 12))
def test_without_a_line_it_is_the_model_of_latency(sizes, connections):
    latency = Latency(0.01, 1e6, connections)
    together = Connections(latency, 0.0)
    for size in sizes:
        together.leave(together.take() + latency.seconds(size))
    found = replayed_seconds(asked(*sizes), Place(0.01, connections, 1e6))
    assert found == pytest.approx(together.all_free(), abs=1e-9)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30),
    st.integers(1, 12),
    st.floats(1e5, 1e7),
)
def test_it_is_never_quicker_than_the_line_and_never_slower_than_one_by_one(sizes, count, line):
    place = Place(0.01, count, 1e6, line)
    found = replayed_seconds(asked(*sizes), place)
    alone = sum(replayed_seconds(asked(size), place) for size in sizes)
    assert sum(sizes) / line <= found * 1.000001 and found <= alone * 1.000001
    assert found >= max(0.01 + size / min(1e6, line) for size in sizes) * 0.999999


@pytest.mark.parametrize("pattern", ["xy_slice", "yz_slice", "volume", "particles", "open"])
@pytest.mark.parametrize(
    "config", ["none 16x16x16", "zstd-1 16x16x16 v2", "none 8x8x8 in 32x32x32", "none 32x64x64"]
)
def test_the_library_at_that_place_takes_as_long(pattern, config, tmp_path):
    config = StorageConfig.parse(config)
    ENGINE.write(TOMOGRAM, tmp_path / "store", config)
    boxes = ACCESS_PATTERNS[pattern].boxes(TOMOGRAM.shape, 1)[:20]
    recorded = count_reading(ENGINE, tmp_path / "store", boxes, TOMOGRAM, ASSUMED)
    for latency in (ASSUMED, Latency(0.001, 50e6, 10), Latency(0.1, 5e6, 10)):
        there = count_reading(ENGINE, tmp_path / "store", boxes, TOMOGRAM, latency)
        place = Place(latency.seconds_per_request, latency.connections, latency.bytes_per_second)
        found = replayed_seconds(recorded.requests, place)
        assert math.isclose(found, there.seconds, rel_tol=0.02), (found, there.seconds)
