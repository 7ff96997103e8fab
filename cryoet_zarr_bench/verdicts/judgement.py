"""From paired comparisons of two releases to one of four verdicts, with its interval.

The unit is a pair: in a pair of fresh processes the calls of both releases alternate, and the pair
gives one number, the median of the log ratios of adjacent calls. Pairs are independent; calls
within a pair are not. So the interval is taken over pairs.

Who comes first in a pair is a difference of its own, of some percent in reading; so A and B take
turns in that, and what the turn makes is taken out of the noise (a crossover of two periods).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from cryoet_zarr_bench.verdicts.change_rule import CHANGES, INCONCLUSIVE, change_of_ratio

ERROR = 0.01
"""The rate of false alarms of one cell, over all its looks together: intervals are of 99 %."""

LOOKS = (8, 12, 16, 20)
"""After how many pairs the answer is looked at. Who looks again and again finds something in the
end; so each look has an equal part of ERROR (Bonferroni)."""

FALSE_DISCOVERIES = 0.01
"""Of the cells called changed, the expected part that is not (Benjamini and Hochberg, 1995)."""


def reach_between(low: float, high: float) -> float:
    """Half the width of an interval of a ratio, as a part: 0.08 where it is known to 8 %."""
    return math.sqrt(high / low) - 1


@dataclass(frozen=True)
class Estimate:
    """The ratio of B's figure to A's, and how sure it is.

    `low` and `high` bound the ratio with 99 % confidence over all looks together; `probability` is
    that of a ratio as far from 1 by chance, all looks paid for; `pairs` is the number of pairs. The
    four are NaN if the pairs allow no estimate.
    """

    ratio: float
    low: float
    high: float
    probability: float
    pairs: int

    @property
    def is_known(self) -> bool:
        """True if the pairs allowed an estimate."""
        return not math.isnan(self.ratio)

    @property
    def reach(self) -> float:
        """Half the width of the interval, as a part: 0.08 where the ratio is known to 8 %."""
        return reach_between(self.low, self.high)


@cache
def _t_quantile(probability: float, degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(probability, degrees))


def estimate(log_ratios: list[float]) -> Estimate:
    """The t-interval over pairs, each given as the natural logarithm of B over A.

    A came first in the pairs of even place, B in those of odd place. The estimate is the middle
    between the means of both kinds, its error that of the scatter within the kinds, of n - 2
    degrees of freedom.

    There is none for fewer than four pairs, for values that are not finite, nor for pairs that are
    all equal: no clock does that, so it is a fault and no certainty.
    """
    values = np.asarray(log_ratios, dtype=float)
    pairs = len(values)
    nothing = Estimate(math.nan, math.nan, math.nan, math.nan, pairs)
    if pairs < 4 or not np.isfinite(values).all():
        return nothing
    kinds = values[0::2], values[1::2]
    mean = float(sum(kind.mean() for kind in kinds)) / 2
    scatter = float(sum(((kind - kind.mean()) ** 2).sum() for kind in kinds))
    if scatter < 1e-20:
        return nothing
    from scipy.special import stdtr

    variance = scatter / (pairs - 2)
    error = math.sqrt(variance * sum(1 / len(kind) for kind in kinds)) / 2
    half = _t_quantile(1 - ERROR / len(LOOKS) / 2, pairs - 2) * error
    probability = 2 * float(stdtr(pairs - 2, -abs(mean) / error)) * len(LOOKS)
    try:
        bounds = math.exp(mean), math.exp(mean - half), math.exp(mean + half)
    except OverflowError:
        return nothing
    return Estimate(*bounds, min(1.0, probability), pairs)


def verdict(found: Estimate) -> str:
    """One of the four verdicts on a single estimate."""
    return change_of_ratio(found.ratio, found.low, found.high)


def verdicts(found: list[Estimate]) -> list[str]:
    """The verdicts on many cells, with false discoveries among them kept down.

    A change that does not pass becomes inconclusive.
    """
    probabilities = [each.probability if each.is_known else 1.0 for each in found]
    order = sorted(range(len(found)), key=lambda cell: probabilities[cell])
    passing = 0
    for place, cell in enumerate(order, start=1):
        if probabilities[cell] <= FALSE_DISCOVERIES * place / len(found):
            passing = place
    passed = set(order[:passing])
    said = [verdict(each) for each in found]
    return [
        INCONCLUSIVE if each in CHANGES and cell not in passed else each
        for cell, each in enumerate(said)
    ]
