"""The library that reads and writes, behind one small interface.

One module per generation of an API. This is the only place that looks at a library's version.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig


class Engine(Protocol):
    """What a benchmark asks of a library. The bodies are the calls a user would write.

    `zarr_formats` are the formats the library can write. Arrays have the axes z, y, x.
    """

    name: str
    zarr_formats: tuple[int, ...]

    def pin_threads(self) -> None:
        """Make encoding and decoding use one thread, whatever the library's default is."""

    def settings(self) -> dict[str, Any]:
        """The settings of threads and concurrency in force, for the record."""

    def why_impossible(self, config: StorageConfig) -> str | None:
        """Why this release cannot write the config; None where it can."""
        if config.zarr_format not in self.zarr_formats:
            return f"this release of {self.name} cannot write Zarr format {config.zarr_format}"
        return config.contradiction

    def create(
        self,
        store: Path,
        shape: tuple[int, ...],
        dtype: np.dtype,
        config: StorageConfig,
        dimension_names: tuple[str, ...] | None = None,
    ) -> Any:
        """Create an array of zeros in the folder `store`; what is assigned to it is written.

        `dimension_names` are put into the metadata of format 3; format 2 has none.
        """

    def write(self, tomogram: np.ndarray, store: Path, config: StorageConfig) -> None:
        """Create the array in the folder `store` and write the whole tomogram."""
        self.create(store, tomogram.shape, tomogram.dtype, config)[...] = tomogram

    def open(self, store: Path) -> Any:
        """Open the array for reading; indexing it gives numpy arrays."""


def installed_engine() -> Engine:
    """The engine of the zarr that is installed, with its threads pinned.

    Raises ImportError where there is none, or where it cannot be imported.
    """
    try:
        version = importlib.metadata.version("zarr")
    except importlib.metadata.PackageNotFoundError as error:
        raise ImportError("zarr is not installed in this environment") from error
    generation = "zarr2" if version.startswith("2.") else "zarr3"
    module = importlib.import_module(f"{__name__}.{generation}")
    engine: Engine = module.ENGINE
    engine.pin_threads()
    return engine
