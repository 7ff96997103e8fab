"""zarr-python 3 with another codec pipeline than its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import library_defaults
from cryoet_zarr_bench.storage.engines.zarr3 import ZarrPython3


class OtherPipeline(ZarrPython3):
    """zarr-python whose chunks go through the pipeline at `path`.

    The pipeline is a setting of the process, which an array takes over when it is created or
    opened. So that no array ever works through another one unnoticed, each is looked at then.
    """

    path: str

    def pin_threads(self) -> None:
        """Choose the pipeline, with one thread."""
        super().pin_threads()
        self.choose()

    def default_threads(self) -> None:
        """Choose the pipeline, with as many threads as it takes by itself."""
        self.choose()

    def choose(self) -> None:
        """Make this the pipeline of every array that is created or opened from now on."""
        zarr.config.set({"codec_pipeline.path": self.path})

    def settings(self) -> dict[str, Any]:
        """The settings of threads, concurrency and pipeline in force."""
        return library_defaults.in_force()

    def create(
        self,
        store: Path,
        shape: tuple[int, ...],
        dtype: np.dtype,
        config: StorageConfig,
        dimension_names: tuple[str, ...] | None = None,
    ) -> Any:
        """Create an array of zeros in the folder `store`; RuntimeError for another pipeline."""
        return self._checked(super().create(store, shape, dtype, config, dimension_names))

    def open(self, store: Path) -> Any:
        """Open the array for reading; RuntimeError for another pipeline."""
        return self._checked(super().open(store))

    def _checked(self, array: Any) -> Any:
        found = type(array._async_array.codec_pipeline)
        if found.__name__ != self.path.rpartition(".")[2]:
            raise RuntimeError(f"{found.__name__} is at work, not {self.path}")
        return array
