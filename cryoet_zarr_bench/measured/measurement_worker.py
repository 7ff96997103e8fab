"""A process in a measured environment that writes or times the stores of `measure`, then ends.

It is told what to do by one JSON object on standard input, and answers by one on standard output;
what a library prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

WRITE = "write"
"""The one pattern that is not of reading: create the array and write the whole tomogram."""

FEWEST_CALLS, ENOUGH_SECONDS, MOST_CALLS = 3, 0.2, 50
"""Of one pattern in one process, after a call to warm up: at least so many calls, and more until so
much time has passed."""


def main() -> None:
    """Do the task that standard input names: `write_stores` or `time_calls`."""
    # The release alone is installed here, this project need not be.
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    task = {"write_stores": _write_stores, "time_calls": _time_calls}[request["task"]]
    answers.write(json.dumps(task(request)) + "\n")
    answers.flush()


def _write_stores(request: dict[str, Any]) -> dict[str, Any]:
    """Write and verify every config, and count the requests that each pattern makes."""
    from cryoet_zarr_bench.measured.installed_release import check_release
    from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
    from cryoet_zarr_bench.storage.engines import installed_engine
    from cryoet_zarr_bench.storage.patterns.request_counts import count_reading

    packages = check_release(request["packages"])
    engine, tomogram = installed_engine(), _tomogram(request)
    configs, folder = _configs(request), Path(request["folder"])
    found = write_store_set(engine, tomogram, folder, list(configs.values()))
    by_name = {config.name: told for told, config in configs.items()}
    boxes = _boxes_of(request["patterns"], tomogram.shape)
    stores = {}
    for name, store in found.stores.items():
        stores[by_name[name]] = {
            "stored_bytes": store.stored_bytes,
            "files": store.file_count,
            "ratio": store.compression_ratio,
            "gets": {
                pattern: count_reading(engine, store.folder, boxes[pattern], tomogram).gets
                for pattern in request["patterns"]
                if pattern != WRITE
            },
        }
    return {
        "packages": {name: each["version"] for name, each in packages.items()},
        "stores": stores,
        "reasons": {
            by_name[name]: reason for name, reason in {**found.impossible, **found.failed}.items()
        },
    }


def _time_calls(request: dict[str, Any]) -> dict[str, Any]:
    """Time the calls of every pattern in every store, stores in an order drawn anew."""
    from cryoet_zarr_bench.measured.cpu_cores import keep_to_one_core
    from cryoet_zarr_bench.measured.freed_memory import keep_freed_memory
    from cryoet_zarr_bench.measured.heap_layout import shift_heap
    from cryoet_zarr_bench.storage.engines import installed_engine

    keep_to_one_core()
    keep_freed_memory()
    shift_heap()
    engine, tomogram = installed_engine(), _tomogram(request)
    configs = list(_configs(request).items())
    random.shuffle(configs)
    boxes = _boxes_of(request["patterns"], tomogram.shape)
    timed: dict[str, Any] = {}
    for told, config in configs:
        store = Path(request["folder"]) / config.name
        config = config.for_values_of(tomogram)
        timed[told] = {
            pattern: _timed_writing(engine, tomogram, config, store)
            if pattern == WRITE
            else _timed_reading(engine, store, boxes[pattern])
            for pattern in request["patterns"]
        }
    return {"timed": timed}


def _timed_writing(engine: Any, tomogram: Any, config: Any, store: Path) -> list[list[float]]:
    from cryoet_zarr_bench.storage.stores.verified_store import size_on_disk

    target = store.with_name("written")
    wanted = size_on_disk(store)

    def clear() -> None:
        shutil.rmtree(target, ignore_errors=True)

    def check() -> None:
        if (found := size_on_disk(target)) != wanted:
            raise RuntimeError(f"{found} bytes were written, the verified store has {wanted}")

    return _timed(lambda: engine.write(tomogram, target, config), clear, check)


def _timed_reading(engine: Any, store: Path, boxes: list[Any]) -> list[list[float]]:
    array = None

    def open_anew() -> None:
        # Nothing that was decoded may be left over.
        nonlocal array
        array = engine.open(store)

    def read() -> None:
        for box in boxes:
            array[box]  # type: ignore[index]

    if not boxes:
        return _timed(lambda: engine.open(store))
    return _timed(read, open_anew)


def _timed(
    call: Callable[[], object],
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
) -> list[list[float]]:
    """Wall and CPU seconds of each call, the one that warms up left out."""
    found: list[list[float]] = []
    spent = 0.0
    while len(found) <= FEWEST_CALLS or (spent < ENOUGH_SECONDS and len(found) <= MOST_CALLS):
        before()
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        after()
        found.append([wall, cpu])
        spent += wall
    before()
    return found[1:]


def _tomogram(request: dict[str, Any]) -> Any:
    from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared

    return open_prepared(request["tomogram"]).load()


def _configs(request: dict[str, Any]) -> dict[str, Any]:
    from cryoet_zarr_bench.storage.config import StorageConfig

    return {told: StorageConfig.of(*parts) for told, parts in request["configs"].items()}


def _boxes_of(patterns: list[str], shape: tuple[int, ...]) -> dict[str, list[Any]]:
    from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS, SEED

    return {
        name: ACCESS_PATTERNS[name].boxes(shape, SEED)[: ACCESS_PATTERNS[name].timed]
        for name in patterns
        if name != WRITE
    }


if __name__ == "__main__":
    main()
