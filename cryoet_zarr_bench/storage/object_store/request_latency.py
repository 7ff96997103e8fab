"""Latency of a request to an object store, as a model with three numbers.

Decoding and everything else a reader does is left out: it is what other benchmarks measure.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """The waiting for one request: the same time for each, and a rate at which its bytes come.

    `connections` are how many requests are answered at a time; others wait for one that is free.
    """

    seconds_per_request: float
    bytes_per_second: float
    connections: int

    def seconds(self, moved: int) -> float:
        """Seconds of a request that moves so many bytes."""
        return self.seconds_per_request + moved / self.bytes_per_second


class Connections:
    """The connections that requests asked for together, at `begin` seconds, are shared out to."""

    def __init__(self, latency: Latency, begin: float) -> None:
        self._free = [begin] * latency.connections

    def take(self) -> float:
        """When the next request begins: as soon as a connection is free, which it takes."""
        return heapq.heappop(self._free)

    def leave(self, end: float) -> None:
        """The request that was taken last ends then."""
        heapq.heappush(self._free, end)

    def all_free(self) -> float:
        """When the last request ends."""
        return max(self._free)


ASSUMED = Latency(seconds_per_request=0.030, bytes_per_second=50e6, connections=10)
"""What modelled seconds rest on: assumptions of 2026-11-21 for a reader in the store's own region.

"Tens of milliseconds" are the median of small requests by Amazon's white paper Best Practices
Design Patterns: Optimizing Amazon S3 Performance (Timeouts and Retries for Latency-Sensitive
Applications). 50 MB/s a connection is below what a large object gets and above what small ones get.
10 connections are what botocore, and with it s3fs, opens at most, and zarr's `async.concurrency`.
"""
