"""Can what one engine or release wrote be read by another? Exact figures, no clock."""

from __future__ import annotations

from pathlib import Path

from benchmarks.declaring import benchmark
from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.measured.prepared_stores.portability_stores import (
    KEPT_WRITERS,
    PortabilityReadings,
    prepare_portability,
)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import ENGINES

SECTION = GRID.section("portability")


class Portability(StoredTomogram):
    """Small stores with all kinds of values, written by each and read by each."""

    params = SECTION.params
    store_set: PortabilityReadings

    def setup_cache(self) -> PortabilityReadings:
        """Write every store and read it through every engine, once for all figures."""
        return self.left(prepare_portability(Path.cwd(), list(SECTION.configs())))

    def pick_store(self) -> None:
        """Every benchmark looks by itself whether there is such a store."""


def _declare(name: str, title: str, writer: str, reader: str) -> None:
    def needs(readings: PortabilityReadings, config: StorageConfig) -> None:
        # What is n/a has to be so before the figure is asked for.
        readings.outcome(writer, reader, config)

    def track(self: Portability) -> int:
        return self.store_set.outcome(writer, reader, self.config)

    track.__doc__ = f"{title}: 0 the same bits, 1 not to be read, 2 other voxels."
    unit = "0 same bits, 1 unreadable, 2 other voxels"
    declared = benchmark(title.replace(".", "-"), unit=unit, needs=needs)(track)
    declared.add_to(Portability, f"track_{name}".replace("-", "_").replace(".", "_"))


for _writer in ENGINES:
    for _reader in ENGINES:
        _title = f"Written by {_writer}, read by {_reader}"
        _declare(f"{_writer}_read_by_{_reader}", _title, _writer, _reader)
for _writer in KEPT_WRITERS:
    _title = f"Written by {_writer} once, read by this release"
    _declare(f"stores_of_{_writer}", _title, _writer, "zarr-python")
