"""The published history: of one machine, on one tomogram, each release with its own pair."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.changes.release_evidence import ReleaseEvidence, read_evidence
from cryoet_zarr_bench.analysis.result_reader import (
    MeasuredRelease,
    history_tomogram,
    published_machine,
    read_results,
)
from cryoet_zarr_bench.releases.catalogue import Catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of


def own_history(results: Path) -> dict[str, MeasuredRelease]:
    """The releases of the published machine with their own pairs, on the tomogram of the history.

    They are by their commits; none if nothing was measured.
    """
    machine = published_machine(results)
    measured = [each for each in read_results(results) if each.machine == machine]
    followed = history_tomogram(measured) if measured else ""
    return {
        result.commit: result
        for result in measured
        if result.numcodecs is None and result.tomogram == followed
    }


def newest_with_evidence(
    results: Path, catalogue: Catalogue
) -> tuple[MeasuredRelease, ReleaseEvidence] | None:
    """The newest release as the published machine measured it, and what that knows of releases.

    None if it has not measured the newest release.
    """
    newest = own_history(results).get(commit_of(catalogue.newest("3.x").tag))
    if newest is None:
        return None
    return newest, read_evidence(results, newest.machine, newest.tomogram, newest.python)
