"""Mean, standard deviation, skew and kurtosis of parts, put together without losing digits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """Count and mean of some voxels, and the sums of the powers 2 to 4 of their deviations from it.

    Parts are added by the formulas of Pébay, Sandia report SAND2008-6212 (2008), which are those of
    Chan, Golub and LeVeque (1979) for the second power: no sum of raw powers is ever formed, so an
    offset far above the standard deviation costs no digits.
    """

    count: int = 0
    mean: float = 0.0
    second: float = 0.0
    third: float = 0.0
    fourth: float = 0.0

    @classmethod
    def of(cls, voxels: np.ndarray) -> Moments:
        """The moments of finite float64 voxels of any shape."""
        if not voxels.size:
            return cls()
        mean = float(voxels.mean())
        deviations = voxels - mean
        squares = np.square(deviations)
        return cls(
            count=voxels.size,
            mean=mean,
            second=float(squares.sum()),
            third=float(np.vdot(squares, deviations)),
            fourth=float(np.vdot(squares, squares)),
        )

    def __add__(self, other: Moments) -> Moments:
        if not self.count or not other.count:
            return self if self.count else other
        a, b = self.count, other.count
        n = a + b
        step = (other.mean - self.mean) / n
        apart = step * (other.mean - self.mean) * a * b
        return Moments(
            count=n,
            mean=self.mean + step * b,
            second=self.second + other.second + apart,
            third=self.third
            + other.third
            + apart * step * (a - b)
            + 3 * step * (a * other.second - b * self.second),
            fourth=self.fourth
            + other.fourth
            + apart * step**2 * (a**2 - a * b + b**2)
            + 6 * step**2 * (a**2 * other.second + b**2 * self.second)
            + 4 * step * (a * other.third - b * self.third),
        )

    @property
    def deviation(self) -> float:
        """The standard deviation, divided by the count; NaN without voxels."""
        return math.sqrt(self.second / self.count) if self.count else math.nan

    @property
    def skew(self) -> float:
        """Third moment over the cube of the standard deviation; NaN if that is 0."""
        if not self.second > 0:
            return math.nan
        return self.third / self.count / self.deviation**3

    @property
    def kurtosis(self) -> float:
        """Fourth moment over that of the standard deviation, 3 for a normal distribution."""
        if not self.second > 0:
            return math.nan
        return self.fourth / self.count / self.deviation**4
