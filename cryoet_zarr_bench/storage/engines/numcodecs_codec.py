"""A codec as the numcodecs object that format 2 takes."""

from __future__ import annotations

from typing import Any

import numcodecs

from cryoet_zarr_bench.storage.config import SHUFFLES, Codec


def of(codec: Codec) -> Any:
    """The numcodecs object for a codec; None where chunks are stored as they are."""
    if codec.family == "none":
        return None
    if codec.family == "blosc":
        return numcodecs.Blosc(
            cname=codec.compressor,
            clevel=codec.level,
            shuffle=SHUFFLES.index(codec.shuffle),
            blocksize=0,
        )
    if codec.family == "zstd":
        return numcodecs.Zstd(level=codec.level)
    return numcodecs.GZip(level=codec.level)
