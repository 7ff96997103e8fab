"""Access patterns: each is a list of boxes, read one after the other.

To add a pattern, add an entry to `ACCESS_PATTERNS`; benchmarks and counts follow from it.

Places are chosen by Python's `random.Random(seed).random()`, whose sequence Python promises to
keep, so that they are the same with every release and on every machine.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from cryoet_zarr_bench.storage.boxes import Box

Shape = tuple[int, ...]

SEED = 20261121
"""Of the places that benchmarks read."""

PARTICLES = 200
PARTICLE_EDGES = (32, 48, 64, 96)
PATCHES = 64
PATCH_EDGES = (64, 96, 128, 160)
TILE_EDGE = 256
TILES = 64

COARSE_LEVEL = 2
"""The level of the pyramid that is read as the coarse one: a quarter as long along each axis."""


@dataclass(frozen=True)
class AccessPattern:
    """One way to read a tomogram.

    `name` is that of benchmarks, `title` what tables and graphs call it. `boxes` gives, for the
    shape (z, y, x) of a tomogram and a seed, the boxes in the order they are read; none where the
    array is opened and no more. Requests are counted for all of them; a timed call reads the first
    `timed`, or all where it is None. `level` is that of the pyramid which is read, 0 the finest.
    """

    name: str
    title: str
    boxes: Callable[[Shape, int], list[Box]]
    timed: int | None = None
    level: int = 0

    @property
    def reads_voxels(self) -> bool:
        """True if there is anything to read once the array is open."""
        return self.boxes is not nothing


def slice_across(axis: int) -> Callable[[Shape, int], list[Box]]:
    """The slice of one voxel in the middle of an axis."""

    def boxes(shape: Shape, seed: int) -> list[Box]:
        starts, lengths = [0, 0, 0], list(shape)
        starts[axis], lengths[axis] = shape[axis] // 2, 1
        return [_box(starts, lengths)]

    return boxes


def particle_boxes(shape: Shape, seed: int) -> list[Box]:
    """200 cubes at places anywhere in the tomogram, wholly inside it, in no order.

    Their edges are 32, 48, 64 or 96 voxels, by chance, as far as they are no longer than a third of
    the shortest axis; 32 where none is. An axis shorter than an edge is read all along.
    """
    chance = random.Random(seed)
    edges = [edge for edge in PARTICLE_EDGES if 3 * edge <= min(shape)] or [PARTICLE_EDGES[0]]
    boxes = []
    for _ in range(PARTICLES):
        edge = edges[_below(len(edges), chance)]
        lengths = [min(edge, length) for length in shape]
        starts = [_below(n - length + 1, chance) for n, length in zip(shape, lengths, strict=True)]
        boxes.append(_box(starts, lengths))
    return boxes


def training_patches(shape: Shape, seed: int) -> list[Box]:
    """Cubes that overlap by half along each axis and cover the tomogram, in random order.

    The edge is the longest of 64, 96, 128 and 160 voxels that is at most half of the shortest axis;
    64 where none is. The last cube along an axis ends with it. At most 64 are read.
    """
    fitting = [edge for edge in PATCH_EDGES if 2 * edge <= min(shape)]
    edge = max(fitting, default=PATCH_EDGES[0])
    patches = _grid(shape, edge, edge // 2)
    chance = random.Random(seed)
    # Fisher and Yates: how `random.shuffle` does it is not promised.
    for last in range(len(patches) - 1, 0, -1):
        other = _below(last + 1, chance)
        patches[last], patches[other] = patches[other], patches[last]
    return patches[:PATCHES]


def tiles(shape: Shape, seed: int) -> list[Box]:
    """Cubes of 256 voxels side by side, in the order z, y, x, at most 64 of them.

    What lies beyond the tomogram is cut off: one of at most 256 voxels along each axis is one tile.
    """
    starts = itertools.product(*(range(0, length, TILE_EDGE) for length in shape))
    return [
        _box(start, [min(TILE_EDGE, n - begin) for n, begin in zip(shape, start, strict=True)])
        for start in itertools.islice(starts, TILES)
    ]


def all_of_it(shape: Shape, seed: int) -> list[Box]:
    """The whole array at once."""
    return [_box([0, 0, 0], shape)]


def nothing(shape: Shape, seed: int) -> list[Box]:
    """No voxel."""
    return []


ACCESS_PATTERNS = {
    pattern.name: pattern
    for pattern in (
        AccessPattern("xy_slice", "XY slice", slice_across(0)),
        AccessPattern("xz_slice", "XZ slice", slice_across(1)),
        AccessPattern("yz_slice", "YZ slice", slice_across(2)),
        AccessPattern("particles", "particle boxes", particle_boxes, timed=5),
        AccessPattern("patches", "training patches", training_patches, timed=3),
        AccessPattern("tiles", "tiles of 256^3", tiles, timed=1),
        AccessPattern("volume", "full volume", all_of_it),
        AccessPattern("coarse_level", "coarse level", all_of_it, level=COARSE_LEVEL),
        AccessPattern("open", "open only", nothing),
    )
}
"""Every access pattern, by its name."""

SLICES = ("xy_slice", "xz_slice", "yz_slice")
"""The patterns over which the shape of chunks is judged together."""


def _below(end: int, chance: random.Random) -> int:
    """A whole number of at least 0 and below `end`, which is at most 2**32."""
    return int(chance.random() * end)


def _grid(shape: Shape, edge: int, step: int) -> list[Box]:
    starts = [[*range(0, max(length - edge, 0), step), max(length - edge, 0)] for length in shape]
    lengths = [min(edge, length) for length in shape]
    return [_box(start, lengths) for start in itertools.product(*starts)]


def _box(starts: Shape | list[int], lengths: Shape | list[int]) -> Box:
    z, y, x = (slice(start, start + length) for start, length in zip(starts, lengths, strict=True))
    return z, y, x
