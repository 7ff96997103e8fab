"""Times and requests of every way in which a tomogram is read.

Benchmarks are made from the table `ACCESS_PATTERNS`: for each pattern its time, from warm page
cache, and exact figures, which have no clock and were computed with the stores.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.declaring import add_exact_figure, benchmark
from benchmarks.stored import GRID, StoredTomogram, make_stores
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.storage.patterns.access_figures import (
    BYTES_FETCHED,
    MEAN_SLICE,
    MODELLED_SECONDS,
    OF_READING,
    OF_WRITING,
    OVER_READ,
    WORST_SLICE,
    access_figures,
    array_of_level,
)
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS, SEED, AccessPattern

SECTION = GRID.section("access")


class AccessStores(StoredTomogram):
    """The stores of this question, with the figures of every access pattern."""

    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write every config's store, verify it, and count what each pattern asks of it."""
        return self.left(make_stores(SECTION.configs(), "access", access_figures))

    setup_cache.timeout = 7200  # type: ignore[attr-defined]


class Access(AccessStores):
    """Read boxes, one after the other, from an array that is open already."""

    def begin(self) -> None:
        """Open the verified store anew, so that nothing decoded is left over."""
        levels = {pattern.level for pattern in ACCESS_PATTERNS.values()}
        self.arrays = {
            level: self.engine.open(array_of_level(self.store, level)) for level in levels
        }
        if not hasattr(self, "timed"):
            self.timed = {
                pattern.name: pattern.boxes(self.arrays[pattern.level].shape, SEED)[: pattern.timed]
                for pattern in ACCESS_PATTERNS.values()
            }


class Requests(AccessStores):
    """Requests to an object store for all boxes of a pattern, opening the array included."""


def _call(pattern: AccessPattern) -> Callable[[Access], None]:
    def read(self: Access) -> None:
        array = self.arrays[pattern.level]
        for box in self.timed[pattern.name]:
            array[box]

    def open_alone(self: Access) -> None:
        self.engine.open(self.store.folder)

    return read if pattern.reads_voxels else open_alone


def _declare() -> None:
    for pattern in ACCESS_PATTERNS.values():
        title = f"Access, {pattern.title}"
        if SECTION.timed:
            benchmark(title)(_call(pattern)).add_to(Access, f"time_{pattern.name}")
        for kind in (*OF_READING, *((OVER_READ,) if pattern.reads_voxels else ())):
            add_exact_figure(Requests, pattern.name, title, kind)
    for kind in OF_WRITING:
        add_exact_figure(Requests, "write", "Access, writing", kind)
    for kind in (OVER_READ, BYTES_FETCHED, MODELLED_SECONDS):
        worst, mean = "worst of the slices XY, XZ, YZ", "geometric mean of the slices XY, XZ, YZ"
        add_exact_figure(Requests, WORST_SLICE, f"Access, {worst}", kind)
        add_exact_figure(Requests, MEAN_SLICE, f"Access, {mean}", kind)


_declare()
