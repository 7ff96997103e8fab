"""Two volumes compared by spatial frequency: Fourier shell correlation and noise to signal.

Fourier shell correlation (Harauz and van Heel, Optik 73 (1986) 146) is blind to gain and offset;
noise to signal is not blind to gain. Both can be restricted to the frequencies that a tilt series
measured: about a tilt axis y, with the beam along z, those with |kz| <= tan(maximum tilt) |kx|.

Voxels that are not finite in either volume are set to the mean of the others in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MAXIMUM_TILT = 60.0
"""Degrees; the tilt range of most tomograms is -60 to 60."""

PEAK_MEMORY_FACTOR = 5
"""Upper bound of the memory taken beside the volumes, in times the bytes of one as float32."""


@dataclass(frozen=True, eq=False)
class FourierShells:
    """Shells of spatial frequency, from the innermost; arrays have one element a shell.

    `radius` is the middle of a shell in cycles per voxel, of the shortest voxel side where the
    sides differ; `resolution` is its period in angstrom, None where no spacing was given. `voxels`
    counts the Fourier voxels, both halves. `correlation` lies between -1 and 1. `noise_to_signal`
    is the power of the difference over the power of the reference. Both are NaN where there is
    nothing to compare; noise to signal is infinite where only the other volume has power.
    """

    radius: np.ndarray
    resolution: np.ndarray | None
    voxels: np.ndarray
    correlation: np.ndarray
    noise_to_signal: np.ndarray

    @property
    def worst_shell(self) -> int | None:
        """The shell with the most noise to signal; None where no shell has any figure."""
        if np.isnan(self.noise_to_signal).all():
            return None
        return int(np.nanargmax(self.noise_to_signal))

    def crossing(self, threshold: float = 0.143) -> float | None:
        """The radius where the correlation first falls below a threshold; None if it never does.

        Linear between the shells on both sides. 0.143 is the threshold of Rosenthal and Henderson,
        J. Mol. Biol. 333 (2003) 721, for two half maps; 0.5 is the older one.
        """
        known = ~np.isnan(self.correlation)
        radius, correlation = self.radius[known], self.correlation[known]
        below = np.flatnonzero(correlation < threshold)
        if not below.size:
            return None
        at = int(below[0])
        if at == 0:
            return float(radius[0])
        before, after = correlation[at - 1], correlation[at]
        part = (before - threshold) / (before - after)
        return float(radius[at - 1] + part * (radius[at] - radius[at - 1]))


def fourier_shells(
    reference: np.ndarray,
    other: np.ndarray,
    voxel_spacing: tuple[float, float, float] | None = None,
    maximum_tilt: float | None = None,
    shells: int | None = None,
) -> FourierShells:
    """Correlate two volumes shell by shell, up to the Nyquist frequency of the longest voxel side.

    Args:
        reference: axes z, y, x, any real dtype.
        other: of the same shape.
        voxel_spacing: angstrom along z, y, x.
        maximum_tilt: degrees, such as `MAXIMUM_TILT`; only what a tilt series up to it measured is
            compared. Everything without it.
        shells: how many; half the shortest axis without it. What lies below half the width of a
            shell, the mean among it, is in none.

    Raises:
        ValueError: shapes that differ or are not three axes with voxels, a spacing that is not
            positive and finite, a tilt not between 0 and 90, fewer than 1 shell.
    """
    _check(reference, other, voxel_spacing, maximum_tilt, shells)
    spacing = voxel_spacing or (1.0, 1.0, 1.0)
    sides = [side / min(spacing) for side in spacing]
    count = max(1, min(reference.shape) // 2) if shells is None else shells
    width = 0.5 / max(sides) / count
    # The difference is transformed instead of the other volume: a small one keeps its digits.
    signal, noise = _spectra(reference, other)
    sums = np.zeros((5, count + 1))
    layout = _shell_planes(reference.shape, sides, width, count)
    for plane, (shell, weight) in enumerate(layout):
        if maximum_tilt is not None:
            weight = weight * _measured(reference.shape, sides, plane, maximum_tilt)
        a = signal[plane].astype(np.complex128)
        difference = noise[plane].astype(np.complex128)
        b = a + difference
        for row, power in enumerate(
            (
                np.ones(a.shape),
                np.square(np.abs(a)),
                np.square(np.abs(b)),
                (a * b.conj()).real,
                np.square(np.abs(difference)),
            )
        ):
            weighted = (power * weight).reshape(-1)
            sums[row] += np.bincount(shell.reshape(-1), weighted, count + 2)[: count + 1]
    voxels, power_a, power_b, cross, power_difference = sums[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = cross / np.sqrt(power_a * power_b)
        noise_to_signal = power_difference / power_a
    radius = (np.arange(count) + 1) * width
    return FourierShells(
        radius=radius,
        resolution=None if voxel_spacing is None else min(voxel_spacing) / radius,
        voxels=np.rint(voxels).astype(np.int64),
        correlation=np.clip(correlation, -1, 1),
        noise_to_signal=noise_to_signal,
    )


def _check(
    reference: np.ndarray,
    other: np.ndarray,
    voxel_spacing: tuple[float, float, float] | None,
    maximum_tilt: float | None,
    shells: int | None,
) -> None:
    if reference.shape != other.shape:
        raise ValueError(f"shapes {reference.shape} and {other.shape} are not comparable")
    if reference.ndim != 3 or 0 in reference.shape:
        raise ValueError(f"shape {reference.shape} is not three axes with voxels")
    if voxel_spacing is not None and not all(0 < side < math.inf for side in voxel_spacing):
        raise ValueError(f"voxel spacing {voxel_spacing} is not three positive numbers")
    if maximum_tilt is not None and not 0 < maximum_tilt < 90:
        raise ValueError(f"a maximum tilt of {maximum_tilt} is not between 0 and 90 degrees")
    if shells is not None and shells < 1:
        raise ValueError(f"{shells} shells are too few")


def _spectra(reference: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The transforms of the reference and of the difference, without their means.

    Both are scaled by the largest deviation in the reference, which no ratio notices: single
    precision has no exponent for the power of densities of 1e-30.
    """
    sums, largest, count = np.zeros(2), 0.0, 0
    for a, b, finite in _plane_pairs(reference, other):
        sums += a[finite].sum(), b[finite].sum()
        count += int(np.count_nonzero(finite))
    mean_a, mean_b = sums / max(count, 1)
    for a, b, finite in _plane_pairs(reference, other):
        deviations = np.abs(a[finite] - mean_a), np.abs(b[finite] - mean_b)
        largest = max(largest, *(float(each.max(initial=0.0)) for each in deviations))
    scale = largest or 1.0
    scaled = np.empty(reference.shape, dtype=np.float32)
    for plane, (a, _, finite) in enumerate(_plane_pairs(reference, other)):
        scaled[plane] = np.where(finite, (a - mean_a) / scale, 0)
    signal = _transform(scaled)
    for plane, (a, b, finite) in enumerate(_plane_pairs(reference, other)):
        scaled[plane] = np.where(finite, ((b - a) - (mean_b - mean_a)) / scale, 0)
    return signal, _transform(scaled)


def _plane_pairs(
    reference: np.ndarray, other: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each XY plane of both in float64, not finite set to 0, and where both are finite."""
    for plane_a, plane_b in zip(reference, other, strict=True):
        a, b = plane_a.astype(np.float64), plane_b.astype(np.float64)
        finite = np.isfinite(a) & np.isfinite(b)
        yield np.where(finite, a, 0.0), np.where(finite, b, 0.0), finite


def _transform(volume: np.ndarray) -> np.ndarray:
    """The half spectrum of a volume as complex64; nothing else of its size is in memory."""
    z, y, x = volume.shape
    spectrum = np.empty((z, y, x // 2 + 1), dtype=np.complex64)
    for plane, voxels in zip(spectrum, volume, strict=True):
        plane[...] = np.fft.rfft2(voxels)
    for row in range(y):
        spectrum[:, row] = np.fft.fft(spectrum[:, row], axis=0)
    return spectrum


def _shell_planes(
    shape: tuple[int, ...], sides: list[float], width: float, count: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each kz the shell of each (ky, kx), and how many Fourier voxels each element stands for.

    Shell 0 is what lies below the first, the mean among it; shell `count + 1` is beyond the last.
    """
    kz, ky, kx = _frequencies(shape, sides)
    twice = np.full(kx.shape, 2.0)
    twice[:, 0] = 1
    if shape[2] % 2 == 0:
        twice[:, -1] = 1
    for k in kz:
        shell = np.rint(np.sqrt(k**2 + ky**2 + kx**2) / width).astype(np.intp)
        yield np.minimum(shell, count + 1), np.broadcast_to(twice, shell.shape)


def _measured(
    shape: tuple[int, ...], sides: list[float], plane: int, maximum_tilt: float
) -> np.ndarray:
    """1 where a tilt series about y measured, 0 in the missing wedge, of one kz."""
    kz, _, kx = _frequencies(shape, sides)
    # The last digit decides nothing: a frequency on the border was measured.
    reach = math.tan(math.radians(maximum_tilt)) * (1 + 1e-9)
    return (abs(kz[plane]) <= reach * np.abs(kx)).astype(np.float64)


def _frequencies(
    shape: tuple[int, ...], sides: list[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cycles per shortest voxel side: kz flat, ky as a column, kx of the half spectrum as a row."""
    kz = np.fft.fftfreq(shape[0]) / sides[0]
    ky = np.fft.fftfreq(shape[1])[:, np.newaxis] / sides[1]
    kx = np.fft.rfftfreq(shape[2])[np.newaxis, :] / sides[2]
    return kz, ky, kx
