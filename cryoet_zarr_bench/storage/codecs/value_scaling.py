"""Properties of a tomogram that lossy codecs need: the spread of its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_PIECE = 2**22
"""Voxels that are looked at together, so that a mapped tomogram need not fit into memory."""


@dataclass(frozen=True)
class Scaling:
    """The spread of a tomogram's finite values, in its own units.

    `sigma` is their standard deviation, `lowest` and `highest` are their range, all computed in
    float64. `all_finite` is false where the tomogram has a NaN or an infinity, which no integer can
    stand for.
    """

    sigma: float
    lowest: float
    highest: float
    all_finite: bool

    @classmethod
    def of(cls, tomogram: np.ndarray) -> Scaling:
        """The spread of a tomogram (z, y, x) of any dtype; all zero where nothing is finite."""
        count, total, lowest, highest, all_finite = 0, 0.0, np.inf, -np.inf, True
        for values in _finite_values(tomogram):
            all_finite &= values.all_finite
            if values.finite.size:
                count += values.finite.size
                total += float(values.finite.sum())
                lowest = min(lowest, float(values.finite.min()))
                highest = max(highest, float(values.finite.max()))
        if not count:
            return cls(0.0, 0.0, 0.0, all_finite)
        mean = total / count
        # A second pass: the mean may be far larger than the spread around it.
        squares = sum(float(((each.finite - mean) ** 2).sum()) for each in _finite_values(tomogram))
        return cls(float(np.sqrt(squares / count)), lowest, highest, all_finite)


@dataclass(frozen=True)
class _Values:
    finite: np.ndarray
    all_finite: bool


def _finite_values(tomogram: np.ndarray) -> Iterator[_Values]:
    planes = max(1, _PIECE // max(1, tomogram[0].size)) if len(tomogram) else 1
    for start in range(0, len(tomogram), planes):
        values = tomogram[start : start + planes].astype("float64")
        finite = np.isfinite(values)
        yield _Values(values[finite], bool(finite.all()))
