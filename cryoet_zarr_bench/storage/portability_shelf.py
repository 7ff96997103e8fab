"""The readings of one release, and the record they leave."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import ENGINES
from cryoet_zarr_bench.storage.integrity import check_release
from cryoet_zarr_bench.storage.portability import (
    PortabilityShelf,
    engines_here,
    fill_portability,
)
from cryoet_zarr_bench.storage.session import add_to_record, read_label


def prepare_portability(folder: Path, configs: list[StorageConfig]) -> PortabilityShelf:
    """Let the engines installed here write and read every config, and what was kept.

    Where the release cannot be installed all is n/a; NotWhatWasAsked where it is another one.
    """
    label = read_label()
    if label.impossible is not None:
        return PortabilityShelf(missing=dict.fromkeys(ENGINES, label.impossible))
    check_release(label.packages)
    engines, missing = engines_here()
    shelf = fill_portability(engines, folder, configs)
    shelf.missing = missing
    add_to_record({"portability": shelf.described()}, label)
    return shelf
