"""Stores of a volume of real size, in the shapes of chunks that the field uses.

A chunk of 256^3 or a shard a volume cannot be seen on a small tomogram. The volume is the
prepared tomogram, mirrored at its ends as often as needed.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.measured.prepared_stores.core_stores import prepare_store_set
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine
from cryoet_zarr_bench.storage.patterns.access_figures import OF_READING, figures_of
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS, SEED, SLICES
from cryoet_zarr_bench.storage.patterns.request_counts import count_reading
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore

REAL_SIZE = (184, 630, 630)
"""Voxels along z, y, x of a tomogram of the portal at 10 Angstrom."""

QUARTER = (46, 158, 158)
"""The same at a quarter along each axis, for the profile that takes minutes."""

COUNTED = (*SLICES, "open")
"""The ways of reading that are counted."""


def prepare_layout_stores(
    tomogram: PreparedTomogram, folder: Path, configs: list[StorageConfig], profile: str
) -> StoreSet:
    """Write the volume in every config, verify each, and count what reading it asks for."""
    shape = QUARTER if profile == "quick" else REAL_SIZE
    volume = enlarged(tomogram.load(), shape)
    return prepare_store_set(tomogram, folder, configs, "layouts", layout_figures, volume)


def enlarged(tomogram: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A tomogram (z, y, x) mirrored at its ends until it has a shape, or the beginning of it.

    Each copy of floats is scaled a little differently: its mantissas are others, so that no codec
    finds the same bytes again.
    """
    volume = np.empty(shape, tomogram.dtype)
    counts = [-(-length // own) for length, own in zip(shape, tomogram.shape, strict=True)]
    for number, place in enumerate(itertools.product(*(range(count) for count in counts))):
        box = tuple(
            slice(each * own, min((each + 1) * own, length))
            for each, own, length in zip(place, tomogram.shape, shape, strict=True)
        )
        mirrored = tomogram[tuple(slice(None, None, -1 if each % 2 else 1) for each in place)]
        copy = mirrored[tuple(slice(0, side.stop - side.start) for side in box)]
        volume[box] = copy
        if copy.dtype.kind == "f":
            volume[box] *= copy.dtype.type(1 + number / 1000)
    return volume


def layout_figures(
    engine: CountedEngine, volume: np.ndarray, config: StorageConfig, store: VerifiedStore
) -> dict[str, float]:
    """The requests of slices and of opening. Raises StoreMismatch if other bits are read."""
    found: dict[str, float] = {}
    for name in COUNTED:
        boxes = ACCESS_PATTERNS[name].boxes(volume.shape, SEED)
        found |= figures_of(count_reading(engine, store.folder, boxes, volume), name, OF_READING)
    return found
