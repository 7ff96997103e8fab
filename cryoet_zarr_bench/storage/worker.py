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
from contextlib import nullcontext
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

CORE = "stored.StoredTomogram"
"""The shelf of what is written, read and opened: its stores are named by their configs alone."""

CACHE = "cache.pickle"

ON_DISK = "on_disk"
"""A link in the folder that holds the stores, to where those of them are that lie on a disk."""


def main() -> None:
    """`worker.py suite FOLDER` tells what the suite has, `shelf` writes the stores it needs.

    `calls` and `counts` make calls of the suite on those stores.
    """
    # Only asv's runner and the release are installed here, this project is not.
    sys.path.append(str(PROJECT))
    task, folder = sys.argv[1:]
    os.chdir(folder)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from cryoet_zarr_bench.storage.session import DISK_STORES

    on_disk = Path.cwd() / ON_DISK
    os.environ[DISK_STORES] = str(on_disk) if on_disk.exists() else ""
    if task == "suite":
        _say(answers, {"benchmarks": [_described(each) for each in _discovered().values()]})
    elif task == "shelf":
        _say(answers, _make_shelves(json.loads(sys.stdin.readline())["cells"]))
    elif task == "counts":
        _take_calls(answers, _count)
    else:
        from cryoet_zarr_bench.storage.cores import keep_to_one_core
        from cryoet_zarr_bench.storage.freed_memory import keep_freed_memory
        from cryoet_zarr_bench.storage.heap_layout import shift_heap

        # As asv's processes do.
        keep_to_one_core()
        keep_freed_memory()
        # Releases differ by where things lie, too: each pair draws anew.
        shift_heap()
        _take_calls(answers, _measure)


def _discovered() -> dict[str, Any]:
    """The suite's benchmarks by their names, as asv finds them."""
    from asv_runner.discovery import disc_benchmarks

    return {each.name: each for each in disc_benchmarks("benchmarks")}


def _described(benchmark: Any) -> dict[str, Any]:
    return {"name": benchmark.name, "type": benchmark.type, "params": benchmark._params}


def store_key(shelf: str, config: str) -> str:
    """What a store is called among those of all shelves: engines may write one config each."""
    return config if shelf == CORE else f"{config} ({shelf})"


def _shelf_of(benchmark: Any) -> str:
    """The shelf that a benchmark's stores are on: the class whose `setup_cache` makes them."""
    make = benchmark._setup_cache
    if make is None:
        return ""
    module = make.__module__.split(".", 1)[1]
    return f"{module}.{make.__qualname__.rsplit('.', 1)[0]}"


def _make_shelves(cells: list[tuple[str, str]]) -> dict[str, Any]:
    """Write and verify what these cells, a benchmark and a config each, read.

    Returns for the stores of all shelves what lies on the disk then, by `store_key`, and which
    benchmark has which shelf.
    """
    said: dict[str, Any] = {"stores": {}, "impossible": {}, "failed": {}, "shelves": {}}
    benchmarks = _discovered()
    by_shelf: dict[str, list[str]] = {}
    for name, _ in cells:
        said["shelves"][name] = shelf = _shelf_of(benchmarks[name])
        by_shelf.setdefault(shelf, []).append(name)
    folder = Path.cwd()
    for shelf, names in by_shelf.items():
        if not shelf:
            continue
        wanted = list(dict.fromkeys(config for name, config in cells if name in names))
        make = functools.partial(
            _make_shelf, folder, shelf, wanted, None if shelf == CORE else benchmarks[names[0]]
        )
        for what, found in _in_its_own_process(make).items():
            said[what] |= {store_key(shelf, config): each for config, each in found.items()}
    # Or the kernel would write these stores back in the midst of what is timed.
    os.sync()
    return said


def _make_shelf(
    folder: Path, shelf: str, wanted: list[str], benchmark: Any
) -> dict[str, dict[str, Any]]:
    """Make the stores of a benchmark's class, of the core where None, and tell of them.

    What goes wrong is the reason why there is no figure of the configs that are `wanted`.
    """
    (folder / shelf).mkdir()
    os.chdir(folder / shelf)
    try:
        cache = _core(wanted) if benchmark is None else benchmark.do_setup_cache()
        _keep(cache, folder)
    except Exception as error:
        word = "impossible" if isinstance(error, NotImplementedError) else "failed"
        return {word: dict.fromkeys(wanted, f"{type(error).__name__}: {error}")}
    return _stores_of(cache)


def _in_its_own_process(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `make` returns in a fork of this process, as asv runs each `setup_cache`.

    An engine takes over the process it works in: the next class would be written by it too. Raises
    RuntimeError where the fork ends by itself.
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
    """The shelf of the core with the configs of these names alone."""
    from cryoet_zarr_bench.storage.grid import selected_profile
    from cryoet_zarr_bench.storage.session import prepared_tomogram_path
    from cryoet_zarr_bench.storage.shelf import prepare_shelf
    from cryoet_zarr_bench.tomograms.prepared import open_prepared

    configs = [each for each in selected_profile().every_config() if each.name in set(names)]
    return prepare_shelf(open_prepared(prepared_tomogram_path()), Path.cwd(), configs)


def _stores_of(cache: Any) -> dict[str, dict[str, Any]]:
    """What is known of the stores of a class, where it has them on a shelf as the core does."""
    from cryoet_zarr_bench.storage.store_shelf import fingerprints

    shelf = _shelf_in(cache)
    if shelf is None:
        return {}
    return {
        "stores": fingerprints(shelf),
        "impossible": shelf.impossible,
        "failed": shelf.failed,
    }


def _shelf_in(cache: Any) -> Any:
    """The first shelf that is in what a class keeps: it, an attribute of it, or one of several."""
    from cryoet_zarr_bench.storage.store_shelf import StoreShelf

    held = [cache, *vars(cache).values()] if hasattr(cache, "__dict__") else [cache]
    several = [each for part in held if isinstance(part, dict) for each in part.values()]
    return next((each for each in [*held, *several] if isinstance(each, StoreShelf)), None)


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
        shelf = _shelf_of(benchmark)
        os.chdir(self._folder / shelf)
        if shelf:
            if (shelf, stores) not in self._caches:
                content = Path(CACHE).read_bytes()
                self._caches[shelf, stores] = _Unpickler(content, stores).load()
            benchmark.set_cache(self._caches[shelf, stores])
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
