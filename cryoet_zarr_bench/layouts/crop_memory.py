"""Peak memory of reading a small crop, by the class of store: what a laptop needs to look at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.peak_memory import peak_memory
from cryoet_zarr_bench.layouts.opened_levels import Volume
from cryoet_zarr_bench.layouts.referenced_planes import levels_of, mapped
from cryoet_zarr_bench.storage.boxes import middle_cube
from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

EDGE = 64
"""Voxels along an edge of the crop, a megabyte as float32."""


def _local(folder: Path) -> Any:
    from zarr.storage import LocalStore

    return LocalStore(folder, read_only=True)


def _fsspec(folder: Path) -> Any:
    from zarr.storage import FsspecStore

    return FsspecStore.from_url(folder.as_uri(), read_only=True)


def _obstore(folder: Path) -> Any:
    import obstore.store
    from zarr.storage import ObjectStore

    return ObjectStore(obstore.store.LocalStore(str(folder)), read_only=True)


STORE_CLASSES: dict[str, Callable[[Path], Any]] = {
    "LocalStore": _local,
    "FsspecStore": _fsspec,
    "ObjectStore": _obstore,
}
"""zarr's classes of stores, each on a folder of the disk: a network adds to none of them."""


def crop_memory(store_class: str, store: Path, tomogram: np.ndarray) -> dict[str, float]:
    """Read the crop in this process, which should have done nothing else.

    Returns the bytes of memory that the process had at most before and after, and the seconds.
    Raises StoreMismatch if the crop has other bits than the tomogram.
    """
    import zarr

    level = levels_of(store, tomogram)[0]
    if level.folder.is_file():
        volume = Volume(mapped(level), level)
    else:
        array = zarr.open_array(STORE_CLASSES[store_class](level.folder), mode="r")
        volume = Volume(array, level)
    box = middle_cube(level.shape, EDGE)
    before, begin = peak_memory(), time.perf_counter()
    found = volume[box]
    seconds, after = time.perf_counter() - begin, peak_memory()
    check_bit_equal(np.asarray(tomogram[box]), found, tuple(side.start for side in box))
    return {"before": before, "memory": after, "wall": seconds}
