"""Chunks of 16x256x256: for which way of reading are they right?"""

from __future__ import annotations

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts
from cryoet_zarr_bench.layouts.compared_layouts import CODEC, SHAPES
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.reports.questions.question import Answer, Question

QUESTION = Question(
    "Chunks of 16x256x256: right for which way of reading?",
    "Asked in [iohub #401](https://github.com/czbiohub-sf/iohub/issues/401).",
    "cryoet-zarr-bench layouts",
)

IN_ONE_SHARD = tuple(f"{CODEC} {shape}" for shape in SHAPES if shape.endswith(" in all"))
ASKED = next(name for name in IN_ONE_SHARD if " 16x256x256 " in name)
CLOSE = 1.1
"""A chunk is right for a way of reading that takes at most so many times the best one's time."""


def answer(compared: ComparedLayouts) -> Answer | None:
    """Every shape of chunk in one shard, by the seconds of every way of reading."""
    lines = {name: line for name in IN_ONE_SHARD if (line := compared.of(name)) is not None}
    if ASKED not in lines or len(lines) < 2:
        return None
    patterns = {name: each.title for name, each in PATTERNS.items() if name != "open"}
    best = {name: min(line.seconds(name, USUAL) for line in lines.values()) for name in patterns}
    asked = {name: lines[ASKED].seconds(name, USUAL) / best[name] for name in patterns}
    right = [patterns[name] for name, loss in asked.items() if loss <= CLOSE]
    worst = max(asked, key=lambda name: asked[name])
    said = (
        f"Right, within 10 % of the best shape, for {', '.join(right) or 'none'}; "
        f"worst for {patterns[worst]}, {asked[worst]:.1f} times the best."
    )
    rows = [
        (
            name.split()[1],
            *(
                f"{line.seconds(each, USUAL):.2f} (x{line.seconds(each, USUAL) / best[each]:.1f})"
                for each in patterns
            ),
        )
        for name, line in lines.items()
    ]
    note = f"Seconds on S3, {USUAL}, and how many times the best; one codec, one shard a level."
    return Answer(said, ("chunks", *patterns.values()), rows, note)
