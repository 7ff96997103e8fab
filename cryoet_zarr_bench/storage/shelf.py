"""The shelf of stores that the benchmarks of one release share, and the record it leaves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine, installed_engine
from cryoet_zarr_bench.storage.entropy import entropy_of
from cryoet_zarr_bench.storage.integrity import check_release
from cryoet_zarr_bench.storage.session import (
    add_to_record,
    environment_record,
    file_system_of,
    leave_record,
    read_label,
)
from cryoet_zarr_bench.storage.store_shelf import StoreShelf, fill_shelf, fingerprints
from cryoet_zarr_bench.storage.stores import VerifiedStore
from cryoet_zarr_bench.tomograms.prepared import PreparedTomogram

Figures = Callable[[CountedEngine, np.ndarray, StorageConfig, VerifiedStore], dict[str, float]]
"""Computes exact figures of a tomogram's verified store; what it writes lies beside the store."""


def prepare_shelf(
    tomogram: PreparedTomogram,
    folder: Path,
    configs: list[StorageConfig],
    question: str = "",
    figures: Figures | None = None,
    voxels: np.ndarray | None = None,
) -> StoreShelf:
    """Write and verify every config under `folder` with the release installed here.

    `figures` are computed of each, and are on the shelf then.

    Where the release cannot be installed every config is impossible; where the packages that are
    imported are not those on the label every config has failed. The record has the stores of the
    core, and under its name those of another `question`, a key of `grid.SECTIONS`. Where `voxels`
    (z, y, x) are given they are written instead of the whole tomogram.
    """
    label = read_label()
    if label.impossible is not None:
        return StoreShelf(impossible={config.name: label.impossible for config in configs})
    packages, engine = None, None
    try:
        packages = check_release(label.packages)
        engine = installed_engine()
        voxels = tomogram.load() if voxels is None else voxels
        shelf = fill_shelf(engine, voxels, folder, configs)
        shelf.entropy = entropy_of(voxels)
        if figures is not None:
            for config in configs:
                shelf.fill_figures(config, partial(figures, engine, voxels, config))
    except Exception as error:  # an installation that does not import is a result too
        reason = f"{type(error).__name__}: {error}"
        shelf = StoreShelf(failed={config.name: reason for config in configs})
    stores = {"stores": fingerprints(shelf), "failed": shelf.failed}
    if question:
        # Why a codec is n/a is told by a trial, and by nothing else.
        described = {"impossible": shelf.impossible, "file_system": file_system_of(folder)}
        add_to_record({question: {**stores, **described}}, label)
        return shelf
    leave_record(
        {
            "release": label.tag,
            "commit": label.commit,
            "engine": engine and engine.name,
            "imported": packages,
            "left_out": label.left_out,
            "settings": engine and engine.settings(),
            "environment": environment_record(),
            "tomogram": {
                "name": tomogram.name,
                "shape": list(tomogram.shape),
                "dtype": tomogram.dtype,
                "sha256": tomogram.sha256,
                "entropy": shelf.entropy and shelf.entropy.record(),
            },
            **stores,
        },
        label,
    )
    return shelf
