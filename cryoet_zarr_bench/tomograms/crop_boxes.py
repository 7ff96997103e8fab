"""The part of a tomogram that is wanted, in voxels; axes z, y, x."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.tomogram_sources import WHOLE, parse_crop, shape_text

DEFAULT_CROP = (128, 128, 128)
"""What is fetched where nothing is said: the size of the suite's own synthetic tomograms."""


@dataclass(frozen=True)
class Box:
    """Voxels from `start` on, `shape` of them along each axis."""

    start: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def voxels(self) -> int:
        """The number of voxels in it."""
        return math.prod(self.shape)

    @property
    def stop(self) -> tuple[int, ...]:
        """The first voxel behind the box along each axis."""
        return tuple(start + n for start, n in zip(self.start, self.shape, strict=True))

    def common(self, other: "Box") -> "Box":
        """The part that lies in both; its shape has a 0 if nothing does."""
        start = tuple(map(max, self.start, other.start))
        stop = tuple(map(min, self.stop, other.stop))
        return Box(start, tuple(max(b - a, 0) for a, b in zip(start, stop, strict=True)))

    def within(self, origin: tuple[int, ...]) -> tuple[slice, ...]:
        """Slices of an array whose first voxel is `origin`."""
        return tuple(
            slice(a - o, b - o) for a, b, o in zip(self.start, self.stop, origin, strict=True)
        )


@dataclass(frozen=True)
class Crop:
    """A centred crop as it is asked for; `shape` None is everything.

    `at_most`: an axis that is shorter is taken whole, where else it is an error.
    """

    shape: tuple[int, int, int] | None
    at_most: bool = False

    def __str__(self) -> str:
        if self.shape is None:
            return WHOLE
        return ("at most " if self.at_most else "") + ",".join(map(str, self.shape))

    def box(self, of: tuple[int, int, int], where: str) -> Box:
        """The box that it is of a tomogram of that shape.

        Raises:
            BadInput: the tomogram is smaller.
        """
        kept = of if self.shape is None else self.shape
        if self.at_most:
            kept = (min(kept[0], of[0]), min(kept[1], of[1]), min(kept[2], of[2]))
        if any(n > length for n, length in zip(kept, of, strict=True)):
            raise refused(
                where,
                f"the crop {self} is larger than the tomogram, {shape_text(of)}",
                "give a smaller crop z,y,x",
            )
        return Box(tuple((n - k) // 2 for n, k in zip(of, kept, strict=True)), kept)


def crop_of(text: str | None) -> Crop:
    """Read a crop as `CRYOET_CROP` has it; None or an empty text is `DEFAULT_CROP` at most.

    Raises:
        BadInput: it is not `z,y,x` nor `full`.
    """
    if text is None or not text.strip():
        return Crop(DEFAULT_CROP, at_most=True)
    return Crop(parse_crop(text))


def chunk_box(index: tuple[int, ...], chunks: tuple[int, ...]) -> Box:
    """The box of a chunk, with the padding behind the last voxels of the array."""
    return Box(tuple(i * n for i, n in zip(index, chunks, strict=True)), chunks)


def chunks_touched(box: Box, chunks: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The indices of the chunks that have a voxel in the box, in C order."""
    return product(
        *(
            range(start // n, -(-stop // n))
            for start, stop, n in zip(box.start, box.stop, chunks, strict=True)
        )
    )
