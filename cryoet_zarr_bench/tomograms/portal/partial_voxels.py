"""A `.npy` file that chunks are decoded into as they come, in any order, in bounded memory.

It is written by calls rather than mapped: a mapped file on a full disk kills the process, and
counts as its memory.
"""

import errno
import hashlib
import os
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import numpy as np

from cryoet_zarr_bench.tomograms.crop_boxes import Box, chunk_box, chunks_touched

Index = tuple[int, ...]

_SYNCED_AT_ONCE = 1 << 28  # bytes: so much is left to be brought to the disk at the end
_PIECE = 1 << 22


class VoxelsFile(AbstractContextManager["VoxelsFile"]):
    """The float32 voxels of a box in C order, behind the header of a `.npy` file.

    The space is taken when the file is made. One that is there already, of an earlier fetch of the
    same box, is gone on with; then `fresh` is False. Threads may put and look at chunks at once,
    each chunk by one of them.
    """

    def __init__(self, path: Path, box: Box, chunks: tuple[int, ...]) -> None:
        """Open the file.

        Args:
            path: the file.
            box: what it is of.
            chunks: the shape of a chunk of the array.

        Raises:
            OSError: it cannot be made, or there is no space for it.
        """
        self._box, self._chunks = box, chunks
        self._lock, self._hashing = threading.Lock(), threading.Lock()
        self._there: set[Index] = set()
        self._unsynced = 0
        self._left = Counter(index[0] for index in chunks_touched(box, chunks))
        self._layers = sorted(self._left)
        self._rows = {index[:2]: threading.Lock() for index in chunks_touched(box, chunks)}
        self._sha256, self._hashed, self._to_hash = hashlib.sha256(), 0, 0
        self._hash_ahead = True
        header = _header(box)
        self._offset = len(header)
        self._size = self._offset + 4 * box.voxels
        self.fresh = not path.exists() or path.stat().st_size != self._size
        self._file = path.open("w+b" if self.fresh else "r+b", buffering=0)
        try:
            os.posix_fallocate(self._file.fileno(), 0, self._size)
        except BaseException:
            self._file.close()
            path.unlink(missing_ok=True)
            raise
        self._write(memoryview(header), 0)
        # Beside the threads that put: these have no time to wait for the disk, or for a sum.
        self._behind = ThreadPoolExecutor(2)
        self._begun: list[Future[None]] = []

    def put(self, index: Index, voxels: np.ndarray) -> int:
        """Write what a chunk has of the box; gives a checksum of that.

        Args:
            index: of the chunk.
            voxels: the decoded chunk, or one voxel that all of it has.
        """
        chunk = chunk_box(index, self._chunks)
        common = self._box.common(chunk)
        part = np.broadcast_to(voxels, chunk.shape)[common.within(chunk.start)]
        part = np.ascontiguousarray(part, dtype="<f4")
        # Rows are written with what is beside them: in few large calls, which hold up no thread.
        # Chunks that are beside each other along x have the same rows.
        with self._rows[index[:2]]:
            for plane, columns, at in self._planes(common):
                band = self._read_rows(common, at)
                band[:, columns] = part[plane]
                self._write(memoryview(band).cast("B"), at)
        self._note(index, part.nbytes)
        return zlib.crc32(memoryview(part).cast("B"))

    def holds(self, index: Index, checksum: int) -> bool:
        """True if an earlier fetch put the voxels of a chunk there."""
        common = self._box.common(chunk_box(index, self._chunks))
        found = 0
        for _, columns, at in self._planes(common):
            found = zlib.crc32(np.ascontiguousarray(self._read_rows(common, at)[:, columns]), found)
        if found != checksum:
            return False
        self._note(index, 0)
        return True

    def finish(self) -> str:
        """Bring all of it to the disk; gives the SHA-256 of the voxels."""
        for begun in self._begun:
            begun.result()
        os.fsync(self._file.fileno())
        if not self._hash_ahead:
            self._sha256, self._hashed = hashlib.sha256(), 0
        self._hash(self._size - self._offset)
        return self._sha256.hexdigest()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._behind.shutdown(cancel_futures=True)
        self._file.close()

    def _planes(self, common: Box) -> Iterator[tuple[int, slice, int]]:
        """Of each plane of a part of the box its number, its columns, and where its first row is in
        the file."""
        _, rows, columns = self._box.shape
        z, y, x = (a - b for a, b in zip(common.start, self._box.start, strict=True))
        for plane in range(common.shape[0]):
            at = self._offset + 4 * ((z + plane) * rows + y) * columns
            yield plane, slice(x, x + common.shape[2]), at

    def _read_rows(self, common: Box, at: int) -> np.ndarray:
        """The rows of a plane of a part, as long as those of the box; writable."""
        rows = np.empty((common.shape[1], self._box.shape[2]), "<f4")
        if os.preadv(self._file.fileno(), [memoryview(rows).cast("B")], at) != rows.nbytes:
            raise OSError(errno.EIO, "it was cut off by another program")
        return rows

    def _write(self, content: memoryview, at: int) -> None:
        while content:
            written = os.pwrite(self._file.fileno(), content, at)
            content, at = content[written:], at + written

    def _note(self, index: Index, written: int) -> None:
        """Note that a chunk is there; now and then bring what there is to the disk, and hash it."""
        with self._lock:
            if index in self._there:  # replaced: what was hashed of it is not right any more
                self._hash_ahead = False
            else:
                self._there.add(index)
                self._left[index[0]] -= 1
            self._unsynced += written
            sync = self._unsynced >= _SYNCED_AT_ONCE
            if sync:
                self._unsynced = 0
            complete = self._complete_bytes() if self._hash_ahead else 0
            if complete > self._to_hash:
                self._to_hash = complete
                self._begun.append(self._behind.submit(self._hash, complete))
            if sync:
                self._begun.append(self._behind.submit(os.fdatasync, self._file.fileno()))

    def _complete_bytes(self) -> int:
        """The bytes of voxels from the first on of which every chunk is there."""
        complete = [self._left[layer] == 0 for layer in self._layers]
        layers = complete.index(False) if False in complete else len(complete)
        if layers == 0:
            return 0
        end = chunk_box((self._layers[layers - 1], 0, 0), self._chunks).stop[0]
        planes = min(end, self._box.stop[0]) - self._box.start[0]
        return 4 * planes * self._box.shape[1] * self._box.shape[2]

    def _hash(self, stop: int) -> None:
        with self._hashing:
            while self._hashed < stop:
                count = min(_PIECE, stop - self._hashed)
                piece = os.pread(self._file.fileno(), count, self._offset + self._hashed)
                if not piece:
                    raise OSError(errno.EIO, "it was cut off by another program")
                self._sha256.update(piece)
                self._hashed += len(piece)


def _header(box: Box) -> bytes:
    from io import BytesIO

    header = BytesIO()
    fields = {"descr": "<f4", "fortran_order": False, "shape": box.shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()
