"""Moving chunks: several at once, each checked and decoded while the next ones come.

What is finished is noted in a journal beside the voxels, a line of JSON for each chunk, with a
checksum of its voxels. A fetch that was ended, killed too, goes on from there; chunks whose voxels
have another checksum are moved again. A stored chunk is a file only until it is decoded, so that
few of them ever get to the disk; one that arrived and was not decoded is used where its ETag is an
MD5 that its bytes have. Names from outside are in no path.
"""

import asyncio
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.fetch_progress import Progress
from cryoet_zarr_bench.tomograms.portal.bucket_objects import (
    IN_FLIGHT,
    ObjectChanged,
    PortalObjects,
    StoredObject,
    md5_of,
)
from cryoet_zarr_bench.tomograms.portal.needed_chunks import WantedChunk
from cryoet_zarr_bench.tomograms.portal.partial_voxels import VoxelsFile

_LARGEST_FOR_TWO = 1 << 27  # bytes of a decoded chunk; of larger ones, one at a time is decoded
_MOST_STORED = 4 << 30  # bytes of chunks that may wait to be decoded
_NICE = 10
_APART = 0.05  # seconds: begun at once, chunks would arrive all at once and wait for the decoders


@dataclass(frozen=True)
class Limits:
    """The number of chunks that may be on the disk as stored, and be decoded at once."""

    stored: int
    decoders: int


def limits_for(largest_stored: int, decoded: int, free: int) -> Limits:
    """Limits for chunks of so many bytes, stored and decoded, on a disk with `free` bytes left."""
    room = min(_MOST_STORED, free) // max(largest_stored, 1)
    return Limits(max(room, IN_FLIGHT), 2 if decoded <= _LARGEST_FOR_TWO else 1)


class Journal:
    """The chunks of an unfinished fetch whose voxels are there; a damaged line is left out."""

    def __init__(self, path: Path, fresh: bool) -> None:
        """Open a journal; what it has does not count where the voxels are `fresh`."""
        if fresh:
            path.unlink(missing_ok=True)
        self._checksums: dict[str, int] = dict(_finished(path))
        self._file = path.open("a")

    def __contains__(self, stored: StoredObject) -> bool:
        return object_digest(stored) in self._checksums

    def checksum(self, stored: StoredObject) -> int:
        """Of the voxels of a chunk that is noted."""
        return self._checksums[object_digest(stored)]

    def add(self, stored: StoredObject, checksum: int) -> None:
        """Note that the voxels of a chunk were written."""
        line = json.dumps([object_digest(stored), checksum])
        self._file.write(f"{line}\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def object_digest(stored: StoredObject) -> str:
    """Stands for an object in this version in files and their names."""
    text = f"{stored.key}\0{stored.etag}\0{stored.size}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


class Mover:
    """Brings chunks of one array into a file of voxels."""

    def __init__(
        self,
        objects: PortalObjects,
        folder: Path,
        voxels: VoxelsFile,
        journal: Journal,
        decode: Callable[[bytes, str], np.ndarray],
        progress: Progress,
    ) -> None:
        """Make one.

        Args:
            objects: the bucket.
            folder: for files of chunks that arrive.
            voxels: where they go.
            journal: of what is there.
            decode: makes voxels of stored bytes, or raises BadInput; told where they are from.
            progress: told how far it is.
        """
        self._objects, self._folder, self._progress = objects, folder, progress
        self._voxels, self._journal, self._decode = voxels, journal, decode

    async def move(self, chunks: list[WantedChunk], limits: Limits) -> list[WantedChunk]:
        """Bring chunks; moving does not wait for decoding, as far as `limits` allow.

        Returns:
            Those chunks that are no longer as they were listed.

        Raises:
            BadInput: an object cannot be had, or is damaged.
            CannotKeep, OSError: it cannot be written.
        """
        changed: list[WantedChunk] = []
        waiting = iter(chunks)
        self._room = asyncio.Semaphore(limits.stored)
        with ThreadPoolExecutor(limits.decoders, initializer=_give_way) as self._decoders:
            try:
                async with asyncio.TaskGroup() as self._tasks:
                    for number in range(min(IN_FLIGHT, len(chunks))):
                        self._tasks.create_task(self._move_all(waiting, changed))
                        await asyncio.sleep(_APART * (number + 1 < IN_FLIGHT))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return changed

    async def _move_all(self, chunks: Iterator[WantedChunk], changed: list[WantedChunk]) -> None:
        for chunk in chunks:
            if await self._had(chunk):
                continue
            await self._room.acquire()
            try:
                expected = await self._save(chunk)
            except ObjectChanged:
                changed.append(chunk)
                self._room.release()
            else:
                self._tasks.create_task(self._use_or_move_again(chunk, expected, changed))

    async def _had(self, chunk: WantedChunk) -> bool:
        """Use what an earlier fetch has of a chunk, decoded or not."""
        had = chunk.stored in self._journal
        if had and await self._in_thread(self._is_there, chunk):
            return True
        expected = md5_of(chunk.stored)
        if not had and expected is not None and self._has_arrived(chunk):
            had = True
            with suppress(_ArrivedDamaged):
                self._journal.add(chunk.stored, await self._in_thread(self._use, chunk, expected))
                return True
        if had:
            self._progress.moved(-chunk.stored.size)
        return False

    async def _save(self, chunk: WantedChunk) -> str | None:
        arriving = self._arriving(chunk)
        return await self._objects.save(chunk.stored, arriving, self._progress.moved)

    async def _use_or_move_again(
        self, chunk: WantedChunk, expected: str | None, changed: list[WantedChunk]
    ) -> None:
        """Bytes that arrived damaged are asked for again: they may have been changed on the way."""
        try:
            for left in reversed(range(self._objects.settings.attempts)):
                try:
                    checksum = await self._in_thread(self._use, chunk, expected)
                except _ArrivedDamaged:
                    if left == 0:
                        raise
                    self._progress.moved(-chunk.stored.size)
                    expected = await self._save(chunk)
                else:
                    self._journal.add(chunk.stored, checksum)
                    return
        except ObjectChanged:
            changed.append(chunk)
        finally:
            self._room.release()

    def held_bytes(self, chunks: list[WantedChunk]) -> int:
        """The bytes of those chunks that an earlier fetch seems to have moved."""
        return sum(
            chunk.stored.size
            for chunk in chunks
            if chunk.stored in self._journal
            or (md5_of(chunk.stored) is not None and self._has_arrived(chunk))
        )

    def _arriving(self, chunk: WantedChunk) -> Path:
        return self._folder / f"{object_digest(chunk.stored)}.part"

    def _has_arrived(self, chunk: WantedChunk) -> bool:
        arriving = self._arriving(chunk)
        return arriving.exists() and arriving.stat().st_size == chunk.stored.size

    async def _in_thread[Answer](self, call: Callable[..., Answer], *arguments: object) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoders, call, *arguments)

    def _is_there(self, chunk: WantedChunk) -> bool:
        return self._voxels.holds(chunk.index, self._journal.checksum(chunk.stored))

    def _use(self, chunk: WantedChunk, expected: str | None) -> int:
        url, arriving = self._objects.url(chunk.stored.key), self._arriving(chunk)
        stored = arriving.read_bytes()
        digest = hashlib.md5(stored).hexdigest()
        if expected is not None and digest != expected:
            line = refused(
                url,
                f"arrives damaged, in {self._objects.settings.attempts} attempts: its MD5 is "
                f"{digest}, not {expected}",
                "try again later; if it stays so, report it to the portal",
            )
            raise _ArrivedDamaged(str(line))
        try:
            decoded = self._decode(stored, url)
        except BadInput as damage:
            if expected is None:
                raise _ArrivedDamaged(str(damage)) from damage
            raise
        arriving.unlink()
        return self._voxels.put(chunk.index, decoded)


class _ArrivedDamaged(BadInput):
    """Raised if what arrived seems not to be what is stored: another attempt may help."""


def _give_way() -> None:
    """Let the threads that decode take what moving leaves of the processors."""
    with suppress(OSError, AttributeError):  # not everywhere has a thread a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _finished(path: Path) -> Iterator[tuple[str, int]]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            digest, checksum = json.loads(line)
        except (ValueError, TypeError):
            continue  # cut short when the process was killed
        if isinstance(digest, str) and type(checksum) is int:
            yield digest, checksum
