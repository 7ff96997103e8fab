"""The library that reads and writes, behind one small interface.

One module per generation of an API, or per library. This is the only place that looks at a
library's version.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.object_store.bucket import Bucket


class Engine(Protocol):
    """The interface of a library to a benchmark. The bodies are the calls a user would write.

    `zarr_formats` are the formats the library can write. Arrays have the axes z, y, x.
    """

    name: str
    zarr_formats: tuple[int, ...]

    def pin_threads(self) -> None:
        """Make encoding and decoding use one thread, whatever the library's default is."""

    def default_threads(self) -> None:
        """Let the library take as many threads as it does by itself."""
        return

    def settings(self) -> dict[str, Any]:
        """The settings of threads and concurrency in force, for the record."""

    def why_impossible(self, config: StorageConfig) -> str | None:
        """The reason why this release cannot write the config; None if it can."""
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


class CountedEngine(Engine, Protocol):
    """An engine that can be run against a bucket, which counts what is asked of it.

    zarr-python is one in every release.
    """

    def open_to_change(self, store: Path) -> Any:
        """Open the array for reading and for writing parts of it anew."""

    def open_in_bucket(
        self, bucket: Bucket, to_change: bool = False
    ) -> AbstractContextManager[Any]:
        """Open the array that is all of a bucket."""

    def create_in_bucket(
        self, bucket: Bucket, shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
    ) -> AbstractContextManager[Any]:
        """Create an array of zeros in an empty bucket."""


def utf_8(store: Path) -> Path:
    """The same path; ValueError if it is no UTF-8, which engines that are not Python need.

    It is looked at before anything is written: zarrs would find it when metadata is there already.
    """
    try:
        str(store).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a path that is not UTF-8: {str(store)!r}") from error
    return store


class EngineMissing(ImportError):
    """An engine is not in this environment; the message says why."""


ENGINES = {
    "zarr-python": "",
    "zarr-python-fused": "fused_pipeline",
    "tensorstore": "tensorstore_engine",
    "zarrs": "zarrs_engine",
}
"""Every engine there is, and the module that has it; the release's own zarr-python is chosen by its
generation. The others are imported when they are asked for, in the process that uses them, so that
what they take and start is in no other one."""


def engine_called(name: str) -> Engine:
    """The engine of that name, a key of `ENGINES`; EngineMissing if there is none here.

    Its threads are as they were: see `take_over`.
    """
    own = _own_engine()
    if not ENGINES[name]:
        return own
    if own.zarr_formats == (2,) and name != "tensorstore":
        raise EngineMissing(f"{name} is a pipeline of zarr 3, and this is zarr 2")
    try:
        module = importlib.import_module(f"{__name__}.{ENGINES[name]}")
    except EngineMissing:
        raise
    except ModuleNotFoundError as error:
        raise EngineMissing(f"{error.name} is not in this environment") from error
    engine: Engine = module.ENGINE
    return engine


def engine_version(name: str) -> str:
    """The version of the package that has an engine; that of zarr for its pipelines."""
    return importlib.metadata.version(name if name in ("tensorstore", "zarrs") else "zarr")


def take_over(engine: Engine, one_thread: bool = True) -> None:
    """Let this process read and write through this engine from now on, and through no other.

    Of zarr-python the number of threads can be set once in a process, before the first array.
    """
    _library_defaults().put_back()
    if one_thread:
        engine.pin_threads()
    else:
        engine.default_threads()


def settings_in_force(engine: Engine) -> dict[str, Any]:
    """The settings of threads and concurrency an engine works with, whatever set them."""
    if engine.name == "tensorstore":
        return engine.settings()
    settings: dict[str, Any] = _library_defaults().in_force()
    return settings


def installed_engine() -> CountedEngine:
    """The engine of the zarr that is installed, with its threads pinned.

    Raises ImportError if there is none, or where it cannot be imported.
    """
    engine = _own_engine()
    engine.pin_threads()
    return engine


def _own_engine() -> CountedEngine:
    try:
        version = importlib.metadata.version("zarr")
    except importlib.metadata.PackageNotFoundError as error:
        raise ImportError("zarr is not installed in this environment") from error
    generation = "zarr2" if version.startswith("2.") else "zarr3"
    module = importlib.import_module(f"{__name__}.{generation}")
    engine: CountedEngine = module.ENGINE
    _library_defaults().note()
    return engine


def _library_defaults() -> Any:
    # It imports zarr, which need not be there to import this package.
    return importlib.import_module(f"{__name__}.library_defaults")
