"""What the tomograms of a survey say of tomograms: the unit is the tomogram, not the voxel.

Tomograms of one dataset are more alike than others, as they come from one sample, one microscope
and one reconstruction. So the variance of a mean is estimated from the sums of whole datasets
(Liang and Zeger, Biometrika 73 (1986) 13; with the correction for few clusters and Student's t as
in Cameron and Miller, Journal of Human Resources 50 (2015) 317), which holds whatever the likeness
of runs within them. Ratios are averaged as logarithms: twice and half as large are equally far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoet_zarr_bench.prediction.sampled_chunks import CONFIDENCE, Interval

if TYPE_CHECKING:
    import pandas as pd

AIMED_AT = 0.01
"""The precision that `needed` is for: +-1 % of a ratio."""

FEWEST_ALIKE = 8
FAR = 4.0
"""A tomogram is told apart that lies more than 4 robust standard deviations from the median of its
dataset, where that has 8 or more: of a normal distribution that is one in 16 000."""

UNLIKE = 1.05
"""It is at least so many times larger or smaller too: some datasets hardly differ at all."""

_MAD_OF_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class ClusteredMean:
    """A mean with its interval: of `count` values in `clusters`.

    `spread` is the standard deviation between values, `design_effect` how many times larger the
    variance of the mean is than of as many values of which none are more alike.
    """

    mean: float
    reach: float
    spread: float
    count: int
    clusters: int
    design_effect: float

    def of_logarithms(self) -> Interval:
        """The geometric mean of what the values are logarithms of, with its interval."""
        if not math.isfinite(self.reach):
            return Interval(0.0, math.exp(self.mean), math.inf)
        low, high = math.exp(self.mean - self.reach), math.exp(self.mean + self.reach)
        return Interval(low, math.exp(self.mean), high)

    def needed(self, precision: float) -> int | None:
        """How many values, in clusters such as these, the interval needs to reach no farther.

        None where one cluster cannot tell.
        """
        if not math.isfinite(self.reach):
            return None
        from scipy import special

        normal = float(special.ndtri((1 + CONFIDENCE) / 2))
        alone = (normal * self.spread / precision) ** 2
        return max(math.ceil(alone * max(self.design_effect, 1.0)), 1)


def clustered_mean(values: Sequence[float], clusters: Sequence[str]) -> ClusteredMean:
    """The mean of values, one or more, with the interval of `CONFIDENCE` that clusters leave it."""
    import pandas as pd
    from scipy import special

    each = np.asarray(values, float)
    count, mean = len(each), float(np.mean(each))
    apart = each - mean
    sums = pd.Series(apart).groupby(np.asarray(clusters)).sum().to_numpy()
    number = len(sums)
    spread = float(np.std(each, ddof=1)) if count > 1 else math.nan
    if number < 2:
        return ClusteredMean(mean, math.inf, spread, count, number, math.nan)
    variance = number / (number - 1) * float(np.square(sums).sum()) / count**2
    reach = float(special.stdtrit(number - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    simple = spread**2 / count
    effect = variance / simple if simple > 0 else 1.0
    return ClusteredMean(mean, reach, spread, count, number, effect)


@dataclass(frozen=True)
class ConfigFigures:
    """A config over the tomograms of a survey, or over some of them.

    `ratio` is the geometric mean with its interval, `of_all` all bytes in memory over all stored,
    `quantiles` those of `QUANTILES`. `wins` are tomograms that no config stores in fewer bytes,
    `undecided` those among them whose interval reaches that of another. `needed` tomograms would
    give +-1 %. `spread` is the standard deviation of the logarithm between tomograms.
    """

    config: str
    ratio: Interval
    of_all: float
    quantiles: tuple[float, ...]
    spread: float
    design_effect: float
    tomograms: int
    datasets: int
    needed: int | None
    wins: int
    undecided: int

    @property
    def interval(self) -> str:
        """The interval of the ratio in words; one dataset does not tell how far others lie."""
        if not math.isfinite(self.ratio.high):
            return "not known from one dataset"
        return f"{self.ratio.low:.3f} to {self.ratio.high:.3f}"

    @property
    def needed_datasets(self) -> int | None:
        """The datasets that `needed` tomograms would be of, as many in each as here."""
        if self.needed is None:
            return None
        return math.ceil(self.needed * self.datasets / self.tomograms)


def figures_by_config(table: pd.DataFrame) -> list[ConfigFigures]:
    """Every config over the tomograms of a table of `tomogram_bytes`, the smallest store first."""
    wins, undecided = _wins(table)
    found = []
    for config, own in table.groupby("config", sort=False):
        logs = np.log(own.ratio.to_numpy(float))
        mean = clustered_mean(logs.tolist(), own.dataset.tolist())
        found.append(
            ConfigFigures(
                config=str(config),
                ratio=mean.of_logarithms(),
                of_all=float(own.raw_bytes.sum() / own.stored_bytes.sum()),
                quantiles=tuple(float(each) for each in own.ratio.quantile(list(QUANTILES))),
                spread=mean.spread,
                design_effect=mean.design_effect,
                tomograms=mean.count,
                datasets=mean.clusters,
                needed=mean.needed(math.log1p(AIMED_AT)),
                wins=wins.get(str(config), 0),
                undecided=undecided.get(str(config), 0),
            )
        )
    return sorted(found, key=lambda each: -each.ratio.middle)


def _wins(table: pd.DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    """How many tomograms each config stores in the fewest bytes, and of how many that is open."""
    wins: dict[str, int] = {}
    undecided: dict[str, int] = {}
    for _, own in table.groupby("tomogram", sort=False):
        ranked = own.sort_values("stored_bytes")
        first = str(ranked.config.iloc[0])
        wins[first] = wins.get(first, 0) + 1
        if len(ranked) > 1 and ranked.high.iloc[0] >= ranked.low.iloc[1:].min():
            undecided[first] = undecided.get(first, 0) + 1
    return wins, undecided


def explained_by(table: pd.DataFrame, config: str, trait: str) -> float:
    """The part of the variance of a config's log ratio that lies between groups of a trait: 0 to 1.

    NaN where there is no variance to explain.
    """
    import pandas as pd

    own = table[table.config == config]
    logs = pd.Series(np.log(own.ratio.to_numpy(float)))
    groups = own[trait].astype(str).to_numpy()
    between = logs.groupby(groups).transform("mean")
    total = float(np.square(logs - logs.mean()).sum())
    return float(np.square(between - logs.mean()).sum()) / total if total > 0 else math.nan


@dataclass(frozen=True)
class Outlier:
    """A tomogram unlike those of its dataset.

    `times` is its ratio over their median, `deviations` how many robust standard deviations that
    is, `verdict` what quality control said of it.
    """

    tomogram: str
    dataset: str
    config: str
    ratio: float
    times: float
    deviations: float
    verdict: str


def outliers(table: pd.DataFrame) -> list[Outlier]:
    """Tomograms unlike their dataset, each in the config where it is farthest; farthest first.

    Of datasets with few tomograms nobody knows what is usual.
    """
    found: dict[str, Outlier] = {}
    for (config, dataset), own in table.groupby(["config", "dataset"]):
        logs = np.log(own.ratio.to_numpy(float))
        middle = float(np.median(logs))
        spread = _MAD_OF_NORMAL * float(np.median(np.abs(logs - middle)))
        if len(own) < FEWEST_ALIKE or spread == 0:
            continue
        for row, apart in zip(own.itertuples(), (logs - middle).tolist(), strict=True):
            each = Outlier(
                str(row.tomogram),
                str(dataset),
                str(config),
                float(str(row.ratio)),
                math.exp(apart),
                apart / spread,
                str(row.verdict),
            )
            known = found.get(each.tomogram)
            is_far = abs(each.deviations) > FAR and abs(apart) > math.log(UNLIKE)
            if is_far and (known is None or abs(known.deviations) < abs(each.deviations)):
                found[each.tomogram] = each
    return sorted(found.values(), key=lambda each: -abs(each.deviations))
