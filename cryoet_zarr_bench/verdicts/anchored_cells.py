"""The anchored history: which releases all others are measured beside, and in which cells.

Times that were taken hours apart differ by what the machine did meanwhile. Each release is
therefore measured side by side with an anchor, and its figure is the ratio to it. Two releases that
were measured beside one anchor are compared by both their ratios.
"""

from __future__ import annotations

from cryoet_zarr_bench.releases.catalogue import Catalogue, Release
from cryoet_zarr_bench.storage.grid import PROFILES, Profile
from cryoet_zarr_bench.verdicts.compared_cells import OPEN, TIMED, ComparedCell, all_cells
from cryoet_zarr_bench.verdicts.compared_releases import Side

ANCHOR, ANCHOR_OF_ZARR_2 = "zarr-3.1.6", "zarr-2.18.7"
"""By their tags: the last release of a minor version in the middle of the history of zarr 3, and
the last of zarr 2. Both are tied by direct pairs, in the format that both write."""

PROFILE: Profile = PROFILES["standard"]

CONFIGS = (
    ("none", "32x32x32"),
    ("none", "64x64x64"),
    ("blosc-lz4-5-bitshuffle", "64x64x64"),
    ("blosc-lz4-5-shuffle", "16x128x128"),
    ("blosc-zstd-5-shuffle", "64x64x64"),
    ("zstd-5", "64x64x64"),
)
"""In both formats, written, read and sliced: no codec, where the library's own work shows, in
chunks of two sizes; what is recommended; what the portal has; and zstd with and without Blosc."""

OPENED = (("none", "32x32x32"), ("blosc-lz4-5-bitshuffle", "64x64x64"))
"""In both formats, opened: opening reads metadata, and its ratios are the same in all configs."""

SHARDED = {
    "shards.ReadShards.time_volume": ("32x32x32 in 128x128x128",),
    "shards.ReadShards.time_xy_slice": ("32x32x32 in 64x64x64", "32x32x32 in 128x128x128"),
    "shards.ReadShards.time_inner_chunk": ("32x32x32 in 128x128x128",),
    "shards.ReadShards.time_subset": ("32x32x32 in 128x128x128",),
    "shards.WriteShards.time_write": ("32x32x32 in 64x64x64",),
    "shards.ChangeShards.time_rewrite_chunk": ("32x32x32 in 128x128x128",),
}
"""The calls on shards, each in the layout where a release has changed most so far; all of them in
all layouts would take a release twice as long."""

PAIRS = (6, 9, 12, 16)
"""After how many pairs of processes each cell is looked at: as often as `judgement.LOOKS`, so that
the interval has its 99 % over all the looks together."""

REACH = 0.05
"""A cell takes more pairs until its 99 % interval is within 5 % to either side."""


def anchor_of(release: Release | Side) -> str:
    """The tag of the anchor that a release, or what is none yet, is measured beside."""
    if getattr(release, "tag", None) == ANCHOR_OF_ZARR_2:
        return ANCHOR  # the tie
    return ANCHOR_OF_ZARR_2 if release.zarr.startswith("2.") else ANCHOR


def anchored_releases(catalogue: Catalogue) -> list[Release]:
    """All releases but the anchor itself: the tie between both anchors, then the newest first."""
    others = [release for release in reversed(catalogue.releases) if release.tag != ANCHOR]
    return sorted(others, key=lambda release: release.tag != ANCHOR_OF_ZARR_2)


def anchored_cells(release: Release | Side) -> tuple[ComparedCell, ...]:
    """The cells in which a release, or what is none yet, is measured beside its anchor."""
    formats = (2,) if release.zarr.startswith("2.") else (2, 3)
    return tuple(cell for cell in all_cells(PROFILE) if _is_planned(cell, formats))


def _is_planned(cell: ComparedCell, formats: tuple[int, ...]) -> bool:
    if cell.zarr_format not in formats:
        return False
    if cell.benchmark in TIMED:
        return (cell.codec, cell.chunks) in (OPENED if cell.benchmark == OPEN else CONFIGS)
    return cell.chunks in SHARDED.get(cell.benchmark, ())
