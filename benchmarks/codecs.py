"""Lossless codecs beside those of the core: how they compare."""

from __future__ import annotations

from benchmarks.declaring import benchmark
from benchmarks.read import Reading
from benchmarks.stored import GRID, make_stores
from benchmarks.write import Writing
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet

SECTION = GRID.section("codecs")


class Codecs(Writing, Reading):
    """Written, read and counted as in the core, on stores of their own."""

    params = SECTION.params
    # Some take long to write.
    repeat = (2, 12, 0.08)

    def setup_cache(self) -> StoreSet:
        """Write and verify every config of the section."""
        return self.left(make_stores(SECTION.configs(), "codecs"))

    def begin(self) -> None:
        """Clear the target, and open the verified store anew."""
        Writing.begin(self)
        Reading.begin(self)

    @benchmark("More codecs: Write the tomogram, buffered")
    def time_write(self) -> None:
        """Write it, and leave the files to the page cache."""
        self.engine.write(self.tomogram, self.target, self.config)

    @benchmark("More codecs: Read the full volume, warm")
    def time_read_volume(self) -> None:
        """The full volume."""
        self.array[...]

    @benchmark("More codecs: Compression ratio", unit="times smaller")
    def track_compression_ratio(self) -> float:
        """Bytes in memory over bytes stored: higher is better, no regressions are sought."""
        return round(self.store.compression_ratio, 6)

    @benchmark("More codecs: Bytes stored", unit="bytes")
    def track_stored_bytes(self) -> int:
        """Bytes stored, metadata included."""
        return self.store.stored_bytes

    @benchmark("More codecs: Bits above the entropy", unit="bits per voxel")
    def track_bits_above_entropy(self) -> float:
        """Bits per voxel in the chunk files, minus the memoryless entropy of the values."""
        return round(self.store_set.bits_above_entropy(self.config), 6)
