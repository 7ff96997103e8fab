"""Exact percentiles of a tomogram that is read twice, in 512 kB and 512 kB for each asked for.

Every accepted dtype fits into float32, whose bits can be ordered as integers of 32 bits. The first
reading counts the upper 16 bits, which tells in what bin of upper bits each rank lies; the second
counts the lower 16 bits of those bins. Neither an outlier nor the scale of densities matters.
"""

from __future__ import annotations

import math

import numpy as np

_BINS = 1 << 16
_SIGN = np.uint32(0x80000000)


def ordered_keys(voxels: np.ndarray) -> np.ndarray:
    """Integers of 32 bits, flat, in the order of the finite float32 `voxels`."""
    bits = np.ascontiguousarray(voxels, dtype=np.float32).reshape(-1).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def voxel_of(key: int) -> float:
    """The density that belongs to a key."""
    bits = np.uint32(key)
    bits = bits ^ _SIGN if bits & _SIGN else ~bits
    return float(bits.view(np.float32))


class ExactPercentiles:
    """Give every voxel to `count`, then, after `narrow`, every voxel to `count_again`."""

    def __init__(self) -> None:
        self.voxels = 0
        self._upper = np.zeros(_BINS, dtype=np.int64)
        self._lower: dict[int, np.ndarray] = {}

    def count(self, keys: np.ndarray) -> None:
        """Take the keys of some voxels in the first reading."""
        self.voxels += keys.size
        self._upper += np.bincount(keys >> np.uint32(16), minlength=_BINS)

    def narrow(self, percentages: tuple[float, ...]) -> None:
        """Choose which percentiles the second reading is to find."""
        for percentage in percentages:
            for rank in self._ranks(percentage)[:2] if self.voxels else ():
                self._lower.setdefault(self._bin(rank), np.zeros(_BINS, dtype=np.int64))

    def count_again(self, keys: np.ndarray) -> None:
        """Take the keys of the same voxels in the second reading."""
        wanted = np.zeros(_BINS, dtype=bool)
        wanted[list(self._lower)] = True
        upper = keys >> np.uint32(16)
        near = wanted[upper]
        upper, lower = upper[near], keys[near] & np.uint32(_BINS - 1)
        for place, counts in self._lower.items():
            counts += np.bincount(lower[upper == place], minlength=_BINS)

    def percentile(self, percentage: float) -> float:
        """A percentile that `narrow` was told of, linear between ranks as numpy has it.

        NaN if there are no voxels.
        """
        if not self.voxels:
            return math.nan
        below, above, part = self._ranks(percentage)
        low = self._at_rank(below)
        return low + part * (self._at_rank(above) - low)

    def _ranks(self, percentage: float) -> tuple[int, int, float]:
        exact = percentage / 100 * (self.voxels - 1)
        below = math.floor(exact)
        return below, min(below + 1, self.voxels - 1), exact - below

    def _bin(self, rank: int) -> int:
        return int(np.searchsorted(np.cumsum(self._upper), rank, side="right"))

    def _at_rank(self, rank: int) -> float:
        upper = self._bin(rank)
        rank -= int(self._upper[:upper].sum())
        lower = int(np.searchsorted(np.cumsum(self._lower[upper]), rank, side="right"))
        return voxel_of(upper << 16 | lower)
