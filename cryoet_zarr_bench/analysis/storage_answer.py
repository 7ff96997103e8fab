"""The answer that the figures of one release give to: how should I store this tomogram?"""

from __future__ import annotations

from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease

TOLERATED = 0.01
"""How much larger than the smallest a store may be where it is quicker: 1 %."""

RATIO = "storage.Storage.track_compression_ratio"
WRITE = "write.Write.time_write"
READ = "read.Read.time_read_volume"


def answer(release: MeasuredRelease, zarr_format: int) -> str | None:
    """One or two sentences on the smallest store and on a quicker one of nearly its size.

    Quicker is the one that is written and read in the least wall time together, among those whose
    ratio is within 1 % of the best. None if the release has no figures in that format.
    """
    cells = {
        cell: (
            ratio,
            release.figure(WRITE, cell),
            release.figure(READ, cell),
        )
        for cell, ratio in release.figures.get(RATIO, {}).items()
        if cell.zarr_format == zarr_format
    }
    known = {
        cell: (ratio, write, read)
        for cell, (ratio, write, read) in cells.items()
        if write is not None and read is not None
    }
    if not known:
        return None
    smallest = max(known, key=lambda cell: known[cell][0])
    best, slow_write, slow_read = known[smallest]
    quickest = min(
        (cell for cell in known if known[cell][0] >= best * (1 - TOLERATED)),
        key=lambda cell: known[cell][1] + known[cell][2],
    )
    ratio, write, read = known[quickest]
    said = f"Smallest: {_named(smallest)}, {best:.3f} times smaller than in memory."
    if quickest == smallest:
        return f"{said} No config within 1 % of that size is faster to write and read."
    return (
        f"{said} Fastest within 1 % of that size: {_named(quickest)} ({ratio:.3f} times smaller). "
        f"It takes {write / slow_write:.2f} of the write time and {read / slow_read:.2f} of the "
        "read time of the smallest."
    )


def _named(cell: Cell) -> str:
    return f"{cell.codec} in chunks of {cell.chunks}"
