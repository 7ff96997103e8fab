"""`compare`: how far one tomogram is from another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoet_zarr_bench.api.tomogram_inputs import TomogramLike, described, opened
from cryoet_zarr_bench.common.refusals import check_memory, refused
from cryoet_zarr_bench.common.voxel_spacing import complete_spacing
from cryoet_zarr_bench.fidelity import error_metrics
from cryoet_zarr_bench.fidelity.fourier_shells import (
    PEAK_MEMORY_FACTOR,
    FourierShells,
    fourier_shells,
)

if TYPE_CHECKING:
    import pandas as pd

_BYTES_AT_WORK = 4
"""Of a voxel in single precision, in which the transform is made."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Distance of a tomogram from a reference; errors are in the unit of the densities.

    `mse` is the mean squared error, `maximum_error` the largest absolute one. `psnr` is in dB with
    the range of the reference, infinite for equal tomograms. `ssim` is the mean over windows of
    7 x 7 x 7 voxels. `gain` and `offset` are those of the line that fits best. `shells` has the
    Fourier shells from the innermost.
    """

    mse: float
    maximum_error: float
    psnr: float
    ssim: float
    gain: float
    offset: float
    shells: FourierShells

    @property
    def fsc(self) -> pd.DataFrame:
        """Fourier shell correlation, a row for each shell.

        `frequency` is in cycles per voxel, `resolution` in angstrom (NaN if the voxel spacing is
        not known), `fsc` the correlation, `noise_to_signal` the power of the difference over that
        of the reference, `counted` whether the shell holds more of the reference than rounding.
        """
        import pandas as pd

        found = self.shells
        return pd.DataFrame(
            {
                "frequency": found.radius,
                "resolution": math.nan if found.resolution is None else found.resolution,
                "fsc": found.correlation,
                "noise_to_signal": found.noise_to_signal,
                "counted": found.counted,
            }
        )

    def __repr__(self) -> str:
        return (
            f"Comparison(mse={self.mse:.4g}, maximum_error={self.maximum_error:.4g}, "
            f"psnr={self.psnr:.2f} dB, ssim={self.ssim:.4f}, fsc of {len(self.shells.radius)} "
            "shells)"
        )


def compare(reference: TomogramLike, other: TomogramLike) -> Comparison:
    """Compare a tomogram with the one it should be: MSE, PSNR, SSIM, FSC by shell.

    Args:
        reference: an opened tomogram, a source that `open` takes, or an array; axes z, y, x.
        other: of the same shape; its dtype may be another.

    Returns:
        A `Comparison`. Shells have resolutions in angstrom where the reference has a voxel spacing.

    Raises:
        BadInput: one of them cannot be read, the shapes differ, or memory is too small.

    Example:
        >>> import numpy as np
        >>> import cryoet_zarr_bench as czb
        >>> tomogram = np.asarray(czb.open("synthetic:10A@32"))
        >>> found = czb.compare(tomogram, tomogram.astype("float16"))
        >>> found.psnr > 60, bool(found.fsc.fsc[0] > 0.99)
        (True, True)
        >>> czb.compare(tomogram, tomogram).mse
        0.0
    """
    a, b = opened(reference), opened(other)
    if a.shape != b.shape:
        raise refused(
            f"{described(reference)} and {described(other)}",
            f"have the shapes {a.shape} and {b.shape}",
            "give two of one shape",
        )
    check_memory(a.name, a.nbytes + b.nbytes + PEAK_MEMORY_FACTOR * _BYTES_AT_WORK * a.size)
    first, second = a[...], b[...]
    errors = error_metrics.compare(first, second, by_slice=False)
    return Comparison(
        mse=errors.mse,
        maximum_error=errors.maximum_error,
        psnr=errors.psnr,
        ssim=errors.ssim,
        gain=errors.gain,
        offset=errors.offset,
        shells=fourier_shells(first, second, complete_spacing(a.voxel_spacing)),
    )
