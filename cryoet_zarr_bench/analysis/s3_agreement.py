"""What the readings from the S3 server say: whether the model is right, and which class is faster.

Every statement on them is made here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.named_layouts import PREFIX
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3TrialLine
from cryoet_zarr_bench.s3_reading.s3_trials import OWN_SETTINGS
from cryoet_zarr_bench.s3_reading.store_classes import FSSPEC, OBSTORE

PROMISED = 1.15
"""The factor by which a measured time may differ from the model's."""


def modelled_seconds(line: S3TrialLine, layouts: Sequence[LayoutLine]) -> float:
    """The model's seconds of a reading: of its requests, and of decoding as of `layouts`.

    Where the layout of that tomogram was not measured, decoding is left out.
    """
    name = line.layout.removeprefix(PREFIX)
    for layout in layouts:
        if (layout.layout, layout.tomogram) == (name, line.tomogram):
            return layout.with_decoding(line.pattern, line.predicted)
    return line.predicted


def over_predicted(line: S3TrialLine, layouts: Sequence[LayoutLine]) -> float:
    """The measured time over the model's, of the median reading; above 1 is slower."""
    return line.wall_seconds / modelled_seconds(line, layouts)


@dataclass(frozen=True)
class S3Agreement:
    """How the model agrees with `count` readings; factors are of measured over predicted time.

    `within` is how many lie within `PROMISED`, `typical` the median factor, `largest` the one that
    is farthest from 1.
    """

    count: int
    within: int
    typical: float
    largest: float

    @property
    def sentence(self) -> str:
        """How well the model agrees, in a sentence."""
        return (
            f"{self.within} of {self.count} readings from a real S3 server took within "
            f"{100 * (PROMISED - 1):.0f} % of the model's seconds, {self.typical:.2f} times at the "
            f"median; the farthest {self.largest:.2f} times."
        )


def agreement(lines: Iterable[S3TrialLine], layouts: Sequence[LayoutLine]) -> S3Agreement | None:
    """How the model agrees with the readings that were made; None if there are none."""
    factors = [over_predicted(line, layouts) for line in lines if line.wall]
    if not factors:
        return None
    within = sum(1 / PROMISED <= factor <= PROMISED for factor in factors)
    largest = max(factors, key=lambda factor: abs(math.log(factor)))
    return S3Agreement(len(factors), within, median(factors), largest)


@dataclass(frozen=True)
class ClassesCompared:
    """One pattern of one layout read through both classes of stores at a place."""

    fsspec: S3TrialLine
    obstore: S3TrialLine

    @property
    def wall(self) -> float:
        """Seconds through `FsspecStore` over those through `ObjectStore`."""
        return self.fsspec.wall_seconds / self.obstore.wall_seconds

    @property
    def cpu(self) -> float:
        """CPU seconds through `FsspecStore` over those through `ObjectStore`."""
        return self.fsspec.cpu_seconds / self.obstore.cpu_seconds


def classes_compared(lines: Iterable[S3TrialLine], place: str = USUAL) -> list[ClassesCompared]:
    """Every pattern and layout that was read through both classes, by zarr's own settings."""
    found: dict[tuple[str, str, str], dict[str, S3TrialLine]] = {}
    for line in lines:
        if line.wall and line.place == place and line.called == OWN_SETTINGS:
            key = line.tomogram, line.layout, line.pattern
            found.setdefault(key, {})[line.store_class] = line
    return [
        ClassesCompared(both[FSSPEC], both[OBSTORE])
        for _, both in sorted(found.items())
        if len(both) == 2
    ]
