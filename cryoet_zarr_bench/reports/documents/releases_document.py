"""Figures through the releases, and how far to trust them: docs/releases.md, from the results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import (
    Cell,
    MeasuredRelease,
    history_tomogram,
    machine_with,
    published_machine,
    read_results,
)
from cryoet_zarr_bench.analysis.run_pace import other_paces
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_code, markdown_table
from cryoet_zarr_bench.releases.catalogue import Release, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.documents.trust_document import (
    TRUST_FILE,
    false_alarms,
    power_curve,
)
from cryoet_zarr_bench.verdicts.known_answers import read_trust

FOLLOWED = (
    ("write", "write.Write.time_write_cpu"),
    ("read", "read.Read.time_read_volume_cpu"),
    ("XY slice", "read.Read.time_read_xy_slice_cpu"),
)
"""The benchmarks of the table of releases: CPU time, which other work on the machine moves less."""

FOLLOWED_CELLS = (
    Cell("blosc-zstd-5-shuffle", "64x64x64", 2),
    Cell("none", "32x32x32", 2),
)
"""A codec that costs, and many chunks that cost nothing but the library."""


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


def releases_report(results: Path) -> str:
    """The page in Markdown."""
    own, catalogue = own_history(results), load_catalogue()
    newest = own[commit_of(catalogue.newest("3.x").tag)]
    source = markdown_code(f"results/{newest.machine}/")
    parts = [
        f"""# Through the releases

Written by `cryoet-zarr-bench readme` from {source}, tomogram {for_markdown(newest.tomogram)}. CPU
time in ms, Zarr format 2 (which all releases can write). Listed is the newest patch of each minor
release with the numcodecs current at the time.""",
        _by_release(own, list(catalogue.newest_patches())),
        *_mixed(own),
        *_paces(own),
        "The times of two releases were taken hours apart. To compare two releases, use their "
        "[verdicts](verdicts.md), or ask `cryoet-zarr-bench confirm`.",
        "## How far to trust a time, and a verdict",
        *_trust(results, newest),
    ]
    return "\n\n".join(parts) + "\n"


def _mixed(own: dict[str, MeasuredRelease]) -> list[str]:
    """A sentence for releases that were measured with a larger part of the grid."""
    counts = Counter(result.profile for result in own.values())
    if len(counts) < 2:
        return []
    said = ", ".join(f"{count} with profile {profile}" for profile, count in counts.most_common())
    return [f"Of these releases {for_markdown(said)}; a figure means the same in all of them."]


def _paces(own: dict[str, MeasuredRelease]) -> list[str]:
    """A sentence for releases that were measured at an unusual speed of the machine."""
    paces = [pace for _, pace in other_paces(own.values())]
    if not paces:
        return []
    return [
        f"{len(paces)} of these {len(own)} releases were measured while the machine ran faster or "
        f"slower than usual: fixed work took {min(paces):.2f} to {max(paces):.2f} times its usual "
        "time. A step between such a release and its neighbours may come from the machine."
    ]


def _trust(results: Path, result: MeasuredRelease) -> list[str]:
    """The trust to put in a time and in a verdict, as far as both were measured."""
    machine = result.machine
    noise = read_noise(results, machine).of(result.tomogram, result.python)
    cpu = noise.spread(cpu=True)
    if cpu is None:
        said = ["**A time.** No release was measured more than once, so its variation is unknown."]
    else:
        said = [
            f"**A time.** One release was measured {len(noise.repeats)} times during the history. "
            f"From one repeat to the next its CPU time changed by {cpu.median:.2f}x in the median "
            f"cell and by {cpu.high:.2f}x at the 90th percentile, because the machine changed. A "
            "smaller step between two releases is no evidence. Ratios and file counts are exact."
        ]
    judge = machine_with(results, TRUST_FILE, machine)
    lines = read_trust(results / judge / TRUST_FILE)
    alarms = false_alarms(lines)
    if alarms.cells:
        found = [
            f"Of cells made {each.percent} % slower it called {each.called:.0%} a regression after "
            f"{each.pairs} pairs."
            for each in power_curve(lines)
            if (each.percent, each.pairs) in ((10, 10), (20, 8))
        ]
        said.append(
            "**A verdict.** `confirm` compared releases with themselves on "
            f"{for_markdown(judge)}: {alarms.alarms} false alarms in {alarms.cells} cells over "
            f"{alarms.hours:.1f} hours. {' '.join(found)} All of it: [trust.md](trust.md)."
        )
    return said


def _by_release(own: dict[str, MeasuredRelease], releases: list[Release]) -> str:
    headings = [
        f"{what}, {cell.codec} {cell.chunks}" for cell in FOLLOWED_CELLS for what, _ in FOLLOWED
    ]
    lines = []
    for release in releases:
        result = own.get(commit_of(release.tag))
        times = [
            None if result is None else result.figure(benchmark, cell)
            for cell in FOLLOWED_CELLS
            for _, benchmark in FOLLOWED
        ]
        texts = ["n/a" if time is None else f"{time * 1e3:.3g}" for time in times]
        lines.append([release.zarr, release.numcodecs, *texts])
    return markdown_table(
        ["zarr", "numcodecs", *headings],
        lines,
        "--" + "r" * len(headings),
        tight_rule=True,
    )
