"""Recommendations for storing a tomogram: docs/storage.md and its charts, from the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.pareto_front import (
    DECIMALS,
    LOSSLESS,
    LOSSY,
    Candidate,
    candidates,
    front,
    nearest_better,
    raw_bytes,
)
from cryoet_zarr_bench.analysis.pooled_measurements import Pooled, pooled
from cryoet_zarr_bench.analysis.purpose_choices import PURPOSES, RULES, Purpose
from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import (
    MeasuredRelease,
    history_tomogram,
    machine_of,
    read_results,
)
from cryoet_zarr_bench.common.shown_text import (
    Markdown,
    for_markdown,
    markdown_code,
    markdown_table,
)
from cryoet_zarr_bench.releases.catalogue import Release, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.documents.storage_chart import Row, chart

RECOMMENDED = {
    (
        "blosc-zstd-5-shuffle",
        "64x64x64",
    ): "recommended by the prototypes of this project",
    ("blosc-lz4-5-shuffle", "64x64x64"): "the codec of the CryoET Data Portal, which has 256^3",
}
"""Codec and chunk shape -> by whom: held against the front whether they are on it or not."""

SEED = next(iter(RECOMMENDED))

SMALL = 8_000_000
"""Bytes in memory below which the library's own work per call is much of each time."""


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

    @property
    def chart_name(self) -> str:
        """The name of its chart's file."""
        return f"storage-{re.sub('[^A-Za-z0-9.]+', '-', self.result.tomogram)}.svg"


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


def storage_charts(found: Sequence[TomogramFigures]) -> dict[str, str]:
    """The charts of the page: name of the file -> SVG."""
    return {each.chart_name: _chart(each) for each in found}


def _chart(figures: TomogramFigures) -> str:
    rows = [Row("Lossless", figures.lossless, figures.front, _marked(figures.lossless))]
    if figures.lossy:
        rows.append(Row("Lossy", figures.lossy, figures.lossy_front, []))
    return chart(
        f"Storage configs of {figures.result.tomogram}", rows, "recommended by the prototypes"
    )


def _marked(found: Sequence[Candidate]) -> list[Candidate]:
    return [each for each in found if (each.cell.codec, each.cell.chunks) == SEED]


def storage_report(results: Path, machine: str, found: Sequence[TomogramFigures]) -> str:
    """The page in Markdown."""
    release, described = load_catalogue().newest("3.x"), machine_of(results, machine)
    sections = [_section(each) for each in found]
    cores = " or ".join(sorted({each.result.cores_in_words for each in found}))
    beginning = _beginning(release, machine, described, cores)
    return "\n\n".join([beginning, *sections, _answer(found)]) + "\n"


def _beginning(release: Release, machine: str, described: dict[str, str], cores: str) -> str:
    source, cpu = markdown_code(f"results/{machine}/"), for_markdown(described["cpu"])
    return f"""# How to store a tomogram

Written by `cryoet-zarr-bench readme` from {source}: zarr {release.zarr}, numcodecs
{release.numcodecs}, {cpu}, one thread on {cores}. Data are read from and written to the page cache.
`cryoet-zarr-bench history --newest --profile standard --tomogram SOURCE` adds a tomogram.
[The answer by purpose](#the-answer-by-purpose) is at the end.

"ratio" is bytes in memory over bytes stored, metadata included. "write" and "read" are CPU seconds
for 1 GB (1e9 bytes) of voxels in memory, with the whole tomogram at once; the number in brackets is
MB of voxels per CPU second. "bits above entropy" is the number of stored bits per voxel beyond the
entropy of the values: a codec that looks at each value alone cannot go below 0. For each codec and
chunk shape the newest Zarr format is shown.

**The front** lists the configs that no other config beats. A config is left out as dominated if a
listed one has at least its ratio, takes no more CPU time to write and to read, and is better in one
of the three. Ratios are compared as shown, to {DECIMALS} decimals. Times count as different only if
they differ by more than repeat runs do; each section names that factor. It is the variation in nine
of ten repeat runs of one release or, for medians, between one half of the runs and the other. For
lossy configs the noise that they add counts like the ratio. `float16` has fewer bits for values
below 2^-14; most values of a tomogram that was never scaled are below that, and casting them is
slow."""


def _section(figures: TomogramFigures) -> str:
    result = figures.result
    size = raw_bytes(result) or 0
    kept = figures.front
    name = for_markdown(result.tomogram)
    parts = [
        f"## {name}",
        f"{size / 1e6:.3g} MB in memory, stores on {for_markdown(result.file_system)}, "
        f"profile {for_markdown(result.profile)}; "
        f"{figures.measured.margin_in_words}."
        + (
            " On so small a tomogram the library's own work per call outweighs the codecs."
            if size < SMALL
            else ""
        ),
        f"![The configs of {name}]({figures.chart_name})",
        f"**Lossless**: {len(kept)} of {len(figures.lossless)} configs are on the front.",
        _table(kept, with_damage=False),
        _recommended(figures),
    ]
    if figures.lossy:
        lossy = figures.lossy_front
        parts += [
            f"**Lossy**: {len(lossy)} of {len(figures.lossy)} configs are on the front. Damage is "
            "the worst noise-to-signal ratio of any shell inside the measured wedge, and the PSNR."
            + (
                f" Within bound: {result.loss_bound:g} at most."
                if result.loss_bound is not None
                else ""
            ),
            _table(lossy, with_damage=True),
        ]
    return "\n\n".join(parts)


def _table(kept: Sequence[Candidate], *, with_damage: bool) -> str:
    headings = ["", "codec", "chunks z, y, x", "format", "ratio", "write s/GB", "read s/GB"]
    with_entropy = not with_damage and any(each.above_entropy is not None for each in kept)
    headings += ["bits above entropy"] if with_entropy else []
    headings += ["noise to signal", "PSNR dB", "within bound"] if with_damage else []
    alignments = "r--" + "r" * (len(headings) - 3)
    rows = []
    for number, each in enumerate(kept, 1):
        name = for_markdown(each.cell.codec)
        is_seed = (each.cell.codec, each.cell.chunks) == SEED
        rows.append(
            [
                str(number),
                Markdown(f"**{name}**") if is_seed else name,
                each.cell.chunks,
                str(each.cell.zarr_format),
                f"{each.ratio:.{DECIMALS}f}",
                _cost(each.write),
                _cost(each.read),
                *([_bits(each)] if with_entropy else []),
                *(_damage(each) if with_damage else []),
            ]
        )
    return markdown_table(headings, rows, alignments)


def _bits(each: Candidate) -> str:
    return "" if each.above_entropy is None else f"{each.above_entropy:.2f}"


def _damage(each: Candidate) -> list[str]:
    return [
        "" if each.noise_to_signal is None else f"{each.noise_to_signal:.2g}",
        "" if each.psnr is None else f"{each.psnr:.1f}",
        {None: "", True: "yes", False: "no"}[each.within_bound],
    ]


def _cost(seconds: float) -> str:
    speed = 1e3 / seconds
    return f"{seconds:.3g} ({speed:.0f})" if speed >= 100 else f"{seconds:.3g} ({speed:.2g})"


def _recommended(figures: TomogramFigures) -> str:
    """Compare what is recommended elsewhere with the front."""
    kept = figures.front
    lines = []
    for (codec, chunks), by_whom in RECOMMENDED.items():
        for each in figures.lossless:
            if (each.cell.codec, each.cell.chunks) == (codec, chunks):
                lines.append(
                    f"- `{codec}`, {chunks}: {by_whom}. {_held_against(each, kept, figures)}"
                )
    if not lines:
        return "No recommended config was measured on this tomogram."
    return "\n".join(["Recommendations compared with the front:", "", *lines])


def _held_against(each: Candidate, kept: list[Candidate], figures: TomogramFigures) -> str:
    better = nearest_better(each, kept, figures.measured.margin)
    if better is not None:
        return f"**Dominated** by number {kept.index(better) + 1}: {_factors(better, each)}."
    said = f"On the front, number {kept.index(each) + 1}." if each in kept else "On the front."
    cheaper = [
        other
        for other in kept
        if other is not each
        and other.ratio >= 0.99 * each.ratio
        and other.write * other.read < each.write * each.read
    ]
    if not cheaper:
        return f"{said} No config of nearly the same size costs less."
    quickest = min(cheaper, key=lambda other: other.write * other.read)
    return (
        f"{said} Number {kept.index(quickest) + 1}, within 1 % of its size, has "
        f"{_factors(quickest, each)}."
    )


def _factors(one: Candidate, other: Candidate) -> str:
    """Compare one config with another, as factors of its ratio and costs."""
    return (
        f"{one.ratio / other.ratio:.3f} times its ratio, {one.write / other.write:.2f} times its "
        f"write time and {one.read / other.read:.2f} times its read time"
    )


def _answer(found: Sequence[TomogramFigures]) -> str:
    """The answer for each purpose, by a rule that is stated."""
    answers = {
        purpose: [purpose.answer(each.result, each.lossless, each.lossy) for each in found]
        for purpose in PURPOSES
    }
    shown: list[Purpose] = [purpose for purpose, said in answers.items() if any(said)]
    headings = ["tomogram", *(purpose.title for purpose in shown)]
    rows = [
        [each.result.tomogram, *(Markdown(answers[purpose][place] or "") for purpose in shown)]
        for place, each in enumerate(found)
    ]
    rules = "\n".join(f"- **{purpose.title}**: {purpose.rule}" for purpose in shown)
    return f"## The answer, by purpose\n\n{RULES}\n\n{rules}\n\n{markdown_table(headings, rows)}"
