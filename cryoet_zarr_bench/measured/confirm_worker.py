"""A process in a measured environment that makes the suite's calls one by one, when told.

`confirm` starts one in each of two releases and lets them take turns. It is told and it answers in
lines of JSON, on standard input and output; what a library prints goes to standard error.
"""

from __future__ import annotations

import functools
import gc
import io
import itertools
import json
import os
import pickle
import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

CORE = "stored.StoredTomogram"
"""The stores of writing, reading and opening; they are named by their configs alone."""

CACHE = "cache.pickle"

ON_DISK = "on_disk"
"""A link in the folder that holds the stores, to where those of them are that lie on a disk."""


def main() -> None:
    """Do one task of five, named by the first argument, in the folder that the second names.

    `suite` tells what the suite has, `stores` writes the stores that its calls need, `calls`,
    `counts` and `kernel` make calls of the suite on those stores.
    """
    # Only asv's runner and the release are installed here, this project is not.
    sys.path.append(str(PROJECT))
    task, folder = sys.argv[1:]
    os.chdir(folder)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from cryoet_zarr_bench.measured.process_inputs import DISK_STORES

    on_disk = Path.cwd() / ON_DISK
    os.environ[DISK_STORES] = str(on_disk) if on_disk.exists() else ""
    if task == "suite":
        _say(answers, {"benchmarks": [_described(each) for each in _discovered().values()]})
    elif task == "stores":
        _say(answers, _make_store_sets(json.loads(sys.stdin.readline())["cells"]))
    elif task == "counts":
        # Under valgrind a thread takes fifty times as long, and would be asked fifty times as often
        # to let another one work: more work, and never the same.
        sys.setswitchinterval(60)
        _take_calls(answers, _count)
    else:
        from cryoet_zarr_bench.measured.cpu_cores import keep_to_one_core
        from cryoet_zarr_bench.measured.freed_memory import keep_freed_memory
        from cryoet_zarr_bench.measured.heap_layout import shift_heap

        # As asv's processes do.
        keep_to_one_core()
        keep_freed_memory()
        # Releases differ by where things lie, too: each pair draws anew.
        shift_heap()
        _take_calls(answers, _count_page_faults if task == "kernel" else _measure)


def _discovered() -> dict[str, Any]:
    """The suite's benchmarks by their names, as asv finds them."""
    from asv_runner.discovery import disc_benchmarks

    return {each.name: each for each in disc_benchmarks("benchmarks")}


def _described(benchmark: Any) -> dict[str, Any]:
    return {"name": benchmark.name, "type": benchmark.type, "params": benchmark._params}


def store_key(store_set: str, config: str) -> str:
    """The name of a store among those of all sets: several engines may write one config."""
    return config if store_set == CORE else f"{config} ({store_set})"


def _store_set_of(benchmark: Any) -> str:
    """The set that a benchmark's stores are in: the class whose `setup_cache` makes them."""
    make = benchmark._setup_cache
    if make is None:
        return ""
    module = make.__module__.split(".", 1)[1]
    return f"{module}.{make.__qualname__.rsplit('.', 1)[0]}"


def _make_store_sets(cells: list[tuple[str, str]]) -> dict[str, Any]:
    """Write and verify what these cells, a benchmark and a config each, read.

    Returns what lies on the disk then of all sets of stores, by `store_key`, and which benchmark
    has which set of stores.
    """
    said: dict[str, Any] = {"stores": {}, "impossible": {}, "failed": {}, "store_sets": {}}
    benchmarks = _discovered()
    by_store_set: dict[str, list[str]] = {}
    for name, _ in cells:
        said["store_sets"][name] = store_set = _store_set_of(benchmarks[name])
        by_store_set.setdefault(store_set, []).append(name)
    folder = Path.cwd()
    for store_set, names in by_store_set.items():
        if not store_set:
            continue
        wanted = list(dict.fromkeys(config for name, config in cells if name in names))
        make = functools.partial(
            _make_store_set,
            folder,
            store_set,
            wanted,
            None if store_set == CORE else benchmarks[names[0]],
        )
        for what, found in _in_its_own_process(make).items():
            said[what] |= {store_key(store_set, config): each for config, each in found.items()}
    # Or the kernel would write these stores back in the midst of what is timed.
    os.sync()
    return said


def _make_store_set(
    folder: Path, store_set: str, wanted: list[str], benchmark: Any
) -> dict[str, dict[str, Any]]:
    """Make the stores of a benchmark's class, of the core where None, and tell of them.

    What goes wrong is the reason why there is no figure of the configs that are `wanted`.
    """
    (folder / store_set).mkdir()
    os.chdir(folder / store_set)
    try:
        cache = _core(wanted) if benchmark is None else benchmark.do_setup_cache()
        _keep(cache, folder)
    except Exception as error:
        word = "impossible" if isinstance(error, NotImplementedError) else "failed"
        return {word: dict.fromkeys(wanted, f"{type(error).__name__}: {error}")}
    return _stores_of(cache)


def _in_its_own_process(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Call `make` in a fork of this process, as asv runs each `setup_cache`, and return its result.

    An engine takes over the process it works in: the next class would be written by it too. Raises
    RuntimeError if the fork ends by itself.
    """
    receiver, sender = os.pipe()
    fork = os.fork()
    if fork == 0:
        code = 1
        try:
            os.close(receiver)
            with os.fdopen(sender, "w") as answer:
                json.dump(make(), answer)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(sender)
    with os.fdopen(receiver) as answer:
        said = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
    # A library may end it with 0 as well, before it has said anything.
    if code or not said:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise RuntimeError(f"the process that makes the stores of a class ended by itself, {how}")
    found: dict[str, Any] = json.loads(said)
    return found


def _core(names: list[str]) -> Any:
    """The set of stores of the core with the configs of these names alone."""
    from cryoet_zarr_bench.measured.prepared_stores.core_stores import prepare_store_set
    from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
    from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
    from cryoet_zarr_bench.storage.grid import selected_profile

    configs = [each for each in selected_profile().every_config() if each.name in set(names)]
    return prepare_store_set(open_prepared(prepared_tomogram_path()), Path.cwd(), configs)


def _stores_of(cache: Any) -> dict[str, dict[str, Any]]:
    """Describe the stores of a class that has a set of stores as the core does."""
    from cryoet_zarr_bench.measured.prepared_stores.store_set import fingerprints

    store_set = _store_set_in(cache)
    if store_set is None:
        return {}
    return {
        "stores": fingerprints(store_set),
        "impossible": store_set.impossible,
        "failed": store_set.failed,
    }


def _store_set_in(cache: Any) -> Any:
    """The first set of stores in what a class keeps: it, an attribute of it, or one of several."""
    from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet

    held = [cache, *vars(cache).values()] if hasattr(cache, "__dict__") else [cache]
    several = [each for part in held if isinstance(part, dict) for each in part.values()]
    return next((each for each in [*held, *several] if isinstance(each, StoreSet)), None)


class _Pickler(pickle.Pickler):
    """Keeps paths under a folder relative to it, so that a copy of it is whole."""

    def __init__(self, file: io.BufferedIOBase, folder: Path) -> None:
        super().__init__(file)
        self._folder = folder

    def persistent_id(self, value: Any) -> str | None:
        if isinstance(value, Path) and value.is_relative_to(self._folder):
            return str(value.relative_to(self._folder))
        return None


class _Unpickler(pickle.Unpickler):
    """Takes such paths to be under another folder."""

    def __init__(self, content: bytes, folder: Path) -> None:
        super().__init__(io.BytesIO(content))
        self._folder = folder

    def persistent_load(self, relative: str) -> Path:
        return self._folder / relative


def _keep(cache: Any, folder: Path) -> None:
    with open(CACHE, "wb") as file:
        _Pickler(file, folder).dump(cache)


class _Cells:
    """The suite's cells, each ready to be called once the store it reads from is known.

    As under asv, a cell has an instance of its class for itself and its class's folder to work in.
    """

    def __init__(self) -> None:
        self._benchmarks = _discovered()
        self._folder = Path.cwd()
        self._caches: dict[tuple[str, Path], Any] = {}
        self._last: tuple[Any, Any] = (None, None)

    def get(self, wanted: dict[str, Any]) -> Any:
        """The benchmark of a request, its parameters and cache set."""
        stores = Path(wanted.get("stores", self._folder))
        key = wanted["benchmark"], tuple(wanted["parameters"]), stores
        if self._last[0] != key:
            # One at a time: each may hold a tomogram.
            self._last = None, None
            self._last = key, self._made(*key)
        return self._last[1]

    def _made(self, name: str, parameters: tuple[Any, ...], stores: Path) -> Any:
        found = self._benchmarks[name]
        module, _, method = name.rsplit(".", 2)
        instance = type(found.func.__self__)()
        sources = [getattr(instance, method), instance, sys.modules[f"benchmarks.{module}"]]
        benchmark = type(found)(name, sources[0], sources)
        index = list(itertools.product(*benchmark._params)).index(parameters)
        benchmark.set_param_idx(index)
        store_set = _store_set_of(benchmark)
        os.chdir(self._folder / store_set)
        if store_set:
            if (store_set, stores) not in self._caches:
                content = Path(CACHE).read_bytes()
                self._caches[store_set, stores] = _Unpickler(content, stores).load()
            benchmark.set_cache(self._caches[store_set, stores])
        return benchmark


def _take_calls(answers: Any, measure: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> None:
    cells = _Cells()
    # Everything imported so far is of no concern to the collector, whose work would be timed.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            _say(answers, measure(cells.get(wanted), wanted))
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
    from cryoet_zarr_bench.common.peak_memory import peak_memory

    return {"cpu": cpu / times, "wall": wall / times, "memory": peak_memory()}


def _count_page_faults(benchmark: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """The page faults of each call, from the third on: the first two make much that is kept.

    Before and after each call the kernel is asked for a path that is not there, which begins with
    `mark`: whoever traces this process sees where a call begins and ends.
    """
    faults = []
    for number in range(-2, wanted["times"]):
        if benchmark.do_setup():
            return {"impossible": "n/a in this release"}
        function, parameters = benchmark.func, benchmark._build_params()
        gc.disable()
        try:
            os.access(f"{wanted['mark']}/{number}/begin", os.F_OK)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            function(*parameters)
            after = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            os.access(f"{wanted['mark']}/{number}/end", os.F_OK)
        finally:
            gc.enable()
            benchmark.do_teardown()
        faults += [after - before] * (number >= 0)
    return {"faults": faults}


def _count(benchmark: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Count the instructions of a call, from the third on: the first two make much that is kept.

    Where `wanted` has `times`, so many calls are counted, each under the name with its number.
    Counted is the benchmark's own call, or, where `wanted` names a `part`, the codec's `encode` or
    `decode` of the first chunk alone. Callgrind has the number, under the name that is answered.
    """
    from cryoet_zarr_bench.measured.callgrind import counted, counting

    times = wanted.get("times", 1)
    with ExitStack() as stack:
        for number in range(-2, times):
            if benchmark.do_setup():
                return {"impossible": "n/a in this release"}
            function, parameters = benchmark.func, benchmark._build_params()
            if wanted.get("part"):
                function, parameters = _codec_call(benchmark, wanted["part"])
            if number == 0:
                stack.enter_context(counting())
            name = wanted["name"] if times == 1 else f"{wanted['name']} #{number}"
            gc.disable()
            try:
                with nullcontext() if number < 0 else counted(name):
                    function(*parameters)
            finally:
                gc.enable()
                benchmark.do_teardown()
    return {"counted": wanted["name"]}


def _codec_call(benchmark: Any, part: str) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function and arguments by which numcodecs encodes or decodes a config's first chunk."""
    from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
    from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
    from cryoet_zarr_bench.storage.config import StorageConfig
    from cryoet_zarr_bench.storage.engines import numcodecs_codec

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
