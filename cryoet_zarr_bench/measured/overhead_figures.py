"""Overhead of a chunk, and of reading and writing compared with a plain file.

Time over the number of chunks is close to a line: the same bytes take the same time in any chunks,
and each chunk adds calls, metadata and a file. The slope of that line is the overhead.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.measured.clocks import CPU_TIMES_FILE
from cryoet_zarr_bench.storage.config import StorageConfig, parse_chunks

MOST_VOXELS = 128
"""Along each axis, of the part of the tomogram that is measured."""

_PIECE = 2**20


@dataclass(frozen=True)
class Both:
    """Seconds of wall time and of CPU time (user and system, all threads) of the same call."""

    wall: float
    cpu: float


def timed(call: Callable[[], Any]) -> Both:
    """Make a call, and read both clocks around it."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Both(cpu=time.process_time() - cpu, wall=time.perf_counter() - wall)


def chunk_series(chunks: str) -> list[str]:
    """The chunk shapes a slope is over: the one named, and it doubled along each axis, twice."""
    z, y, x = parse_chunks(chunks)
    return [f"{z * factor}x{y * factor}x{x * factor}" for factor in (1, 2, 4)]


def series_of(config: StorageConfig) -> list[StorageConfig]:
    """The configs that differ from the one given in their chunk shape alone, smallest first."""
    return [
        StorageConfig.of(config.codec.name, chunks, config.zarr_format)
        for chunks in chunk_series(config.chunks_text)
    ]


def whole_chunks(tomogram: np.ndarray, chunk_shapes: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """The corner of a tomogram (z, y, x) that chunks of each shape fill without padding.

    Along each axis a whole multiple of every chunk, of 128 voxels at most where that can be. A
    tomogram that is shorter than one such chunk is gone on with from its beginning.
    """
    for axis, lengths in enumerate(zip(*chunk_shapes, strict=True)):
        unit = math.lcm(*lengths)
        length = max(1, min(tomogram.shape[axis], MOST_VOXELS) // unit) * unit
        tomogram = np.take(tomogram, range(length), axis=axis, mode="wrap")
    return np.ascontiguousarray(tomogram)


def chunk_count(shape: Sequence[int], chunks: Sequence[int]) -> int:
    """The number of chunks of an array of that shape (z, y, x)."""
    pairs = zip(shape, chunks, strict=True)
    return math.prod(-(-length // chunk) for length, chunk in pairs)


def slope(seconds: Mapping[int, float]) -> float:
    """Seconds a chunk, of seconds by the number of chunks: the median of the slopes of all pairs.

    Theil (1950), Sen (1968): median over i < j of (t_j - t_i) / (n_j - n_i).
    """
    return statistics.median(
        (later - sooner) / (more - fewer)
        for (fewer, sooner), (more, later) in itertools.combinations(sorted(seconds.items()), 2)
    )


def slopes(calls: Mapping[int, Callable[[], Both]], rounds: int) -> list[Both]:
    """Seconds a chunk, by both clocks, of several rounds; `calls` are by their number of chunks.

    Each round makes every call once, in turns forwards and backwards, so that what disturbs the
    machine is spread over all of them. The median over rounds is then right as long as fewer than
    half of them were disturbed.
    """
    found = []
    for number in range(rounds):
        order = list(calls)[:: -1 if number % 2 else 1]
        times = {count: calls[count]() for count in order}
        found.append(
            Both(
                wall=slope({count: each.wall for count, each in times.items()}),
                cpu=slope({count: each.cpu for count, each in times.items()}),
            )
        )
    return found


def ratios(call: Callable[[], Both], plain: Callable[[], Both], rounds: int) -> list[Both]:
    """Time of a call as a multiple of the plain one, by both clocks, in several rounds.

    The two are made one after the other, in turns A B and B A.
    """
    found = []
    for number in range(rounds):
        if number % 2:
            beside, of = plain(), call()
        else:
            of, beside = call(), plain()
        found.append(Both(wall=of.wall / beside.wall, cpu=of.cpu / beside.cpu))
    return found


def copy_file(source: Path, target: Path) -> None:
    """Copy a file through this process's memory, in pieces of 1 MiB."""
    piece = memoryview(bytearray(_PIECE))
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        while count := reader.readinto(piece):
            writer.write(piece[:count])


def read_file(path: Path) -> np.ndarray:
    """All bytes of a file, in new memory, by one call."""
    return np.fromfile(path, dtype=np.uint8)


def as_samples(found: list[Both], factor: float = 1.0) -> dict[str, Any]:
    """Result of a `track_` benchmark in the form whose samples asv keeps; their median is the
    figure.

    asv takes this form for samples of a clock, whatever a benchmark is called. Those of CPU time
    are left for the twin named `_cpu`, as those of timed calls are. Both are times `factor`.
    """
    path = os.environ.get(CPU_TIMES_FILE)
    if path:
        # The host takes as many as there are samples from the end; what comes before is warming up.
        Path(path).write_text(json.dumps([0.0, *as_cpu_samples(found, factor)["samples"]]))
    return {"samples": [short(each.wall * factor) for each in found], "number": 1}


def as_cpu_samples(found: list[Both], factor: float = 1.0) -> dict[str, Any]:
    """Result of the twin named `_cpu` where it makes calls of its own."""
    return {"samples": [short(each.cpu * factor) for each in found], "number": 1}
