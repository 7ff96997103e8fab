"""Time to read a tomogram: all of it, one slice, or just opening it. From warm page cache."""

from __future__ import annotations

from benchmarks.declaring import WALL, benchmark
from benchmarks.stored import StoredTomogram


class Reading(StoredTomogram):
    """Base of the classes that read: an array that is already open."""

    def begin(self) -> None:
        """Open the verified store anew, so that nothing decoded is left over."""
        self.array = self.engine.open(self.store.folder)
        self.middle = self.array.shape[0] // 2


class Read(Reading):
    """Read from an array that is open already."""

    @benchmark("Read the full volume, warm")
    def time_read_volume(self) -> None:
        """The full volume."""
        self.array[...]

    @benchmark("Read one XY slice, warm")
    def time_read_xy_slice(self) -> None:
        """The XY slice in the middle of z."""
        self.array[self.middle, :, :]


class Open(StoredTomogram):
    """Open the array: find it, read its metadata, prepare its codecs; no chunk is read."""

    @benchmark("Open the array", clocks=(WALL,))
    def time_open(self) -> None:
        """Open it."""
        self.engine.open(self.store.folder)
