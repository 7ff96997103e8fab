"""The layouts of the field through the releases, on a volume of real size. Exact figures, no clock.

The shapes of chunks are those of the portal, of copick, of iohub and 64^3, all in one codec which
every release has, so that they differ by their shapes alone.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.declaring import add_exact_figure, benchmark
from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.measured.prepared_stores.layout_stores import (
    COUNTED,
    prepare_layout_stores,
)
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.patterns.access_figures import OF_READING
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS

SECTION = GRID.section("layouts")


class Layouts(StoredTomogram):
    """Bytes, files and requests of a volume of real size."""

    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write every config's store, verify it, and count what reading it asks for."""
        tomogram = open_prepared(prepared_tomogram_path())
        configs = list(SECTION.configs())
        return self.left(prepare_layout_stores(tomogram, Path.cwd(), configs, GRID.name))

    setup_cache.timeout = 7200  # type: ignore[attr-defined]

    @benchmark("Layouts, bytes stored", unit="bytes")
    def track_stored_bytes(self) -> int:
        """Bytes stored, metadata included."""
        return self.store.stored_bytes

    @benchmark("Layouts, files on disk", unit="files")
    def track_file_count(self) -> int:
        """Files on the disk, metadata included."""
        return self.store.file_count


for _name in COUNTED:
    for _kind in OF_READING:
        add_exact_figure(Layouts, _name, f"Layouts, {ACCESS_PATTERNS[_name].title}", _kind)
