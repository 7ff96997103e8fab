"""How long is a tomogram read: all of it, one slice, or just opened? From warm page cache."""

from __future__ import annotations

import time

from benchmarks.stored import StoredTomogram
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet


class Read(StoredTomogram):
    """Read from an array that is open already."""

    version = "1"

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Open the verified store anew, so that nothing decoded is left over."""
        super().setup(store_set, codec, chunks, zarr_format)
        self.array = self.engine.open(self.store.folder)
        self.middle = self.array.shape[0] // 2

    def time_read_volume(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The full volume: wall time."""
        self.array[...]

    time_read_volume.pretty_name = "Read the full volume, warm (wall time)"  # type: ignore[attr-defined]

    def time_read_volume_cpu(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The full volume: CPU time of the process, all threads."""
        self.array[...]

    time_read_volume_cpu.pretty_name = "Read the full volume, warm (CPU time)"  # type: ignore[attr-defined]
    time_read_volume_cpu.timer = time.process_time  # type: ignore[attr-defined]

    def time_read_xy_slice(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The XY slice in the middle of z: wall time."""
        self.array[self.middle, :, :]

    time_read_xy_slice.pretty_name = "Read one XY slice, warm (wall time)"  # type: ignore[attr-defined]

    def time_read_xy_slice_cpu(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The XY slice in the middle of z: CPU time of the process, all threads."""
        self.array[self.middle, :, :]

    time_read_xy_slice_cpu.pretty_name = "Read one XY slice, warm (CPU time)"  # type: ignore[attr-defined]
    time_read_xy_slice_cpu.timer = time.process_time  # type: ignore[attr-defined]


class Open(StoredTomogram):
    """Open the array: find it, read its metadata, prepare its codecs; no chunk is read."""

    version = "1"

    def time_open(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Wall time."""
        self.engine.open(self.store.folder)

    time_open.pretty_name = "Open the array (wall time)"  # type: ignore[attr-defined]
