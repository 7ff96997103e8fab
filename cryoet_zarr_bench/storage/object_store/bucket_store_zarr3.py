"""A bucket as the store of zarr-python 3, and an array in it on a clock of its own.

The requests are those of `FsspecStore` and `ObjectStore` on S3: each `get` is a GET, with a range
where one is asked for, and several ranges of one object go through `Store.get_ranges`, which joins
them where the release does that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer

from cryoet_zarr_bench.storage.boxes import Box
from cryoet_zarr_bench.storage.object_store.bucket import Bucket
from cryoet_zarr_bench.storage.object_store.virtual_time import VirtualLoop

_AFTER: ContextVar[int | None] = ContextVar("the last request waited for", default=None)
"""A task that another one starts has what that one waited for: so it is known which request could
only be made when another was answered."""


class BucketStore(Store):
    """Asks a bucket, and waits for each request as long as its latency says."""

    supports_writes = True
    supports_deletes = True
    supports_listing = True
    supports_partial_writes = False

    def __init__(self, bucket: Bucket, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        self.bucket = bucket
        self._connections = asyncio.Semaphore(bucket.latency.connections)

    def with_read_only(self, read_only: bool = False) -> BucketStore:
        """The same bucket, through the same connections."""
        other = BucketStore(self.bucket, read_only=read_only)
        other._connections = self._connections
        return other

    def __eq__(self, value: object) -> bool:
        return isinstance(value, BucketStore) and value.bucket is self.bucket

    def __str__(self) -> str:
        return f"bucket://{self.bucket.folder}"

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Buffer | None:
        """One GET, ranged where a range is asked for."""
        async with self._connections:
            content, seconds = self.bucket.get(key, *_slice(byte_range), _now(), _AFTER.get())
            number = len(self.bucket.trace.requests) - 1
            await asyncio.sleep(seconds)
        _AFTER.set(number)
        if content is None:
            return None
        buffer: Buffer = prototype.buffer.from_bytes(content)
        return buffer

    async def get_partial_values(
        self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]
    ) -> list[Buffer | None]:
        """A GET for each."""
        asked = (self.get(key, prototype, byte_range) for key, byte_range in key_ranges)
        return list(await asyncio.gather(*asked))

    async def exists(self, key: str) -> bool:
        """One HEAD."""
        async with self._connections:
            found, seconds = self.bucket.head(key, _now())
            await asyncio.sleep(seconds)
        return found

    async def set(self, key: str, value: Buffer, byte_range: Any = None) -> None:
        """One PUT."""
        self._check_writable()
        if byte_range is not None:
            raise NotImplementedError("a part of an object cannot be replaced")
        async with self._connections:
            await asyncio.sleep(self.bucket.put(key, value.to_bytes(), _now(), _AFTER.get()))

    async def set_partial_values(self, key_start_values: Any) -> None:
        """Not possible in an object store."""
        raise NotImplementedError("a part of an object cannot be replaced")

    async def delete(self, key: str) -> None:
        """One DELETE."""
        self._check_writable()
        async with self._connections:
            await asyncio.sleep(self.bucket.delete(key, _now()))

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """One LIST."""
        async with self._connections:
            keys, seconds = self.bucket.list(prefix, _now())
            await asyncio.sleep(seconds)
        for key in keys:
            yield key

    async def list(self) -> AsyncIterator[str]:
        """One LIST."""
        async for key in self.list_prefix(""):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """One LIST."""
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        keys = [key.removeprefix(folder) async for key in self.list_prefix(folder)]
        for name in dict.fromkeys(key.partition("/")[0] for key in keys):
            yield name


class BucketArray:
    """An array in a bucket, read and written in a loop in which waiting takes no time."""

    def __init__(self, loop: VirtualLoop, array: Any, bucket: Bucket) -> None:
        self._loop, self._array, self._bucket = loop, array, bucket

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y, x."""
        shape: tuple[int, ...] = self._array.shape
        return shape

    @property
    def dtype(self) -> np.dtype:
        """The type of a voxel."""
        return np.dtype(self._array.dtype)

    def __getitem__(self, box: Box) -> np.ndarray:
        self._bucket.next_step()
        return np.asarray(self._loop.run_until_complete(self._array.getitem(box)))

    def __setitem__(self, box: Box, voxels: np.ndarray) -> None:
        self._bucket.next_step()
        self._loop.run_until_complete(self._array.setitem(box, voxels))


@contextlib.contextmanager
def in_bucket(call: Any, bucket: Bucket, **arguments: Any) -> Iterator[BucketArray]:
    """The array that one of zarr's asynchronous functions opens or makes in a bucket."""
    with contextlib.closing(VirtualLoop()) as loop:
        # Made within the loop, which is where its connections are.
        async def array() -> Any:
            return await call(store=BucketStore(bucket), **arguments)

        yield BucketArray(loop, loop.run_until_complete(array()), bucket)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _slice(byte_range: Any) -> tuple[int | None, int | None]:
    if byte_range is None:
        return None, None
    if isinstance(byte_range, RangeByteRequest):
        return byte_range.start, byte_range.end
    if isinstance(byte_range, OffsetByteRequest):
        return byte_range.offset, None
    if isinstance(byte_range, SuffixByteRequest):
        return -byte_range.suffix, None
    raise TypeError(f"no range of bytes is asked for by {byte_range!r}")
