"""The fused pipeline: when should it be switched on?"""

from __future__ import annotations

from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.reports.questions.question import Answer, Question

QUESTION = Question(
    "The fused pipeline of zarr 3.3: when should it be switched on?",
    "Asked in [zarr-python #3885](https://github.com/zarr-developers/zarr-python/issues/3885).",
    "asv run --bench engines",
)

CALLS = {"write": "write", "read_volume": "read volumes", "read_xy_slice": "read XY slices"}
WORTH_IT = 0.9
"""A call gains where every config takes at most so much of the time."""

CLOCKS = {"": "wall", "_cpu": "CPU"}


def answer(newest: MeasuredRelease) -> Answer | None:
    """Times through the fused pipeline over those through zarr's own, in one run of asv."""
    found: dict[Cell, dict[tuple[str, str], float]] = {}
    for call in CALLS:
        for clock in CLOCKS:
            own = newest.figures.get(f"engines.ZarrPythonOneThread.time_{call}{clock}", {})
            fused = newest.figures.get(f"engines.FusedPipelineOneThread.time_{call}{clock}", {})
            for cell in own.keys() & fused.keys():
                found.setdefault(cell, {})[call, clock] = fused[cell] / own[cell]
    columns = [
        (call, clock)
        for call in CALLS
        for clock in CLOCKS
        if any((call, clock) in row for row in found.values())
    ]
    if not columns:
        return None
    ratios = {
        title: [row[call, ""] for row in found.values() if (call, "") in row]
        for call, title in CALLS.items()
    }
    known = {title: those for title, those in ratios.items() if those}
    gains = [title for title, those in known.items() if max(those) <= WORTH_IT]
    said = "; ".join(
        f"{title} {min(those):.2f} to {max(those):.2f}" for title, those in known.items()
    )
    line = (
        f"Switch it on to {' and '.join(gains)}" if gains else "It gains little"
    ) + f". Of the time that zarr's own pipeline takes: {said}."
    rows = [
        (
            f"{cell.codec} {cell.chunks}, format {cell.zarr_format}",
            *(f"{row[each]:.2f}" if each in row else "" for each in columns),
        )
        for cell, row in sorted(found.items(), key=lambda each: str(each[0]))
    ]
    headings = ("config", *(f"{CALLS[call]}, {CLOCKS[clock]}" for call, clock in columns))
    note = (
        f"{newest.tomogram}, one thread, both in one run, rounds interleaved: a ratio near 1 is "
        "within the noise of a run ([trust.md](trust.md))."
    )
    return Answer(line, headings, rows, note)
