"""Every config of a tomogram by the newest release, and those worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.pareto_front import (
    LOSSLESS,
    LOSSY,
    Candidate,
    candidates,
    front,
)
from cryoet_zarr_bench.analysis.pooled_measurements import Pooled, pooled
from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import (
    MeasuredRelease,
    history_tomogram,
    read_results,
)
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of


@dataclass(frozen=True)
class TomogramFigures:
    """The newest release on one tomogram: all its configs, and those on the front."""

    measured: Pooled
    lossless: list[Candidate]
    lossy: list[Candidate]

    @classmethod
    def of(cls, measured: Pooled) -> TomogramFigures:
        """The figures of a release, as often as it was measured."""
        return cls(measured, *(candidates(measured.result, kind) for kind in (LOSSLESS, LOSSY)))

    @property
    def result(self) -> MeasuredRelease:
        """All figures of the release."""
        return self.measured.result

    @property
    def front(self) -> list[Candidate]:
        """The front of the lossless configs."""
        return front(self.lossless, self.measured.margin)

    @property
    def lossy_front(self) -> list[Candidate]:
        """The front of the lossy configs, the noise that they add counted too."""
        return front(self.lossy, self.measured.margin)


def measured_tomograms(results: Path, machine: str) -> list[TomogramFigures]:
    """The tomograms on which the newest release was measured, that of the history first."""
    everywhere = read_results(results)
    followed = history_tomogram(everywhere)
    measured = [each for each in everywhere if each.machine == machine]
    newest = commit_of(load_catalogue().newest("3.x").tag)
    noise = read_noise(results, machine)
    found = []
    for result in sorted(measured, key=lambda each: (each.tomogram != followed, each.tomogram)):
        if result.commit != newest or result.numcodecs is not None:
            continue
        figures = TomogramFigures.of(pooled(result, noise))
        if figures.lossless:
            found.append(figures)
    return found
