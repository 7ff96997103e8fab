"""The part of a tomogram that is wanted, in voxels; axes z, y, x."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.tomogram_sources import WHOLE, parse_crop, shape_text

DEFAULT_CROP = (128, 128, 128)
"""What is fetched where nothing is said: the size of the suite's own synthetic tomograms."""

_BOX_FORM = re.compile(
    r"([0-9]{1,6}):([0-9]{1,6}),([0-9]{1,6}):([0-9]{1,6}),([0-9]{1,6}):([0-9]{1,6})", re.ASCII
)


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
    """A crop as it is asked for; `shape` None is everything.

    It is centred, or begins at the voxel `start`. `at_most`: an axis that is shorter is taken
    whole, where else it is an error.
    """

    shape: tuple[int, int, int] | None
    at_most: bool = False
    start: tuple[int, int, int] | None = None

    def __str__(self) -> str:
        if self.shape is None:
            return WHOLE
        if self.start is not None:
            sides = zip(self.start, self.shape, strict=True)
            return ",".join(f"{start}:{start + n}" for start, n in sides)
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
        if self.start is None:
            return Box(tuple((n - k) // 2 for n, k in zip(of, kept, strict=True)), kept)
        found = Box(self.start, kept)
        if any(stop > length for stop, length in zip(found.stop, of, strict=True)):
            raise refused(
                where, f"the box {self} ends beyond it, {shape_text(of)}", "give one within it"
            )
        return found


def crop_of(text: str | None) -> Crop:
    """Read a crop as `CRYOET_CROP` has it, or a box; None or no text is `DEFAULT_CROP` at most.

    Raises:
        BadInput: it is not `z,y,x`, `full`, or a box such as `0:128,256:384,0:64`.
    """
    if text is None or not text.strip():
        return Crop(DEFAULT_CROP, at_most=True)
    if match := _BOX_FORM.fullmatch(text):
        bounds = [int(bound) for bound in match.groups()]
        (z, y, x), stops = bounds[::2], bounds[1::2]
        lengths = [stop - start for start, stop in zip((z, y, x), stops, strict=True)]
        if min(lengths) < 1:
            raise refused(f"crop {text!r}", "has no voxels", "give each end beyond its beginning")
        return Crop((lengths[0], lengths[1], lengths[2]), start=(z, y, x))
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
