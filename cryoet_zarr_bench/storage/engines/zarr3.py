"""zarr-python 3: formats 2 and 3."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import numcodecs.blosc
import numpy as np
import zarr
import zarr.api.asynchronous
import zarr.codecs
import zarr.registry

from cryoet_zarr_bench.storage.codecs.codec_families import Step
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine, numcodecs_codec
from cryoet_zarr_bench.storage.format_placement import format_3_steps
from cryoet_zarr_bench.storage.object_store import bucket_store_zarr3
from cryoet_zarr_bench.storage.object_store.bucket import Bucket

PINNED = {"threading.max_workers": 1, "async.concurrency": 10}
"""One worker thread encodes and decodes; 10 is the library's own default for requests in flight,
made explicit because a default may change between releases."""


class ZarrPython3(CountedEngine):
    """Writes and reads through zarr-python 3's `create_array` and `open_array`.

    It is given a path and never a string. Of a string zarr makes a path too, but takes it for a URL
    first: `#`, `?` and `;` cut it, a newline is dropped, `::` is a chain of file systems.
    """

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
        return zarr.create_array(store=store, **_arguments(shape, dtype, config, dimension_names))

    def open(self, store: Path) -> Any:
        """Open the array for reading."""
        return zarr.open_array(store, mode="r")

    def open_to_change(self, store: Path) -> Any:
        """Open the array for reading and for writing parts of it anew."""
        return zarr.open_array(store, mode="r+")

    def open_in_bucket(
        self, bucket: Bucket, to_change: bool = False
    ) -> AbstractContextManager[Any]:
        """Open the array that is all of a bucket."""
        mode = "r+" if to_change else "r"
        return bucket_store_zarr3.in_bucket(zarr.api.asynchronous.open_array, bucket, mode=mode)

    def create_in_bucket(
        self, bucket: Bucket, shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
    ) -> AbstractContextManager[Any]:
        """Create an array of zeros in an empty bucket."""
        return bucket_store_zarr3.in_bucket(
            zarr.api.asynchronous.create_array, bucket, **_arguments(shape, dtype, config)
        )


def _arguments(
    shape: tuple[int, ...],
    dtype: np.dtype,
    config: StorageConfig,
    dimension_names: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    return {
        "shape": shape,
        "chunks": config.chunks,
        "shards": _shards(config),
        "dtype": dtype,
        **_codecs(config, dtype),
        "fill_value": 0,
        "zarr_format": config.zarr_format,
        "chunk_key_encoding": {
            "name": "v2" if config.zarr_format == 2 else "default",
            "separator": "/",
        },
        "dimension_names": dimension_names if config.zarr_format == 3 else None,
        "config": {"order": "C", "write_empty_chunks": True},
    }


def _shards(config: StorageConfig) -> Any:
    if config.shards is None:
        return None
    return {"shape": config.shards, "index_location": "end"}


def _codecs(config: StorageConfig, dtype: np.dtype) -> dict[str, Any]:
    if config.zarr_format == 2:
        made, compressor = numcodecs_codec.filters_and_compressor(config, dtype)
        return {"filters": made or None, "compressors": compressor}
    placed = format_3_steps(config, dtype)
    codecs: dict[str, Any] = {
        "filters": [_format_3_codec(step) for step in placed.filters] or None,
        "compressors": [_format_3_codec(step) for step in placed.compressors] or None,
    }
    if placed.serializer is not None:
        codecs["serializer"] = _format_3_codec(placed.serializer)
    elif dtype.itemsize == 1 < placed.dtype.itemsize:
        # Left to itself, zarr asks the voxels' own dtype whether bytes have an order.
        codecs["serializer"] = zarr.codecs.BytesCodec(endian="little")
    return codecs


_NATIVE = {
    "blosc": zarr.codecs.BloscCodec,
    "zstd": zarr.codecs.ZstdCodec,
    "gzip": zarr.codecs.GzipCodec,
}

_OF_NUMCODECS = {
    "lz4": "LZ4",
    "bz2": "BZ2",
    "lzma": "LZMA",
    "shuffle": "Shuffle",
    "delta": "Delta",
    "pcodec": "PCodec",
    "zfpy": "ZFPY",
    "bitround": "BitRound",
    "astype": "AsType",
    "fixedscaleoffset": "FixedScaleOffset",
}


def _format_3_codec(step: Step) -> Any:
    if step.native is not None:
        name, configuration = step.native
        # What packages beside zarr bring is found by name, as when it is read.
        made = _NATIVE[name] if name in _NATIVE else zarr.registry.get_codec_class(name)
        return made(**configuration)
    settings = {key: value for key, value in step.config.items() if key != "id"}
    return getattr(_codecs_of_numcodecs(), _OF_NUMCODECS[step.config["id"]])(**settings)


def _codecs_of_numcodecs() -> ModuleType:
    """The module with the codecs that Zarr format 3 has from numcodecs.

    zarr has it from 3.1.3 on, before that numcodecs had.
    """
    try:
        return importlib.import_module("zarr.codecs.numcodecs")
    except ModuleNotFoundError:
        return importlib.import_module("numcodecs.zarr3")


ENGINE = ZarrPython3()
