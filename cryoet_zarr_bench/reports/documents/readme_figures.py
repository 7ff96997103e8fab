"""The figures in the README, written there from the committed results and by nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cryoet_zarr_bench.analysis.pooled_measurements import Pooled, pooled
from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import (
    Cell,
    MeasuredRelease,
    history_tomogram,
    machine_of,
    machine_with,
    published_machine,
    read_results,
)
from cryoet_zarr_bench.analysis.run_pace import other_paces
from cryoet_zarr_bench.analysis.storage_answer import answer
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, markdown_table
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.releases.catalogue import Release, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.documents.trust_document import (
    TRUST_FILE,
    false_alarms,
    power_curve,
)
from cryoet_zarr_bench.reports.pages.terminal_table import COLUMNS, rows
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.known_answers import read_trust

BEGIN = "<!-- figures: written by `cryoet-zarr-bench readme` from results/ -->"
END = "<!-- end of the figures -->"

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


def update_readme(readme: Path, results: Path) -> bool:
    """Write the figures of `results` between the marks in the README; True if that changed it.

    Raises BadInput if the README lacks the marks or there are no results.
    """
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise BadInput(f"{readme}: the marks around the figures are not there once each")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    new = f"{before}{BEGIN}\n{figures(results)}\n{END}{after}"
    if new == text:
        return False
    write_whole(readme, new)
    return True


def figures(results: Path) -> str:
    """The README's figures as Markdown: the newest release by config, then release by release."""
    catalogue = load_catalogue()
    machine_name = published_machine(results)
    measured = [each for each in read_results(results) if each.machine == machine_name]
    followed = history_tomogram(measured) if measured else ""
    own = {
        result.commit: result
        for result in measured
        if result.numcodecs is None and result.tomogram == followed
    }
    newest = catalogue.newest("3.x")
    result = own.get(commit_of(newest.tag))
    if result is None:
        raise BadInput(f"{results}: no results of {newest.tag}; run `cryoet-zarr-bench history`")
    newest_figures = pooled(result, read_noise(results, result.machine))
    machine = machine_of(results, result.machine)
    memory = f"{int(ram) / 2**30:.0f} GiB" if (ram := machine["ram"]).isdecimal() else "unknown"
    return "\n\n".join(
        [
            f"Machine: {for_markdown(result.machine)} ({for_markdown(machine['cpu'])}, "
            f"{for_markdown(machine['num_cpu'])} cores, {memory}, "
            f"{for_markdown(machine['os'])}), Python {for_markdown(result.python)}, stores on "
            f"{for_markdown(result.file_system)}, a process on {result.cores_in_words}. "
            f"Tomogram: {for_markdown(result.tomogram)}, float32. Each time is the median of at "
            "least 6 calls in 2 processes.",
            f"**zarr {newest.zarr}, numcodecs {newest.numcodecs}, Zarr format 3.** "
            f"{for_markdown(answer(newest_figures.result, 3))}",
            *_times_measured(newest_figures),
            _by_config(newest_figures.result),
            "More codecs, chunk shapes and other tomograms: [docs/storage.md](docs/storage.md).",
            _trust(results, result),
            "**Through the releases**, CPU time in ms, Zarr format 2 (which all can write), the "
            "newest patch of each minor release with the numcodecs of its day:",
            _by_release(own, list(catalogue.newest_patches())),
            *_mixed(own),
            *_paces(own),
        ]
    )


def _times_measured(newest: Pooled) -> list[str]:
    """A sentence for a table of more than one measurement."""
    said = newest.margin_in_words
    return [] if newest.runs == 1 else [f"{said[0].upper()}{said[1:]}, in nine of ten cells."]


def _mixed(own: dict[str, MeasuredRelease]) -> list[str]:
    """A sentence for releases that were measured with a larger part of the grid."""
    counts = Counter(result.profile for result in own.values())
    if len(counts) < 2:
        return []
    said = ", ".join(f"{count} with profile {profile}" for profile, count in counts.most_common())
    return [f"Of these releases {for_markdown(said)}; a figure means the same in all."]


def _paces(own: dict[str, MeasuredRelease]) -> list[str]:
    """A sentence for releases that were measured at an unusual speed of the machine."""
    paces = [pace for _, pace in other_paces(own.values())]
    if not paces:
        return []
    return [
        f"{len(paces)} of these {len(own)} releases were measured while the machine had another "
        f"pace: work that never changes took {min(paces):.2f} to {max(paces):.2f} times its usual "
        "time. A step between such a release and its neighbours may be the machine's."
    ]


def _trust(results: Path, result: MeasuredRelease) -> str:
    """The trust to put in a time and in a verdict, as far as both were measured."""
    machine = result.machine
    noise = read_noise(results, machine).of(result.tomogram, result.python)
    cpu = noise.spread(cpu=True)
    said = ["**How far to trust a time.**"]
    if cpu is None:
        said.append("No release was measured more than once, so that is not known.")
    else:
        said.append(
            f"One release was measured {len(noise.repeats)} times in the course of that history: "
            "from one time to the next its CPU time changed by a factor of "
            f"{cpu.median:.2f} at the median of all cells and {cpu.high:.2f} at the 90th "
            "percentile, for reasons of the machine. A smaller step between two releases is not "
            "evidence. Ratios and file counts are exact."
        )
    judge = machine_with(results, TRUST_FILE, machine)
    lines = read_trust(results / judge / TRUST_FILE)
    alarms = false_alarms(lines)
    if alarms.cells:
        said.append(
            "**How far to trust a verdict.** `confirm`, asked about releases against themselves "
            f"on {for_markdown(judge)}, raised {alarms.alarms} false alarms in {alarms.cells} "
            f"cells over {alarms.hours:.1f} hours."
        )
        said += [
            f"Of cells made {each.percent} % slower it called {each.called:.0%} a regression after "
            f"{each.pairs} pairs."
            for each in power_curve(lines)
            if (each.percent, each.pairs) in ((10, 10), (20, 8))
        ]
        said.append("All of it: [docs/trust.md](docs/trust.md).")
    return " ".join(said)


def _by_config(result: MeasuredRelease) -> str:
    shown = {(config.codec.name, config.chunks_text) for config in PROFILES["quick"].configs()}
    return markdown_table(
        ["codec", "chunks z, y, x", *(column.heading for column in COLUMNS)],
        [
            [cell.codec, cell.chunks, *map(Markdown, texts)]
            for cell, texts in rows(result, 3)
            if (cell.codec, cell.chunks) in shown
        ],
        "--" + "r" * len(COLUMNS),
        tight_rule=True,
    )


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
