"""Verified stores on a disk, and what can be asked of that disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.page_cache import why_never_cold, why_never_durable, why_unknown
from cryoet_zarr_bench.storage.session import DISK_STORES, file_system_of
from cryoet_zarr_bench.storage.shelf import prepare_shelf
from cryoet_zarr_bench.storage.store_shelf import StoreShelf
from cryoet_zarr_bench.tomograms.prepared import PreparedTomogram


@dataclass
class DiskShelf(StoreShelf):
    """Stores in `folder`, and what cannot be measured there, with the reason; None where it can.

    `unknown` is why nobody can say what is warm, `never_cold` why nothing is cold, `never_durable`
    why nothing is durable.
    """

    folder: Path = Path()
    unknown: str | None = None
    never_cold: str | None = None
    never_durable: str | None = None


def prepare_disk_shelf(tomogram: PreparedTomogram, configs: Iterable[StorageConfig]) -> DiskShelf:
    """Write and verify the configs on the disk that the host chose, in place of earlier ones.

    Where it chose none every config is impossible.
    """
    wanted = list(configs)
    chosen = os.environ.get(DISK_STORES)
    if not chosen:
        reason = "no folder on a disk was chosen"
        return DiskShelf(impossible={config.name: reason for config in wanted})
    folder = Path(chosen) / "stores"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shelf = prepare_shelf(tomogram, folder, wanted, "disk")
    file_system = file_system_of(folder)
    return DiskShelf(
        stores=shelf.stores,
        impossible=shelf.impossible,
        failed=shelf.failed,
        folder=folder,
        unknown=why_unknown(folder, file_system),
        never_cold=why_never_cold(folder, file_system),
        never_durable=why_never_durable(file_system),
    )
