"""A bucket as the store of zarr-python 2, on a clock of its own.

The requests are those of `FSStore` on S3: the chunks of one call are asked for together, through as
many connections as the latency has; to look whether a key is there is a HEAD.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from numcodecs.compat import ensure_bytes
from zarr.storage import Store  # type: ignore[attr-defined]

from cryoet_zarr_bench.storage.object_store.bucket import Bucket
from cryoet_zarr_bench.storage.object_store.request_latency import Connections


class BucketStore(Store):
    """Asks a bucket, and puts the clock forward by what that takes."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.now = 0.0

    def __getitem__(self, key: str) -> bytes:
        self.bucket.next_step()
        content, seconds = self.bucket.get(key, None, None, self.now)
        self.now += seconds
        if content is None:
            raise KeyError(key)
        return content

    def getitems(self, keys: Sequence[str], *, contexts: Any = None) -> Mapping[str, bytes]:
        """A GET for each, together."""
        found = {}

        def get(key: str, begin: float) -> float:
            content, seconds = self.bucket.get(key, None, None, begin)
            if content is not None:
                found[key] = content
            return seconds

        self._together(list(keys), get)
        return found

    def __contains__(self, key: object) -> bool:
        self.bucket.next_step()
        found, seconds = self.bucket.head(str(key), self.now)
        self.now += seconds
        return found

    def __setitem__(self, key: str, value: Any) -> None:
        self.bucket.next_step()
        self.now += self.bucket.put(key, ensure_bytes(value), self.now)

    def setitems(self, values: Mapping[str, Any]) -> None:
        """A PUT for each, together."""
        self._together(
            list(values), lambda key, begin: self.bucket.put(key, ensure_bytes(values[key]), begin)
        )

    def __delitem__(self, key: str) -> None:
        self.bucket.next_step()
        self.now += self.bucket.delete(key, self.now)

    def __iter__(self) -> Iterator[str]:
        self.bucket.next_step()
        keys, seconds = self.bucket.list("", self.now)
        self.now += seconds
        return iter(keys)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _together(self, keys: list[str], ask: Callable[[str, float], float]) -> None:
        self.bucket.next_step()
        connections = Connections(self.bucket.latency, self.now)
        for key in keys:
            begin = connections.take()
            connections.leave(begin + ask(key, begin))
        self.now = connections.all_free()
