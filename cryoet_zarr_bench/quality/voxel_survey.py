"""All that the checks are made of, gathered by reading a tomogram three times, plane by plane.

In memory at once are the planes that are stored together, some float64 copies of one plane, the
counts of `ExactPercentiles`, one small element a block of 4 x 4 x 4 voxels, and a few figures and a
digest of each slice: about 30 times a plane of float32 and 150 MB, however many planes there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from cryoet_zarr_bench.quality.constant_blocks import ConstantBlocks, ConstantRegions
from cryoet_zarr_bench.quality.exact_percentiles import ExactPercentiles, ordered_keys
from cryoet_zarr_bench.quality.moments import Moments
from cryoet_zarr_bench.quality.power_spectrum import PowerSpectrum, power_spectrum
from cryoet_zarr_bench.quality.slice_neighbours import SliceNeighbours
from cryoet_zarr_bench.quality.slice_profile import SliceProfile
from cryoet_zarr_bench.quality.source_precision import (
    DistinctValues,
    SourcePrecision,
    UsedBits,
    source_precision,
)
from cryoet_zarr_bench.tomograms.formats.slabs import Slabs

PERCENTAGES = (0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9)
OUTLIER_SIGMAS = 3.0
HISTOGRAM_BINS = 200
HISTOGRAM_SIGMAS = 8

IQR_OF_NORMAL = 1.3489795003921634
"""Width between the quartiles of a normal distribution of standard deviation 1."""

READINGS = 3


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts between edges that lie at equal distances; what lies beyond them is in neither."""

    counts: np.ndarray
    edges: np.ndarray


@dataclass(frozen=True, eq=False)
class Survey:
    """Everything known of a tomogram after it was read.

    Densities are those of the finite voxels, in the unit of the file. `sigma` is the robust
    standard deviation: the width between the quartiles over that of a normal distribution, which no
    outlier moves, about the median; where more than half of the voxels are equal, the standard
    deviation stands in. `outliers` counts voxels beyond 3 sigma of the median, `farthest` is the
    distance of the farthest in sigma. `piled_low` and `piled_high` count the voxels that are at the
    extreme beyond as many as are at the next value, and in no constant block. `itemsize` is the
    number of bytes of a voxel, `distinct` None if there are too many values to count.
    """

    shape: tuple[int, int, int]
    nans: int
    infinities: int
    not_finite_by_slice: tuple[int, ...]
    itemsize: int
    moments: Moments
    percentiles: dict[float, float]
    minimum: float
    maximum: float
    sigma: float
    outliers: int
    farthest: float
    piled_low: int
    piled_high: int
    distinct: int | None
    precision: SourcePrecision
    regions: ConstantRegions
    profile: SliceProfile
    neighbours: SliceNeighbours
    spectrum: PowerSpectrum | None
    histogram: Histogram

    @property
    def median(self) -> float:
        """The median of the finite voxels."""
        return self.percentiles[50.0]


@dataclass
class _FirstReading:
    shape: tuple[int, int, int]
    dtype: np.dtype
    nans: int = 0
    not_finite: list[int] = field(default_factory=list)
    percentiles: ExactPercentiles = field(default_factory=ExactPercentiles)
    distinct: DistinctValues = field(default_factory=DistinctValues)
    used: UsedBits = field(default_factory=UsedBits)
    profile: SliceProfile = field(default_factory=SliceProfile)
    neighbours: SliceNeighbours = field(default_factory=SliceNeighbours)

    def __post_init__(self) -> None:
        self.blocks = ConstantBlocks(self.shape)

    def add(self, z: int, plane: np.ndarray, beside: ThreadPoolExecutor) -> None:
        """Take the next plane; what has nothing to do with the rest is counted in `beside`."""
        finite = finite_voxels(plane)
        self.nans += int(np.count_nonzero(np.isnan(plane)))
        self.not_finite.append(plane.size - finite.size)
        counted = beside.submit(self._count, z, plane, finite)
        self.profile.add(finite.astype(np.float64))
        self.neighbours.add(plane, self.profile.moments[-1].mean, self.profile.fences[-1])
        counted.result()

    def _count(self, z: int, plane: np.ndarray, finite: np.ndarray) -> None:
        self.percentiles.count(ordered_keys(finite))
        self.distinct.add(finite)
        self.used.add(finite)
        self.blocks.add(z, plane)


def survey(slabs: Slabs, progress: Callable[[int], None] = lambda planes: None) -> Survey:
    """Read a tomogram three times and gather what the checks need.

    Args:
        slabs: the tomogram; any accepted dtype.
        progress: told after each plane how many more were read, of `READINGS` times all.
    """
    # numpy works on a plane without Python's lock: two threads take little more than half the time.
    with ThreadPoolExecutor(1) as beside:
        return _survey(slabs, progress, beside)


def _survey(slabs: Slabs, progress: Callable[[int], None], beside: ThreadPoolExecutor) -> Survey:
    first = _FirstReading(slabs.shape, slabs.dtype)
    for z, plane in _planes(slabs, progress):
        first.add(z, plane, beside)
    counted = first.percentiles
    counted.narrow((0.0, *PERCENTAGES, 100.0))
    moments = sum(first.profile.moments, Moments())
    for _, plane in _planes(slabs, progress):
        counted.count_again(ordered_keys(finite_voxels(plane)))
    percentiles = {each: counted.percentile(each) for each in PERCENTAGES}
    minimum, maximum = counted.percentile(0.0), counted.percentile(100.0)
    sigma = (percentiles[75.0] - percentiles[25.0]) / IQR_OF_NORMAL or moments.deviation
    precision = source_precision(slabs.dtype, moments.count, first.distinct, first.used)
    edges = _histogram_edges(minimum, maximum, percentiles[50.0], sigma, precision.step)
    last = _LastReading(percentiles, sigma, minimum, maximum, first.distinct.values, edges)
    for _, plane in _planes(slabs, progress):
        last.add(finite_voxels(plane), beside)
    low, high = last.piled(first.blocks)
    distinct = first.distinct.values
    return Survey(
        shape=slabs.shape,
        nans=first.nans,
        infinities=sum(first.not_finite) - first.nans,
        not_finite_by_slice=tuple(first.not_finite),
        itemsize=slabs.dtype.itemsize,
        moments=moments,
        percentiles=percentiles,
        minimum=minimum,
        maximum=maximum,
        sigma=sigma,
        outliers=last.outliers,
        farthest=last.farthest,
        piled_low=low,
        piled_high=high,
        distinct=None if distinct is None else distinct.size,
        precision=precision,
        regions=first.blocks.regions(),
        profile=first.profile,
        neighbours=first.neighbours,
        spectrum=power_spectrum(slabs),
        histogram=Histogram(last.counts, last.edges),
    )


def finite_voxels(plane: np.ndarray) -> np.ndarray:
    """The finite voxels of a plane, the plane itself where all are."""
    finite = np.isfinite(plane)
    return plane if finite.all() else plane[finite]


def _planes(slabs: Slabs, progress: Callable[[int], None]) -> Iterator[tuple[int, np.ndarray]]:
    """Each plane in order, as float32, which holds every accepted dtype exactly."""
    for start in range(0, slabs.shape[0], slabs.planes):
        slab = slabs.read(start, min(start + slabs.planes, slabs.shape[0]))
        for within, plane in enumerate(slab):
            yield start + within, plane.astype(np.float32, copy=False)
            progress(1)


def _histogram_edges(
    minimum: float, maximum: float, median: float, sigma: float, step: float | None
) -> np.ndarray:
    """Edges within 8 sigma of the median; on a lattice each bin has as many levels as any other."""
    reach = HISTOGRAM_SIGMAS * sigma if sigma > 0 else 1.0
    low = max(minimum, median - reach) if sigma > 0 else minimum - reach
    high = min(maximum, median + reach) if sigma > 0 else maximum + reach
    if step is None or not sigma > 0:
        return np.linspace(low, high, HISTOGRAM_BINS + 1)
    width = step * max(1, math.ceil((high - low) / HISTOGRAM_BINS / step))
    first = minimum + step * (math.floor((low - minimum) / step) - 0.5)
    return first + width * np.arange(math.ceil((high + step - first) / width) + 1)


class _LastReading:
    """Counts what needs the median, the robust sigma and the extremes to be known."""

    def __init__(
        self,
        percentiles: dict[float, float],
        sigma: float,
        minimum: float,
        maximum: float,
        distinct: np.ndarray | None,
        edges: np.ndarray,
    ) -> None:
        self._median, self._sigma = percentiles[50.0], sigma
        self._ends = np.array([minimum, maximum], dtype=np.float32)
        self._next = None if distinct is None or distinct.size < 3 else distinct[[1, -2]]
        self._at_ends, self._at_next = np.zeros(2, np.int64), np.zeros(2, np.int64)
        self.edges = edges
        self.counts = np.zeros(edges.size - 1, dtype=np.int64)
        self.outliers, self.farthest = 0, 0.0

    def add(self, voxels: np.ndarray, beside: ThreadPoolExecutor) -> None:
        half = len(voxels) // 2
        other_half = beside.submit(self._histogram, voxels[half:])
        distances = np.abs(voxels.astype(np.float64) - self._median)
        self.outliers += int(np.count_nonzero(distances > OUTLIER_SIGMAS * self._sigma))
        if self._sigma > 0:
            farthest = float(distances.max(initial=0.0)) / self._sigma
            self.farthest = max(self.farthest, farthest)
        for end in (0, 1):
            self._at_ends[end] += np.count_nonzero(voxels == self._ends[end])
            if self._next is not None:
                self._at_next[end] += np.count_nonzero(voxels == self._next[end])
        self.counts += self._histogram(voxels[:half])
        self.counts += other_half.result()

    def _histogram(self, voxels: np.ndarray) -> np.ndarray:
        if not math.isfinite(self._median):
            return np.zeros_like(self.counts)
        counts: np.ndarray = np.histogram(voxels, self.edges)[0]
        return counts

    def piled(self, blocks: ConstantBlocks) -> tuple[int, int]:
        if self._ends[0] == self._ends[1]:
            return 0, 0
        usual = np.maximum(self._at_next, 1)
        low, high = (
            max(0, int(self._at_ends[end] - usual[end]) - blocks.voxels_at(float(self._ends[end])))
            for end in (0, 1)
        )
        return low, high
