"""CPU seconds of reading a stored tomogram from memory: decoding, and the library's own work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from cryoet_zarr_bench.layouts.opened_levels import open_level
from cryoet_zarr_bench.layouts.reading_figures import ReadingPattern
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel
from cryoet_zarr_bench.storage.engines import CountedEngine

TIMED = ("xy_slice", "xz_slice", "yz_slice", "volume", "coarse_level", "first_view", "open")
"""The patterns that are timed: those of hundreds of boxes would take minutes in large chunks."""

TIMES = 3
"""Times that each is read, after once to warm up."""


def reading_seconds(
    engine: CountedEngine, levels: Sequence[StoredLevel], pattern: ReadingPattern
) -> float:
    """The median CPU seconds of opening and reading, all threads of this process together."""
    reads = pattern.reads(levels)
    found = []
    for _ in range(TIMES + 1):
        begin = time.process_time()
        for level, boxes in reads:
            volume = open_level(engine, level)
            for box in boxes:
                volume[box]
        found.append(time.process_time() - begin)
    return median(found[1:])
