"""One box of one level brought from the bucket into a `.npy` file that is not yet an entry."""

import shutil
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.cache.cache_entries import CACHE_VARIABLE
from cryoet_zarr_bench.tomograms.crop_boxes import Box
from cryoet_zarr_bench.tomograms.fetch_progress import Progress
from cryoet_zarr_bench.tomograms.portal.bucket_objects import (
    IN_FLIGHT,
    CannotKeep,
    PortalObjects,
    StoredObject,
)
from cryoet_zarr_bench.tomograms.portal.chunk_transfer import Journal, Mover, limits_for
from cryoet_zarr_bench.tomograms.portal.needed_chunks import (
    ACCEPTED_BY_USER,
    Level,
    Plan,
    WantedChunk,
    level_that_vouches,
    plan,
    refuse_lost,
)
from cryoet_zarr_bench.tomograms.portal.partial_voxels import VoxelsFile
from cryoet_zarr_bench.tomograms.portal.portal_records import PortalTomogram
from cryoet_zarr_bench.tomograms.portal.stored_layout import (
    LevelLayout,
    OmeZarr,
    read_level,
    same_metadata,
)

_SPARE = 1 << 20  # bytes of a disk beyond what is needed: descriptions, folders
_ROUNDS = 2  # an object that was replaced meanwhile is moved again, once


@dataclass(frozen=True)
class Downloaded:
    """A `.npy` file of the box, whole and on the disk, and what it was made from.

    `objects` are the chunks that were moved; `filled` says of each chunk that was not there who
    says that it holds the fill value.
    """

    path: Path
    sha256: str
    objects: list[StoredObject]
    filled: dict[str, str]


@dataclass
class Download:
    """Moves what a box needs of a level; `unfinished` is the folder for what is no entry yet."""

    objects: PortalObjects
    ome_zarr: OmeZarr
    tomogram: PortalTomogram
    layout: LevelLayout
    box: Box
    unfinished: Path
    progress: Progress
    _levels: dict[int, Level] = field(default_factory=dict)

    async def run(self, missing_chunks_are_fill: bool) -> Downloaded:
        """Move, check and decode every chunk of the box.

        Raises:
            BadInput: what is in the bucket is not whole, not what the portal says, or changes.
            CannotKeep: the disk does not take it.
        """
        listing = await self._listing(self.layout)
        if not same_metadata(self.layout, listing):
            raise self._changed("its metadata were changed")
        chunks = plan(self.layout, self.box, listing, self._where)
        filled = await self._filled(chunks, missing_chunks_are_fill)
        try:
            self.unfinished.mkdir(parents=True, exist_ok=True)
            self._check_space(chunks)
            with VoxelsFile(self._voxels_path, self.box, self.layout.array.chunks) as voxels:
                return await self._into(voxels, chunks, filled)
        except (CannotKeep, OSError) as error:
            # A full disk is not left full.
            shutil.rmtree(self.unfinished, ignore_errors=True)
            raise error if isinstance(error, CannotKeep) else CannotKeep(error) from error

    @property
    def _where(self) -> str:
        return self.objects.url(self.layout.folder)

    @property
    def _voxels_path(self) -> Path:
        return self.unfinished / "voxels.part"

    async def _into(self, voxels: VoxelsFile, chunks: Plan, filled: dict[str, str]) -> Downloaded:
        array = self.layout.array
        for index in chunks.unlisted:
            voxels.put(index, np.asarray(array.fill_value))
        with closing(Journal(self.unfinished / "journal.jsonl", voxels.fresh)) as journal:
            mover = Mover(
                self.objects, self.unfinished, voxels, journal, array.decode, self.progress
            )
            total = sum(chunk.stored.size for chunk in chunks.wanted)
            self.progress.begin(total, mover.held_bytes(chunks.wanted))
            used = await self._moved(mover, chunks)
        return Downloaded(self._voxels_path, voxels.finish(), used, filled)

    async def _moved(self, mover: Mover, chunks: Plan) -> list[StoredObject]:
        """Move what is listed until the listing is the same before and after; gives the objects."""
        used = {chunk.index: chunk for chunk in chunks.wanted}
        missing = chunks.wanted
        free = shutil.disk_usage(self.unfinished).free - _SPARE
        limits = limits_for(_largest(chunks), self.layout.array.chunk_bytes, free)
        for _ in range(_ROUNDS):
            changed = await mover.move(missing, limits)
            now = await self._listing(self.layout)
            if not same_metadata(self.layout, now):
                raise self._changed("its metadata were changed")
            if set(plan(self.layout, self.box, now, self._where).unlisted) != set(chunks.unlisted):
                raise self._changed("chunks came or went")
            missing = _replaced(used, changed, self.layout, now)
            if not missing:
                return [chunk.stored for chunk in used.values()]
            used |= {chunk.index: chunk for chunk in missing}
            self.progress.note(f"{len(missing)} chunks were replaced meanwhile: moving them again")
        raise self._changed("its chunks are replaced again and again")

    async def _listing(self, layout: LevelLayout) -> dict[str, StoredObject]:
        """Of a level's folder, and of the documents beside the levels."""
        of_level = await self.objects.listing(layout.folder)
        return {**of_level, **await self.objects.listing(f"{self.ome_zarr.folder}/.z")}

    async def _filled(self, chunks: Plan, accepted: bool) -> dict[str, str]:
        """Decide, for each chunk that is not there, whether it holds the fill value."""
        array = self.layout.array
        if accepted:
            return {array.key(index): ACCEPTED_BY_USER for index in chunks.unlisted}
        said, lost = {}, []
        for index in chunks.unlisted:
            level = await level_that_vouches(index, self.layout, self._coarser)
            if level is None:
                lost.append(index)
            else:
                said[array.key(index)] = f"level {level}"
        if lost:
            touched = len(chunks.wanted) + len(chunks.unlisted)
            raise refuse_lost(self._where, array, lost, touched)
        return said

    async def _coarser(self, number: int) -> Level | None:
        if number >= len(self.ome_zarr.levels):
            return None
        if number not in self._levels:
            layout = await read_level(self.objects, self.ome_zarr, number, self.tomogram)

            async def decoded(stored: StoredObject) -> np.ndarray:
                content, _ = await self.objects.document(
                    stored.key, layout.array.largest_stored_chunk
                )
                return layout.array.decode(content, self.objects.url(stored.key))

            listing = await self.objects.listing(layout.folder)
            self._levels[number] = Level(layout, listing, decoded)
        return self._levels[number]

    def _check_space(self, chunks: Plan) -> None:
        """Raise BadInput if the disk has less space than is needed, before anything is moved."""
        needed = self.box.voxels * self.layout.array.dtype.itemsize
        if self._voxels_path.exists():
            needed -= self._voxels_path.stat().st_size
        needed += min(IN_FLIGHT, len(chunks.wanted)) * _largest(chunks) + _SPARE
        free = shutil.disk_usage(self.unfinished).free
        if needed > free:
            raise refused(
                self.unfinished.parent,
                f"{needed / 1e9:.2f} GB are needed there and {free / 1e9:.2f} GB are free",
                f"make room there or set {CACHE_VARIABLE} to another folder",
            )

    def _changed(self, problem: str) -> BadInput:
        return refused(
            self._where, f"{problem} while it was fetched", "fetch it again when it is complete"
        )


def _replaced(
    used: dict[tuple[int, ...], WantedChunk],
    changed: list[WantedChunk],
    layout: LevelLayout,
    listing: dict[str, StoredObject],
) -> list[WantedChunk]:
    """The chunks that are not what was moved, as they are listed now."""
    again = {chunk.index for chunk in changed}
    return [
        WantedChunk(index, listing[layout.key(index)])
        for index, chunk in used.items()
        if index in again or listing[layout.key(index)] != chunk.stored
    ]


def _largest(chunks: Plan) -> int:
    return max((chunk.stored.size for chunk in chunks.wanted), default=0)
