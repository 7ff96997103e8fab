"""One shard a volume: what does it cost in memory and in changes?"""

from __future__ import annotations

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts, per_terabyte, title_of
from cryoet_zarr_bench.layouts.compared_layouts import CODEC
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.reports.questions.question import Answer, Question

QUESTION = Question(
    "What does one shard a volume cost?",
    "Asked in [copick #377](https://github.com/copick/copick/issues/377).",
    "cryoet-zarr-bench layouts",
)

_CODEC_AND_CHUNKS = f"{CODEC} 128x128x128"
FILES, ONE_SHARD = _CODEC_AND_CHUNKS, f"{_CODEC_AND_CHUNKS} in all"
SHOWN = ("portal-2024", "copick-2026", FILES, ONE_SHARD)


def answer(compared: ComparedLayouts) -> Answer | None:
    """The same chunks as files and in one shard, beside today's layouts."""
    files, shard = compared.of(FILES), compared.of(ONE_SHARD)
    if files is None or shard is None:
        return None
    moved = [each.changing["chunk"].amplification for each in (files, shard)]
    memory = [each.crops["LocalStore"].added_memory for each in (files, shard)]
    line = (
        f"Changing one chunk moves {moved[1]:.0f} bytes for each that changes instead of "
        f"{moved[0]:.1f}; writing takes {_writing(shard)} of memory instead of {_writing(files)}; "
        f"a crop takes {memory[1] / 1e6:.0f} MB instead of {memory[0] / 1e6:.0f}. It saves "
        f"{100 * (1 - shard.files / files.files):.1f} % of the files."
    )
    shown = [each for name in SHOWN if (each := compared.of(name)) is not None]
    rows = [
        (
            title_of(each.layout),
            f"{per_terabyte(each, each.files):,.0f}",
            _writing(each).removesuffix(" MB"),
            f"{each.crops['LocalStore'].added_memory / 1e6:.0f}",
            *(f"{each.changing[what].amplification:.1f}" for what in ("chunk", "slice", "box")),
            f"{each.reading['xy_slice'].gets}",
        )
        for each in shown
    ]
    headings = (
        *("layout", "files per TB", "MB to write", "MB to crop 64^3"),
        *("bytes moved per byte changed: a chunk", "an XY slice", "a box of 64^3"),
        "GETs of an XY slice",
    )
    return Answer(line, headings, rows)


def _writing(line: LayoutLine) -> str:
    return "" if line.write is None else f"{line.write.memory / 1e6:.0f} MB"
