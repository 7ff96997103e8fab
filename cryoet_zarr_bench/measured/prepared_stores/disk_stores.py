"""Verified stores on a disk, and what can be asked of that disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.measured.page_cache import why_never_cold, why_never_durable, why_unknown
from cryoet_zarr_bench.measured.prepared_stores.core_stores import prepare_store_set
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_inputs import DISK_STORES
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.storage.config import StorageConfig


@dataclass
class DiskStores(StoreSet):
    """Stores in `folder`, and what cannot be measured there, with the reason; None if it can.

    `unknown` is why nobody can say what is warm, `never_cold` why nothing is cold, `never_durable`
    why nothing is durable.
    """

    folder: Path = Path()
    unknown: str | None = None
    never_cold: str | None = None
    never_durable: str | None = None


def prepare_disk_stores(tomogram: PreparedTomogram, configs: Iterable[StorageConfig]) -> DiskStores:
    """Write and verify the configs on the disk that the host chose, in place of earlier ones.

    Where it chose none every config is impossible.
    """
    wanted = list(configs)
    chosen = os.environ.get(DISK_STORES)
    if not chosen:
        reason = "no folder on a disk was chosen"
        return DiskStores(impossible={config.name: reason for config in wanted})
    folder = Path(chosen) / "stores"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    store_set = prepare_store_set(tomogram, folder, wanted, "disk")
    file_system = file_system_of(folder)
    return DiskStores(
        stores=store_set.stores,
        impossible=store_set.impossible,
        failed=store_set.failed,
        folder=folder,
        unknown=why_unknown(folder, file_system),
        never_cold=why_never_cold(folder, file_system),
        never_durable=why_never_durable(file_system),
    )
