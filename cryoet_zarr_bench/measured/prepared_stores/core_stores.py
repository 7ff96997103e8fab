"""The set of stores that the benchmarks of one release share, and the record it leaves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.measured.installed_release import check_release, read_label
from cryoet_zarr_bench.measured.prepared_stores.store_set import (
    StoreSet,
    fingerprints,
    write_store_set,
)
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_record import (
    add_to_record,
    environment_record,
    file_system_of,
    leave_record,
)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine, installed_engine
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore
from cryoet_zarr_bench.storage.stores.voxel_entropy import entropy_of

Figures = Callable[[CountedEngine, np.ndarray, StorageConfig, VerifiedStore], dict[str, float]]
"""Computes exact figures of a tomogram's verified store; what it writes lies beside the store."""


def prepare_store_set(
    tomogram: PreparedTomogram,
    folder: Path,
    configs: list[StorageConfig],
    question: str = "",
    figures: Figures | None = None,
    voxels: np.ndarray | None = None,
) -> StoreSet:
    """Write and verify every config under `folder` with the release installed here.

    `figures` are computed of each, and are in the set of stores then.

    Where the release cannot be installed every config is impossible; where the packages that are
    imported are not those on the label every config has failed. The record has the stores of the
    core, and under its name those of another `question`, a key of `grid.SECTIONS`. Where `voxels`
    (z, y, x) are given they are written instead of the whole tomogram.
    """
    label = read_label()
    if label.impossible is not None:
        return StoreSet(impossible={config.name: label.impossible for config in configs})
    packages, engine = None, None
    try:
        packages = check_release(label.packages)
        engine = installed_engine()
        voxels = tomogram.load() if voxels is None else voxels
        store_set = write_store_set(engine, voxels, folder, configs)
        store_set.entropy = entropy_of(voxels)
        if figures is not None:
            for config in configs:
                store_set.fill_figures(config, partial(figures, engine, voxels, config))
    except Exception as error:  # an installation that does not import is a result too
        reason = f"{type(error).__name__}: {error}"
        store_set = StoreSet(failed={config.name: reason for config in configs})
    stores = {"stores": fingerprints(store_set), "failed": store_set.failed}
    if question:
        # Why a codec is n/a is told by a trial, and by nothing else.
        more = {"impossible": store_set.impossible, "file_system": file_system_of(folder)}
        add_to_record({question: {**stores, **more}}, label)
        return store_set
    described = {
        "release": label.tag,
        "commit": label.commit,
        "engine": engine and engine.name,
        "imported": packages,
        "left_out": label.left_out,
        "settings": engine and engine.settings(),
        "environment": environment_record(),
        "tomogram": _described(tomogram, store_set),
    }
    leave_record({**described, **stores}, label)
    return store_set


def _described(tomogram: PreparedTomogram, store_set: StoreSet) -> dict[str, Any]:
    return {
        "name": tomogram.name,
        "shape": list(tomogram.shape),
        "dtype": tomogram.dtype,
        "sha256": tomogram.sha256,
        "entropy": store_set.entropy and store_set.entropy.record(),
    }
