"""The places that stored tomograms are read from: latencies, connections, lines.

They are assumptions, of 2026-11-28, each with its reason; the model that turns requests into
seconds is `request_replay`.
"""

from __future__ import annotations

import itertools

from cryoet_zarr_bench.storage.object_store.request_replay import Place

AMAZON = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"
DURNER = "https://www.vldb.org/pvldb/vol16/p2769-durner.pdf"
"""Durner, Leis and Neumann, PVLDB 16 (2023) 2769: single requests to S3, measured."""

LATENCIES = {
    0.001: "a store in the same rack, or a file system over the network",
    0.010: "S3 Express One Zone, or a store in the same data centre: single-digit milliseconds",
    0.030: "S3 from a machine in its own region, where it answers quickly",
    0.100: f"S3 from far, and what [Amazon]({AMAZON}) says of small objects: 100 to 200 ms",
}
"""Seconds until the first byte of a request comes, and why, in Markdown."""

CONNECTIONS = {
    10: "what botocore and s3fs open at most, and zarr's `async.concurrency`",
    64: "a reader that was told to",
}
"""Requests that are answered at a time."""

LINES = {
    125e6: "a workstation's line",
    1.25e9: "a node of a cluster or of the cloud",
}
"""Bytes a second of all connections together."""

OF_A_CONNECTION = 50e6
"""Bytes a second of one connection."""

WHY_OF_A_CONNECTION = (
    f"one request for a large object got 55 to 60 MiB/s at the median, 25 to 95 in all ([Durner "
    f"and others]({DURNER}))"
)


TO_ASK = 0.001
"""Seconds of the reader's one thread for each request."""

WHY_TO_ASK = (
    "a request through zarr-python and obstore or s3fs takes one to three milliseconds of a core, "
    "decoding included; so requests never all go out at once"
)


def place_name(latency: float, connections: int, line: float) -> str:
    """The name of a place, such as `30 ms, 10 connections, 1 Gbit/s`."""
    return f"{latency * 1000:g} ms, {connections} connections, {line * 8 / 1e9:g} Gbit/s"


LOCAL, SHARED = "a local disk", "a shared file system"

FILE_SYSTEMS = {
    LOCAL: (Place(0.0001, 10, 500e6, 2e9), "NVMe: 0.1 ms, 500 MB/s a file, 2 GB/s together"),
    SHARED: (
        Place(0.001, 10, 200e6, 1.25e9),
        "of a cluster: 1 ms, 200 MB/s a file, 10 Gbit/s together",
    ),
}
"""Places where files are read, ten at a time as zarr-python does, and what is assumed of each."""

PLACES = {
    **{name: place for name, (place, _) in FILE_SYSTEMS.items()},
    **{
        place_name(*each): Place(each[0], each[1], OF_A_CONNECTION, each[2], TO_ASK)
        for each in itertools.product(LATENCIES, CONNECTIONS, LINES)
    },
}
"""Every place by its name, in the order of the figures."""

USUAL = place_name(0.030, 10, 125e6)
"""The place that is meant where none is named."""
