"""Checks of XY slices against their neighbours: steps in gain and offset, copies, shifts."""

from __future__ import annotations

import math

import numpy as np

from cryoet_zarr_bench.quality import quality_limits as limits
from cryoet_zarr_bench.quality.quality_findings import Check, judged
from cryoet_zarr_bench.quality.quality_limits import Limit
from cryoet_zarr_bench.quality.slice_profile import most_unusual_step
from cryoet_zarr_bench.quality.voxel_survey import Survey

FEWEST_SLICES = 8
"""Fewer do not tell what is usual between neighbours."""

LEAST_SCATTER = 0.01
"""Of steps in gain and, in sigma, in offset. Measured: denoised tomograms ripple by up to 2.3 %
from slice to slice while most of their slices hardly differ, and that is no fault."""

COPY = 0.01
"""A correlation nearer to 1 than this part of what is usual is a copy. Good tomograms have 0.11."""

_CERTAIN_COPY = 1e-6  # of 1 - correlation: rounding to float32 of a scaled copy

LEAST_CORRELATION = 0.2
"""Slices that correlate less with their neighbours, at the median, do not tell where they should
lie. White noise has 0.00; the noisiest real volume tried has 0.52."""

AGREEMENT = 0.5
"""A shift is believed where the agreement is at least this part of the usual correlation. Between
unrelated slices of 64 x 64 voxels chance gets to 0.35, between denoised ones to 0.6; such a slice
is out of place all the same."""


def slice_checks(found: Survey) -> tuple[Check, ...]:
    """Judge the order of slices; too few, or ones that have nothing in common, are not checked."""
    if len(found.profile.moments) < FEWEST_SLICES:
        few = f"fewer than {FEWEST_SLICES} slices"
        kinds = (
            limits.GAIN_STEP,
            limits.OFFSET_STEP,
            limits.DUPLICATES,
            limits.SHIFT,
            limits.UNLIKE,
        )
        return tuple(judged(limit, math.nan, few) for limit in kinds)
    deviations = found.profile.tame_deviations
    with np.errstate(divide="ignore"):
        gains = np.where(deviations > 0, np.log(deviations), np.nan)
    offsets = (
        found.profile.tame_means / found.sigma if found.sigma > 0 else np.full(gains.shape, np.nan)
    )
    return (
        _step(limits.GAIN_STEP, gains, "of the standard deviation"),
        _step(limits.OFFSET_STEP, offsets, "of sigma"),
        _duplicates(found),
        _shifts(found),
        _unlike(found),
    )


def _step(limit: Limit, values: np.ndarray, of_what: str) -> Check:
    step = most_unusual_step(values, LEAST_SCATTER)
    if step is None:
        return judged(limit, math.nan, "too few slices that are not constant")
    says = f"{100 * step.size:.1f} % {of_what}, at z {step.slice}"
    return judged(limit, step.unusual, says)


def _unlikeness(found: Survey) -> np.ndarray:
    """1 - correlation with the slice before, NaN if there is none; never below 0."""
    unlike: np.ndarray = np.maximum(0.0, 1 - np.array(found.neighbours.correlations))
    return unlike


def _usual(unlike: np.ndarray) -> float:
    known = unlike[np.isfinite(unlike)]
    return float(np.median(known)) if known.size >= FEWEST_SLICES - 2 else math.nan


def _duplicates(found: Survey) -> Check:
    unlike = _unlikeness(found)
    copies = {z: first for z, first in enumerate(found.neighbours.same_as) if first is not None}
    near = unlike <= max(_CERTAIN_COPY, COPY * np.nan_to_num(_usual(unlike)))
    for z in np.flatnonzero(near).tolist():
        copies.setdefault(z, z - 1)
    says = "no slice is a copy of another"
    if copies:
        z, first = next(iter(copies.items()))
        kind = "equals" if found.neighbours.same_as[z] is not None else "is a scaled copy of"
        says = f"z {z} {kind} z {first}"
    return judged(limits.DUPLICATES, len(copies), says)


def _shifts(found: Survey) -> Check:
    """Shifts are held against the median of all: a sample may slant through the slices."""
    usual = 1 - _usual(_unlikeness(found))
    if not usual >= LEAST_CORRELATION:
        return judged(limits.SHIFT, math.nan, "neighbouring slices have too little in common")
    believed = np.flatnonzero(np.array(found.neighbours.agreements) >= AGREEMENT * usual)
    if not believed.size:
        return judged(limits.SHIFT, math.nan, "no shift between slices can be believed")
    shifts = np.array(found.neighbours.shifts)[believed]
    beside = np.abs(shifts - np.median(shifts, axis=0)).max(axis=1)
    place = int(beside.argmax())
    says = "each slice lies where the one before does"
    if beside[place]:
        y, x = shifts[place].tolist()
        says = f"z {believed[place]} lies {y}, {x} voxels along y, x from the slice before"
    return judged(limits.SHIFT, float(beside[place]), says)


def _unlike(found: Survey) -> Check:
    unlike = _unlikeness(found)
    usual = _usual(unlike)
    if not usual > 0:
        return judged(limits.UNLIKE, math.nan, "too few slices that are not constant")
    place = int(np.nanargmax(unlike))
    correlation = found.neighbours.correlations[place]
    says = f"the least correlation is {correlation:.3f}, at z {place}"
    return judged(limits.UNLIKE, float(unlike[place]) / usual, says)
