"""zarr-python 2.18: format 2 alone."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numcodecs
import numcodecs.blosc
import numpy as np
import zarr

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine, numcodecs_codec
from cryoet_zarr_bench.storage.object_store import bucket_store_zarr2
from cryoet_zarr_bench.storage.object_store.bucket import Bucket


class ZarrPython2(CountedEngine):
    """Writes and reads through zarr-python 2's `create` and `open_array`."""

    name = "zarr-python"
    zarr_formats: tuple[int, ...] = (2,)

    def pin_threads(self) -> None:
        """One thread: Blosc encodes in the calling thread."""
        numcodecs.blosc.use_threads = False
        numcodecs.blosc.set_nthreads(1)

    def settings(self) -> dict[str, Any]:
        """Blosc's thread settings."""
        return {"blosc.use_threads": numcodecs.blosc.use_threads, "blosc.nthreads": 1}

    def create(
        self,
        store: Path,
        shape: tuple[int, ...],
        dtype: np.dtype,
        config: StorageConfig,
        dimension_names: tuple[str, ...] | None = None,
    ) -> Any:
        """Create an array of zeros in the folder `store`; format 2 has no dimension names."""
        return zarr.create(store=_folder(store), **_arguments(shape, dtype, config))

    def write(self, tomogram: np.ndarray, store: Path, config: StorageConfig) -> None:
        """Create the array in the folder `store` and write the whole tomogram."""
        voxels = tomogram.copy() if numcodecs_codec.needs_a_copy(config) else tomogram
        super().write(voxels, store, config)

    def open(self, store: Path) -> Any:
        """Open the array for reading."""
        return zarr.open_array(_folder(store), mode="r")

    def open_to_change(self, store: Path) -> Any:
        """Open the array for reading and for writing parts of it anew."""
        return zarr.open_array(_folder(store), mode="r+")

    def open_in_bucket(
        self, bucket: Bucket, to_change: bool = False
    ) -> AbstractContextManager[Any]:
        """Open the array that is all of a bucket."""
        return nullcontext(
            zarr.open_array(bucket_store_zarr2.BucketStore(bucket), mode="r+" if to_change else "r")
        )

    def create_in_bucket(
        self, bucket: Bucket, shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
    ) -> AbstractContextManager[Any]:
        """Create an array of zeros in an empty bucket."""
        store = bucket_store_zarr2.BucketStore(bucket)
        return nullcontext(zarr.create(store=store, **_arguments(shape, dtype, config)))


def _folder(store: Path) -> Any:
    # zarr makes this of a string too, but not where `::` is in it, or where it ends in .zip or .n5.
    return zarr.DirectoryStore(str(store))  # type: ignore[attr-defined]


def _arguments(shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig) -> dict[str, Any]:
    filters, compressor = numcodecs_codec.filters_and_compressor(config, dtype)
    return {
        "shape": shape,
        "chunks": config.chunks,
        "dtype": dtype,
        "compressor": compressor,
        "filters": filters or None,
        "fill_value": 0,
        "order": "C",
        "dimension_separator": "/",
        "write_empty_chunks": True,
    }


ENGINE = ZarrPython2()
