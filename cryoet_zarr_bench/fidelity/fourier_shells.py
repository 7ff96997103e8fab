"""Two volumes compared by spatial frequency: Fourier shell correlation and noise to signal.

Fourier shell correlation (Harauz and van Heel, Optik 73 (1986) 146) is blind to gain and offset;
noise to signal is not blind to gain. Both can be restricted to the frequencies that a tilt series
measured: about a tilt axis y, with the beam along z, those with |kz| <= tan(maximum tilt) |kx|.

Voxels that are not finite in either volume are set to the mean of the others in both.

A crop does not go on at its other side as the transform has it; that step spreads from low into
all frequencies. Where little is there of its own, as beyond the low-pass of a denoised tomogram,
noise to signal came out more than 100 times too small. `taper` lets both volumes fade to the mean
at their sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MAXIMUM_TILT = 60.0
"""Degrees; the tilt range of most tomograms is -60 to 60."""

TAPER = 0.125
"""Of each side, at both ends. With it crops of 64 voxels a side, from low-passed noise of 96, had
the noise to signal of the whole within 15 %, outside of the innermost quarter of the shells: there
a crop and its surroundings differ by themselves, by 40 % at most."""

ABOVE_ROUNDING, ABOVE_TRANSFORM = 4, 64
"""A shell counts where its power in the reference is so many times what rounding to the dtype of
the reference puts there, and what rounding to float32 would. Shells of rounding noise alone came to
0.9-1.1 times the first. The transform is made in single precision and puts 3 to 14 times the second
into shells that are empty. Both were measured on volumes of 60 to 128 voxels a side."""

PEAK_MEMORY_FACTOR = 5
"""Upper bound of the memory taken beside the volumes, in times the bytes of one as float32."""


@dataclass(frozen=True, eq=False)
class FourierShells:
    """Shells of spatial frequency, from the innermost; arrays have one element a shell.

    `radius` is the middle of a shell in cycles per voxel, of the shortest voxel side where the
    sides differ; `resolution` is its period in angstrom, None if no spacing was given. `voxels`
    counts the Fourier voxels, both halves. `correlation` lies between -1 and 1. `noise_to_signal`
    is the power of the difference over the power of the reference. Both are NaN if there is
    nothing to compare; noise to signal is infinite if only the other volume has power.
    `counted` tells the shells that hold more of the reference than rounding does, see
    `ABOVE_ROUNDING`: in others a ratio to the reference says nothing.
    """

    radius: np.ndarray
    resolution: np.ndarray | None
    voxels: np.ndarray
    correlation: np.ndarray
    noise_to_signal: np.ndarray
    counted: np.ndarray

    @property
    def worst_shell(self) -> int | None:
        """The shell with the most noise to signal of those that count; None if none does."""
        if not self.counted.any():
            return None
        return int(np.argmax(np.where(self.counted, self.noise_to_signal, -1)))

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
    taper: float = 0,
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
        taper: which part of each side fades to the mean, at both ends, such as `TAPER`; for crops.

    Raises:
        ValueError: shapes that differ or are not three axes with voxels, a spacing that is not
            positive and finite, a tilt not between 0 and 90, fewer than 1 shell, a taper that is
            not between 0 and a half.
    """
    _check(reference, other, voxel_spacing, maximum_tilt, shells, taper)
    spacing = voxel_spacing or (1.0, 1.0, 1.0)
    sides = [side / min(spacing) for side in spacing]
    count = max(1, min(reference.shape) // 2) if shells is None else shells
    width = 0.5 / max(sides) / count
    # The difference is transformed instead of the other volume: a small one keeps its digits.
    signal, noise, floor = _spectra(reference, other, taper)
    sums = np.zeros((4, count + 1))
    layout = _shell_planes(reference.shape, sides, width, count)
    for plane, (shell, weight) in enumerate(layout):
        if maximum_tilt is not None:
            weight = weight * _measured(reference.shape, sides, plane, maximum_tilt)
        a = signal[plane].astype(np.complex128)
        difference = noise[plane].astype(np.complex128)
        for row, power in enumerate(
            (1, _power(a), _power(difference), a.real * difference.real + a.imag * difference.imag)
        ):
            weighted = (power * weight).reshape(-1)
            sums[row] += np.bincount(shell.reshape(-1), weighted, count + 2)[: count + 1]
    voxels, power_a, power_difference, common = sums[:, 1:]
    power_b = np.maximum(power_a + power_difference + 2 * common, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = (power_a + common) / np.sqrt(power_a * power_b)
        noise_to_signal = power_difference / power_a
    radius = (np.arange(count) + 1) * width
    return FourierShells(
        radius=radius,
        resolution=None if voxel_spacing is None else min(voxel_spacing) / radius,
        voxels=np.rint(voxels).astype(np.int64),
        correlation=np.clip(correlation, -1, 1),
        noise_to_signal=noise_to_signal,
        counted=power_a > floor * voxels,
    )


def _check(
    reference: np.ndarray,
    other: np.ndarray,
    voxel_spacing: tuple[float, float, float] | None,
    maximum_tilt: float | None,
    shells: int | None,
    taper: float,
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
    if not 0 <= taper <= 0.5:
        raise ValueError(f"a taper of {taper} is not between 0 and a half of each side")


def _power(spectrum: np.ndarray) -> np.ndarray:
    return np.square(spectrum.real) + np.square(spectrum.imag)


def _spectra(
    reference: np.ndarray, other: np.ndarray, taper: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """The transforms of the reference and of the difference, without their means.

    Both are scaled by the largest deviation in the reference, which no ratio notices: single
    precision has no exponent for the power of densities of 1e-30. The third is the power of a
    Fourier voxel from which on a shell of the reference counts, on the same scale.
    """
    sums, largest, count = np.zeros(2), 0.0, 0
    for a, b, finite in _plane_pairs(reference, other):
        sums += a.sum(), b.sum()
        count += int(np.count_nonzero(finite))
    mean_a, mean_b = sums / max(count, 1)
    for a, b, finite in _plane_pairs(reference, other):
        for deviations in (a - mean_a, b - mean_b):
            deviations *= finite
            largest = max(largest, float(deviations.max()), -float(deviations.min()))
    scale = largest or 1.0
    scaled = np.empty(reference.shape, dtype=np.float32)
    fade_z, fade_y, fade_x = (_fade(length, taper) for length in reference.shape)
    rounding, single = 0.0, 0.0
    for plane, (a, _, finite) in enumerate(_plane_pairs(reference, other)):
        fade = fade_z[plane] / scale * np.outer(fade_y, fade_x)
        scaled[plane] = np.where(finite, a - mean_a, 0) * fade
        rounding += _power_of_rounding(reference[plane], fade, finite)
        single += _power_of_rounding(scaled[plane], np.ones(1), finite)
    signal = _transform(scaled)
    for plane, (a, b, finite) in enumerate(_plane_pairs(reference, other)):
        fade = fade_z[plane] / scale * np.outer(fade_y, fade_x)
        scaled[plane] = np.where(finite, (b - a) - (mean_b - mean_a), 0) * fade
    floor = max(ABOVE_ROUNDING * rounding, ABOVE_TRANSFORM * single)
    return signal, _transform(scaled), floor


def _fade(length: int, taper: float) -> np.ndarray:
    """1 along a side, falling to 0 as a cosine within the part `taper` at each end."""
    reach = round(taper * length)
    fade = np.ones(length)
    rising = 0.5 - 0.5 * np.cos(np.pi * (np.arange(reach) + 0.5) / max(reach, 1))
    fade[:reach] *= rising
    fade[length - reach :] *= rising[::-1]
    return fade


def _power_of_rounding(voxels: np.ndarray, fade: np.ndarray, finite: np.ndarray) -> float:
    """Power that rounding to the voxels' dtype puts into a Fourier voxel, as they fade.

    The error is spread evenly over one step between values, whose square has a mean of 1/12.
    """
    steps: np.ndarray | float = 1.0
    if voxels.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            steps = np.spacing(np.abs(voxels)).astype(np.float64)
    return float(np.sum(np.square(steps * fade), where=finite)) / 12


def _plane_pairs(
    reference: np.ndarray, other: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each XY plane of both in float64, not finite set to 0, and where both are finite."""
    for plane_a, plane_b in zip(reference, other, strict=True):
        a, b = plane_a.astype(np.float64), plane_b.astype(np.float64)
        finite = np.isfinite(a) & np.isfinite(b)
        if not finite.all():
            a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
        yield a, b, finite


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
