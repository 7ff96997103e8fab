"""How far a volume is from the one it should be: MSE, PSNR and SSIM, with a fixed data range.

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

SLAB_VOXELS = 1 << 20
"""Voxels worked on at once. Beside the volumes about 14 float64 copies of a slab are in memory, of
this size or of `WINDOW` planes where those are more: 0.12 GB, or 800 bytes for each voxel of a
plane."""

_K1, _K2 = 0.01, 0.03
"""Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Process. 13 (2004) 600."""


@dataclass(frozen=True)
class Fidelity:
    """What `compare` found; errors are in the unit of the densities.

    `ssim` is over windows of 7 x 7 x 7 voxels, `ssim_by_slice` over 7 x 7 in each XY slice; they
    are NaN where no window fits, or the data range is 0. `psnr` is in dB, infinite for equal
    volumes. `left_out` counts the voxels that are not finite in both alike.
    """

    data_range: float
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


def compare(reference: np.ndarray, other: np.ndarray, data_range: float | None = None) -> Fidelity:
    """Compare a volume with the one it should be.

    Args:
        reference: axes z, y, x.
        other: of the same shape; its dtype may be another.
        data_range: the span of densities that errors are held against; without it maximum minus
            minimum of the finite voxels of the reference.

    Raises:
        ValueError: the shapes differ, or are not three axes with voxels, or the data range given is
            not positive and finite.
    """
    _check(reference, other, data_range)
    span = _span(reference, data_range)
    squares, maximum, compared, left_out = 0.0, 0.0, 0, 0
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
    mse = squares if math.isinf(squares) else squares / compared if compared else math.nan
    return Fidelity(
        data_range=span,
        mse=mse,
        maximum_error=maximum if compared or maximum else math.nan,
        psnr=peak_signal_to_noise(mse, span),
        ssim=_mean_similarity(reference, other, span),
        ssim_by_slice=_similarity_by_slice(reference, other, span),
        left_out=left_out,
    )


def data_range_of(reference: np.ndarray) -> float:
    """Maximum minus minimum of the finite voxels; NaN where there are none."""
    lowest, highest = math.inf, -math.inf
    for start, stop in _slabs(reference.shape, 1):
        slab = reference[start:stop].astype(np.float64)
        finite = slab[np.isfinite(slab)]
        lowest = min(lowest, float(finite.min(initial=math.inf)))
        highest = max(highest, float(finite.max(initial=-math.inf)))
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
    NaN where no window is left, or the data range is 0. Raises ValueError as `compare` does.
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
    finite = np.isfinite(a) & np.isfinite(b)
    touched = None
    if not finite.all():
        # A sum over a window with NaN would spoil the running sums behind it too.
        touched = _window_means((~finite).astype(np.float64), axes) > 0.5 / WINDOW**3
        a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
    # Variances are differences of large sums unless densities are small: an offset is taken out.
    offset = float(a.mean())
    a -= offset
    b -= offset
    mean_a, mean_b = _window_means(a, axes), _window_means(b, axes)
    voxels = WINDOW ** len(axes)
    sample = voxels / (voxels - 1)
    covariance = sample * (_window_means(a * b, axes) - mean_a * mean_b)
    variances = sample * (
        _window_means(np.square(a), axes)
        + _window_means(np.square(b), axes)
        - np.square(mean_a)
        - np.square(mean_b)
    )
    mean_a += offset
    mean_b += offset
    c1, c2 = (_K1 * span) ** 2, (_K2 * span) ** 2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    similarity /= (np.square(mean_a) + np.square(mean_b) + c1) * (variances + c2)
    if touched is not None:
        similarity[touched] = np.nan
    return similarity


def _window_means(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The mean of each window that lies inside: `WINDOW - 1` fewer along each of `axes`."""
    for axis in axes:
        sums = np.cumsum(np.moveaxis(values, axis, 0), axis=0)
        windows = sums[WINDOW - 1 :].copy()
        windows[1:] -= sums[:-WINDOW]
        values = np.moveaxis(windows, 0, axis)
    return values / WINDOW ** len(axes)
