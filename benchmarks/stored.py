"""The tomogram in every storage config of the grid, written once per release and verified."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.measured.clocks import BothClocks
from cryoet_zarr_bench.measured.cpu_cores import keep_to_one_core
from cryoet_zarr_bench.measured.exact_figures import leave_exact_figures
from cryoet_zarr_bench.measured.freed_memory import keep_freed_memory
from cryoet_zarr_bench.measured.prepared_stores.core_stores import Figures, prepare_store_set
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import end_with_parent, prepared_tomogram_path
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.grid import CONVERSION, REFERENCE, selected_profile

try:
    from cryoet_zarr_bench.storage.engines import Engine, installed_engine

    # Imported here, before asv forks, so that each benchmark does not pay for it again.
    ENGINE = installed_engine()
except ImportError:  # the pair of this environment cannot be installed: its cells are n/a
    ENGINE = None  # type: ignore[assignment]

GRID = selected_profile()

if os.environ.get("ASV") == "true":
    end_with_parent()
    keep_to_one_core()
    keep_freed_memory()


def make_stores(
    configs: Iterable[StorageConfig], question: str = "", figures: Figures | None = None
) -> StoreSet:
    """Write each config's store once in this folder, and verify it.

    `question` and `figures` are as for `prepare_store_set`.
    """
    tomogram = open_prepared(prepared_tomogram_path())
    once = list(dict.fromkeys(configs))
    return prepare_store_set(tomogram, Path.cwd(), once, question, figures)


class StoredTomogram:
    """Base of all benchmarks: the grid as parameters, the verified stores, one warm-up call.

    asv runs `setup_cache` once per release for all classes that inherit it together, and `setup`
    before every single call, the warming one included. A class says in `begin` what it needs before
    a call, and in `end` what is checked after it.
    """

    version = "1"
    params: Any = GRID.params
    param_names = ("codec", "chunks", "zarr_format")
    timeout = 300

    # Two processes at different times, so that a burst of other work hits one of them at most. In
    # each one call to warm up, then at least 3 samples, and more of quick ones, up to 0.08 s.
    rounds = 2
    warmup_time = 1e-9
    repeat: tuple[int, int, float] = (3, 12, 0.08)
    number = 1

    # Wall time, with the CPU time of the same calls beside it for the twins named `_cpu`.
    timer = BothClocks()

    engine: Engine = ENGINE
    has_begun = False
    store_set: Any
    config: StorageConfig

    def setup_cache(self) -> Any:
        """Write every config's store into the folder that asv gives this class, and verify it."""
        sections = (GRID, REFERENCE, CONVERSION)
        return self.left(make_stores([config for each in sections for config in each.configs()]))

    def left(self, store_set: Any) -> Any:
        """Leave the exact figures of all classes that share these stores for the host."""
        for each in _classes_with_the_stores_of(type(self)):
            leave_exact_figures(each, store_set)
        # Or the kernel would write these stores back in the midst of what is timed.
        os.sync()
        return store_set

    def setup(self, store_set: Any, codec: str, chunks: str, zarr_format: int) -> None:
        """Take the stores and the config; then `pick_store` and `begin`."""
        self.has_begun = False
        self.store_set, self.config = store_set, StorageConfig.of(codec, chunks, zarr_format)
        self.pick_store()
        self.begin()
        self.has_begun = True

    def pick_store(self) -> None:
        """Pick the verified store; n/a or failed, with its reason, where there is none."""
        self.store = self.store_set.get(self.config)

    def begin(self) -> None:
        """Do what has to be done before each call."""

    def end(self) -> None:
        """Check what the call did, and tidy up."""

    def teardown(self, *given: Any) -> None:
        """Leave the CPU times of the calls so far, then `end`; asv calls this after each call."""
        StoredTomogram.timer.leave()
        # asv calls this where setup said n/a, too.
        if self.has_begun:
            self.end()


def _classes_with_the_stores_of(made_by: type[StoredTomogram]) -> Iterator[type[StoredTomogram]]:
    waiting: list[type[StoredTomogram]] = [StoredTomogram]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        if each.setup_cache is made_by.setup_cache:
            yield each
