"""A seeded sample of a tomogram's chunks, and what its bytes say of all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.storage.boxes import Box, Voxels, shape_of

Index = tuple[int, int, int]
"""The place of a chunk among all of them, along z, y, x."""

CONFIDENCE = 0.95
"""How often an interval of bytes holds what all chunks take."""


LEAST_OF_EACH = 2
"""Chunks that are drawn of each stratum: of one nobody knows how far others lie apart."""


@dataclass(frozen=True)
class Interval:
    """A figure, and the bounds that it lies between."""

    low: float
    middle: float
    high: float

    def holds(self, figure: float) -> bool:
        """True if a figure lies between the bounds, or on one of them."""
        return self.low <= figure <= self.high

    def plus(self, amount: float) -> Interval:
        """The same, so much higher."""
        return Interval(self.low + amount, self.middle + amount, self.high + amount)

    def or_wider(self, reach: float) -> Interval:
        """The same, or wider: it reaches at least so far to each side of the middle."""
        low, high = min(self.low, self.middle - reach), max(self.high, self.middle + reach)
        return Interval(low, self.middle, high)

    def times(self, low: float, high: float) -> Interval:
        """The middle, with bounds that are so many times it."""
        return Interval(self.middle * low, self.middle, self.middle * high)


@dataclass(frozen=True)
class ChunkGrid:
    """The chunks that a tomogram is cut into; both shapes are z, y, x in voxels."""

    shape: tuple[int, int, int]
    chunks: tuple[int, int, int]

    @property
    def counts(self) -> Index:
        """How many chunks there are along each axis, those at the ends included."""
        z, y, x = (
            -(-length // chunk) for length, chunk in zip(self.shape, self.chunks, strict=True)
        )
        return z, y, x

    @property
    def total(self) -> int:
        """How many chunks there are."""
        return math.prod(self.counts)

    def across(self, axis: int) -> int:
        """How many chunks a slice through the tomogram cuts; `axis` is the one it stands on."""
        return self.total // self.counts[axis]

    def box(self, index: Index) -> Box:
        """The voxels of a chunk that lie in the tomogram."""
        z, y, x = (
            slice(at * chunk, min((at + 1) * chunk, length))
            for at, chunk, length in zip(index, self.chunks, self.shape, strict=True)
        )
        return z, y, x

    def strata(self, count: int) -> list[Stratum]:
        """Chunks that are cut alike by the tomogram's ends; all as one where `count` is too few.

        How many bytes a voxel takes depends on that more than on anything else: what lies outside
        is 0, and takes next to none.
        """
        ranges = [
            [range(n - 1), range(n - 1, n)] if length % chunk and n > 1 else [range(n)]
            for n, length, chunk in zip(self.counts, self.shape, self.chunks, strict=True)
        ]
        strata = [Stratum(each) for each in itertools.product(*ranges)]
        z, y, x = self.counts
        enough = needed_of(strata) <= count
        return strata if enough else [Stratum((range(z), range(y), range(x)))]

    @property
    def needed(self) -> int:
        """How many chunks have to be drawn so that each way of being cut is among them."""
        return needed_of(self.strata(self.total))

    def sample(self, count: int, seed: int) -> list[Index]:
        """Chunks drawn at random, each at most once, about `count`; all if there are no more.

        Of each stratum by its part of all chunks, and at least `LEAST_OF_EACH`.
        """
        generator = np.random.default_rng(seed)
        picked = []
        for stratum in self.strata(count):
            share = round(count * stratum.total / self.total)
            drawn = min(max(share, LEAST_OF_EACH), stratum.total)
            picked += stratum.sample(drawn, generator)
        return sorted(picked)


@dataclass(frozen=True)
class Stratum:
    """Chunks by the ranges of their places along z, y, x."""

    ranges: tuple[range, ...]

    @property
    def total(self) -> int:
        """How many chunks there are."""
        return math.prod(map(len, self.ranges))

    def holds(self, index: Index) -> bool:
        """True if a chunk is one of them."""
        return all(at in own for at, own in zip(index, self.ranges, strict=True))

    def sample(self, count: int, generator: np.random.Generator) -> list[Index]:
        """So many chunks drawn at random, each at most once."""
        lengths = [len(own) for own in self.ranges]
        found = []
        for number in generator.choice(self.total, count, replace=False):
            at = np.unravel_index(int(number), lengths)
            z, y, x = (own[int(place)] for own, place in zip(self.ranges, at, strict=True))
            found.append((z, y, x))
        return found


def needed_of(strata: Sequence[Stratum]) -> int:
    """How many chunks are drawn at least."""
    return sum(min(each.total, LEAST_OF_EACH) for each in strata)


def side_by_side(tomogram: Voxels, grid: ChunkGrid, picked: Sequence[Index]) -> np.ndarray:
    """The sampled chunks one after the other along x, whole: what lies outside is 0, as stored."""
    z, y, x = grid.chunks
    found = np.zeros((z, y, len(picked) * x), tomogram.dtype)
    for number, index in enumerate(picked):
        box = grid.box(index)
        depth, height, width = shape_of(box)
        found[:depth, :height, number * x : number * x + width] = tomogram[box]
    return found


def bytes_of_all(
    sampled: Sequence[int], grid: ChunkGrid, picked: Sequence[Index], count: int
) -> Interval:
    """The bytes of all chunks from those of a sample, with the interval of `CONFIDENCE`.

    In each stratum by the ratio of bytes to voxels that lie in the tomogram (Cochran, Sampling
    Techniques, 3rd edition, sections 6.3 and 6.10, with the correction for a population that is
    not large, 2.6; degrees of freedom by Satterthwaite, 5.4). Of all chunks the interval has no
    width.

    Args:
        sampled: the bytes of each chunk that was drawn.
        grid: all chunks.
        picked: the places of those that were drawn.
        count: how many were asked for.
    """
    middle, variances = 0.0, []
    for stratum in grid.strata(count):
        own = [number for number, index in enumerate(picked) if stratum.holds(index)]
        voxels = np.array([math.prod(shape_of(grid.box(picked[number]))) for number in own], float)
        taken = np.array([sampled[number] for number in own], float)
        ratio = float(taken.sum() / voxels.sum())
        everything = _voxels_of(stratum, grid)
        middle += ratio * everything
        if len(own) == stratum.total:
            continue
        if len(own) < LEAST_OF_EACH:
            return Interval(0.0, middle, math.inf)
        deviations = float(((taken - ratio * voxels) ** 2).sum()) / (len(own) - 1)
        unseen = 1 - len(own) / stratum.total
        # The sample's mean of voxels stands for that of all chunks where few were drawn.
        scale = everything / float(voxels.mean())
        variances.append((scale**2 * unseen * deviations / len(own), len(own) - 1))
    variance = sum(each for each, _ in variances)
    if variance == 0:
        return Interval(middle, middle, middle)
    from scipy import special

    freedom = variance**2 / sum(each**2 / degrees for each, degrees in variances)
    reach = float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    return Interval(max(middle - reach, 0.0), middle, middle + reach)


def _voxels_of(stratum: Stratum, grid: ChunkGrid) -> int:
    """The voxels of the tomogram that lie in the chunks of a stratum."""
    return math.prod(
        min(own.stop * chunk, length) - own.start * chunk
        for own, chunk, length in zip(stratum.ranges, grid.chunks, grid.shape, strict=True)
    )
