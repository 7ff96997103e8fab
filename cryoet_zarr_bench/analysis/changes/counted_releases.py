"""The releases whose instructions are counted, and how far their counts repeat.

Callgrind counts on a processor of its own making: the counts of one machine serve the statements of
all, but a count of one is never held against one of another.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease, read_results
from cryoet_zarr_bench.releases.release_commits import is_release, tag_of

DIFFERENCE = "instructions.Instructions.track_repeats_differ"
"""asv's name of how far the counts of a config's calls differ between two processes, as a part."""


@dataclass(frozen=True)
class CountedReleases:
    """Results that have instructions, by the releases' tags, and the one machine they are of."""

    machine: str | None = None
    releases: dict[str, MeasuredRelease] = field(default_factory=dict)

    @property
    def differences(self) -> list[float]:
        """How far two processes differ, as a part, of each release and config."""
        return [
            part for each in self.releases.values() for part in each.figures[DIFFERENCE].values()
        ]

    @property
    def in_words(self) -> str | None:
        """A sentence on how far counts repeat; None where nothing was counted."""
        if not self.differences:
            return None
        releases = len(self.releases)
        return (
            f"Instructions: on {self.machine} the calls of {releases} "
            f"{'release was' if releases == 1 else 'releases were'} counted in two processes each, "
            f"which differ by {_percent(statistics.median(self.differences))} at the median and "
            f"{_percent(max(self.differences))} at most."
        )


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %"


def own_results(
    measured: Iterable[MeasuredRelease], tomogram: str, python: str
) -> dict[str, dict[str, MeasuredRelease]]:
    """Each machine's results of releases with numcodecs of their own day, by the releases' tags."""
    found: dict[str, dict[str, MeasuredRelease]] = {}
    for each in measured:
        own_pair = each.numcodecs is None and is_release(each.commit)
        if own_pair and (each.tomogram, each.python) == (tomogram, python):
            found.setdefault(each.machine, {})[tag_of(each.commit)] = each
    return found


def most_counted(by_machine: Mapping[str, dict[str, MeasuredRelease]]) -> CountedReleases:
    """Those of the machine that counted the most releases, the first of several."""
    counted = {
        machine: {tag: each for tag, each in found.items() if each.figures.get(DIFFERENCE)}
        for machine, found in by_machine.items()
    }
    most = max(counted, key=lambda machine: len(counted[machine]), default=None)
    if most is None or not counted[most]:
        return CountedReleases()
    return CountedReleases(most, counted[most])


def read_counted(results: Path) -> CountedReleases:
    """The most releases under `results` that one machine counted, on a tomogram with a Python."""
    measured = read_results(results)
    series = dict.fromkeys((each.tomogram, each.python) for each in measured)
    counted = [most_counted(own_results(measured, *each)) for each in series]
    return max(counted, key=lambda each: len(each.releases), default=CountedReleases())
