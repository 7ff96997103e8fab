"""Time each engine takes for the same work, on one thread and on as many as it takes by default.

Every engine reads the very same stores, those of zarr-python. Nothing is put on the disk by fsync,
but where the name says synced.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.declaring import Needs, benchmark
from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.measured.cpu_cores import take_every_core
from cryoet_zarr_bench.measured.prepared_stores.engine_stores import (
    EngineStores,
    prepare_engine_stores,
)
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import take_over
from cryoet_zarr_bench.storage.grid import ENGINE_CALLS

SECTION = GRID.section("engines")


class EngineAtWork(StoredTomogram):
    """An engine with its threads, chosen once in a process, before the first array.

    Its calls are given to the classes below, one class for each engine and number of threads.
    """

    params = SECTION.params
    # There are many cells, and to write takes long.
    repeat = (2, 12, 0.08)
    engine_name = ""
    one_thread = True
    store_set: EngineStores

    def setup_cache(self) -> EngineStores:
        """Let every engine write and read every config, and verify it."""
        tomogram = open_prepared(prepared_tomogram_path())
        return self.left(prepare_engine_stores(tomogram, Path.cwd(), list(SECTION.configs())))

    def pick_store(self) -> None:
        """Pick none: what is n/a depends on the call, see `_needs`."""

    def begin(self) -> None:
        """Take the engine, open the store that all read, clear the target."""
        if not hasattr(self, "tomogram"):
            engine = self.store_set.engine(self.engine_name)
            if not self.one_thread:
                take_every_core()
            take_over(engine, self.one_thread)
            self.engine = engine
            self.tomogram = open_prepared(prepared_tomogram_path()).load()
        self.target = Path.cwd() / "written"
        shutil.rmtree(self.target, ignore_errors=True)
        try:
            store = self.store_set.to_read(self.engine_name, self.config)
        except (NotImplementedError, RuntimeError):
            return  # reading is n/a or has failed, as `_needs` says; writing may not
        self.array = self.engine.open(store.folder)
        self.middle = self.array.shape[0] // 2

    def end(self) -> None:
        """Fail where the timed call wrote other bytes than the engine's verified store has."""
        if not self.target.exists():
            return
        try:
            written = self.store_set.written[self.engine_name].get(self.config)
            written.refuse_other_bytes(self.target)
        finally:
            shutil.rmtree(self.target)


# What is timed, each the one call that a user would write. The slice is asked for as a slab of one,
# since zarrs 0.2 leaves `array[z, :, :]` of several chunks to zarr-python.


def _write(self: Any) -> None:
    self.engine.write(self.tomogram, self.target, self.config)


def _write_synced(self: Any) -> None:
    self.engine.synced.write(self.tomogram, self.target, self.config)


def _read_volume(self: Any) -> None:
    self.array[...]


def _read_xy_slice(self: Any) -> None:
    self.array[self.middle : self.middle + 1, :, :]


CALLS: dict[str, tuple[Callable[[Any], None], str]] = {
    "write": (_write, "Write the tomogram"),
    "write_synced": (_write_synced, "Write the tomogram, each file synced"),
    "read_volume": (_read_volume, "Read the full volume"),
    "read_xy_slice": (_read_xy_slice, "Read one XY slice"),
}
SYNCING = ("tensorstore",)
"""The engines that can be told to sync each file."""

CLASS_NAMES = {
    "zarr-python": "ZarrPython",
    "zarr-python-fused": "FusedPipeline",
    "tensorstore": "TensorStore",
    "zarrs": "Zarrs",
}
THREADS = {"OneThread": "one thread", "DefaultThreads": "default threads"}


def _needs(name: str, engine: str) -> Needs:
    """Check what a call needs: reading, the store that all read; writing, the engine's own."""

    def needs(store_set: EngineStores, config: StorageConfig) -> None:
        if name.startswith("read"):
            store_set.to_read(engine, config)
            return
        store_set.written[engine].get(config)
        if name == "write_synced" and file_system_of(Path.cwd()) == "tmpfs":
            raise NotImplementedError("nothing can be synced in memory, where the stores lie")

    return needs


def _engine_class(engine: str, threads: str, calls: tuple[str, ...]) -> type[EngineAtWork]:
    declared = {
        f"time_{name}": benchmark(
            f"{CALLS[name][1]}, {engine}, {THREADS[threads]}", needs=_needs(name, engine)
        )(CALLS[name][0])
        for name in calls
        if name != "write_synced" or engine in SYNCING
    }
    return type(
        f"{CLASS_NAMES[engine]}{threads}",
        (EngineAtWork,),
        {
            "__doc__": f"{engine}, {THREADS[threads]}.",
            "__module__": __name__,
            "engine_name": engine,
            "one_thread": threads == "OneThread",
            **declared,
        },
    )


def _classes() -> Iterator[type[EngineAtWork]]:
    for engine in CLASS_NAMES:
        for threads, calls in ENGINE_CALLS[GRID.name].items():
            yield _engine_class(engine, threads, calls)


globals().update({each.__name__: each for each in _classes()})
