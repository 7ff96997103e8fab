"""zarr-python's fused pipeline: chunks are encoded and decoded without an event loop.

It is there since zarr 3.3.0 and has to be asked for. By default as many threads work as there are
CPUs, one where `codec_pipeline.max_workers` is 1.
"""

from __future__ import annotations

from typing import Any

import zarr
import zarr.core.codec_pipeline as pipelines

from cryoet_zarr_bench.storage.engines import EngineMissing
from cryoet_zarr_bench.storage.engines.zarr3_pipelines import OtherPipeline

if not hasattr(pipelines, "FusedCodecPipeline"):
    raise EngineMissing(f"zarr {zarr.__version__} has no fused pipeline")


class FusedPipeline(OtherPipeline):
    """Writes and reads as zarr-python 3 does, through its fused pipeline."""

    name = "zarr-python-fused"
    path = "zarr.core.codec_pipeline.FusedCodecPipeline"

    def pin_threads(self) -> None:
        """The calling thread alone encodes and decodes."""
        super().pin_threads()
        zarr.config.set({"codec_pipeline.max_workers": 1})

    def _checked(self, array: Any) -> Any:
        array = super()._checked(array)
        if array._async_array.codec_pipeline.sync_transform is None:
            raise ValueError("the fused pipeline leaves this codec to the other pipeline")
        return array


ENGINE = FusedPipeline()
