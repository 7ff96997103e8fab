"""zarr-python's two classes of stores for S3, and the requests that each makes of the same reads.

`ObjectStore`, over obstore, asks for what zarr asks for. `FsspecStore`, over s3fs, asks for the
size of each object first where all of it is wanted, since s3fs reads large ones in parts
(`S3FileSystem._cat_file`, s3fs 2026.9.0); where there is no such object it asks for a listing too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cryoet_zarr_bench.storage.object_store.bucket import Request

FSSPEC, OBSTORE = "FsspecStore", "ObjectStore"

STORE_CLASSES = {FSSPEC: "s3fs", OBSTORE: "obstore"}
"""Each class of stores, and the package that it needs."""

PART = 50 << 20
"""Bytes of a part of a large object that s3fs reads by itself: its `default_block_size`."""


def requests_of(store_class: str, requests: Iterable[Request]) -> list[Request]:
    """The requests that a class of stores makes where zarr asks for these."""
    if store_class == OBSTORE:
        return list(requests)
    made: list[Request] = []
    last: dict[int, int] = {}  # the request of zarr -> the last one made for it
    for number, asked in enumerate(requests):
        after = None if asked.after is None else last[asked.after]
        first = replace(asked, after=after)
        if asked.kind != "GET" or asked.is_ranged:
            made.append(first)
        else:
            made.append(replace(first, kind="HEAD", moved=0))
            head = len(made) - 1
            made += [replace(part, after=head) for part in _after_its_size(asked)]
        last[number] = len(made) - 1
    return made


def _after_its_size(asked: Request) -> list[Request]:
    """What s3fs asks when it knows how large an object is, or that there is none."""
    if not asked.moved:
        return [replace(asked, kind="LIST")]
    if asked.moved <= PART:
        return [asked]
    ends = [min(begin + PART, asked.moved) for begin in range(0, asked.moved, PART)]
    return [
        replace(asked, start=begin, stop=end, moved=end - begin)
        for begin, end in zip(range(0, asked.moved, PART), ends, strict=True)
    ]
