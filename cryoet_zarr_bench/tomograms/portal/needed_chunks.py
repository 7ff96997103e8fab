"""Objects that a box needs, and the meaning of a chunk that is not listed.

A chunk that holds nothing but the fill value may be left out when it is written. One that was lost
looks the same. The coarser levels were computed from the finer one before either was written, so
they tell: where all is fill, a coarser chunk is fill as well.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.crop_boxes import Box, chunk_box, chunks_touched
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_metadata import StoredArray
from cryoet_zarr_bench.tomograms.portal.bucket_objects import StoredObject
from cryoet_zarr_bench.tomograms.portal.stored_layout import LevelLayout

ACCEPTED_BY_USER = "accepted by the user"


@dataclass(frozen=True)
class WantedChunk:
    """A chunk that is stored as an object."""

    index: tuple[int, ...]
    stored: StoredObject


@dataclass(frozen=True)
class Plan:
    """The objects that a box needs, and the chunks that are not there, in C order."""

    wanted: list[WantedChunk]
    unlisted: list[tuple[int, ...]]


@dataclass(frozen=True)
class Level:
    """A level with its listing, and a way to decode one of its chunks."""

    layout: LevelLayout
    listing: dict[str, StoredObject]
    decoded: Callable[[StoredObject], Awaitable[np.ndarray]]


def plan(layout: LevelLayout, box: Box, listing: dict[str, StoredObject], where: str) -> Plan:
    """Tell the chunks that the box touches and are listed from those that are not.

    Raises:
        BadInput: no chunk of the array is listed at all, or one is larger than it can be.
    """
    if not _has_chunks(layout, listing):
        raise refused(where, "has no chunk at all in its folder", "choose another tomogram")
    wanted, unlisted = [], []
    for index in chunks_touched(box, layout.array.chunks):
        stored = listing.get(layout.key(index))
        if stored is None:
            unlisted.append(index)
            continue
        if stored.size > layout.array.largest_stored_chunk or stored.size == 0:
            raise refused(
                f"{where}{layout.array.key(index)}",
                f"has {stored.size} bytes, not 1 to {layout.array.largest_stored_chunk}",
                "report it to the portal",
            )
        wanted.append(WantedChunk(index, stored))
    return Plan(wanted, unlisted)


async def level_that_vouches(
    index: tuple[int, ...],
    layout: LevelLayout,
    coarser: Callable[[int], Awaitable[Level | None]],
) -> int | None:
    """The next coarser level that has what a chunk covers and says that all of it is fill value.

    Args:
        index: a chunk that is not listed.
        layout: of its level.
        coarser: gives a level by its number; None if there is none.

    Returns:
        None if a coarser level has something else there, or none has anything: lost.
    """
    of_array = Box((0, 0, 0), layout.array.shape)
    covered = chunk_box(index, layout.array.chunks).common(of_array)
    number = layout.level + 1
    while (level := await coarser(number)) is not None:
        factor = 2 ** (number - layout.level)
        region = _coarsened(covered, factor, level.layout.array.shape)
        stored = _stored_chunks(level, region)
        if stored is not None:
            fill = level.layout.array.fill_value
            for chunk in stored:
                voxels = await level.decoded(chunk.stored)
                origin = chunk_box(chunk.index, level.layout.array.chunks)
                part = voxels[region.common(origin).within(origin.start)]
                if not _is_fill(part, fill):
                    return None
            return number
        number += 1
    return None


def refuse_lost(
    where: str, array: StoredArray, lost: list[tuple[int, ...]], touched: int
) -> BadInput:
    """Make the refusal of chunks that are not there and for which no coarser level vouches."""
    return refused(
        where,
        f"lacks {len(lost)} of the {touched} chunks that are needed, {array.key(lost[0])} "
        "the first, and no coarser level says that they are empty",
        f"report it to the portal; to take the fill value {array.fill_value:g} for them, give "
        "--missing-chunks-are-fill, or ',fill' after the level (::0,fill)",
    )


def _has_chunks(layout: LevelLayout, listing: dict[str, StoredObject]) -> bool:
    of_array = Box((0, 0, 0), layout.array.shape)
    known = chunks_touched(of_array, layout.array.chunks)
    return any(layout.key(index) in listing for index in known)


def _coarsened(box: Box, factor: int, shape: tuple[int, ...]) -> Box:
    """The voxels of a coarser level that were computed from those of a box, one at least."""
    start = tuple(min(a // factor, n - 1) for a, n in zip(box.start, shape, strict=True))
    stop = tuple(min(-(-b // factor), n) for b, n in zip(box.stop, shape, strict=True))
    return Box(start, tuple(max(b - a, 1) for a, b in zip(start, stop, strict=True)))


def _stored_chunks(level: Level, region: Box) -> list[WantedChunk] | None:
    """The chunks of a region; None if one of them is not listed, which says nothing."""
    chunks = []
    for index in chunks_touched(region, level.layout.array.chunks):
        stored = level.listing.get(level.layout.key(index))
        if stored is None:
            return None
        chunks.append(WantedChunk(index, stored))
    return chunks


def _is_fill(part: np.ndarray, fill: np.generic) -> bool:
    return bool(np.array_equal(part, np.full_like(part, fill), equal_nan=True))
