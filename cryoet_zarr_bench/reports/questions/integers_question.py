"""Should integers be shuffled?"""

from __future__ import annotations

from collections.abc import Sequence

from cryoet_zarr_bench.layouts.shuffled_integers import CODECS, ShuffledIntegersLine
from cryoet_zarr_bench.reports.questions.question import Answer, Question

QUESTION = Question(
    "Should integers be shuffled?",
    "copick's writer does not ([copick #415](https://github.com/copick/copick/pull/415)).",
    "cryoet-zarr-bench shuffled-integers",
)

WAYS = tuple(
    (compressor, shuffle)
    for compressor, ways in CODECS.items()
    for shuffle in ways
    if shuffle != "none"
)


def answer(lines: Sequence[ShuffledIntegersLine]) -> Answer | None:
    """What each way to shuffle wins with each compressor, by tomogram."""
    if not lines:
        return None
    said = []
    for width, bits in ((2, "16-bit integers"), (1, "bytes")):
        those = [line for line in lines if line.dtype.endswith("16") == (width == 2)]
        if those:
            said.append(f"{bits}: {_range(those, *WAYS[0])} of the bytes with {WAYS[0][0]}")
    line = "Shuffling wins (+) or loses (-), " + "; ".join(said) + "."
    rows = [
        (
            each.tomogram,
            f"{each.encoded['zstd-3'] / each.raw_bytes:.3f}",
            *(f"{100 * each.won_by(*way):+.1f} %" for way in WAYS),
        )
        for each in lines
    ]
    headings = (
        "tomogram",
        "zstd-3, of the tomogram",
        *(f"{compressor}: {shuffle}" for compressor, shuffle in WAYS),
    )
    note = "Bytes stored in chunks of 128^3, against the same compressor without shuffling."
    return Answer(line, headings, rows, note)


def _range(lines: Sequence[ShuffledIntegersLine], compressor: str, shuffle: str) -> str:
    won = [100 * line.won_by(compressor, shuffle) for line in lines]
    return f"{min(won):+.1f} to {max(won):+.1f} %"
