"""A recommendation for one's own tomogram: what it was ranked by, what is predicted, what held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoet_zarr_bench.analysis.layout_comparison import (
    ComparedLayouts,
    is_file,
    published_layouts,
    title_of,
)
from cryoet_zarr_bench.analysis.prediction_agreement import PredictionAgreement
from cryoet_zarr_bench.analysis.recommending.creating_lines import config_of
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.named_layouts import (
    Shape,
    asked_for,
    layout_called,
    padded_shard,
)
from cryoet_zarr_bench.prediction.checked_prediction import CheckedPrediction
from cryoet_zarr_bench.prediction.predicted_layout import PredictedLayout
from cryoet_zarr_bench.prediction.sampled_chunks import Interval
from cryoet_zarr_bench.storage.config import StorageConfig

if TYPE_CHECKING:
    import pandas as pd


_ONE_SLICE = {"xy_slice": "an XY slice", "xz_slice": "an XZ slice", "yz_slice": "a YZ slice"}


def most_alike(results: Path, dtype: np.dtype) -> ComparedLayouts:
    """The measured tomogram that one of that dtype is most like: of the same dtype, or as wide.

    Of several the one with most layouts.

    Raises:
        BadInput: no layouts were measured of any.
    """
    found = published_layouts(results)
    if not found:
        raise refused(results, "has no layouts", "measure them: cryoet-zarr-bench layouts")

    def unlike(each: ComparedLayouts) -> tuple[bool, bool, int]:
        own = np.dtype(each.lines[0].levels[0].dtype)
        return own != dtype, own.kind != dtype.kind, abs(own.itemsize - dtype.itemsize)

    # Sorting keeps the order of those that are equally alike: most layouts first.
    return sorted(found, key=unlike)[0]


def config_for(line: LayoutLine, shape: Shape, dtype: np.dtype) -> StorageConfig | None:
    """How a layout stores a tomogram of that shape; None if it cannot be said, as of a file.

    By its rule where it has one. What a library wrote is stored in the same chunks; one shard that
    held all of the measured tomogram holds all of this one.
    """
    if is_file(line):
        return None
    if (rule := layout_called(asked_for(line.layout)).rule) is not None:
        return rule(shape, dtype)
    config = config_of(line)
    if config is None or config.shards is None:
        return config
    measured = line.levels[0].shape
    if config.shards == padded_shard(tuple(measured), config.chunks):
        return replace(config, shards=padded_shard(shape, config.chunks))
    return config


@dataclass(frozen=True)
class OwnAnswer:
    """What is recommended for a tomogram, and what is predicted and checked on this disk.

    `ranked` is the recommendation by committed results. `predicted` has the pick first, then
    today's layout where that is another, then whatever else was asked for; `checked` those of them
    that were written whole. `agreement` tells what predictions are worth, None if that is not
    known.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    ranked: Recommendation
    predicted: tuple[PredictedLayout, ...]
    checked: tuple[CheckedPrediction, ...]
    agreement: PredictionAgreement | None

    @property
    def pick(self) -> PredictedLayout:
        """The layout that is recommended."""
        return self.predicted[0]

    @property
    def today(self) -> PredictedLayout | None:
        """Today's layout; None where it is the pick, or was not predicted."""
        name = None if self.ranked.today is None else self.ranked.today.line.layout
        others = self.predicted[1:]
        return next((each for each in others if each.layout == name), None)

    def seconds(self, predicted: PredictedLayout, pattern: str) -> Interval:
        """Predicted seconds of a slice, with the interval that trials give them."""
        middle = Interval(*(predicted.seconds[pattern],) * 3)
        if self.agreement is None:
            return replace(middle, low=0.0, high=float("inf"))
        return middle.times(self.agreement.low, self.agreement.high)

    def held(self, checked: CheckedPrediction, pattern: str) -> bool:
        """True if a slice took seconds that lie in the interval."""
        return self.seconds(checked.predicted, pattern).holds(checked.seconds[pattern])

    @property
    def contract(self) -> str:
        """What the pick is predicted to take here, in a sentence or two."""
        pick, pattern = self.pick, self.shown_pattern
        seconds = self.seconds(pick, pattern)
        how = "from the disk" if pick.cold else "from memory"
        bounds = (
            ""
            if self.agreement is None
            else f" ({seconds.low:.2g} to {seconds.high:.2g} s in 9 of 10 trials)"
        )
        said = (
            f"Predicted for {self.name}: {gigabytes(pick.stored.middle)} "
            f"({gigabytes(pick.stored.low)} to {gigabytes(pick.stored.high)}, 95 %) and "
            f"{seconds.middle:.2g} s{bounds} for {_ONE_SLICE[pattern]} {how} "
            f"({pick.file_system})"
        )
        if self.today is None:
            return f"{said}."
        times = pick.seconds[pattern] / self.today.seconds[pattern]
        part = pick.stored.middle / self.today.stored.middle - 1
        return (
            f"{said}; that is {abs(100 * part):.1f} % {'fewer' if part < 0 else 'more'} bytes "
            f"than {title_of(self.today.layout)}, and {times:.2g} times its seconds."
        )

    @property
    def shown_pattern(self) -> str:
        """The slice that counts most for the purpose; an XY slice where no slice does."""
        main = self.ranked.purpose.main_pattern
        return main if main in self.pick.seconds else "xy_slice"

    @property
    def outcome(self) -> str:
        """Whether what was predicted held, in a sentence for each layout; empty if not checked."""
        return " ".join(self._outcome_of(each) for each in self.checked)

    @property
    def here(self) -> str:
        """Which of the predicted layouts is smallest here, and which shows the slice first."""
        pattern = self.shown_pattern
        smallest = min(self.predicted, key=lambda each: each.stored.middle)
        fastest = min(self.predicted, key=lambda each: each.seconds[pattern])
        return (
            f"Of these {len(self.predicted)} layouts, {title_of(smallest.layout)} is the smallest "
            f"here, {smallest.ratio:.3f} times smaller than in memory; "
            f"{title_of(fastest.layout)} shows {_ONE_SLICE[pattern]} first, in "
            f"{fastest.seconds[pattern]:.2g} s."
        )

    def to_frame(self) -> pd.DataFrame:
        """A row for each layout: what is predicted, and what it took where it was checked."""
        import pandas as pd

        return pd.DataFrame([self._row(each) for each in self.predicted])

    def _row(self, each: PredictedLayout) -> dict[str, object]:
        row: dict[str, object] = {
            "layout": each.layout,
            "config": each.config.text,
            "ratio": each.ratio,
            "stored_bytes": each.stored.middle,
            "stored_low": each.stored.low,
            "stored_high": each.stored.high,
            "files": each.files,
            "write_s": each.writing,
            **{f"{name}_s": seconds for name, seconds in each.seconds.items()},
            "cold": each.cold,
        }
        checked = next((found for found in self.checked if found.predicted is each), None)
        if self.checked:
            row["checked_bytes"] = None if checked is None else checked.stored_bytes
            for name in each.seconds:
                row[f"checked_{name}_s"] = None if checked is None else checked.seconds[name]
        return row

    def _outcome_of(self, checked: CheckedPrediction) -> str:
        pattern = self.shown_pattern
        held = {
            f"{gigabytes(checked.stored_bytes)}": checked.stored_held,
            f"{checked.seconds[pattern]:.2g} s": self.held(checked, pattern),
        }
        said = ", ".join(
            f"{what} ({'held' if is_so else 'not held'})" for what, is_so in held.items()
        )
        return f"Checked, {title_of(checked.predicted.layout)}: {said}."


def pick_and_today(
    ranked: Recommendation, shape: Shape, dtype: np.dtype
) -> dict[str, StorageConfig]:
    """The layouts that a contract is about: the best that can be made for a shape, and today's.

    Raises:
        BadInput: none of the ranking can be made.
    """
    ranking: Sequence[LayoutLine] = [each.line for each in ranked.ranking]
    configs = {line.layout: config_for(line, shape, dtype) for line in ranking}
    pick = next((name for name, config in configs.items() if config is not None), None)
    if pick is None:
        raise refused(ranked.tomogram, "has no layout that can be made here", "measure others")
    wanted = [pick]
    if ranked.today is not None and ranked.today.line.layout != pick:
        wanted.append(ranked.today.line.layout)
    return {name: config for name in wanted if (config := configs.get(name)) is not None}


def gigabytes(count: float) -> str:
    """Bytes in the unit that leaves a few digits."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count:.0f} bytes"
