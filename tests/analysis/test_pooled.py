"""A release that was measured several times has the medians of its measurements."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.analysis.pooled_measurements import FEWEST, UNKNOWN_MARGIN, pooled
from cryoet_zarr_bench.analysis.repeat_noise import Noise, Repeat
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.releases.release_commits import commit_of

TAG, CELL, OTHER = "zarr-3.4.2", Cell("none", "64x64x64", 3), Cell("zstd-5", "64x64x64", 3)
READ, WALL = "read.Read.time_read_volume_cpu", "read.Read.time_read_volume"
BYTES = "storage.Storage.track_stored_bytes"


def result(value=1.0):
    figures = {READ: {CELL: value}, WALL: {CELL: 2 * value}, BYTES: {CELL: 7}}
    quartiles = {READ: {CELL: (0.9 * value, 1.1 * value)}}
    return MeasuredRelease(
        *(commit_of(TAG), "m", "t", "3.12", 0, None, figures, quartiles, [], {}, "tmpfs")
    )


def repeats(values, tag=TAG, numcodecs=None, tomogram="t"):
    return Noise(
        tuple(
            Repeat(tag, numcodecs, "3.12", tomogram, place, None, None, {READ: {CELL: value}})
            for place, value in enumerate(values)
        )
    )


@given(st.lists(st.floats(0.01, 100), min_size=FEWEST - 1, max_size=12))
def test_figures_that_were_measured_are_medians_of_all(values):
    found = pooled(result(), repeats(values))
    assert found.runs == 1 + len(values)
    assert found.result.figures[READ][CELL] == statistics.median([1.0, *values])
    assert found.margin >= 1


def test_what_is_exact_or_was_not_repeated_stays_and_quartiles_go():
    found = pooled(result(), repeats([3.0] * 5)).result
    assert found.figures[BYTES] == {CELL: 7} and found.figures[WALL] == {CELL: 2.0}
    assert found.quartiles == {}


def test_the_margin_is_how_far_one_half_of_the_measurements_is_from_the_other():
    # In the order of time 1.0, 1.2, 1.0, 1.2: every other one.
    assert pooled(result(), repeats([1.2, 1.0, 1.2])).margin == pytest.approx(1.2)
    # Many of them differ by less than any two of them.
    assert pooled(result(), repeats([1.2, 1.2, 1.0, 1.0, 1.2, 1.2, 1.0])).margin < 1.2


@pytest.mark.parametrize(
    "noise",
    [
        repeats([3.0, 3.6]),
        repeats([3.0, 3.6] * 4, tag="zarr-3.4.1"),
        repeats([3.0, 3.6] * 4, numcodecs="0.15.1"),
        repeats([3.0, 3.6] * 4, tomogram="another"),
    ],
    ids=["too few", "another release", "another column", "another tomogram"],
)
def test_repeats_of_something_else_tell_the_margin_alone(noise):
    found = pooled(result(), noise)
    assert found.runs == 1 and found.result == result()
    assert found.margin == pytest.approx(1.2)


def test_without_repeats_the_margin_is_a_guess():
    assert pooled(result(), Noise(())).margin == UNKNOWN_MARGIN


def test_a_cell_that_only_a_repeat_has_is_left_out():
    noise = Noise(
        tuple(
            Repeat(TAG, None, "3.12", "t", place, None, None, {READ: {OTHER: 5.0, CELL: 1.0}})
            for place in range(5)
        )
    )
    assert set(pooled(result(), noise).result.figures[READ]) == {CELL}
