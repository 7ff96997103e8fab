"""The power spectrum of a tomogram, from blocks at random places, and what is in its missing wedge.

The transform of the whole would take several times its memory. Blocks are of 64 voxels along each
axis, their places chosen from a seed, under a Hann window, without their means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.tomograms.formats.slabs import Slabs

BLOCK = 64
BLOCKS = 12
MAXIMUM_TILT = 60.0
"""Degrees; the tilt range of most tomograms is -60 to 60."""

WEDGE_MARGIN = 8.0
"""Degrees that are left out on either side of the border between wedge and the rest, where the
window blurs both into each other, and tilt ranges differ."""

_INNERMOST, _OUTERMOST = 0.05, 0.45  # cycles per voxel: what the window leaves, and corners
_MOST_NOT_FINITE = 0.1
_FEWEST = 8  # Fourier voxels of a shell
_LEAST_POWER = 1e-4  # of the strongest shell: beyond the resolution both sides are rounding


@dataclass(frozen=True, eq=False)
class PowerSpectrum:
    """Mean power of the blocks, axes kz, ky, kx in the order of `numpy.fft.fftfreq` along each."""

    power: np.ndarray
    blocks: int

    @property
    def radii(self) -> np.ndarray:
        """Cycles per voxel of each element of `power`."""
        kz, ky, kx = self.frequencies
        radii: np.ndarray = np.sqrt(kz**2 + ky**2 + kx**2)
        return radii

    @property
    def frequencies(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cycles per voxel along z, y, x, shaped so that they broadcast."""
        z, y, x = (np.fft.fftfreq(length) for length in self.power.shape)
        return z[:, None, None], y[None, :, None], x[None, None, :]


def power_spectrum(slabs: Slabs, seed: int = 0) -> PowerSpectrum | None:
    """Average the spectra of blocks; None if an axis is shorter than 8 voxels.

    Blocks in which more than a tenth of the voxels are not finite, or that hold one value, are left
    out; a smaller part that is not finite is set to the mean. None if that leaves no block.
    """
    shape = tuple(min(BLOCK, length) for length in slabs.shape)
    if min(shape) < 8:
        return None
    window = np.ones(shape)
    for axis, length in enumerate(shape):
        along = np.hanning(length + 2)[1:-1]
        window *= np.expand_dims(along, tuple(other for other in range(3) if other != axis))
    total, count = np.zeros(shape), 0
    for start in _starts(slabs.shape, shape, seed):
        block = _read_block(slabs, start, shape)
        finite = np.isfinite(block)
        if np.count_nonzero(finite) < (1 - _MOST_NOT_FINITE) * block.size:
            continue
        block = np.where(finite, block - block[finite].mean(), 0)
        if not block.any():
            continue
        # Each block counts the same, so that one hot voxel is not the spectrum.
        block /= np.sqrt(np.mean(np.square(block)))
        total += np.square(np.abs(np.fft.fftn(block * window)))
        count += 1
    return PowerSpectrum(total / count / np.square(window).sum(), count) if count else None


def _starts(
    shape: tuple[int, int, int], block: tuple[int, ...], seed: int
) -> list[tuple[int, int, int]]:
    """Places of blocks in the order of z; one where the tomogram is not larger than a block."""
    room = [length - side for length, side in zip(shape, block, strict=True)]
    if not any(room):
        return [(0, 0, 0)]
    random = np.random.default_rng(seed)
    places = {tuple(int(random.integers(0, most + 1)) for most in room) for _ in range(BLOCKS)}
    return sorted((z, y, x) for z, y, x in places)


def _read_block(slabs: Slabs, start: tuple[int, int, int], shape: tuple[int, ...]) -> np.ndarray:
    block = np.empty(shape, dtype=np.float64)
    rows, columns = (slice(start[axis], start[axis] + shape[axis]) for axis in (1, 2))
    for z in range(0, shape[0], slabs.planes):
        stop = min(z + slabs.planes, shape[0])
        block[z:stop] = slabs[slice(start[0] + z, start[0] + stop), rows, columns]
    return block


@dataclass(frozen=True, eq=False)
class ShellPower:
    """Mean power by shell, inside and outside of a missing wedge; NaN if a shell has too little.

    `radius` is in cycles per voxel.
    """

    radius: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


def shell_power(spectrum: PowerSpectrum, beam: int = 0, tilt_axis: int = 1) -> ShellPower:
    """Average the power at equal radii, inside and outside of the wedge about some axes.

    Args:
        spectrum: of the tomogram.
        beam: the axis along which the beam went, 0 for z.
        tilt_axis: the axis about which was tilted, 1 for y.
    """
    frequencies = spectrum.frequencies
    along, across = np.abs(frequencies[beam]), np.abs(frequencies[3 - beam - tilt_axis])
    angle = np.degrees(np.arctan2(along, across)) + np.zeros(spectrum.power.shape)
    width = 1 / min(spectrum.power.shape)
    shell = np.rint(spectrum.radii / width).astype(np.intp)
    count = int(_OUTERMOST / width) + 1
    means = []
    for region in (angle > MAXIMUM_TILT + WEDGE_MARGIN, angle < MAXIMUM_TILT - WEDGE_MARGIN):
        voxels = np.bincount(shell[region], minlength=count)[:count]
        sums = np.bincount(shell[region], spectrum.power[region], count)[:count]
        means.append(np.where(voxels >= _FEWEST, sums / np.maximum(voxels, 1), np.nan))
    return ShellPower(np.arange(count) * width, *means)


def wedge_ratio(spectrum: PowerSpectrum, beam: int = 0, tilt_axis: int = 1) -> float | None:
    """Power inside the missing wedge over power outside of it, at equal radii.

    About 0 for an empty wedge, 1 where nothing is missing. It is the geometric mean over shells of
    frequency, so that strong low frequencies do not decide alone. The axes are those of
    `shell_power`. None if no shell has enough frequencies inside and outside.
    """
    power = shell_power(spectrum, beam, tilt_axis)
    width = power.radius[1]
    used = power.radius >= max(_INNERMOST, 2 * width)
    used &= np.isfinite(power.inside) & (np.nan_to_num(power.outside) > 0)
    if not used.any():
        return None
    used &= np.nan_to_num(power.outside) > _LEAST_POWER * power.outside[used].max()
    ratios = np.maximum(power.inside[used] / power.outside[used], 1e-12)
    return float(np.exp(np.log(ratios).mean()))


def white_noise_part(spectrum: PowerSpectrum) -> float:
    """The part of the variance within blocks that white noise makes, between 0 and 1.

    White noise has one power at all frequencies, and a tomogram has none of its own at the highest:
    mean power beyond 0.45 cycles per voxel, corners included, is taken to be that of the noise. The
    wedge has its part in both.
    """
    floor = float(spectrum.power[spectrum.radii > _OUTERMOST].mean())
    return min(1.0, floor / float(spectrum.power.mean()))


def resolved_to(spectrum: PowerSpectrum) -> float:
    """Cycles per voxel within which 99 % of the power lies."""
    order = np.argsort(spectrum.radii, axis=None)
    gathered = np.cumsum(spectrum.power.reshape(-1)[order])
    place = int(np.searchsorted(gathered, 0.99 * gathered[-1]))
    return float(spectrum.radii.reshape(-1)[order][min(place, order.size - 1)])
