"""Which lossless codecs are there beside those of the core, and how do they compare?"""

from __future__ import annotations

from typing import Any

from benchmarks import read, storage, write
from benchmarks.generated import again
from benchmarks.stored import GRID, make_stores
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet

SECTION = GRID.section("codecs")


def _here(benchmark: Any) -> Any:
    return again(benchmark, f"More codecs: {benchmark.pretty_name}")


class Codecs(write.Write, read.Read, storage.Storage):
    """Written, read and counted as in the core, on stores of their own."""

    version = "1"
    params = SECTION.params
    # Some take long to write.
    repeat = (2, 12, 0.08)

    def setup_cache(self) -> StoreSet:
        """Write and verify every config of the section."""
        return make_stores(SECTION.configs(), Codecs, "codecs")

    time_write = _here(write.Write.time_write)
    time_write_cpu = _here(write.Write.time_write_cpu)
    time_read_volume = _here(read.Read.time_read_volume)
    time_read_volume_cpu = _here(read.Read.time_read_volume_cpu)
    track_compression_ratio = _here(storage.Storage.track_compression_ratio)
    track_stored_bytes = _here(storage.Storage.track_stored_bytes)
    track_bits_above_entropy = _here(storage.Storage.track_bits_above_entropy)
    peakmem_write = time_read_xy_slice = time_read_xy_slice_cpu = None  # type: ignore[assignment]
    track_stored_fraction = track_file_count = None  # type: ignore[assignment]
