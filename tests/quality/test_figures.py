"""The figures themselves, against numpy and scipy."""

import functools
import tracemalloc
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from cryoet_zarr_bench.quality.constant_blocks import ConstantBlocks
from cryoet_zarr_bench.quality.exact_percentiles import (
    ExactPercentiles,
    ordered_keys,
    voxel_of,
)
from cryoet_zarr_bench.quality.inspection import inspect
from cryoet_zarr_bench.quality.moments import Moments
from cryoet_zarr_bench.quality.power_spectrum import (
    power_spectrum,
    wedge_ratio,
    white_noise_part,
)
from cryoet_zarr_bench.quality.slice_profile import most_unusual_step
from cryoet_zarr_bench.quality.source_precision import (
    DistinctValues,
    SourcePrecision,
    UsedBits,
    source_precision,
)
from cryoet_zarr_bench.quality.views import MOST_PIXELS, views
from cryoet_zarr_bench.quality.voxel_survey import survey
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic import synthesize

FLOATS = st.floats(-(2.0**99), 2.0**99, width=32)


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(0, 300), min_size=1, max_size=6),
    offset=st.floats(-1e6, 1e6),
    seed=st.integers(0, 1000),
)
def test_moments_of_parts_are_those_of_the_whole(sizes, offset, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.gamma(2, size=size) + offset for size in sizes]
    whole = np.concatenate(parts)
    found = functools.reduce(lambda one, other: one + other, map(Moments.of, parts))
    assert found.count == whole.size
    if whole.size > 2:
        assert found.mean == pytest.approx(whole.mean(), rel=1e-12)
        assert found.deviation == pytest.approx(whole.std(), rel=1e-8)
        assert found.skew == pytest.approx(stats.skew(whole - offset), rel=1e-4, abs=1e-6)
        assert found.kurtosis == pytest.approx(
            stats.kurtosis(whole - offset, fisher=False), rel=1e-4
        )


@settings(max_examples=100)
@given(
    values=st.lists(FLOATS, min_size=1, max_size=60),
    repeats=st.integers(1, 4),
    percentages=st.lists(st.floats(0, 100), min_size=1, max_size=5),
)
def test_percentiles_are_exact(values, repeats, percentages):
    voxels = np.array(values * repeats, dtype=np.float32)
    found = ExactPercentiles()
    for part in np.array_split(voxels, 3):
        found.count(ordered_keys(part))
    found.narrow(tuple(percentages))
    for part in np.array_split(voxels, 5):
        found.count_again(ordered_keys(part))
    for percentage in percentages:
        expected = np.percentile(voxels.astype(np.float64), percentage)
        tolerance = 1e-12 * max(1.0, float(np.abs(voxels).max()))
        assert found.percentile(percentage) == pytest.approx(expected, rel=1e-9, abs=tolerance)


@given(values=st.lists(FLOATS, min_size=2, max_size=50))
def test_keys_are_in_the_order_of_densities(values):
    voxels = np.array(values, dtype=np.float32)
    keys = ordered_keys(voxels)
    assert np.array_equal(voxels[np.argsort(keys, kind="stable")], np.sort(voxels))
    assert [voxel_of(int(key)) for key in keys] == voxels.tolist()


def precision_of(voxels: np.ndarray) -> SourcePrecision:
    distinct, used = DistinctValues(), UsedBits()
    for part in np.array_split(voxels.reshape(-1), 7):
        distinct.add(part.astype(np.float32))
        used.add(part.astype(np.float32))
    return source_precision(voxels.dtype, voxels.size, distinct, used)


@settings(max_examples=80)
@given(
    levels=st.sampled_from([3, 17, 200, 256, 257, 2000, 30_000]),
    exponent=st.floats(-28, 28),
    offset=st.floats(-1.0, 1.0),
    seed=st.integers(0, 100),
)
@example(levels=30_000, exponent=5.0, offset=1.0, seed=19)
def test_a_lattice_is_found_whatever_its_scale_and_offset(levels, exponent, offset, seed):
    places = np.random.default_rng(seed).normal(0.5, 0.15, 40_000)
    places = np.clip(np.rint(places * (levels - 1)), 0, levels - 1)
    places[:4] = [0, levels // 2, levels // 2 + 1, levels - 1]
    step = np.float32(10.0**exponent)
    voxels = places.astype(np.float32) * step + np.float32(offset * levels) * step
    found = precision_of(voxels)
    assert found.levels == levels
    assert found.step == pytest.approx(float(step), rel=1e-3)
    assert found.bits == (8 if levels <= 256 else 16)


def normal(size: int = 200_000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(size).astype(np.float32)


@pytest.mark.parametrize("scale", [1.0, 3e-6, 1e20])
def test_a_plain_float32_is_one(scale):
    for size in (500, 30_000, 200_000):
        found = precision_of(normal(size) * np.float32(scale))
        assert (found.kind, found.bits, found.levels) == ("float32 in full", 32, None)


def rounded(voxels: np.ndarray, kept: int) -> np.ndarray:
    mask = np.uint32(0xFFFFFFFF) << np.uint32(23 - kept)
    return (voxels.view(np.uint32) & mask).view(np.float32)


@pytest.mark.parametrize(
    ("voxels", "kind", "bits"),
    [
        (normal().astype(np.float16).astype(np.float32), "float16, cast to float32", 16),
        (
            normal().astype(np.float16).astype(np.float32) * np.float32(2**-20),
            "float16, cast and scaled",
            16,
        ),
        (rounded(normal(), 7), "bfloat16 or rounded to its 7 bits", 16),
        (rounded(normal(), 12), "float32 rounded to 12 bits of the mantissa", 21),
        (normal().astype(np.float16), "float16, as stored", 16),
        (np.rint(normal() * 10).astype(np.int16), "8-bit integers, stored as int16", 8),
        (np.rint(normal() * 1000).astype(np.int16), "int16, as stored", 16),
        (np.rint(normal() * 10).astype(np.int8), "int8, as stored", 8),
        (np.ones(50, np.float32), "one value", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_sources_are_told(voxels, kind, bits):
    found = precision_of(voxels)
    assert (found.kind, found.bits) == (kind, bits)


@settings(max_examples=40)
@given(start=st.tuples(*[st.integers(0, 21)] * 3), side=st.integers(11, 14))
def test_a_constant_cube_of_11_is_found_wherever_it_lies(start, side):
    volume = np.random.default_rng(0).standard_normal((35, 35, 35)).astype(np.float32)
    z, y, x = start
    volume[z : z + side, y : y + side, x : x + side] = 0.25
    blocks = ConstantBlocks(volume.shape)
    for place, plane in enumerate(volume):
        blocks.add(place, plane)
    found = blocks.regions()
    assert found.value == 0.25
    assert found.inside > 0
    assert found.scattered == found.around == 0
    for (low, high), first in zip(found.largest, start, strict=True):
        assert first <= low < high <= first + side


def test_the_step_that_stands_out_is_found_on_a_slope():
    values = np.linspace(0, 3, 60) + 0.002 * np.random.default_rng(0).standard_normal(60)
    values[23:] += 0.15
    step = most_unusual_step(values, 0.01)
    assert step.slice == 23
    assert step.size == pytest.approx(0.15, abs=0.01)
    values[40] = np.nan
    assert most_unusual_step(values, 0.01).slice == 23
    assert most_unusual_step(values[:3], 0.01) is None


@pytest.mark.parametrize("part", [0.0, 0.2, 0.8])
def test_the_noise_part_is_what_was_added(part):
    signal = synthesize("5A", (96, 96, 96), 1).astype(np.float64)
    noise = np.random.default_rng(1).standard_normal(signal.shape)
    mixed = np.sqrt(1 - part) * signal / signal.std() + np.sqrt(part) * noise
    spectrum = power_spectrum(ArraySlabs(mixed.astype(np.float32), ""))
    assert white_noise_part(spectrum) == pytest.approx(part, abs=0.05)


def test_the_wedge_ratio_is_the_power_left_in_the_wedge():
    noise = np.random.default_rng(2).standard_normal((64, 64, 64))
    kz, _, kx = np.meshgrid(*[np.fft.fftfreq(64)] * 3, indexing="ij")
    wedge = np.abs(kz) > np.tan(np.radians(60)) * np.abs(kx)
    for left in (0.01, 0.25, 1.0):
        spectrum = np.fft.fftn(noise) * np.where(wedge, np.sqrt(left), 1)
        volume = np.fft.ifftn(spectrum).real.astype(np.float32)
        found = wedge_ratio(power_spectrum(ArraySlabs(volume, "")))
        assert found == pytest.approx(left, rel=0.2, abs=0.03)


class _Counting(ArraySlabs):
    """Slabs that are read from a file of their own each time, several planes at once."""

    def read(self, start: int, stop: int) -> np.ndarray:
        assert stop - start <= self.planes
        return np.array(super().read(start, stop))


def test_planes_read_together_change_nothing():
    volume = synthesize("10A", (70, 72, 66), 4)
    one, several = (inspect(_Counting(volume, "", planes=planes)) for planes in (1, 9))
    assert one.report == several.report
    assert np.array_equal(one.found.spectrum.power, several.found.spectrum.power)


@dataclass(frozen=True)
class Endless:
    """A tomogram that is made while it is read, so that none of it is in memory."""

    shape: tuple[int, int, int]
    name: str = "endless"
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float32))
    voxel_spacing: tuple[float, float, float] | None = None
    planes: int = 4

    def read(self, start: int, stop: int) -> np.ndarray:
        rows = [
            np.random.default_rng(z).standard_normal(self.shape[1:]) for z in range(start, stop)
        ]
        return np.array(rows, dtype=np.float32)

    def __getitem__(self, box: tuple[slice, slice, slice]) -> np.ndarray:
        return self.read(box[0].start, box[0].stop)[:, box[1], box[2]]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_planes():
    peaks = []
    for depth in (64, 384):
        tracemalloc.start()
        try:
            found = survey(Endless((depth, 96, 96)))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert found.moments.count == depth * 96 * 96
    assert peaks[1] < peaks[0] + 0.1 * 384 * 96 * 96 * 4


def test_statistics_are_those_of_numpy():
    volume = synthesize("5A", (40, 50, 60), 6)
    volume[3, 4, 5] = np.nan
    voxels = volume[np.isfinite(volume)].astype(np.float64)
    found = inspect(ArraySlabs(volume, "")).report.statistics
    assert found.voxels == volume.size
    assert found.not_finite == 1
    assert found.mean == pytest.approx(voxels.mean(), rel=1e-9)
    assert found.std == pytest.approx(voxels.std(), rel=1e-9)
    assert found.minimum == voxels.min()
    assert found.maximum == voxels.max()
    assert found.skew == pytest.approx(stats.skew(voxels), rel=1e-6)
    assert found.kurtosis == pytest.approx(stats.kurtosis(voxels, fisher=False), rel=1e-6)
    for percentage, value in found.percentiles:
        assert value == pytest.approx(np.percentile(voxels, percentage), rel=1e-9)
    integers = np.random.default_rng(7).integers(0, 90, (20, 20, 20)).astype(np.uint8)
    assert inspect(ArraySlabs(integers, "")).report.statistics.distinct == 90


def test_outliers_and_piles_are_counted():
    volume = np.random.default_rng(8).standard_normal((32, 32, 32)).astype(np.float32)
    volume = np.minimum(volume, 2.0)
    found = survey(ArraySlabs(volume, ""))
    assert found.piled_high == np.count_nonzero(volume == 2.0) - 1
    assert found.piled_low == 0
    distances = np.abs(volume.astype(np.float64) - found.median)
    assert found.outliers == np.count_nonzero(distances > 3 * found.sigma)
    assert found.farthest == pytest.approx(distances.max() / found.sigma)


def test_histogram_bins_of_a_lattice_hold_as_many_levels_each():
    # 331 levels do not go into 200 bins evenly.
    places = np.tile(np.arange(331, dtype=np.float32), 100).reshape(331, 10, 10)
    counts = survey(ArraySlabs(places * np.float32(0.37), "")).histogram.counts
    assert set(counts[:-1].tolist()) == {200}
    assert counts.sum() == places.size


def test_views_show_the_centre_in_few_pixels():
    volume = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    shown = views(ArraySlabs(volume, "", (2.0, 3.0, 4.0)))
    assert np.array_equal(shown.xy.pixels, volume[2])
    assert np.array_equal(shown.xz.pixels, volume[:, 3])
    assert np.array_equal(shown.yz.pixels, volume[:, :, 3].T)
    assert (shown.xy.spacing, shown.xz.spacing, shown.yz.spacing) == (
        (3.0, 4.0),
        (2.0, 4.0),
        (3.0, 2.0),
    )
    large = views(ArraySlabs(np.ones((2, 3, 3000), np.float32), ""))
    assert max(large.xy.pixels.shape) <= max(MOST_PIXELS, 3000 // 3)
    assert (large.xy.pixels == 1).all()
