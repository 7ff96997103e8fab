"""Size and number of files of a stored tomogram. Exact figures, no clock."""

from __future__ import annotations

from benchmarks.declaring import benchmark
from benchmarks.stored import StoredTomogram


class Storage(StoredTomogram):
    """Contents of the disk once the tomogram is written, metadata files included."""

    @benchmark("Compression ratio", unit="times smaller")
    def track_compression_ratio(self) -> float:
        """Bytes in memory over bytes stored: higher is better, no regressions are sought."""
        return round(self.store.compression_ratio, 6)

    @benchmark("Stored fraction", unit="of the tomogram in memory")
    def track_stored_fraction(self) -> float:
        """Bytes stored over bytes in memory: lower is better."""
        return round(self.store.stored_fraction, 6)

    @benchmark("Bytes stored", unit="bytes")
    def track_stored_bytes(self) -> int:
        """Bytes stored, metadata included."""
        return self.store.stored_bytes

    @benchmark("Files on disk", unit="files")
    def track_file_count(self) -> int:
        """Files on the disk, metadata included."""
        return self.store.file_count

    @benchmark("Bits above the entropy", unit="bits per voxel")
    def track_bits_above_entropy(self) -> float:
        """Bits per voxel in the chunk files, minus the memoryless entropy of the values."""
        return round(self.store_set.bits_above_entropy(self.config), 6)
