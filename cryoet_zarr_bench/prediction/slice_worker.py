"""A process that writes voxels by a storage config and times slices, one store after the other.

It is told each by a JSON object on a line of standard input, and answers each by one on standard
output. It has the library's own threads: as a program of a user's would read.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write what each line of standard input names, and read slices of it."""
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_measured(json.loads(line))) + "\n")
        answers.flush()


def _measured(request: dict[str, Any]) -> dict[str, Any]:
    """Seconds to write, seconds of opening, and of opening and reading slices by their axis."""
    import numpy as np

    from cryoet_zarr_bench.measured.page_cache import drop
    from cryoet_zarr_bench.storage.boxes import boxes
    from cryoet_zarr_bench.storage.config import StorageConfig
    from cryoet_zarr_bench.storage.engines import engine_called, take_over

    engine = engine_called("zarr-python")
    take_over(engine, one_thread=False)
    tomogram = np.load(request["voxels"], mmap_mode="r")
    store, config = Path(request["store"]), StorageConfig.parse(request["config"])
    begin = time.perf_counter()
    array = engine.create(store, tomogram.shape, tomogram.dtype, config)
    for box in boxes(tomogram.shape, config.stored_shape, tomogram.dtype.itemsize):
        array[box] = tomogram[box]
    written = time.perf_counter() - begin

    def seconds(index: tuple[int | slice, ...] | None) -> float:
        if request["cold"]:
            drop(store)
        start = time.perf_counter()
        opened = engine.open(store)
        if index is not None:
            opened[index]
        return time.perf_counter() - start

    seconds(None)
    opening = [seconds(None) for _ in range(request["times"])]
    slices: dict[str, list[float]] = {}
    for axis in request["axes"]:
        across: list[tuple[int | slice, ...]] = []
        for number in range(request["times"] + 1):
            index: list[int | slice] = [slice(None)] * 3
            # Through different chunks each time, from one end to the other.
            at = (2 * number + 1) * tomogram.shape[axis] // (2 * request["times"] + 2)
            index[axis] = at
            across.append(tuple(index))
        slices[str(axis)] = [seconds(index) for index in across][1:]
    return {"writing": written, "opening": opening, "slices": slices}


if __name__ == "__main__":
    main()
