"""Distance of a volume from the one it should be: MSE, PSNR and SSIM, with a fixed data range.

Both volumes have the axes z, y, x, one shape, and any real dtype; all is computed in float64. The
data range belongs to the reference and is never fitted to the other volume, so that an error of
gain or offset shows. Agreement by frequency is in `fourier_shells`.

Voxels that are not finite: where both volumes have NaN, or the same infinity, the voxel was kept
and is left out. Where they differ in that, the errors are infinite and PSNR is minus infinity.
Windows of SSIM that touch a voxel which is not finite in either are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

WINDOW = 7
"""Voxels along each side of the window of SSIM, the default of scikit-image."""

SLAB_VOXELS = 1 << 18
"""Voxels worked on at once, so few that they stay in the cache. Beside the volumes about 14 float64
copies of a slab are in memory, of this size or of `WINDOW` planes where those are more: 0.03 GB, or
800 bytes for each voxel of a plane."""

_K1, _K2 = 0.01, 0.03
"""Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Process. 13 (2004) 600."""


@dataclass(frozen=True)
class Fidelity:
    """The result of `compare`; errors are in the unit of the densities.

    `ssim` is over windows of 7 x 7 x 7 voxels, `ssim_by_slice` over 7 x 7 in each XY slice; they
    are NaN if no window fits, or the data range is 0. `psnr` is in dB, infinite for equal
    volumes. `left_out` counts the voxels that are not finite in both alike.

    `sigma` is the standard deviation of the reference. `gain` and `offset` are those of the line
    `gain * reference + offset` nearest to the other volume in the squares; NaN if the reference
    is constant. Both, like `mse`, are over the voxels that are finite in both.
    """

    data_range: float
    sigma: float
    gain: float
    offset: float
    mse: float
    maximum_error: float
    psnr: float
    ssim: float
    ssim_by_slice: tuple[float, ...]
    left_out: int

    @property
    def rmse(self) -> float:
        """The root of the mean squared error."""
        return math.sqrt(self.mse)


def compare(
    reference: np.ndarray,
    other: np.ndarray,
    data_range: float | None = None,
    by_slice: bool = True,
) -> Fidelity:
    """Compare a volume with the one it should be.

    Args:
        reference: axes z, y, x.
        other: of the same shape; its dtype may be another.
        data_range: the span of densities that errors are held against; without it maximum minus
            minimum of the finite voxels of the reference.
        by_slice: without it `ssim_by_slice` is empty, in half the time.

    Raises:
        ValueError: the shapes differ, or are not three axes with voxels, or the data range given is
            not positive and finite.
    """
    _check(reference, other, data_range)
    span = _span(reference, data_range)
    squares, maximum, compared, left_out = 0.0, 0.0, 0, 0
    line = _Line()
    for start, stop in _slabs(reference.shape, 1):
        a, b = (volume[start:stop].astype(np.float64) for volume in (reference, other))
        finite = np.isfinite(a) & np.isfinite(b)
        if not finite.all():
            kept = (a == b) | (np.isnan(a) & np.isnan(b))
            left_out += int(np.count_nonzero(kept & ~finite))
            if not (kept | finite).all():
                squares = maximum = math.inf
            a, b = a[finite], b[finite]
        difference = np.subtract(b, a, out=b)
        compared += difference.size
        squares += float(np.sum(np.square(difference)))
        maximum = max(maximum, float(np.abs(difference).max(initial=0.0)))
        line.add(a, difference)
    mse = squares if math.isinf(squares) else squares / compared if compared else math.nan
    return Fidelity(
        data_range=span,
        sigma=line.sigma,
        gain=line.gain,
        offset=line.offset,
        mse=mse,
        maximum_error=maximum if compared or maximum else math.nan,
        psnr=peak_signal_to_noise(mse, span),
        ssim=_mean_similarity(reference, other, span),
        ssim_by_slice=_similarity_by_slice(reference, other, span) if by_slice else (),
        left_out=left_out,
    )


class _Line:
    """The straight line through (reference, difference), from sums over slab after slab."""

    def __init__(self) -> None:
        self._pivot: float | None = None
        self._sums = np.zeros(5)

    def add(self, a: np.ndarray, difference: np.ndarray) -> None:
        """Take in a slab; both are finite."""
        if not a.size:
            return
        if self._pivot is None:
            # A mean that is far from zero would cost the variance its digits.
            self._pivot = float(a.mean())
        deviation = (a - self._pivot).reshape(-1)
        d = difference.reshape(-1)
        products = deviation @ deviation, deviation @ d
        self._sums += np.array([d.size, deviation.sum(), d.sum(), *products])

    @property
    def sigma(self) -> float:
        return math.sqrt(self._moments()[2])

    @property
    def gain(self) -> float:
        _, _, variance, covariance = self._moments()
        return 1 + covariance / variance if variance > 0 else math.nan

    @property
    def offset(self) -> float:
        mean, mean_difference, _, _ = self._moments()
        return mean_difference - (self.gain - 1) * mean

    def _moments(self) -> tuple[float, float, float, float]:
        """The means of reference and difference, the variance of the reference, the covariance."""
        count, deviations, differences, squares, products = (float(each) for each in self._sums)
        if self._pivot is None:
            return (math.nan,) * 4
        mean, mean_difference = deviations / count, differences / count
        variance = max(0.0, squares / count - mean**2)
        covariance = products / count - mean * mean_difference
        return self._pivot + mean, mean_difference, variance, covariance


def data_range_of(reference: np.ndarray) -> float:
    """Maximum minus minimum of the finite voxels; NaN if there are none."""
    lowest, highest = math.inf, -math.inf
    for start, stop in _slabs(reference.shape, 1):
        slab = reference[start:stop]
        finite = np.isfinite(slab)
        slab = slab if finite.all() else slab[finite]
        if slab.size:
            lowest, highest = min(lowest, float(slab.min())), max(highest, float(slab.max()))
    return highest - lowest if lowest <= highest else math.nan


def peak_signal_to_noise(mse: float, data_range: float) -> float:
    """The peak signal-to-noise ratio in dB: 10 log10(data range squared / mean squared error)."""
    if mse == 0:
        return math.inf
    if math.isinf(mse) or data_range == 0:
        return -math.inf
    return 20 * math.log10(data_range) - 10 * math.log10(mse)


def structural_similarity(
    reference: np.ndarray, other: np.ndarray, data_range: float | None = None
) -> float:
    """The mean SSIM over all windows of 7 x 7 x 7 voxels that lie in the volume.

    Equal to scikit-image's `structural_similarity` on float64 with a `data_range` and nothing else.
    NaN if no window is left, or the data range is 0. Raises ValueError as `compare` does.
    """
    _check(reference, other, data_range)
    return _mean_similarity(reference, other, _span(reference, data_range))


def _mean_similarity(reference: np.ndarray, other: np.ndarray, span: float) -> float:
    total, windows = 0.0, 0
    if not span > 0 or min(reference.shape) < WINDOW:
        return math.nan
    for start, stop in _slabs(reference.shape, WINDOW):
        similarity = _similarity(reference[start:stop], other[start:stop], span, (0, 1, 2))
        finite = np.isfinite(similarity)
        total += float(similarity[finite].sum())
        windows += int(np.count_nonzero(finite))
    return total / windows if windows else math.nan


def structural_similarity_by_slice(
    reference: np.ndarray, other: np.ndarray, data_range: float | None = None
) -> tuple[float, ...]:
    """The mean SSIM of each XY slice, over windows of 7 x 7 voxels, with one data range for all.

    NaN and errors as for `structural_similarity`.
    """
    _check(reference, other, data_range)
    return _similarity_by_slice(reference, other, _span(reference, data_range))


def _similarity_by_slice(
    reference: np.ndarray, other: np.ndarray, span: float
) -> tuple[float, ...]:
    if not span > 0 or min(reference.shape[1:]) < WINDOW:
        return (math.nan,) * reference.shape[0]
    found: list[float] = []
    for start, stop in _slabs(reference.shape, 1):
        similarity = _similarity(reference[start:stop], other[start:stop], span, (1, 2))
        for plane in similarity:
            finite = plane[np.isfinite(plane)]
            found.append(float(finite.mean()) if finite.size else math.nan)
    return tuple(found)


def _check(reference: np.ndarray, other: np.ndarray, data_range: float | None) -> None:
    if reference.shape != other.shape:
        raise ValueError(f"shapes {reference.shape} and {other.shape} are not comparable")
    if reference.ndim != 3 or 0 in reference.shape:
        raise ValueError(f"shape {reference.shape} is not three axes with voxels")
    if data_range is not None and not 0 < data_range < math.inf:
        raise ValueError(f"data range {data_range} is not a positive number")


def _span(reference: np.ndarray, data_range: float | None) -> float:
    return data_range_of(reference) if data_range is None else float(data_range)


def _slabs(shape: tuple[int, ...], planes_at_least: int) -> Iterator[tuple[int, int]]:
    """Ranges along z, such that every run of `planes_at_least` planes is in exactly one."""
    overlap = planes_at_least - 1
    step = max(1, SLAB_VOXELS // (shape[1] * shape[2]) - overlap)
    for start in range(0, shape[0] - overlap, step):
        yield start, min(start + step + overlap, shape[0])


def _similarity(
    reference: np.ndarray, other: np.ndarray, span: float, axes: tuple[int, ...]
) -> np.ndarray:
    """SSIM of each window, windows along `axes`; not finite where a window has such a voxel."""
    a, b = reference.astype(np.float64), other.astype(np.float64)
    # Variances are differences of large sums unless densities are small: an offset is taken out.
    offset = float(a.mean(where=np.isfinite(a))) if np.isfinite(a).any() else 0.0
    a -= offset
    b -= offset
    voxels = WINDOW ** len(axes)
    sample = voxels / (voxels - 1)
    # What is not finite stays in the windows that it is in.
    with np.errstate(invalid="ignore", over="ignore"):
        products = _window_means(a * b, axes)
        squares = _window_means(np.square(a) + np.square(b), axes)
        mean_a, mean_b = _window_means(a, axes), _window_means(b, axes)
        # Both variances together: SSIM has them as their sum alone.
        squares -= np.square(mean_a) + np.square(mean_b)
        products -= mean_a * mean_b
        mean_a += offset
        mean_b += offset
        c1, c2 = (_K1 * span) ** 2, (_K2 * span) ** 2
        similarity = (2 * mean_a * mean_b + c1) * (2 * sample * products + c2)
        similarity /= (np.square(mean_a) + np.square(mean_b) + c1) * (sample * squares + c2)
    return similarity


def _window_means(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The mean of each window that lies inside: `WINDOW - 1` fewer along each of `axes`."""
    for axis in axes:
        values = np.moveaxis(_window_sums(np.moveaxis(values, axis, 0)), 0, axis)
    return values / WINDOW ** len(axes)


def _window_sums(values: np.ndarray) -> np.ndarray:
    """The sum of each 7 in a row along the first axis: of 4, of 2 and of 1."""
    twos = values[:-1] + values[1:]
    sums = twos[:-5] + twos[2:-3]
    sums += twos[4:-1]
    sums += values[6:]
    return sums
