"""The places that stored tomograms are read from: latencies, connections, lines.

They are assumptions, of 2026-11-28, each with its reason; the model that turns requests into
seconds is `request_replay`.
"""

from __future__ import annotations

import itertools

from cryoet_zarr_bench.storage.object_store.request_replay import Place

LATENCIES = {
    0.001: "a store in the same rack, or a file system over the network",
    0.010: "S3 Express One Zone, or a store in the same data centre: single-digit milliseconds",
    0.030: "S3 in the reader's own region: tens of milliseconds, by Amazon's own best practices",
    0.100: "S3 across an ocean, or over a home line",
}
"""Seconds until the first byte of a request comes."""

CONNECTIONS = {
    10: "what botocore and s3fs open at most, and zarr's `async.concurrency`",
    64: "a reader that was told to",
}
"""Requests that are answered at a time."""

LINES = {
    125e6: "1 Gbit/s, a workstation's line",
    1.25e9: "10 Gbit/s, a node of a cluster or of the cloud",
}
"""Bytes a second of all connections together."""

OF_A_CONNECTION = 50e6
"""Bytes a second of one connection: below what a large object gets from S3 (85 to 90 MB/s by
Amazon's best practices), above what small ones get."""


def place_name(latency: float, connections: int, line: float) -> str:
    """The name of a place, such as `30 ms, 10 connections, 1 Gbit/s`."""
    return f"{latency * 1000:g} ms, {connections} connections, {line * 8 / 1e9:g} Gbit/s"


PLACES = {
    place_name(*each): Place(each[0], each[1], OF_A_CONNECTION, each[2])
    for each in itertools.product(LATENCIES, CONNECTIONS, LINES)
}
"""Every place by its name, in the order of the figures."""

USUAL = place_name(0.030, 10, 125e6)
"""The place that is meant where none is named."""
