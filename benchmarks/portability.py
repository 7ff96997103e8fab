"""Can what one engine or release wrote be read by another? Exact figures, no clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.measured.exact_figures import leave_exact_figures
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

    version = "1"
    params = SECTION.params

    def setup_cache(self) -> PortabilityReadings:  # type: ignore[override]
        """Write every store and read it through every engine, once for all figures."""
        store_set = prepare_portability(Path.cwd(), list(SECTION.configs()))
        leave_exact_figures(Portability, store_set)
        return store_set

    def setup(  # type: ignore[override]
        self, store_set: PortabilityReadings, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Say n/a where there is no such store."""
        self.config = StorageConfig.of(codec, chunks, zarr_format)

    def teardown(  # type: ignore[override]
        self, store_set: PortabilityReadings, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Nothing was made."""


def _reading(writer: str, reader: str, said: str) -> Callable[..., int]:
    def track(
        self: Portability, store_set: PortabilityReadings, codec: str, chunks: str, zarr_format: int
    ) -> int:
        return store_set.outcome(writer, reader, self.config)

    def setup(store_set: PortabilityReadings, codec: str, chunks: str, zarr_format: int) -> None:
        # What is n/a has to be so before the figure is asked for.
        store_set.outcome(writer, reader, StorageConfig.of(codec, chunks, zarr_format))

    attributes: Any = track
    attributes.__doc__ = f"{said}: 0 the same bits, 1 not to be read, 2 other voxels."
    attributes.pretty_name, attributes.setup = said.replace(".", "-"), setup
    attributes.unit = "0 same bits, 1 unreadable, 2 other voxels"
    return track


def _identifier(name: str) -> str:
    return name.replace("-", "_").replace(".", "_")


for _writer in ENGINES:
    for _reader in ENGINES:
        setattr(
            Portability,
            f"track_{_identifier(_writer)}_read_by_{_identifier(_reader)}",
            _reading(_writer, _reader, f"Written by {_writer}, read by {_reader}"),
        )
for _writer in KEPT_WRITERS:
    setattr(
        Portability,
        f"track_stores_of_{_identifier(_writer)}",
        _reading(_writer, "zarr-python", f"Written by {_writer} once, read by this release"),
    )
