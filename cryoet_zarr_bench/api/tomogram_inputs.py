"""Inputs of the public functions: an opened tomogram, a source, or a numpy array."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cryoet_zarr_bench.api.opened_tomogram import Tomogram, open
from cryoet_zarr_bench.common.refusals import check_dtype, check_shape, refused
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.measured.prepared_tomogram import (
    PreparedTomogram,
    sidecar_path,
    sidecar_text,
    voxels_digest,
)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.tomograms.preparation import prepare

TomogramLike = Tomogram | np.ndarray | str | Path
"""An opened tomogram, an array with the axes z, y, x, or whatever `open` takes."""


def described(tomogram: TomogramLike) -> str:
    """Name a tomogram, for a refusal."""
    if isinstance(tomogram, np.ndarray):
        return f"an array of shape {tomogram.shape}"
    return tomogram.name if isinstance(tomogram, Tomogram) else str(tomogram)


def opened(tomogram: TomogramLike) -> Tomogram:
    """Open a tomogram where it is not an opened one yet; BadInput if that cannot be."""
    if not isinstance(tomogram, np.ndarray):
        return open(tomogram)
    check_shape("array", tomogram.shape)
    check_dtype("array", tomogram.dtype)
    native = np.asarray(tomogram, tomogram.dtype.newbyteorder("="))
    z, y, x = native.shape
    return Tomogram("array", "array", (z, y, x), native.dtype, None, None, native.__getitem__)


def parsed_config(config: str | StorageConfig) -> StorageConfig:
    """Read a config where it is given as a text; BadInput where it is none."""
    if isinstance(config, StorageConfig):
        return config
    try:
        return StorageConfig.parse(config)
    except ValueError as error:
        raise refused(repr(config), str(error), "see StorageConfig.parse") from error


@contextmanager
def prepared(tomogram: TomogramLike) -> Iterator[PreparedTomogram]:
    """Give a tomogram as a measuring process takes it: a `.npy` file with its description.

    What was opened from a source is prepared in the cache; an array lies in a temporary folder
    while the block lasts.
    """
    found = opened(tomogram)
    if not isinstance(tomogram, np.ndarray):
        yield prepare(found.source, found.crop)
        return
    with TemporaryDirectory(prefix="cryoet-zarr-bench-array-") as folder:
        yield _written(np.ascontiguousarray(found), Path(folder) / "array.npy")


def _written(voxels: np.ndarray, path: Path) -> PreparedTomogram:
    np.save(path, voxels)
    z, y, x = voxels.shape
    fields: dict[str, Any] = {"name": "array", "shape": (z, y, x), "dtype": voxels.dtype.name}
    blank = PreparedTomogram(path, **fields, voxel_spacing=None, sha256="", source="array")
    digest = voxels_digest(blank)
    whole = PreparedTomogram(path, **fields, voxel_spacing=None, sha256=digest, source="array")
    write_whole(sidecar_path(path), sidecar_text(whole))
    return whole
