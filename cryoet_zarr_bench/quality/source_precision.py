"""Precision of the numbers before they became what the file says: it decides how they compress.

Programs write integers of 8 or 16 bits, or float16, and archives cast them to float32. Then few
values exist, at equal steps, or the last bits of every number are zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_DISTINCT = 1 << 16
"""Distinct values are counted up to this number: what 16 bits can tell apart."""

_MANTISSA_BITS = 23
_FLOAT16_BITS = 10
_BFLOAT16_BITS = 7
_REPEATED = 16  # times that each value occurs on average: the plain float32 of few voxels do not
_ROUNDING = 4 * float(np.finfo(np.float32).eps)
"""A scale and an offset, each rounded once, move a value by less than this part of the largest."""


class DistinctValues:
    """The distinct values of float32 voxels, exactly, until there are more than `MOST_DISTINCT`."""

    def __init__(self) -> None:
        self.values: np.ndarray | None = np.empty(0, dtype=np.float32)
        """In ascending order; None once there are too many."""

    def add(self, voxels: np.ndarray) -> None:
        """Take some finite voxels."""
        flat = voxels.reshape(-1)
        # Most tomograms have too many, which a small part tells without sorting all.
        for part in np.split(flat, [MOST_DISTINCT * 2]) if self.values is not None else ():
            if self.values is None:
                return
            found = np.union1d(self.values, part)
            self.values = found if found.size <= MOST_DISTINCT else None


class UsedBits:
    """Bits of the mantissa that any of the float32 voxels uses."""

    def __init__(self) -> None:
        self._bits = np.uint32(0)
        self._fit_float16 = True

    def add(self, voxels: np.ndarray) -> None:
        """Take some finite voxels."""
        flat = np.ascontiguousarray(voxels, dtype=np.float32).reshape(-1)
        self._bits |= np.bitwise_or.reduce(flat.view(np.uint32), initial=np.uint32(0))
        if self._fit_float16:
            with np.errstate(over="ignore"):
                self._fit_float16 = bool((flat.astype(np.float16) == flat).all())

    @property
    def mantissa_bits(self) -> int:
        """Bits of the mantissa that are in use: 23 of a plain float32, 10 of a former float16."""
        mantissa = int(self._bits) & ((1 << _MANTISSA_BITS) - 1)
        if not mantissa:
            return 0
        return _MANTISSA_BITS - ((mantissa & -mantissa).bit_length() - 1)

    @property
    def survives_float16(self) -> bool:
        """True for each voxel that is the same after a round trip through float16."""
        return self._fit_float16


@dataclass(frozen=True)
class SourcePrecision:
    """The numbers as they were. `bits` is how many bits tell the values apart; 32 is a plain
    float32.

    `kind` is a phrase; `levels` and `step` describe the lattice of equal steps, None without one.
    """

    kind: str
    bits: int
    levels: int | None
    step: float | None

    @property
    def says(self) -> str:
        """The kind, and the lattice where there is one."""
        if self.levels is None or self.step is None:
            return self.kind
        return f"{self.kind}; {self.levels} levels at steps of {self.step:.4g}"


def source_precision(
    dtype: np.dtype, voxels: int, distinct: DistinctValues, used: UsedBits
) -> SourcePrecision:
    """Tell what the voxels were, from what is known of every one of them.

    Args:
        dtype: what they are now.
        voxels: how many finite ones there are.
        distinct: all of them were given to it.
        used: all of them were given to it.

    A lattice is offset + k x step with at most 65 536 levels; its rounding to float32 is allowed
    for. It is looked for first, since small integers have zero bits at their end too.
    """
    lattice = None if distinct.values is None else _lattice(distinct.values)
    levels, step = lattice or (None, None)
    if dtype.kind in "iu" and levels is not None and levels <= 1 << 8 and dtype.itemsize > 1:
        return SourcePrecision(f"8-bit integers, stored as {dtype.name}", 8, levels, step)
    if dtype.kind in "iu":
        return SourcePrecision(f"{dtype.name}, as stored", 8 * dtype.itemsize, levels, step)
    if distinct.values is not None and distinct.values.size < 2:
        return SourcePrecision("one value", 0, None, None)
    if levels is not None and levels <= 1 << 8:
        return SourcePrecision(f"8-bit integers, cast to {dtype.name}", 8, levels, step)
    if levels is not None:
        return SourcePrecision(f"16-bit integers, cast to {dtype.name}", 16, levels, step)
    if dtype == np.float16:
        return SourcePrecision("float16, as stored", 16, None, None)
    if used.mantissa_bits <= _BFLOAT16_BITS:
        return SourcePrecision("bfloat16 or rounded to its 7 bits", 16, None, None)
    if used.mantissa_bits <= _FLOAT16_BITS:
        kind = "float16, cast to float32" if used.survives_float16 else "float16, cast and scaled"
        return SourcePrecision(kind, 16, None, None)
    if distinct.values is not None and voxels > _REPEATED * distinct.values.size:
        count = distinct.values.size
        bits = 8 if count <= 1 << 8 else 16
        return SourcePrecision(f"{count} values at unequal steps", bits, None, None)
    if used.mantissa_bits < _MANTISSA_BITS - 3:
        kind = f"float32 rounded to {used.mantissa_bits} bits of the mantissa"
        return SourcePrecision(kind, 9 + used.mantissa_bits, None, None)
    return SourcePrecision("float32 in full", 32, None, None)


def _lattice(values: np.ndarray) -> tuple[int, float] | None:
    """Levels and step of a lattice that holds all values; None if there is none."""
    if values.size < 3:
        return None
    exact = values.astype(np.float64)
    # Rare values are at the ends; from the middle on there are no wide gaps to count across.
    offsets = exact - exact[exact.size // 2]
    tolerance = _ROUNDING * float(np.abs(exact).max())
    step = float(np.diff(exact).min())
    if step <= 0 or (offsets[-1] - offsets[0]) / step >= 2 * MOST_DISTINCT:
        return None
    # One gap is known to a rounding error, the whole range to that divided by its number of steps:
    # the step is refined over growing ranges, so that no place is ever counted wrong by one.
    reach = 4.0
    while True:
        inside = np.abs(offsets) <= reach * step
        known = offsets[inside]
        count = float(np.rint((known[-1] - known[0]) / step))
        if count > 0:
            step = float((known[-1] - known[0]) / count)
        if inside.all():
            break
        reach *= 1.5
    places = np.rint(offsets / step)
    off = np.abs(offsets - places * step).max()
    # Steps below the rounding of float32 itself would let anything pass.
    if off > min(2 * tolerance, step / 4) or np.unique(places).size != places.size:
        return None
    levels = int(places[-1] - places[0]) + 1
    return (levels, step) if levels <= MOST_DISTINCT else None
