"""Checks of the voxels and their numbers, wherever they lie, and of their spectrum.

All figures are relative to the tomogram's own scale, so that a x + b with a > 0 changes none but by
rounding.
"""

from __future__ import annotations

import math

from cryoet_zarr_bench.quality import quality_limits as limits
from cryoet_zarr_bench.quality.power_spectrum import resolved_to, wedge_ratio, white_noise_part
from cryoet_zarr_bench.quality.quality_findings import Check, judged
from cryoet_zarr_bench.quality.quality_limits import PASS, WARN
from cryoet_zarr_bench.quality.source_precision import MOST_DISTINCT
from cryoet_zarr_bench.quality.voxel_survey import Survey

_EMPTIER = 0.5
"""Other axes are named where the wedge about them has less than this part of that about z and y."""

_AXES = "zyx"


def voxel_checks(found: Survey) -> tuple[Check, ...]:
    """Judge the voxels. Where none is finite only that is said."""
    if not found.moments.count:
        return (_not_finite(found),)
    skew, kurtosis = found.moments.skew, found.moments.kurtosis
    return (
        _not_finite(found),
        _constant_blocks(found),
        _dynamic_range(found),
        _source_precision(found),
        _clipping(found),
        _outliers(found),
        judged(limits.FARTHEST, found.farthest, f"from the median, {found.median:.4g}"),
        judged(limits.SKEW, abs(skew), _heavier_side(skew)),
        judged(limits.KURTOSIS, kurtosis, "the weight of the tails; 3 is a normal distribution"),
        _signal_to_noise(found),
        _missing_wedge(found),
    )


def _not_finite(found: Survey) -> Check:
    count = found.nans + found.infinities
    says = "every voxel is a number"
    if count:
        slices = [z for z, lost in enumerate(found.not_finite_by_slice) if lost]
        says = f"{found.nans} NaN, {found.infinities} infinite, in slices {slices[0]}-{slices[-1]}"
    return judged(limits.NOT_FINITE, count, says)


def _constant_blocks(found: Survey) -> Check:
    regions = found.regions
    lost = [
        z
        for z, moments in enumerate(found.profile.moments)
        if moments.count > 1 and moments.second == 0
    ]
    inside, says, at_least = regions.inside, "no block holds one value", PASS
    if regions.scattered:
        at_least, says = WARN, "single blocks hold one value, as saturated beads do"
    if regions.around:
        at_least = WARN
        says = f"{100 * regions.around:.3g} % is one value all around: a mask or padding"
    elif lost and not inside:
        # Too thin for a block: the slices count by themselves.
        inside = len(lost) / found.shape[0]
        says = f"{len(lost)} slices hold one value, the first is z {lost[0]}"
    if regions.largest is not None:
        z, y, x = (f"{start}:{stop}" for start, stop in regions.largest)
        says = f"{regions.value:.4g} fills at least z {z}, y {y}, x {x}: lost or zeroed?"
    return judged(limits.CONSTANT, 100 * inside, says, at_least)


def _dynamic_range(found: Survey) -> Check:
    if found.distinct is None:
        return judged(limits.DYNAMIC_RANGE, 16.0, f"more than {MOST_DISTINCT} distinct values")
    values = "value" if found.distinct == 1 else "distinct values"
    says = f"{found.distinct} {values}"
    return judged(limits.DYNAMIC_RANGE, math.log2(found.distinct), says)


def _source_precision(found: Survey) -> Check:
    precision = found.precision
    as_stored = found.itemsize * 8 <= precision.bits
    check = judged(limits.SOURCE_PRECISION, precision.bits, precision.says)
    if as_stored or precision.bits == 0:
        return Check(**{**vars(check), "verdict": PASS})
    return check


def _clipping(found: Survey) -> Check:
    low, high = (100 * piled / found.moments.count for piled in (found.piled_low, found.piled_high))
    says = "voxels do not pile up at the extremes"
    if low or high:
        says = f"{low:.3g} % pile up at {found.minimum:.4g}, {high:.3g} % at {found.maximum:.4g}"
    return judged(limits.CLIPPING, max(low, high), says)


def _outliers(found: Survey) -> Check:
    part = 100 * found.outliers / found.moments.count
    says = f"beyond 3 robust sigma of {found.sigma:.3g}; a normal distribution has 0.27 %"
    return judged(limits.OUTLIERS, part, says)


def _heavier_side(skew: float) -> str:
    if not abs(skew) >= 0.05:
        return "both sides alike"
    return f"{skew:.2f}: the {'dark' if skew < 0 else 'bright'} side reaches farther"


def _signal_to_noise(found: Survey) -> Check:
    if found.spectrum is None:
        return judged(limits.SIGNAL, math.nan, "too small, or too incomplete, for a spectrum")
    noise = white_noise_part(found.spectrum)
    resolved = resolved_to(found.spectrum)
    says = (
        f"white noise has {100 * noise:.3g} % of the variance; 99 % is within {resolved:.2f}/voxel"
    )
    return judged(limits.SIGNAL, (1 - noise) / noise if noise else math.inf, says)


def _missing_wedge(found: Survey) -> Check:
    """Never more than a warning; the wedge about other axes is looked at too."""
    ratio = None if found.spectrum is None else wedge_ratio(found.spectrum)
    if found.spectrum is None or ratio is None:
        return judged(limits.WEDGE, math.nan, "too small, or too incomplete, for a spectrum")
    others = {
        (beam, axis): wedge_ratio(found.spectrum, beam, axis)
        for beam in range(3)
        for axis in range(3)
        if beam != axis and (beam, axis) != (0, 1)
    }
    (beam, axis), least = min(
        ((axes, other) for axes, other in others.items() if other is not None),
        key=lambda each: each[1],
        default=((0, 1), ratio),
    )
    if least < _EMPTIER * min(ratio, limits.WEDGE.warn or 1):
        says = f"emptier ({least:.2g}) for beam {_AXES[beam]}, tilt axis {_AXES[axis]}: other axes?"
        return judged(limits.WEDGE, ratio, says, WARN)
    if limits.WEDGE.verdict(ratio) == PASS:
        return judged(
            limits.WEDGE, ratio, "power inside over outside: empty for beam z, tilt axis y"
        )
    return judged(limits.WEDGE, ratio, "filled: an average, a simulation, or filled in later")
