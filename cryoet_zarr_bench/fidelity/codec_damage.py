"""Damage that a lossy codec did to a tomogram, compared with what a user allows.

The bound is on noise to signal, shell by shell in Fourier space and inside the measured wedge:

    noise to signal of a shell = sum |F - G|^2 / sum |F|^2

with F the transform of the tomogram and G that of what is read back, both sums over the shell. It
is the inverse of the spectral signal-to-noise ratio (Unser, Trus and Steven, Ultramicroscopy 23
(1987) 39) with the tomogram as signal and what the codec changed as noise: gain is in it, the mean
of the tomogram, which has no meaning in itself, is not.

Why that is "0.1 % of spectral SNR": a tomogram is structure and noise itself, S + N in power. A
codec that adds D lowers the spectral SNR of the structure from S / N to S / (N + D), by the part
D / (N + D). Where noise dominates, as in most shells of a tomogram that was not denoised, that is
about D / (S + N), the figure here. Where structure dominates the part is larger, by 1 + S / N, but
so is what is there to lose from.

The worst shell is judged, since a mean over frequencies is one over the strongest, lowest ones.
A tilt series about y measured |kz| <= tan(60 degrees) |kx|, nothing beyond: a ratio to the nothing
that a tomogram has there would be absurd, and is no loss. Shells whose power in the tomogram is no
more than rounding are left out for the same reason (`fourier_shells.ABOVE_ROUNDING`); how many are
left is told. A weak shell beyond a low-pass does count: it may be sharpened later.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.fidelity.error_metrics import compare
from cryoet_zarr_bench.fidelity.fourier_shells import MAXIMUM_TILT, TAPER, fourier_shells

LOSS_BOUND = "CRYOET_LOSS_BOUND"
"""Environment variable: the noise to signal that the worst shell may have."""

DEFAULT_LOSS_BOUND = 0.001

MOST_SHELLS = 64
"""Of a tomogram with more than 128 voxels along each axis the shells are wider than one voxel."""


def loss_bound() -> float:
    """The bound that `CRYOET_LOSS_BOUND` sets, 0.001 where it is not set.

    Raises BadInput if it is no number above 0 and up to 1.
    """
    text = os.environ.get(LOSS_BOUND) or str(DEFAULT_LOSS_BOUND)
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if not 0 < bound <= 1:
        raise BadInput(
            f"{LOSS_BOUND}={text}: give the noise to signal that the worst shell may have, above 0 "
            "and up to 1, such as 0.001"
        )
    return bound


@dataclass(frozen=True)
class Damage:
    """Damage to a tomogram; figures of a perfect copy are 0, or 1 for `ssim`, `gain` and
    `smallest_fsc`.

    `mse` and `maximum_error` are in the unit of the densities, `psnr` is in dB of their range and
    infinite for a copy; `ssim` is in three dimensions, with that range. sigma is the standard
    deviation of the tomogram. `gain` and `offset_in_sigma` are of the line nearest to what is read
    back. Figures by shell are inside the measured wedge and over the shells that count:
    `worst_noise_to_signal` with its resolution in angstrom, None if the voxel spacing is not
    known, and its radius in cycles per voxel, of the shortest side. What has no figure is NaN.

    `fsc` has one value a shell, from the innermost, NaN in those that do not count.
    """

    mse: float
    psnr: float
    ssim: float
    maximum_error: float
    maximum_error_in_sigma: float
    gain: float
    offset_in_sigma: float
    worst_noise_to_signal: float
    worst_resolution: float | None
    worst_radius: float
    smallest_fsc: float
    shells: int
    shells_counted: int
    fsc: tuple[float, ...]

    def within(self, bound: float) -> bool | None:
        """True if the damage is within a bound; None if no shell counts, so that none can tell.

        A voxel that was finite and is not any more, or the other way round, is beyond any bound.
        """
        if math.isinf(self.maximum_error):
            return False
        if math.isnan(self.worst_noise_to_signal):
            return None
        return self.worst_noise_to_signal <= bound

    def for_record(self) -> dict[str, Any]:
        """The figures as JSON takes them, null for none, and 1 - FSC by shell.

        Curves have 3 significant digits, in 1 - FSC: of an FSC of 0.99999 they would say nothing.
        """
        figures = {
            name: _number(value, 6)
            for name, value in vars(self).items()
            if name not in ("fsc", "shells", "shells_counted")
        }
        counts = {"shells": self.shells, "shells_counted": self.shells_counted}
        return {**figures, **counts, "one_minus_fsc": [_number(1 - each, 3) for each in self.fsc]}


def _number(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def measure_damage(
    tomogram: np.ndarray,
    read: np.ndarray,
    voxel_spacing: tuple[float, float, float] | None = None,
    maximum_tilt: float | None = MAXIMUM_TILT,
) -> Damage:
    """Compare what is read back of a tomogram with it.

    Beside both, up to 5 copies of the tomogram as float32 are in memory, and 0.03 GB.

    Args:
        tomogram: axes z, y, x, any real dtype.
        read: of the same shape; its dtype may be another.
        voxel_spacing: angstrom along z, y, x.
        maximum_tilt: degrees, between 0 and 90, of a tilt series about y with the beam along z;
            most go from -60 to 60. None compares all frequencies, as of what is no tomogram.

    Raises:
        ValueError: the shapes differ, or are not three axes with voxels.
    """
    found = compare(tomogram, read, by_slice=False)
    shells = fourier_shells(
        tomogram,
        read,
        voxel_spacing,
        maximum_tilt,
        shells=max(1, min(MOST_SHELLS, min(tomogram.shape) // 2)),
        taper=TAPER,
    )
    counted, worst = shells.counted, shells.worst_shell
    fsc = np.where(counted, shells.correlation, np.nan)
    resolution = None
    if worst is not None and shells.resolution is not None:
        resolution = float(shells.resolution[worst])
    return Damage(
        mse=found.mse,
        psnr=found.psnr,
        ssim=found.ssim,
        maximum_error=found.maximum_error,
        maximum_error_in_sigma=_over(found.maximum_error, found.sigma),
        gain=found.gain,
        offset_in_sigma=_over(found.offset, found.sigma),
        worst_noise_to_signal=math.nan if worst is None else float(shells.noise_to_signal[worst]),
        worst_resolution=resolution,
        worst_radius=math.nan if worst is None else float(shells.radius[worst]),
        # Where all of a shell was lost there is no correlation, and nothing is left of it.
        smallest_fsc=float(np.nan_to_num(fsc[counted]).min()) if worst is not None else math.nan,
        shells=len(counted),
        shells_counted=int(np.count_nonzero(counted)),
        fsc=tuple(float(each) for each in fsc),
    )


def _over(value: float, sigma: float) -> float:
    return value / sigma if sigma > 0 else math.nan
