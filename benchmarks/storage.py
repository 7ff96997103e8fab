"""How large is a stored tomogram, and in how many files? Exact figures, no clock."""

from __future__ import annotations

from benchmarks.stored import StoredTomogram
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet


class Storage(StoredTomogram):
    """What lies on the disk once the tomogram is written, metadata files included."""

    version = "1"

    def track_compression_ratio(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> float:
        """Bytes in memory over bytes stored: higher is better, no regressions are sought."""
        return round(self.store.compression_ratio, 6)

    track_compression_ratio.pretty_name = "Compression ratio"  # type: ignore[attr-defined]
    track_compression_ratio.unit = "times smaller"  # type: ignore[attr-defined]

    def track_stored_fraction(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> float:
        """Bytes stored over bytes in memory: lower is better."""
        return round(self.store.stored_fraction, 6)

    track_stored_fraction.pretty_name = "Stored fraction"  # type: ignore[attr-defined]
    track_stored_fraction.unit = "of the tomogram in memory"  # type: ignore[attr-defined]

    def track_stored_bytes(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> int:
        """Bytes stored, metadata included."""
        return self.store.stored_bytes

    track_stored_bytes.pretty_name = "Bytes stored"  # type: ignore[attr-defined]
    track_stored_bytes.unit = "bytes"  # type: ignore[attr-defined]

    def track_file_count(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> int:
        """Files on the disk, metadata included."""
        return self.store.file_count

    track_file_count.pretty_name = "Files on disk"  # type: ignore[attr-defined]
    track_file_count.unit = "files"  # type: ignore[attr-defined]

    def track_bits_above_entropy(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> float:
        """Bits per voxel in the chunk files, minus the memoryless entropy of the values."""
        return round(store_set.bits_above_entropy(self.config), 6)

    track_bits_above_entropy.pretty_name = "Bits above the entropy"  # type: ignore[attr-defined]
    track_bits_above_entropy.unit = "bits per voxel"  # type: ignore[attr-defined]
