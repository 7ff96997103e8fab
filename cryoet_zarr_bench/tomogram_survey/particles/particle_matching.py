"""Template matching: particles found again in a tomogram, and in what a lossy codec left of it.

Normalised cross-correlation with the template in every turn (J. P. Lewis, Fast Normalized
Cross-Correlation, 1995), the highest peaks that are apart are picks. It is what scikit-image's
`match_template` gives, as a test says, but the tomogram is transformed once for all turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.tomogram_survey.particles.planted_particles import (
    PARTICLES,
    SIDE,
    PlantedTomogram,
)

NEAR = 4.0
"""Voxels from a particle's centre within which a pick is taken to be of it: a sixth of its size."""

_LEAST = 1e-12
"""No box is flatter than this: where it is, nothing correlates."""

_APART = SIDE // 2
"""Voxels between two picks, at least."""


@dataclass(frozen=True)
class FoundParticles:
    """Of each particle, in the order of the tomogram's: the place of its pick, NaN if none is near.

    `false` are picks that are near no particle.
    """

    places: np.ndarray
    false: int

    @property
    def found(self) -> np.ndarray:
        """Whether each particle was found."""
        return np.isfinite(self.places).all(axis=1)


def find_particles(voxels: np.ndarray, planted: PlantedTomogram) -> FoundParticles:
    """Pick as many particles as there are, and tell which of them are near one.

    Args:
        voxels: the tomogram, or what was read back of it; axes z, y, x.
        planted: where the particles are, and the templates.
    """
    picks = _picks(best_correlation(voxels, planted.templates))
    places = np.full((len(planted.centres), 3), np.nan)
    false = 0
    for pick in picks:
        apart = np.linalg.norm(planted.centres - pick, axis=1)
        nearest = int(np.argmin(apart))
        if apart[nearest] > NEAR or np.isfinite(places[nearest]).all():
            false += 1
        else:
            places[nearest] = pick
    return FoundParticles(places, false)


def best_correlation(voxels: np.ndarray, templates: Sequence[np.ndarray]) -> np.ndarray:
    """The largest correlation of each voxel's surroundings with any template, -1 to 1.

    That of a voxel is with the box that has as many voxels before it along each axis as half of a
    template, one fewer behind it. Beyond the tomogram is its mean.

    Args:
        voxels: axes z, y, x.
        templates: cubes of one size.
    """
    from scipy import fft

    # Densities of a millionth would be lost in the sums of squares.
    scaled = ((voxels - voxels.mean(dtype=np.float64)) / voxels.std(dtype=np.float64)).astype("f4")
    side = templates[0].shape[0]
    room = tuple(fft.next_fast_len(length + side, real=True) for length in scaled.shape)
    spectrum = fft.rfftn(scaled, room)
    best = np.full(scaled.shape, -np.inf, "f4")
    for template in templates:
        apart = template - template.mean(dtype=np.float64)
        unit = (apart / np.linalg.norm(apart)).astype("f4")
        from_corner = fft.irfftn(spectrum * fft.rfftn(unit, room).conj(), room)
        about = np.roll(from_corner, (side // 2,) * 3, (0, 1, 2))
        z, y, x = scaled.shape
        np.maximum(best, about[:z, :y, :x], out=best)
    return best / _spread_of_boxes(scaled, side)


def _spread_of_boxes(voxels: np.ndarray, side: int) -> np.ndarray:
    """The root of the summed squares of each voxel's box, about the mean of the box."""
    from scipy import ndimage

    exact = voxels.astype(np.float64)
    mean = ndimage.uniform_filter(exact, side, mode="constant")
    squares = ndimage.uniform_filter(np.square(exact), side, mode="constant")
    return np.sqrt(np.maximum((squares - np.square(mean)) * side**3, _LEAST))


def _picks(correlation: np.ndarray) -> np.ndarray:
    """The highest peaks, in voxels, with the fraction that a parabola through each one gives."""
    from skimage.feature import peak_local_max

    peaks = peak_local_max(
        correlation, min_distance=_APART, num_peaks=PARTICLES, exclude_border=SIDE // 2
    )
    # For an even side the voxel of a box is the one behind its middle.
    return np.array([_refined(correlation, peak) for peak in peaks]).reshape(-1, 3) - 0.5


def _refined(correlation: np.ndarray, peak: np.ndarray) -> np.ndarray:
    found = peak.astype(float)
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        before, at, after = (float(correlation[tuple(peak + side * step)]) for side in (-1, 0, 1))
        bend = before - 2 * at + after
        if bend < 0:
            found[axis] += 0.5 * (before - after) / bend
    return found
