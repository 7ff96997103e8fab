"""tensorstore: a library of its own in C++, that shares no code with zarr-python."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine, utf_8
from cryoet_zarr_bench.storage.expected_metadata import expected_metadata

_DRIVERS = {2: "zarr", 3: "zarr3"}


class TensorStore(Engine):
    """Writes and reads through tensorstore's `open`.

    `synced` is whether each file is on the disk (fsync) before a write returns. tensorstore does so
    by default; zarr-python and zarrs never do, so that it is off unless it is itself the question.
    """

    name = "tensorstore"
    zarr_formats: tuple[int, ...] = (2, 3)

    def __init__(self, synced: bool = False) -> None:
        # No chunk that was read is kept: the library's own default, as zarr-python has it.
        self._unchanged = {"file_io_sync": synced, "cache_pool": {"total_bytes_limit": 0}}
        self._limits: dict[str, Any] = {}
        self._synced: TensorStore | None = None
        self.default_threads()

    def pin_threads(self) -> None:
        """One thread encodes, decodes and copies, one file is read or written at a time."""
        self._limits = {"data_copy_concurrency": {"limit": 1}, "file_io_concurrency": {"limit": 1}}
        self._make_context()

    def default_threads(self) -> None:
        """As many threads as the library takes: one a CPU, and for files 4 at least."""
        self._limits = {}
        self._make_context()

    def _make_context(self) -> None:
        self._context = tensorstore.Context({**self._unchanged, **self._limits})

    @property
    def synced(self) -> TensorStore:
        """The same engine, with the same threads, that syncs each file."""
        if self._synced is None:
            self._synced = TensorStore(synced=True)
        if self._synced._limits != self._limits:
            self._synced._limits = self._limits
            self._synced._make_context()
        return self._synced

    def settings(self) -> dict[str, Any]:
        """The context: what is not in it is the library's default, which depends on the CPUs."""
        return {**self._unchanged, **self._limits}

    def create(
        self,
        store: Path,
        shape: tuple[int, ...],
        dtype: np.dtype,
        config: StorageConfig,
        dimension_names: tuple[str, ...] | None = None,
    ) -> Any:
        """Create an array of zeros in the folder `store`; what is assigned to it is written."""
        metadata = expected_metadata(shape, dtype, config)
        if dimension_names is not None and config.zarr_format == 3:
            metadata["dimension_names"] = list(dimension_names)
        return self._opened(
            store,
            config.zarr_format,
            metadata=metadata,
            create=True,
            store_data_equal_to_fill_value=True,
        )

    def open(self, store: Path) -> Any:
        """Open the array for reading."""
        return self._opened(store, 2 if (store / ".zarray").is_file() else 3, open=True)

    def _opened(self, store: Path, zarr_format: int, **more: Any) -> TensorStoreArray:
        spec = {
            "driver": _DRIVERS[zarr_format],
            "kvstore": {"driver": "file", "path": _location(store)},
            **more,
        }
        return TensorStoreArray(tensorstore.open(spec, context=self._context).result())


def _location(store: Path) -> str:
    """A folder as the driver `file` is given it: no URL, but not every path either.

    Raises ValueError if tensorstore would take it for another folder.
    """
    if "\\" in str(store):
        raise ValueError(f"tensorstore takes a backslash for a slash: {str(store)!r}")
    return f"{utf_8(store)}/"


class TensorStoreArray:
    """An array whose voxels are read when it is indexed and written when it is assigned to."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.shape = tuple(store.shape)
        self.dtype = store.dtype.numpy_dtype
        self.ndim, self.size = len(self.shape), math.prod(self.shape)

    def __getitem__(self, selection: Any) -> np.ndarray:
        voxels: np.ndarray = self._store[selection].read().result()
        return voxels

    def resize(self, shape: tuple[int, ...]) -> None:
        """Give the array another shape: its metadata alone is changed."""
        resized = self._store.resize(exclusive_max=shape, resize_metadata_only=True)
        self._store = resized.result()

    def __setitem__(self, selection: Any, voxels: Any) -> None:
        self._store[selection].write(voxels).result()


ENGINE = TensorStore()
