"""The tomogram in every storage config of the grid, written once per release and verified."""

from __future__ import annotations

import os
from collections.abc import Iterable
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
    configs: Iterable[StorageConfig],
    exact: type[StoredTomogram],
    question: str = "",
    figures: Figures | None = None,
) -> StoreSet:
    """What a `setup_cache` does: write each config's store once in this folder, and verify it.

    `exact` is the class whose `track_` figures are left for the host. `question` and `figures` are
    as for `prepare_store_set`.
    """
    tomogram = open_prepared(prepared_tomogram_path())
    once = list(dict.fromkeys(configs))
    store_set = prepare_store_set(tomogram, Path.cwd(), once, question, figures)
    leave_exact_figures(exact, store_set)
    # Or the kernel would write these stores back in the midst of what is timed.
    os.sync()
    return store_set


class StoredTomogram:
    """What all benchmarks share: the grid as parameters, the verified stores, one warm call.

    asv runs `setup_cache` once per release for all subclasses together, and `setup` before every
    single call, the warming one included.
    """

    params: Any = GRID.params
    param_names = ("codec", "chunks", "zarr_format")
    timeout = 300

    # Two processes at different times, so that a burst of other work hits one of them at most. In
    # each one call to warm up, then at least 3 samples, and more of quick ones, up to 0.08 s.
    rounds = 2
    warmup_time = 1e-9
    repeat = (3, 12, 0.08)
    number = 1

    # Wall time, with the CPU time of the same calls beside it for the twins named `_cpu`.
    timer = BothClocks()

    def setup_cache(self) -> StoreSet:
        """Write every config's store into the folder that asv gives this class, and verify it."""
        # Imported here, since it imports this module.
        from benchmarks.storage import Storage

        sections = (GRID, REFERENCE, CONVERSION)
        return make_stores([config for each in sections for config in each.configs()], Storage)

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Pick the verified store; n/a or failed, with its reason, where there is none."""
        self.config = StorageConfig.of(codec, chunks, zarr_format)
        self.store = store_set.get(self.config)
        self.engine: Engine = ENGINE

    def teardown(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Leave the CPU times of the calls so far; asv calls this after each."""
        StoredTomogram.timer.leave()
