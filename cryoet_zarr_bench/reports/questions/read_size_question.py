"""Which size of reads does S3 like?"""

from __future__ import annotations

import math

from cryoet_zarr_bench.layouts.reading_places import FILE_SYSTEMS, PLACES
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.storage.object_store.bucket import Request
from cryoet_zarr_bench.storage.object_store.request_replay import Place, replayed_seconds

QUESTION = Question(
    "Which size of reads does S3 like?",
    "Asked in [cubed #237](https://github.com/cubed-dev/cubed/issues/237).",
    "cryoet-zarr-bench s3-reading",
)

READ = 10**9
"""Bytes that are read in all."""

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 8_000_000, 16_000_000, 64_000_000)
GOOD = 0.9
"""Reads are large enough where they reach this part of what the largest ones reach."""


def bytes_per_second(size: int, place: Place) -> float:
    """What reads of one size reach at a place, all of them asked for at once."""
    whole = Request("GET", "", None, None, size, 0.0, 0.0)
    return READ / replayed_seconds([whole] * math.ceil(READ / size), place)


def answer() -> Answer:
    """Megabytes a second at every place, by the model."""
    found = {
        name: {size: bytes_per_second(size, place) for size in SIZES}
        for name, place in PLACES.items()
        if name not in FILE_SYSTEMS
    }
    enough = {
        name: min(size for size, speed in speeds.items() if speed >= GOOD * max(speeds.values()))
        for name, speeds in found.items()
    }
    low, high = min(enough.values()), max(enough.values())
    line = (
        f"Reads of {high / 1e6:g} MB reach {100 * GOOD:.0f} % of the most everywhere; "
        f"of {low / 1e6:g} MB where latency is least."
    )
    rows = [
        (name, *(f"{speed / 1e6:.0f}" for speed in speeds.values()), f"{enough[name] / 1e6:g} MB")
        for name, speeds in found.items()
    ]
    headings = ("place", *(f"{size / 1e6:g} MB" for size in SIZES), "enough")
    note = (
        "MB/s of reading 1 GB in requests of one size, by the model of latency; how it agrees with "
        "a real server is said below."
    )
    return Answer(line, headings, rows, note)
