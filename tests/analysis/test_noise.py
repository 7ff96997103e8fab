"""Bands and spreads of repeats: what the machine alone does to the figures of one release."""

import json
import statistics
from pathlib import Path

import made_up_evidence as made_up
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cryoet_zarr_bench.analysis.repeat_noise import Band, Noise, Repeat, read_noise
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.reports.pages.verdict_evidence import noise_content

PROJECT = Path(__file__).resolve().parents[2]

CELL = Cell("zstd-5", "64x64x64", 3)
OTHER_CELL = Cell("none", "64x64x64", 3)
CPU, WALL = "write.Write.time_write_cpu", "write.Write.time_write"
times = some.floats(min_value=1e-6, max_value=1e3)


def repeats_of(values, benchmark=CPU, release="zarr-3.4.2", cell=CELL, **more):
    return [
        Repeat(
            **{
                "release": release,
                "numcodecs": None,
                "python": "3.12",
                "tomogram": made_up.TOMOGRAM,
                "measured_at": place,
                "canary_spread": None,
                "noisy": None,
                "figures": {benchmark: {cell: value}},
                **more,
            }
        )
        for place, value in enumerate(values)
    ]


def noise_of(*repeats):
    return Noise(tuple(each for group in repeats for each in group))


def test_a_band_is_the_range_over_the_median():
    band = noise_of(repeats_of([0.9, 1.0, 1.0, 1.2])).band(CPU, CELL)
    assert band == Band(0.9, 1.2, 4)


@given(some.lists(times, min_size=3, max_size=12), some.randoms(), some.floats(1e-3, 1e3))
def test_a_band_holds_all_repeats_whatever_their_order_and_unit(values, lots, factor):
    band = noise_of(repeats_of(values)).band(CPU, CELL)
    middle = statistics.median(values)
    assert band.count == len(values)
    assert band.low <= 1 <= band.high
    assert all(band.low * 0.999 <= value / middle <= band.high * 1.001 for value in values)
    lots.shuffle(values)
    again = noise_of(repeats_of([value * factor for value in values])).band(CPU, CELL)
    assert again.low == pytest.approx(band.low) and again.high == pytest.approx(band.high)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_repeats_have_no_band(count):
    assert noise_of(repeats_of([1.0] * count)).band(CPU, CELL) is None


def test_a_cell_that_was_not_repeated_has_no_band():
    assert noise_of(repeats_of([1, 2, 3])).band(CPU, OTHER_CELL) is None
    assert noise_of(repeats_of([1, 2, 3])).band(WALL, CELL) is None


def test_exact_figures_have_no_band():
    exact = "storage.Storage.track_stored_bytes"
    assert noise_of(repeats_of([7, 7, 8], exact)).band(exact, CELL) is None


def test_what_is_tracked_of_times_has_a_band_like_a_time():
    slope = "overhead.PerChunk.track_read_us_per_chunk"
    assert noise_of(repeats_of([1.0, 1.0, 1.3], slope)).band(slope, CELL) == Band(1.0, 1.3, 3)


def test_of_several_reference_releases_the_widest_counts():
    calm = repeats_of([1.0, 1.0, 1.01, 1.02])
    wild = repeats_of([10.0, 10.0, 13.0], release="zarr-3.1.6")
    few = repeats_of([1.0, 9.0], release="zarr-3.0.0")
    assert noise_of(calm, wild, few).band(CPU, CELL) == Band(1.0, 1.3, 3)
    # Releases are never mixed: their figures differ for another reason.
    assert noise_of(calm, wild).band(CPU, CELL).high < 2


def test_a_pin_of_numcodecs_makes_another_reference():
    own, pinned = repeats_of([1.0, 1.1, 1.0]), repeats_of([5.0, 5.5], numcodecs="0.15.1")
    assert noise_of(own, pinned).band(CPU, CELL).count == 3


def test_tomograms_and_pythons_are_not_mixed():
    noise = noise_of(repeats_of([1, 2, 3]), repeats_of([1, 2, 9], tomogram="other"))
    assert noise.of(made_up.TOMOGRAM, "3.12").band(CPU, CELL) == Band(0.5, 1.5, 3)
    assert noise.of("other", "3.12").band(CPU, CELL).high == 4.5
    assert noise.of(made_up.TOMOGRAM, "3.13").repeats == ()


def test_the_spread_is_over_consecutive_repeats_of_one_clock():
    noise = noise_of(repeats_of([1.0, 1.1, 1.0]), repeats_of([2.0, 4.0], WALL))
    cpu, wall = noise.spread(cpu=True), noise.spread(cpu=False)
    assert (cpu.median, cpu.count) == (pytest.approx(1.1), 2)
    assert (wall.median, wall.high, wall.count) == (2.0, 2.0, 1)
    assert noise_of(repeats_of([1.0, 2.0], "write.Write.peakmem_write")).spread(cpu=False) is None


@given(some.lists(times, min_size=2, max_size=12))
def test_a_spread_is_at_least_one_and_the_same_backwards(values):
    spread = noise_of(repeats_of(values)).spread(cpu=True)
    assert 1 <= spread.median <= spread.high
    assert spread.count == len(values) - 1
    backwards = noise_of(repeats_of(values[::-1])).spread(cpu=True)
    assert backwards.median == pytest.approx(spread.median)


def test_what_a_run_left_is_read_in_the_order_of_time(tmp_path):
    assert read_noise(tmp_path, "here").repeats == ()
    line = {
        "release": "zarr-3.4.2",
        "numcodecs": None,
        "python": "3.12",
        "tomogram": made_up.TOMOGRAM,
        "measured_at": 2,
        "canary_spread": 0.14,
        "noisy": True,
        "figures": {CPU: {"zstd-5 64x64x64 3": 1.5, "none 64x64x64 3": None}},
    }
    not_finite = json.dumps({**line, "measured_at": 3}).replace("1.5", "NaN")
    lines = [
        json.dumps(line),
        json.dumps({**line, "measured_at": 1, "noisy": None, "canary_spread": None}),
        not_finite,
        json.dumps({**line, "figures": None}),
        json.dumps({**line, "figures": {CPU: {"no cell": 1}}}),
        "[1]",
        json.dumps(line)[:40],
    ]
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "noise.jsonl").write_text("\n".join(lines))
    repeats = read_noise(tmp_path, "here").repeats
    assert [each.measured_at for each in repeats] == [1, 2, 3]
    assert [each.noisy for each in repeats] == [None, True, True]
    assert repeats[1].canary_spread == 0.14
    assert repeats[1].figures == {CPU: {CELL: 1.5}}
    assert repeats[2].figures == {CPU: {}}


def test_the_dashboard_gets_the_bands_of_each_series(tmp_path):
    (tmp_path / "here").mkdir()
    figures = {CPU: {"zstd-5 64x64x64 3": 1.0}, "storage.Storage.track_file_count": {}}
    line = {
        "release": "zarr-3.4.2",
        "python": "3.12",
        "tomogram": made_up.TOMOGRAM,
        "figures": figures,
    }
    lines = [{**line, "measured_at": place} for place in range(4)]
    made_up.write_lines(tmp_path / "here" / "noise.jsonl", lines)
    series = [("elsewhere", made_up.TOMOGRAM, "3.12"), ("here", made_up.TOMOGRAM, "3.12")]
    content = noise_content(tmp_path, series)
    assert content["benchmarks"] == [CPU]
    assert content["bands"] == [[1, 0, "zstd-5", "64x64x64", 3, 1.0, 1.0, 4]]
    assert content["spreads"] == [[1, "CPU time", 1.0, 1.0, 3]]
    json.dumps(content, allow_nan=False)


def test_chunks_in_shards_have_spaces_in_their_name(tmp_path):
    line = made_up.history_of_repeats(PROJECT / "results", 1)[0]
    line["figures"] = {CPU: {"zstd-5 32x32x32 in 128x128x128 3": 1.0}}
    (tmp_path / "m").mkdir()
    made_up.write_lines(tmp_path / "m" / "noise.jsonl", [line])
    (repeat,) = read_noise(tmp_path, "m").repeats
    assert repeat.figures[CPU] == {Cell("zstd-5", "32x32x32 in 128x128x128", 3): 1.0}
