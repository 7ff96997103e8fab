"""Recommendations for storing a tomogram: docs/storage.md and its charts, from the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cryoet_zarr_bench.analysis.pareto_front import (
    DECIMALS,
    Candidate,
    nearest_better,
    raw_bytes,
)
from cryoet_zarr_bench.analysis.result_reader import (
    machine_of,
)
from cryoet_zarr_bench.analysis.tomogram_figures import TomogramFigures
from cryoet_zarr_bench.common.shown_text import (
    Markdown,
    for_markdown,
    markdown_code,
    markdown_table,
)
from cryoet_zarr_bench.releases.catalogue import Release, load_catalogue
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


def storage_charts(found: Sequence[TomogramFigures]) -> dict[str, str]:
    """The charts of the page: name of the file -> SVG."""
    return {chart_name(each.result.tomogram): _chart(each) for each in found}


def chart_name(tomogram: str) -> str:
    """The name of the file of a tomogram's chart."""
    return f"storage-{re.sub('[^A-Za-z0-9.]+', '-', tomogram)}.svg"


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
    return "\n\n".join([beginning, *sections]) + "\n"


def _beginning(release: Release, machine: str, described: dict[str, str], cores: str) -> str:
    source, cpu = markdown_code(f"results/{machine}/"), for_markdown(described["cpu"])
    return f"""# How to store a tomogram

Written by `cryoet-zarr-bench readme` from {source}: zarr {release.zarr}, numcodecs
{release.numcodecs}, {cpu}, one thread on {cores}. Data are read from and written to the page cache.
`cryoet-zarr-bench history --newest --profile standard --tomogram SOURCE` adds a tomogram.
Which layout for which purpose is in [layouts.md](layouts.md): this page compares codecs.

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
        f"![The configs of {name}]({chart_name(figures.result.tomogram)})",
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
