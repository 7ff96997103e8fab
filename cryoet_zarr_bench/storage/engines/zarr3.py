"""zarr-python 3: formats 2 and 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numcodecs.blosc
import numpy as np
import zarr
import zarr.codecs

from cryoet_zarr_bench.storage.config import Codec, StorageConfig
from cryoet_zarr_bench.storage.engines import Engine, numcodecs_codec

PINNED = {"threading.max_workers": 1, "async.concurrency": 10}
"""One worker thread encodes and decodes; 10 is the library's own default for requests in flight,
made explicit because a default may change between releases."""


class ZarrPython3(Engine):
    """Writes and reads through zarr-python 3's `create_array` and `open_array`."""

    name = "zarr-python"
    zarr_formats: tuple[int, ...] = (2, 3)

    def pin_threads(self) -> None:
        """One worker thread, and Blosc encodes in it alone."""
        numcodecs.blosc.use_threads = False
        numcodecs.blosc.set_nthreads(1)
        zarr.config.set(PINNED)

    def settings(self) -> dict[str, Any]:
        """The thread and concurrency settings of zarr and Blosc."""
        return {
            "blosc.use_threads": numcodecs.blosc.use_threads,
            "blosc.nthreads": 1,
            **{key: zarr.config.get(key) for key in PINNED},
        }

    def create(
        self,
        store: Path,
        shape: tuple[int, ...],
        dtype: np.dtype,
        config: StorageConfig,
        dimension_names: tuple[str, ...] | None = None,
    ) -> Any:
        """Create an array of zeros in the folder `store`; what is assigned to it is written."""
        return zarr.create_array(
            store=str(store),
            shape=shape,
            chunks=config.chunks,
            shards=_shards(config),
            dtype=dtype,
            compressors=_compressors(config, dtype.itemsize),
            filters=None,
            fill_value=0,
            zarr_format=config.zarr_format,  # type: ignore[arg-type]
            chunk_key_encoding={
                "name": "v2" if config.zarr_format == 2 else "default",
                "separator": "/",
            },
            dimension_names=dimension_names if config.zarr_format == 3 else None,
            config={"order": "C", "write_empty_chunks": True},
        )

    def open(self, store: Path) -> Any:
        """Open the array for reading."""
        return zarr.open_array(str(store), mode="r")


def _shards(config: StorageConfig) -> Any:
    if config.shards is None:
        return None
    return {"shape": config.shards, "index_location": "end"}


def _compressors(config: StorageConfig, itemsize: int) -> Any:
    if config.zarr_format == 2:
        return numcodecs_codec.of(config.codec)
    return _format_3_codec(config.codec, itemsize)


def _format_3_codec(codec: Codec, itemsize: int) -> Any:
    if codec.family == "none":
        return None
    if codec.family == "blosc":
        return zarr.codecs.BloscCodec(
            typesize=itemsize,
            cname=codec.compressor,  # type: ignore[arg-type]
            clevel=codec.level,
            shuffle=codec.shuffle,  # type: ignore[arg-type]
            blocksize=0,
        )
    if codec.family == "zstd":
        return zarr.codecs.ZstdCodec(level=codec.level, checksum=False)
    return zarr.codecs.GzipCodec(level=codec.level)


ENGINE = ZarrPython3()
