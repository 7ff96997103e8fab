"""zarrs: a pipeline for zarr-python 3 in Rust, from the package of that name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr
import zarrs

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import utf_8
from cryoet_zarr_bench.storage.engines.zarr3_pipelines import OtherPipeline

SHUFFLES_BYTES_OF_FORMAT_2 = zarrs.__version__.startswith("0.1.")
"""zarrs 0.1 tells Blosc that the voxels of a store of format 2 have one byte each."""


class Zarrs(OtherPipeline):
    """Writes and reads through zarrs; zarr-python has the metadata alone.

    zarrs by itself hands on to zarr-python what it cannot do. Here that is an error. In zarrs 0.2
    it is one to index with a number, as in `array[z, :, :]`, where several chunks are touched.
    Chunks of nothing but the fill value are not stored, whatever `write_empty_chunks` says.
    """

    name = "zarrs"
    path = "zarrs.ZarrsCodecPipeline"

    def choose(self) -> None:
        """Make zarrs the pipeline, and keep it from handing anything on."""
        super().choose()
        zarr.config.set({"codec_pipeline.strict": True, "array.write_empty_chunks": True})

    def pin_threads(self) -> None:
        """One thread encodes and decodes, one chunk after the other."""
        super().pin_threads()
        zarr.config.set(
            {
                "codec_pipeline.chunk_concurrent_minimum": 1,
                "codec_pipeline.chunk_concurrent_maximum": 1,
            }
        )

    def create(
        self,
        store: Path,
        shape: tuple[int, ...],
        dtype: np.dtype,
        config: StorageConfig,
        dimension_names: tuple[str, ...] | None = None,
    ) -> Any:
        """Create an array of zeros in the folder `store`; ValueError if it is not UTF-8."""
        return super().create(utf_8(store), shape, dtype, config, dimension_names)

    def open(self, store: Path) -> Any:
        """Open the array for reading; ValueError if the path is not UTF-8."""
        return super().open(utf_8(store))

    def why_impossible(self, config: StorageConfig) -> str | None:
        """The reason why this release cannot write the config; None if it can."""
        if (
            SHUFFLES_BYTES_OF_FORMAT_2
            and config.zarr_format == 2
            and "blosc" in config.codec.name
            and "noshuffle" not in config.codec.name
        ):
            return f"zarrs {zarrs.__version__} shuffles nothing in Zarr format 2"
        return super().why_impossible(config)

    def _checked(self, array: Any) -> Any:
        array = super()._checked(array)
        pipeline = array._async_array.codec_pipeline
        if pipeline.impl is None:
            raise ValueError("zarrs leaves this codec to zarr-python")
        # Releases that know no `strict` would hand on in silence what they cannot do.
        pipeline.python_impl = None
        return array


ENGINE = Zarrs()
