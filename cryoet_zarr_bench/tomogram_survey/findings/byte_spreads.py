"""How far the bytes of two layouts lie apart from tomogram to tomogram: what one cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.layouts.named_layouts import PREFIX
from cryoet_zarr_bench.prediction.sampled_chunks import Interval
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import (
    LARGE,
    LARGE_FILE,
    SURVEY_FILE,
    read_kept_survey,
)

FEWEST = 40
"""Tomograms that a spread is of, at least: of fewer, its ends may be anywhere."""

HELD = 0.9
"""The part of tomograms that lies between the ends."""


@dataclass(frozen=True)
class ByteSpread:
    """Bytes in one layout over bytes in another: the ends hold nine of ten of the tomograms."""

    times: Interval
    tomograms: int

    @property
    def sentence(self) -> str:
        """In words, to follow a figure of one tomogram."""
        low, high = (100 * (end - 1) for end in (self.times.low, self.times.high))
        of_many = f"in nine of ten of {self.tomograms} surveyed tomograms"
        return f"{low:+.1f} to {high:+.1f} % {of_many}"


@dataclass(frozen=True)
class ByteSpreads:
    """The bytes of surveyed tomograms by layout, as results name it, then by tomogram.

    Shards are left out of the names: they move no chunk's bytes, and their indexes are 16 bytes a
    chunk.
    """

    stored: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def between(self, layout: Iterable[str], other: Iterable[str]) -> ByteSpread | None:
        """Bytes in a layout over those in another; None where too few tomograms have both.

        Each is given by the names it has: its own, and those of its codecs and chunks.
        """
        own, others = self._bytes_of(layout), self._bytes_of(other)
        both = sorted(own.keys() & others.keys())
        if len(both) < FEWEST or own is others:
            return None
        logs = np.log([own[name] / others[name] for name in both])
        low, high = np.quantile(logs, [(1 - HELD) / 2, (1 + HELD) / 2])
        times = Interval(*(float(np.exp(each)) for each in (low, logs.mean(), high)))
        return ByteSpread(times, len(both))

    def _bytes_of(self, names: Iterable[str]) -> Mapping[str, float]:
        found = (self.stored.get(_without_shards(name)) for name in names)
        return next((each for each in found if each is not None), {})


def _without_shards(layout: str) -> str:
    return layout.partition(" in ")[0]


def byte_spreads(results: Path) -> ByteSpreads:
    """Every large tomogram that was surveyed, on whichever machine: bytes are exact.

    From samples, too: both layouts are estimated from the same regions.
    """
    stored: dict[str, dict[str, float]] = {}
    # What was surveyed whole comes last, and stands.
    for file_name in (LARGE_FILE, SURVEY_FILE):
        for path in sorted(results.glob(f"*/{file_name}")):
            for line in read_kept_survey(results, path.parent.name, file_name):
                if line.raw_bytes < LARGE:
                    continue
                for config, (middle, *_) in line.stored.items():
                    layout = _without_shards(config.removeprefix(PREFIX))
                    stored.setdefault(layout, {})[line.tomogram] = middle
    return ByteSpreads(stored)
