"""A process that writes a layout, or counts what reading and changing it takes, and then ends.

It is told what by one JSON object on standard input, and answers by one on standard output; what a
library prints goes to standard error. A fresh process for each task: the most memory that it has
had is of that task alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Do the task that standard input names: one of `TASKS`."""
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    answers.write(json.dumps(TASKS[request["task"]](request)) + "\n")
    answers.flush()


def _write(request: dict[str, Any]) -> dict[str, Any]:
    """Write every level by the config of its shape, and tell what that took."""
    from cryoet_zarr_bench.common.peak_memory import peak_memory
    from cryoet_zarr_bench.layouts.named_layouts import layout_called
    from cryoet_zarr_bench.layouts.referenced_planes import write_mrc
    from cryoet_zarr_bench.layouts.ruled_writing import write_by_rule
    from cryoet_zarr_bench.storage.engines import installed_engine

    tomogram, engine = _tomogram(request), installed_engine()
    layout, store = layout_called(request["layout"]), Path(request["store"])
    before = peak_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    if layout.is_file:
        write_mrc(tomogram, store, (request["spacing"],) * 3)
    else:
        write_by_rule(engine, tomogram, store, layout, request["spacing"])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "memory": peak_memory(), "before": before}


def _read(request: dict[str, Any]) -> dict[str, Any]:
    """Read by one pattern and count."""
    from cryoet_zarr_bench.layouts.reading_figures import PATTERNS, reading_figures
    from cryoet_zarr_bench.layouts.reading_places import PLACES
    from cryoet_zarr_bench.layouts.referenced_planes import levels_of
    from cryoet_zarr_bench.storage.engines import installed_engine

    tomogram, pattern = _tomogram(request), PATTERNS[request["pattern"]]
    levels = levels_of(Path(request["store"]), tomogram)
    return asdict(reading_figures(installed_engine(), levels, tomogram, pattern, PLACES))


def _time(request: dict[str, Any]) -> dict[str, float]:
    """Read by each pattern that is timed, on one core: pattern -> CPU seconds."""
    from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
    from cryoet_zarr_bench.layouts.reading_times import TIMED, reading_seconds
    from cryoet_zarr_bench.layouts.referenced_planes import levels_of
    from cryoet_zarr_bench.measured.cpu_cores import keep_to_one_core
    from cryoet_zarr_bench.storage.engines import installed_engine

    keep_to_one_core()
    levels = levels_of(Path(request["store"]), _tomogram(request))
    engine = installed_engine()
    return {name: reading_seconds(engine, levels, PATTERNS[name]) for name in TIMED}


def _change(request: dict[str, Any]) -> dict[str, Any]:
    """Change a part of a copy and count."""
    from cryoet_zarr_bench.common.peak_memory import peak_memory
    from cryoet_zarr_bench.layouts.changing_figures import changing_figures
    from cryoet_zarr_bench.layouts.referenced_planes import levels_of
    from cryoet_zarr_bench.storage.engines import installed_engine

    tomogram = _tomogram(request)
    finest = levels_of(Path(request["store"]), tomogram)[0]
    found = changing_figures(
        installed_engine(), finest, tomogram, request["change"], Path(request["folder"])
    )
    return {**asdict(found), "memory": peak_memory()}


def _crop(request: dict[str, Any]) -> dict[str, Any]:
    """Read a small box through one class of store, and tell the memory that took."""
    from cryoet_zarr_bench.layouts.crop_memory import crop_memory

    return crop_memory(request["store_class"], Path(request["store"]), _tomogram(request))


def _tomogram(request: dict[str, Any]) -> Any:
    import numpy as np

    return np.load(request["tomogram"], mmap_mode="r")


TASKS = {"write": _write, "read": _read, "time": _time, "change": _change, "crop": _crop}
"""What the process can be told."""


if __name__ == "__main__":
    main()
