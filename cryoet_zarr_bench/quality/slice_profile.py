"""Each XY slice by itself: its moments and its quartiles, and steps from one slice to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.quality.moments import Moments

QUARTILES = (0, 25, 50, 75, 100)

FENCE = 3.0
"""Times the width between the quartiles, from the quartiles on: what Tukey (1977) calls far out."""

MEDIAN_OF_NORMAL = 0.6744897501960817
"""Median of the distances from the mean, of a normal distribution of standard deviation 1."""


class SliceProfile:
    """Takes the finite voxels of each XY slice in order."""

    def __init__(self) -> None:
        self.moments: list[Moments] = []
        self.tame_moments: list[Moments] = []
        """Of the same voxels, those far out moved to the fences: a few hot voxels are no gain."""
        self.fences: list[tuple[float, float]] = []
        """Of each slice; infinite if more than half of its voxels are equal."""
        self.quartiles: list[np.ndarray] = []
        """Minimum, quartiles and maximum, NaN for a slice without finite voxels."""

    def add(self, voxels: np.ndarray) -> None:
        """Take the finite voxels of the next slice, float64."""
        self.moments.append(Moments.of(voxels))
        found = np.percentile(voxels, QUARTILES) if voxels.size else np.full(5, np.nan)
        self.quartiles.append(found)
        reach = FENCE * (found[3] - found[1])
        fences = (found[1] - reach, found[3] + reach) if reach > 0 else (-np.inf, np.inf)
        self.fences.append(fences)
        self.tame_moments.append(Moments.of(np.clip(voxels, *fences)))

    @property
    def means(self) -> np.ndarray:
        """The mean of each slice; NaN without finite voxels."""
        return _means(self.moments)

    @property
    def deviations(self) -> np.ndarray:
        """The standard deviation of each slice; NaN without finite voxels."""
        return np.array([each.deviation for each in self.moments])

    @property
    def tame_means(self) -> np.ndarray:
        """The means with far voxels moved to the fences."""
        return _means(self.tame_moments)

    @property
    def tame_deviations(self) -> np.ndarray:
        """The standard deviations with far voxels moved to the fences."""
        return np.array([each.deviation for each in self.tame_moments])


def _means(moments: list[Moments]) -> np.ndarray:
    return np.array([each.mean if each.count else np.nan for each in moments])


@dataclass(frozen=True)
class Step:
    """A step between neighbouring slices: its size, how unusual it is, and the slice behind it.

    `unusual` is in standard deviations of such steps, which the median of the others estimates.
    """

    size: float
    unusual: float
    slice: int


def most_unusual_step(values: np.ndarray, least_scatter: float) -> Step | None:
    """Find the step between neighbouring slices that differs most from the others.

    Slow change along z is no step: each difference is held against the median of the nine around.

    Args:
        values: one of each slice; NaN if there is none.
        least_scatter: the standard deviation of steps is taken to be at least this. Neighbouring
            slices of a smooth tomogram hardly differ, and then every ripple would be unusual.

    Returns:
        None if fewer than three differences are known.
    """
    differences = np.diff(values)
    known = np.flatnonzero(np.isfinite(differences))
    if known.size < 3:
        return None
    near = differences[known]
    padded = np.pad(near, 4, mode="edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 9), axis=1)
    sizes = np.abs(near - usual)
    scatter = max(float(np.median(sizes)) / MEDIAN_OF_NORMAL, least_scatter)
    place = int(sizes.argmax())
    return Step(float(sizes[place]), float(sizes[place]) / scatter, int(known[place]) + 1)
