"""What reading a stored tomogram asks of an object store: every access pattern, counted exactly.

The requests are those that zarr-python makes. What is read is compared with the tomogram bit by
bit. How long the requests take at a place follows from them, see `request_replay`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.layouts.opened_levels import bucket_of, level_in_bucket, open_level
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel
from cryoet_zarr_bench.storage.boxes import Box, Voxels, boxes
from cryoet_zarr_bench.storage.engines import CountedEngine
from cryoet_zarr_bench.storage.object_store.bucket import Request
from cryoet_zarr_bench.storage.object_store.request_replay import Place, replayed_seconds
from cryoet_zarr_bench.storage.patterns.access_patterns import (
    ACCESS_PATTERNS,
    SEED,
    SLICES,
    slice_across,
)
from cryoet_zarr_bench.storage.patterns.request_counts import bytes_used, over_read
from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

AT_ONCE = 256 * 2**20
"""Bytes that are read at once where all of a tomogram is read: larger ones are walked through."""

PANEL = 512
"""Pixels along an edge of one of the four panels of a viewer such as neuroglancer."""

FIRST_VIEW = "first_view"

Levels = Sequence[StoredLevel]
Read = tuple[StoredLevel, list[Box]]
"""A level, and the boxes that are read of it one after the other."""


@dataclass(frozen=True)
class ReadingPattern:
    """A way to read a pyramid: `name` and `title`, and what is read of which levels."""

    name: str
    title: str
    reads: Callable[[Levels], list[Read]]


def _of_finest(name: str) -> Callable[[Levels], list[Read]]:
    pattern = ACCESS_PATTERNS[name]
    return lambda levels: [(levels[0], pattern.boxes(levels[0].shape, SEED))]


def walk(level: StoredLevel) -> list[Box]:
    """All of a level in boxes of whole chunks, of at most `AT_ONCE` where a chunk is no larger."""
    return list(boxes(level.shape, level.chunks, level.itemsize, AT_ONCE))


def _quarter(levels: Levels) -> list[Read]:
    """The level whose x axis is nearest to a quarter of the finest one's."""
    wanted = levels[0].shape[2] / 4
    coarse = min(levels, key=lambda level: abs(level.shape[2] - wanted))
    return [(coarse, walk(coarse))]


def _first_view(levels: Levels) -> list[Read]:
    """What a viewer shows first: three slices of the coarsest level, then of one fine enough.

    That is the coarsest level which has at least as many voxels along x as a panel has pixels.
    """
    fine = next((level for level in reversed(levels) if level.shape[2] >= PANEL), levels[0])
    shown = [levels[-1]] if fine == levels[-1] else [levels[-1], fine]
    slices = [slice_across(axis) for axis in range(len(SLICES))]
    return [(level, [box for cut in slices for box in cut(level.shape, SEED)]) for level in shown]


PATTERNS = {
    pattern.name: pattern
    for pattern in (
        *(
            ReadingPattern(name, ACCESS_PATTERNS[name].title, _of_finest(name))
            for name in (*SLICES, "particles", "patches", "tiles")
        ),
        ReadingPattern("volume", "full volume", lambda levels: [(levels[0], walk(levels[0]))]),
        ReadingPattern("coarse_level", "coarse level", _quarter),
        ReadingPattern(FIRST_VIEW, "first view in a viewer", _first_view),
        ReadingPattern("open", "open only", _of_finest("open")),
    )
}
"""Every way in which layouts are read, by its name."""


@dataclass(frozen=True)
class ReadingFigures:
    """Exact figures of one pattern: GETs, bytes fetched, and the voxels' own bytes.

    `over_read` is bytes decoded over bytes used, 0 where nothing is. `seconds` are those at each
    place, in the order of the places.
    """

    gets: int
    bytes_fetched: int
    bytes_used: int
    over_read: float
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class CountedReading:
    """What reading by a pattern asked for: the requests, bytes used, and bytes decoded for them."""

    requests: list[Request]
    used: int
    decoded: float


def counted_reading(
    engine: CountedEngine, levels: Levels, tomogram: Voxels, pattern: ReadingPattern
) -> CountedReading:
    """Read by one pattern and check what was read. StoreMismatch if a bit is another."""
    requests: list[Request] = []
    used, decoded, step = 0, 0.0, 0
    for level, wanted in pattern.reads(levels):
        expected = tomogram if level is levels[0] else open_level(engine, level)
        bucket = bucket_of(level)
        with level_in_bucket(engine, level, bucket) as array:
            for box in wanted:
                check_bit_equal(
                    np.asarray(expected[box]), array[box], tuple(side.start for side in box)
                )
        requests += [each.in_later_steps(step, len(requests)) for each in bucket.trace.requests]
        step = max((each.step for each in requests), default=0) + 1
        if wanted:
            these = bytes_used(wanted, level.itemsize)
            used += these
            decoded += these * over_read(wanted, level.chunks)
    return CountedReading(requests, used, decoded)


def reading_figures(
    engine: CountedEngine,
    levels: Levels,
    tomogram: Voxels,
    pattern: ReadingPattern,
    places: Mapping[str, Place],
) -> ReadingFigures:
    """Read by one pattern, check what was read, and count. StoreMismatch if a bit is another."""
    found = counted_reading(engine, levels, tomogram, pattern)
    return ReadingFigures(
        sum(each.kind == "GET" for each in found.requests),
        sum(each.moved for each in found.requests),
        found.used,
        found.decoded / found.used if found.used else 0.0,
        tuple(replayed_seconds(found.requests, place) for place in places.values()),
    )
