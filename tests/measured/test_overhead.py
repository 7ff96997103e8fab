"""The slope is found again in made-up times, and calls are made in the order that is promised."""

import json
import math

import numpy as np
import pytest
from asv.results import Results
from asv.runner import BenchmarkResult
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.measured.clocks import CPU_TIMES_FILE
from cryoet_zarr_bench.measured.overhead_figures import (
    Both,
    as_cpu_samples,
    as_samples,
    chunk_count,
    copy_file,
    ratios,
    read_file,
    series_of,
    slope,
    slopes,
    timed,
    whole_chunks,
)
from cryoet_zarr_bench.storage.config import StorageConfig

COUNTS = (512, 64, 8)
seconds = st.floats(1e-6, 1e-2)


@given(a_chunk=seconds, else_=st.floats(0, 1), counts=st.sets(st.integers(1, 4096), min_size=2))
def test_the_slope_of_a_line_is_found_whatever_the_time_without_chunks(a_chunk, else_, counts):
    times = {count: else_ + a_chunk * count for count in counts}
    assert slope(times) == pytest.approx(a_chunk, rel=1e-6, abs=1e-12)


@given(
    a_chunk=seconds,
    disturbed=st.sets(st.integers(0, 6), max_size=3),
    by=st.lists(st.floats(0, 10), min_size=7, max_size=7),
)
def test_fewer_than_half_of_the_rounds_disturbed_change_nothing(a_chunk, disturbed, by):
    made = []

    def call(count):
        def make():
            turn = len(made) // len(COUNTS)
            made.append(count)
            late = by[turn] if turn in disturbed else 0.0
            return Both(
                wall=0.01 + a_chunk * count + late * (count == 512), cpu=2 * a_chunk * count
            )

        return make

    found = slopes({count: call(count) for count in COUNTS}, 7)
    assert np.median([each.wall for each in found]) == pytest.approx(a_chunk, rel=1e-6)
    assert all(each.cpu == pytest.approx(2 * a_chunk) for each in found)


def test_each_round_makes_each_call_once_forwards_and_backwards():
    made = []

    def call(count):
        return lambda: made.append(count) or Both(1.0, 1.0)

    slopes({count: call(count) for count in COUNTS}, 3)
    assert made == [*COUNTS, *reversed(COUNTS), *COUNTS]


def test_ratios_are_of_neighbours_and_take_turns():
    made = []
    clock = iter(range(1, 100))

    def call(name, factor):
        def make():
            made.append(name)
            # The machine becomes slower all the time.
            speed = next(clock)
            return Both(wall=factor * speed, cpu=factor)

        return make

    found = ratios(call("A", 6.0), call("B", 2.0), 4)
    assert made == ["A", "B", "B", "A", "A", "B", "B", "A"]
    assert [each.cpu for each in found] == [3.0] * 4
    assert [each.wall for each in found] == pytest.approx([3 / 2, 12 / 3, 15 / 6, 24 / 7])


def test_a_series_doubles_the_chunks_and_keeps_all_else():
    series = series_of(StorageConfig.of("zstd-5", "8x32x32", 3))
    assert [each.name for each in series] == [
        f"zstd-5_{chunks}_v3" for chunks in ("8x32x32", "16x64x64", "32x128x128")
    ]


@pytest.mark.parametrize("shape", [(24, 40, 36), (200, 130, 64), (128, 128, 128), (1, 1, 1)])
def test_every_chunk_of_every_size_is_full(shape):
    tomogram = np.arange(math.prod(shape), dtype="float32").reshape(shape)
    chunk_shapes = [(16, 16, 16), (64, 64, 64), (8, 32, 32)]
    part = whole_chunks(tomogram, chunk_shapes)
    for chunks in chunk_shapes:
        assert chunk_count(part.shape, chunks) * math.prod(chunks) == part.size
    assert max(part.shape) <= 128 and part.flags.c_contiguous and part.dtype == tomogram.dtype
    inside = tuple(slice(0, min(length, n)) for length, n in zip(shape, part.shape, strict=True))
    assert np.array_equal(part[inside], tomogram[inside])
    again = tuple(np.arange(n) % length for length, n in zip(shape, part.shape, strict=True))
    assert np.array_equal(part, tomogram[np.ix_(*again)])


def test_both_clocks_are_read_around_the_call():
    found = timed(lambda: sum(range(200_000)))
    assert min(found.cpu, found.wall) > 0


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**21 + 5])
def test_a_plain_copy_has_all_bytes(tmp_path, size):
    content = np.random.default_rng(size).bytes(size)
    (tmp_path / "a").write_bytes(content)
    copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content
    assert read_file(tmp_path / "b").tobytes() == content


def test_asv_makes_the_median_of_the_samples_the_figure(tmp_path, monkeypatch):
    monkeypatch.setenv(CPU_TIMES_FILE, str(tmp_path / "times.json"))
    found = [Both(wall=wall, cpu=wall / 2) for wall in (3e-6, 1e-6, 2e-6)]
    data = as_samples(found, 1e6)
    assert data == {"samples": [3.0, 1.0, 2.0], "number": 1}
    # One more than there are samples: the host takes the first for a call that warmed up.
    assert json.loads((tmp_path / "times.json").read_text()) == [0.0, 1.5, 0.5, 1.0]
    assert as_cpu_samples(found, 1e6)["samples"] == [1.5, 0.5, 1.0]
    results = Results.unnamed()
    benchmark = {"name": "overhead.PerChunk.track_x", "version": "1", "params": []}
    results.add_result(
        benchmark, BenchmarkResult([True], [data["samples"]], [data["number"]], 0, "", None)
    )
    assert results.get_result_value(benchmark["name"], []) == [2.0]
    assert results.get_result_stats(benchmark["name"], [])[0]["q_75"] == 2.5
