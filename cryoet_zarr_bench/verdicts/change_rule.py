"""The one rule of what is a change, for each kind of figure.

Whatever says that a release is slower, needs more, or is the same takes its words from here: the
README, the documents, the dashboard's pages and asv's marks, the commands and the API.

- What is counted or computed exactly (bytes, files, requests) has changed where it is not equal.
- Instructions have changed where their counts differ by more than their repeats do.
- Ratios of times and of peak memory have changed where the interval excludes 1 and the estimate is
  beyond 5 %; there is no change where the whole interval is within 10 %; else it is inconclusive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

BEYOND = 1.05
"""A change has to be estimated beyond 5 %: smaller ones are too near to what luck can do."""

WITHIN = 1.10
"""The change that "no change" rules out."""

REGRESSION = "regression"
IMPROVEMENT = "improvement"
NO_CHANGE = "no change within 10 %"
INCONCLUSIVE = "inconclusive"
CHANGES = (REGRESSION, IMPROVEMENT)

TOLD_FROM = 0.01
"""The smallest change of an exact figure that is told in a sentence or a list, as a part: metadata
that are worded anew are a few bytes."""

MORE, LESS, EQUAL = "more", "less", "equal"
"""What is said of a count or an exact figure."""

COUNTS_DIFFER = 0.005
"""Counts of instructions that differ by less are called equal, also where repeats agree better."""

SPREADS = 3
"""Counts that differ by less than so many times the difference of their repeats are equal too."""

HIGHER_IS_BETTER = ("_compression_ratio", "_psnr", "_ssim", "_smallest_fsc", "_within_bound")
"""Ends of the names of benchmarks of which more is better."""


def change_of_ratio(ratio: float, low: float, high: float) -> str:
    """One of the four verdicts on a ratio of b to a, of times or of peak memory.

    `low` and `high` bound it with 99 % confidence; where one of the three is NaN nothing is known.
    """
    if low > 1 and ratio > BEYOND:
        return REGRESSION
    if high < 1 and ratio < 1 / BEYOND:
        return IMPROVEMENT
    if low > 1 / WITHIN and high < WITHIN:
        return NO_CHANGE
    return INCONCLUSIVE


def change_of_counts(a: Sequence[float], b: Sequence[float]) -> str:
    """More, less or equal, of the repeated counts of instructions in both releases."""
    ratio = (sum(b) / len(b)) / (sum(a) / len(a))
    spread = max(max(counts) / min(counts) - 1 for counts in (a, b))
    # Whichever release is named first: as far from one as its inverse is.
    if max(ratio, 1 / ratio) - 1 <= max(COUNTS_DIFFER, SPREADS * spread):
        return EQUAL
    return MORE if ratio > 1 else LESS


def change_of_exact(a: float, b: float) -> str:
    """More, less or equal, of a figure that is the same each time.

    Figures that are computed, such as errors, are sums in floating point: the last digits depend on
    the order of summation, which is no change.
    """
    if math.isclose(a, b, rel_tol=1e-9):
        return EQUAL
    return MORE if b > a else LESS


def direction(benchmark: str, word: str) -> int:
    """1 where the word says worse of this benchmark, -1 where better, 0 where no change is said."""
    of_counts = -1 if benchmark.endswith(HIGHER_IS_BETTER) else 1
    return {REGRESSION: 1, IMPROVEMENT: -1, MORE: of_counts, LESS: -of_counts}.get(word, 0)
