"""After how many reads does converting an MRC pay?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts, title_of
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.reports.questions.question import Answer, Question

QUESTION = Question(
    "After how many reads does converting an MRC pay?",
    "The MRC as it is, read by ranges through references, is the layout that nobody measures.",
    "cryoet-zarr-bench layouts",
)

READS = ("xy_slice", "xz_slice", "yz_slice", "particles", "first_view", "volume")


def reads_that_pay(mrc: LayoutLine, line: LayoutLine, pattern: str) -> int | None:
    """Reads by a pattern whose saved seconds are those of converting; None if none are saved.

    Converting is to fetch the MRC whole, and to write: seconds of the wall clock on this machine.
    """
    saved = mrc.seconds(pattern, USUAL) - line.seconds(pattern, USUAL)
    if saved <= 0 or line.write is None:
        return None
    return math.ceil((mrc.seconds("volume", USUAL) + line.write.wall) / saved)


def _when_it_pays(title: str, reads: Sequence[int | None]) -> str:
    """Say after how many reads of a kind it pays, over layouts; None where it never does."""
    known = sorted(each for each in reads if each is not None)
    if not known:
        return f"{title} never"
    after = f"{known[0]:,}" if known[0] == known[-1] else f"{known[0]:,} to {known[-1]:,}"
    with_all = "" if len(known) == len(reads) else f" with {len(known)} of {len(reads)} layouts"
    return f"{title} after {after} {'read' if known[-1] == 1 else 'reads'}{with_all}"


def answer(compared: ComparedLayouts) -> Answer | None:
    """For every named layout, and every way of reading."""
    mrc = compared.of("mrc")
    others = [line for line in compared.named if line is not mrc]
    if mrc is None or not others:
        return None
    found = {
        line.layout: [reads_that_pay(mrc, line, pattern) for pattern in READS] for line in others
    }
    if not any(reads for row in found.values() for reads in row):
        return None
    lines = [
        _when_it_pays(PATTERNS[name].title, reads)
        for name, reads in zip(READS, zip(*found.values(), strict=True), strict=True)
    ]
    line = f"From S3, converting pays: {'; '.join(lines)}."
    rows = [
        (title_of(name), *("never" if reads is None else f"{reads:,}" for reads in row))
        for name, row in found.items()
    ]
    note = (
        f"Reads from S3, {USUAL}, until their saved seconds are those of fetching the MRC and "
        "writing the layout. What is saved in bytes stored is not counted."
    )
    return Answer(line, ("layout", *(PATTERNS[name].title for name in READS)), rows, note)
