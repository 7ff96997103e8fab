"""A process in a measured environment that makes the suite's calls one by one, when told.

`confirm` starts one in each of two releases and lets them take turns. It is told and it answers in
lines of JSON, on standard input and output; what a library prints goes to standard error.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import pickle
import resource
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
SHELF = "shelf.pickle"


def main() -> None:
    """`worker.py shelf FOLDER` writes the stores; `calls` and `counts` make calls of them."""
    # Only asv's runner and the release are installed here, this project is not.
    sys.path.append(str(PROJECT))
    task, folder = sys.argv[1:]
    os.chdir(folder)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if task == "shelf":
        _say(answers, _make_shelf(json.loads(sys.stdin.readline())["configs"]))
    elif task == "counts":
        _take_calls(answers, _count)
    else:
        _take_calls(answers, _measure)


def _make_shelf(names: list[str]) -> dict[str, Any]:
    """Write and verify the configs of these names; tell what lies on the disk then."""
    from cryoet_zarr_bench.storage.grid import selected_profile
    from cryoet_zarr_bench.storage.session import prepared_tomogram_path
    from cryoet_zarr_bench.storage.shelf import prepare_shelf
    from cryoet_zarr_bench.storage.stores import fingerprints
    from cryoet_zarr_bench.tomograms.prepared import open_prepared

    wanted = set(names)
    configs = [config for config in selected_profile().configs() if config.name in wanted]
    shelf = prepare_shelf(open_prepared(prepared_tomogram_path()), Path.cwd(), configs)
    Path(SHELF).write_bytes(pickle.dumps(shelf))
    # Or the kernel would write these stores back in the midst of what is timed.
    os.sync()
    return {
        "stores": fingerprints(shelf),
        "impossible": shelf.impossible,
        "failed": shelf.failed,
    }


def _take_calls(answers: Any, measure: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> None:
    from asv_runner.discovery import disc_benchmarks

    benchmarks = {each.name: each for each in disc_benchmarks("benchmarks")}
    shelf = pickle.loads(Path(SHELF).read_bytes())
    # Everything imported so far is of no concern to the collector, whose work would be timed.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            benchmark = benchmarks[wanted["benchmark"]]
            parameters = tuple(wanted["parameters"])
            index = list(itertools.product(*benchmark._params)).index(parameters)
            benchmark.set_param_idx(index)
            if "store" in wanted:
                # The same store as the shelf has, in another place.
                store = shelf.stores[wanted["config"]]
                shelf.stores[wanted["config"]] = replace(store, folder=Path(wanted["store"]))
            benchmark.set_cache(shelf)
            _say(answers, measure(benchmark, wanted))
        except Exception as error:  # the reason why there is no figure
            _say(answers, {"error": f"{type(error).__name__}: {error}"})


def _measure(benchmark: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Make a call as many `times` as wanted, its setup left out of what is measured.

    `cpu` (all threads, user and system) and `wall` are seconds, the mean over the times; `memory`
    is the most that this process has ever had, in bytes.
    """
    times = wanted.get("times", 1)
    cpu = wall = 0.0
    for _ in range(times):
        if benchmark.do_setup():
            return {"impossible": "n/a in this release"}
        function, parameters = benchmark.func, benchmark._build_params()
        gc.disable()
        try:
            wall_begin, cpu_begin = time.perf_counter(), time.process_time()
            function(*parameters)
            cpu_end, wall_end = time.process_time(), time.perf_counter()
        finally:
            gc.enable()
            benchmark.do_teardown()
        cpu += cpu_end - cpu_begin
        wall += wall_end - wall_begin
    return {"cpu": cpu / times, "wall": wall / times, "memory": _peak_memory()}


def _peak_memory() -> int:
    """The most bytes of memory that this program has had.

    getrusage(2) would have the process that started it in, which was larger.
    """
    try:
        status = Path("/proc/self/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _count(benchmark: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Count the instructions of a call, the third: the first two differ, since much is made once.

    Counted is the benchmark's own call, or, where `wanted` names a `part`, the codec's `encode` or
    `decode` of the first chunk alone. Callgrind has the number, under the name that is answered.
    """
    from cryoet_zarr_bench.storage.callgrind import counted

    for call in range(3):
        if benchmark.do_setup():
            return {"impossible": "n/a in this release"}
        function, parameters = benchmark.func, benchmark._build_params()
        if wanted.get("part"):
            function, parameters = _codec_call(benchmark, wanted["part"])
        gc.disable()
        try:
            with counted(wanted["name"]) if call == 2 else nullcontext():
                function(*parameters)
        finally:
            gc.enable()
            benchmark.do_teardown()
    return {"counted": wanted["name"]}


def _codec_call(benchmark: Any, part: str) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function and arguments by which numcodecs encodes or decodes a config's first chunk."""
    from cryoet_zarr_bench.storage.config import StorageConfig
    from cryoet_zarr_bench.storage.engines import numcodecs_codec
    from cryoet_zarr_bench.storage.session import prepared_tomogram_path
    from cryoet_zarr_bench.tomograms.prepared import open_prepared

    config = StorageConfig.of(*benchmark._current_params)
    tomogram = open_prepared(prepared_tomogram_path()).load(mmap=True)
    filters, codec = numcodecs_codec.filters_and_compressor(config, tomogram.dtype)
    if filters:
        raise ValueError(f"{config.codec.name} is no single codec, whose work could be counted")
    chunk = tomogram[tuple(slice(0, length) for length in config.chunks)].copy()
    if codec is None:
        return chunk.copy, ()
    if part == "encode":
        return codec.encode, (chunk,)
    return codec.decode, (codec.encode(chunk),)


def _say(answers: Any, content: dict[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
