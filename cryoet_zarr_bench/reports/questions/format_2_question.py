"""How fast is format 2 read through the releases?"""

from __future__ import annotations

from cryoet_zarr_bench.analysis.changes.anchored_history import Ratio
from cryoet_zarr_bench.analysis.changes.release_evidence import ReleaseEvidence
from cryoet_zarr_bench.releases.catalogue import Catalogue
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell

QUESTION = Question(
    "How fast is format 2 read through the releases?",
    "Asked in [zarr-python #3757](https://github.com/zarr-developers/zarr-python/issues/3757).",
    "cryoet-zarr-bench anchored",
)

READ = {
    "volume, chunks of 64^3": ComparedCell(
        "read.Read.time_read_volume", "blosc-zstd-5-shuffle", "64x64x64", 2
    ),
    "XY slice, chunks of 64^3": ComparedCell(
        "read.Read.time_read_xy_slice", "blosc-zstd-5-shuffle", "64x64x64", 2
    ),
    "XY slice, chunks of 32^3": ComparedCell("read.Read.time_read_xy_slice", "none", "32x32x32", 2),
}
SLICE = "XY slice, chunks of 32^3"
"""What is answered by: many chunks that cost nothing but the library."""


def answer(evidence: ReleaseEvidence, catalogue: Catalogue) -> Answer | None:
    """The newest patch of each minor release against the last of zarr 2."""
    anchored = evidence.anchored
    base, newest = catalogue.newest("2.x").tag, catalogue.newest("3.x").tag
    oldest = catalogue.find(base)
    in_base = f"zarr {oldest.zarr} with numcodecs {oldest.numcodecs}"
    known = [each for each in catalogue.newest_patches() if each.tag in anchored.releases]
    found = {
        each.tag: {name: anchored.between(base, each.tag, cell) for name, cell in READ.items()}
        for each in known
    }
    slices = {tag: ratio for tag, row in found.items() if (ratio := row[SLICE]) is not None}
    if newest not in slices:
        return None
    slowest = max(slices, key=lambda tag: slices[tag].ratio)
    names = {each.tag: f"zarr {each.zarr}" for each in known}
    line = (
        f"Reading an {SLICE}, takes {_in_words(slices[newest])} times as long in {names[newest]} "
        f"as in {in_base}; the slowest was {names[slowest]}, {_in_words(slices[slowest])} times."
    )
    rows = [
        (names[tag], *("n/a" if each is None else _in_words(each) for each in row.values()))
        for tag, row in found.items()
    ]
    note = (
        f"CPU time over that of {in_base}, with the 99 % interval, of the newest patch of each "
        "minor release, by the [anchored history](releases.md)."
    )
    return Answer(line, ("release", *READ), rows, note)


def _in_words(ratio: Ratio) -> str:
    return f"{ratio.ratio:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
