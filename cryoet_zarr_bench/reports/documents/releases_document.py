"""Times through the releases, and how far to trust them: docs/releases.md, from the results."""

from __future__ import annotations

import itertools
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.own_history import newest_with_evidence
from cryoet_zarr_bench.analysis.changes.published_times import PublishedTime, published_times
from cryoet_zarr_bench.analysis.changes.release_comparison import comparison
from cryoet_zarr_bench.analysis.changes.release_evidence import ReleaseEvidence
from cryoet_zarr_bench.analysis.result_reader import (
    Cell,
    MeasuredRelease,
)
from cryoet_zarr_bench.analysis.trust_figures import trust_in_words
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_code, markdown_table
from cryoet_zarr_bench.releases.catalogue import Catalogue, Release, load_catalogue
from cryoet_zarr_bench.verdicts.anchored_cells import ANCHOR
from cryoet_zarr_bench.verdicts.judgement import reach_between

FOLLOWED = (
    ("write", "write.Write.time_write_cpu"),
    ("read", "read.Read.time_read_volume_cpu"),
    ("XY slice", "read.Read.time_read_xy_slice_cpu"),
)
"""The benchmarks of the table of releases."""

FOLLOWED_CELLS = (
    Cell("blosc-zstd-5-shuffle", "64x64x64", 2),
    Cell("none", "32x32x32", 2),
)
"""A codec that costs, and many chunks that cost nothing but the library."""


def releases_report(results: Path) -> str:
    """The page in Markdown."""
    catalogue = load_catalogue()
    found = newest_with_evidence(results, catalogue)
    assert found is not None  # the README has figures of it
    newest, evidence = found
    source = markdown_code(f"results/{newest.machine}/anchored.jsonl")
    measured = sum(each.tag in evidence.anchored.releases for each in catalogue.releases)
    anchor = ANCHOR.replace("-", " ")
    parts = [
        f"""# Through the releases

Written by `cryoet-zarr-bench readme` from {source}, tomogram {for_markdown(newest.tomogram)}. Each
release was measured side by side with an anchor, {anchor}: its time is the median time of the
anchor times the release's ratio to it, so that the machine's pace cancels. {measured} of
{len(catalogue.releases)} releases are measured so. CPU time in ms with half the width of the 99 %
interval, Zarr format 2 (which all releases can write). Listed is the newest patch of each minor
release with the numcodecs current at the time.""",
        _by_release(evidence, list(catalogue.newest_patches())),
        "`cryoet-zarr-bench compare A B` and the dashboard's page Compare say what changed from "
        "any release to any other; the [verdicts](verdicts.md) are of neighbours, compared "
        "directly.",
        *_steps(evidence, catalogue),
        "## How far to trust a time, and a verdict",
        *_trust(results, newest),
    ]
    return "\n\n".join(parts) + "\n"


def _steps(evidence: ReleaseEvidence, catalogue: Catalogue) -> list[str]:
    """A sentence for the newest patch of each minor release of zarr 3 against that before it."""
    listed = [each.tag for each in catalogue.newest_patches() if each.tag in evidence.releases]
    lines = [
        f"- {for_markdown(comparison(evidence, a, b).sentence)}"
        for a, b in itertools.pairwise(listed)
        if {a, b} <= evidence.anchored.releases
    ]
    return ["## From one minor release to the next", "\n".join(lines)] if lines else []


def _trust(results: Path, result: MeasuredRelease) -> list[str]:
    """The trust to put in a time and in a verdict, as far as both were measured."""
    machine = result.machine
    said = [
        "**A time.** It is as sure as its interval says, of this machine, this tomogram and this "
        "Python. Bytes, files and requests are exact."
    ]
    told = trust_in_words(results, machine)
    if told:
        words = for_markdown(" ".join(told))
        said.append(f"**What was tried.** {words} All of it: [trust.md](trust.md).")
    return said


def _by_release(evidence: ReleaseEvidence, releases: list[Release]) -> str:
    headings = [
        f"{what}, {cell.codec} {cell.chunks}" for cell in FOLLOWED_CELLS for what, _ in FOLLOWED
    ]
    lines = []
    for release in releases:
        times = published_times(evidence.anchored, release.tag)
        found = [
            times.get(benchmark, {}).get(cell)
            for cell in FOLLOWED_CELLS
            for _, benchmark in FOLLOWED
        ]
        texts = ["n/a" if time is None else _time(time) for time in found]
        lines.append([release.zarr, release.numcodecs, *texts])
    return markdown_table(
        ["zarr", "numcodecs", *headings],
        lines,
        "--" + "r" * len(headings),
        tight_rule=True,
    )


def _time(time: PublishedTime) -> str:
    reach = reach_between(time.low, time.high)
    return (
        f"{time.seconds * 1e3:.3g} ± {reach * 100:.0f} %" if reach else f"{time.seconds * 1e3:.3g}"
    )
