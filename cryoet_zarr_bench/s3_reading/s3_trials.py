"""What is read from the S3 server: which layouts, by which patterns, where, with which settings.

The line is Python's: on two cores it passes on about 1 Gbit/s, so no faster one is tried. A reading
that the model gives more than `LONGEST` seconds is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryoet_zarr_bench.layouts.compared_layouts import CODEC
from cryoet_zarr_bench.layouts.named_layouts import PREFIX
from cryoet_zarr_bench.layouts.reading_places import PLACES, USUAL, place_name
from cryoet_zarr_bench.s3_reading.store_classes import OBSTORE, STORE_CLASSES
from cryoet_zarr_bench.storage.object_store.request_replay import Place

LONGEST = 20.0
"""Modelled seconds of a reading that is still tried."""

TIMES = 3
"""Times that each is read, after one voxel to warm up."""

ENOUGH = 6.0
"""Seconds after which a reading is not begun again: of what takes long, latency decides, and times
hardly differ."""

GAP, MOST = "array.sharding_coalesce_max_gap_bytes", "array.sharding_coalesce_max_bytes"
"""zarr 3.4's settings: chunks of a shard at most so far apart are fetched by one request, at most
so large."""

OWN_SETTINGS = "zarr's own"
"""What zarr's own settings are called: 1 MiB and 16 MiB."""

COALESCING = {
    "chunks never joined": {MOST: 0},
    "joined if next to each other": {GAP: 0},
    "joined over 16 MiB, 64 MiB at most": {GAP: 16 << 20, MOST: 64 << 20},
}
"""Settings that are tried beside zarr's own."""

LAYOUTS_READ = tuple(PREFIX + name for name in ("portal-2024", "copick-2026", "iohub-2026", "64"))
SHARDED = (f"{PREFIX}copick-2026", f"{PREFIX}iohub-2026", f"{CODEC} 64x64x64 in all")
PATTERNS_READ = ("xy_slice", "xz_slice", "yz_slice", "particles", "tiles", "volume", "open")


@dataclass(frozen=True)
class S3Trial:
    """A layout that is read by a pattern through a class of stores at a place.

    `settings` are those of zarr that differ from its own, `called` what they are called.
    """

    layout: str
    pattern: str
    store_class: str
    place: str = USUAL
    called: str = OWN_SETTINGS
    settings: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """All that tells it from the others."""
        return ", ".join((self.layout, self.pattern, self.store_class, self.place, self.called))

    @property
    def assumed(self) -> Place:
        """The latency, the connections and the line of its place."""
        return PLACES[self.place]


def _elsewhere() -> tuple[str, ...]:
    line = PLACES[USUAL].line_bytes_per_second
    others = (place_name(*each, line) for each in ((0.01, 10), (0.1, 10), (0.03, 64), (0.1, 64)))
    return tuple(others)


def planned() -> Iterator[S3Trial]:
    """All trials: every pattern at the usual place, slices elsewhere, slices by other settings."""
    for layout in LAYOUTS_READ:
        for pattern in PATTERNS_READ:
            for store_class in STORE_CLASSES:
                yield S3Trial(layout, pattern, store_class)
        for place in _elsewhere():
            for store_class in STORE_CLASSES:
                yield S3Trial(layout, "xy_slice", store_class, place)
    for layout in SHARDED:
        for pattern in ("xy_slice", "volume"):
            if layout not in LAYOUTS_READ:
                yield S3Trial(layout, pattern, OBSTORE)
            for called, settings in COALESCING.items():
                yield S3Trial(layout, pattern, OBSTORE, USUAL, called, settings)
