"""Each XY slice against the one before it: is it the same, and does it lie where it should?"""

from __future__ import annotations

import hashlib

import numpy as np

LARGEST_CROP = 512
"""Voxels along y and x of the centre that is correlated: enough to see a shift of the slice."""

WHITENING = 0.5
"""The cross spectrum is divided by its amplitude to this power. At 1, which is phase correlation,
noise beyond the resolution of a low-passed tomogram has a say in each frequency; at 0, which is
cross-correlation, the peak is as broad as the largest particle (Knapp and Carter, IEEE Trans.
Acoust. Speech Signal Process. 24 (1976) 320, compare such weights)."""


class SliceNeighbours:
    """Takes the XY slices in order; one element is kept for each slice, and one slice in full.

    Of slice z, `correlations[z]` is the correlation coefficient with slice z - 1, `shifts[z]` how
    far along y, x it lies from slice z - 1 in voxels, and `agreements[z]` the correlation
    coefficient of what overlaps after that shift, times the part that does: small pieces correlate
    by chance. Both are NaN for the first slice, and where either slice is constant.
    """

    def __init__(self) -> None:
        self.correlations: list[float] = []
        self.shifts: list[tuple[int, int]] = []
        self.agreements: list[float] = []
        self.same_as: list[int | None] = []
        """The first slice that has the very same voxels; None for a new one, or a constant one."""
        self._first: dict[bytes, int] = {}
        self._before: np.ndarray | None = None
        self._spectrum: np.ndarray | None = None

    def add(self, plane: np.ndarray, mean: float, fences: tuple[float, float]) -> None:
        """Take the next slice, float32, the mean of its finite voxels, and its fences.

        What lies beyond the fences is moved to them: hot voxels have no neighbours.
        """
        self.same_as.append(self._same_as(plane))
        crop = _centre(plane).astype(np.float64)
        deviations = np.where(np.isfinite(crop), np.clip(crop, *fences) - mean, 0.0)
        deviations -= deviations.mean()
        norm = float(np.sqrt(np.vdot(deviations, deviations)))
        deviations = deviations / norm if norm > 0 else np.zeros_like(deviations)
        spectrum = np.fft.rfft2(deviations * _window(deviations.shape))
        correlation, shift, agreement = np.nan, (0, 0), np.nan
        if self._before is not None and norm > 0 and self._before.any():
            correlation = agreement = float(np.vdot(self._before, deviations))
            shift = _peak(self._spectrum, spectrum, deviations.shape)
            if shift != (0, 0):
                agreement = _agreement(self._before, deviations, shift)
        self.correlations.append(correlation)
        self.shifts.append(shift)
        self.agreements.append(agreement)
        self._before, self._spectrum = deviations, spectrum

    def _same_as(self, plane: np.ndarray) -> int | None:
        if not np.isfinite(plane).any() or plane.min() == plane.max():
            return None
        digest = hashlib.blake2b(np.ascontiguousarray(plane), digest_size=16).digest()
        first = self._first.setdefault(digest, len(self.same_as))
        return first if first != len(self.same_as) else None


def _centre(plane: np.ndarray) -> np.ndarray:
    box = []
    for length in plane.shape:
        kept = min(length, LARGEST_CROP)
        box.append(slice((length - kept) // 2, (length - kept) // 2 + kept))
    return plane[tuple(box)]


def _window(shape: tuple[int, ...]) -> np.ndarray:
    """A Hann window: without it, the borders of the crop would correlate at no shift."""
    return np.outer(*(np.hanning(length + 2)[1:-1] for length in shape))


def _peak(before: np.ndarray | None, after: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int]:
    """Position of the highest whitened correlation, as a shift along y, x."""
    assert before is not None
    cross = after * before.conj()
    cross /= np.maximum(np.abs(cross), 1e-30) ** WHITENING
    surface = np.fft.irfft2(cross, s=shape)
    place = np.unravel_index(int(surface.argmax()), surface.shape)
    dy, dx = (
        int(at) - (length if at > length // 2 else 0)
        for at, length in zip(place, surface.shape, strict=True)
    )
    return dy, dx


def _agreement(before: np.ndarray, after: np.ndarray, shift: tuple[int, int]) -> float:
    """The correlation of the voxels that lie on each other after a shift, times their part."""
    parts = []
    for image, way in ((before, 1), (after, -1)):
        box = tuple(
            slice(max(0, -way * step), length - max(0, way * step))
            for step, length in zip(shift, image.shape, strict=True)
        )
        parts.append(image[box] - image[box].mean())
    norm = float(np.sqrt(np.vdot(parts[0], parts[0]) * np.vdot(parts[1], parts[1])))
    overlap = parts[0].size / before.size
    return overlap * float(np.vdot(*parts)) / norm if norm > 0 else 0.0
