"""Entropy of voxels, if every value is coded without a look at the ones around it.

The entropy that is worked out from counts is one of the values that were seen: with N voxels it is
log2 N at most, 21 bits for 128^3. Of a float32 tomogram nearly every value is seen once, so that
its 21 bits tell how many voxels there are, and nothing of their source, whose values could not be
coded in so few. The bytes of a voxel have 256 values each, and its two leading ones 65536, of which
a tomogram shows all that matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

MOST_SEEN_ONCE = 0.01
"""The share of voxels, at most, that have a value of their own, where counts of values tell enough.

It estimates the chance that the next voxel has a value never seen before (Good, 1953,
https://doi.org/10.1093/biomet/40.3-4.237): nearly 1 for calibrated float32 tomograms of 128^3, less
than 0.0001 where float32 holds what once was int16."""

_PIECE = 2**22
_MOST_SORTED = 2**24
"""Values that are sorted together: memory is bounded by them, not by the tomogram."""


@dataclass(frozen=True)
class Entropy:
    """Entropies of a tomogram's voxels, in bits per voxel, from exact counts.

    Args:
        values: of the values, as far as N voxels can show: log2 N at most.
        seen_once: the share of the voxels whose value no other voxel has.
        byte_planes: of each byte of a voxel by itself, the least significant first.
        leading_bytes: of the two most significant bytes taken together; of the one there is, where
            a voxel has one byte.
    """

    values: float
    seen_once: float
    byte_planes: tuple[float, ...]
    leading_bytes: float

    @property
    def values_tell(self) -> bool:
        """True if there are enough voxels for `values` to be the entropy of their source."""
        return len(self.byte_planes) <= 2 or self.seen_once <= MOST_SEEN_ONCE

    @property
    def memoryless(self) -> float:
        """The fewest bits per voxel for a coder that looks at one voxel at a time.

        `values` where counts of values tell enough. Else the two leading bytes together, sign,
        exponent and first bits of the mantissa in a float32, and the rest byte by byte: what is
        behind the leading bytes is noise, which takes its 8 bits a byte in any way of coding. A
        coder that looks at neighbours, too, can do with fewer.
        """
        if self.values_tell:
            return self.values
        return self.leading_bytes + sum(self.byte_planes[:-2])

    @property
    def byte_shuffled(self) -> float:
        """The fewest bits per voxel for a coder that takes each byte plane by itself.

        Never below `memoryless`: bytes of one voxel tell of each other.
        """
        return sum(self.byte_planes)

    def record(self) -> dict[str, Any]:
        """All of it, for the record."""
        return {
            **asdict(self),
            "memoryless": self.memoryless,
            "memoryless_is_of": "values" if self.values_tell else "leading and single bytes",
            "byte_shuffled": self.byte_shuffled,
        }


def entropy_of(tomogram: np.ndarray) -> Entropy:
    """The entropies of a tomogram (z, y, x) of voxels of 1, 2, 4 or 8 bytes.

    Bits are counted: -0.0 and 0.0 are two values, and so is each NaN. Of a tomogram that is mapped,
    a piece at a time is in memory.
    """
    itemsize = tomogram.dtype.itemsize
    planes = np.zeros((itemsize, 256), "int64")
    leading = np.zeros(2 ** (8 * min(itemsize, 2)), "int64")
    leading_shift = 8 * max(itemsize - 2, 0)
    for bits in _pieces(tomogram):
        octets = bits.view("u1").reshape(-1, itemsize)
        for plane, counts in enumerate(planes):
            counts += np.bincount(octets[:, plane], minlength=256)
        leading += _count(bits >> bits.dtype.type(leading_shift), len(leading))
    size = max(tomogram.size, 1)
    weighted, once = 0.0, 0
    for counts in [leading] if itemsize <= 2 else _counts_of_values(tomogram, leading):
        seen = counts[counts > 0]
        weighted += float((seen * np.log2(seen)).sum())
        once += int(np.count_nonzero(seen == 1))
    return Entropy(
        values=max(0.0, math.log2(size) - weighted / size),
        seen_once=once / size,
        byte_planes=tuple(_entropy(counts) for counts in planes),
        leading_bytes=_entropy(leading),
    )


def _entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def _pieces(tomogram: np.ndarray) -> Iterator[np.ndarray]:
    """The bits of the voxels as unsigned integers in this machine's byte order, piece by piece."""
    planes = max(1, _PIECE // max(1, math.prod(tomogram.shape[1:])))
    native = tomogram.dtype.newbyteorder("=")
    for start in range(0, len(tomogram), planes):
        piece = np.ascontiguousarray(tomogram[start : start + planes], native)
        # The least significant byte first, whatever this machine's order.
        yield piece.view(f"u{native.itemsize}").ravel().astype(f"<u{native.itemsize}")


def _count(values: np.ndarray, most: int) -> np.ndarray:
    return np.bincount(values.astype("int64", copy=False), minlength=most)


def _counts_of_values(tomogram: np.ndarray, leading: np.ndarray) -> Iterator[np.ndarray]:
    """Count each value, one range of leading bytes after the other.

    A range has as many as can be sorted together; the tomogram is gone through for each.
    """
    shift = 8 * (tomogram.dtype.itemsize - 2)
    for first, last in _ranges(leading):
        values, counts = [], []
        for bits in _pieces(tomogram):
            leads = bits >> bits.dtype.type(shift)
            # Counted piece by piece, or a value that fills the tomogram would fill the memory.
            of_piece = np.unique(bits[(leads >= first) & (leads <= last)], return_counts=True)
            values.append(of_piece[0])
            counts.append(of_piece[1])
        yield _summed(np.concatenate(values), np.concatenate(counts))


def _summed(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The counts of each distinct value, summed."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=values[order[:1]] + 1))
    return np.add.reduceat(counts[order], starts)


def _ranges(leading: np.ndarray) -> Iterator[tuple[int, int]]:
    first, total = 0, 0
    for lead, count in enumerate(leading.tolist()):
        if total and total + count > _MOST_SORTED:
            yield first, lead - 1
            first, total = lead, 0
        total += count
    if total:
        yield first, len(leading) - 1
