"""Checks that a converted tomogram is the same as its source."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.storage.boxes import boxes
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.stores.multiscale import level_shapes
from cryoet_zarr_bench.storage.stores.store_checks import (
    StoreMismatch,
    array_metadata,
    check_bit_equal,
    check_metadata,
)
from cryoet_zarr_bench.tomograms.formats.open_tomogram import OpenTomogram


def check_same_voxels(
    source: OpenTomogram, written: OpenTomogram, advance: Callable[[int], None]
) -> None:
    """Raise StoreMismatch unless both have the same bits; `advance` is told of voxels compared.

    NaN payloads and the sign of zero count. Both are read box by box.
    """
    if source.shape != written.shape:
        raise StoreMismatch(f"its shape is {written.shape}, that of the source {source.shape}")
    # Deep chunks are decoded once, whichever of the two has them; a flat file is read in any way.
    unit = max(source.stored_together, written.stored_together, key=lambda shape: shape[0])
    for box in boxes(source.shape, unit, source.dtype.itemsize):
        part = source[box]
        check_bit_equal(part, written[box], tuple(side.start for side in box))
        advance(part.size)


def check_arrays(store: Path, source: OpenTomogram, levels: int, config: StorageConfig) -> None:
    """Raise StoreMismatch unless each level's metadata has the shape, dtype and config."""
    for level, shape in enumerate(level_shapes(source.shape, levels)):
        metadata = array_metadata(store / str(level), config.zarr_format)
        check_metadata(metadata, shape, source.dtype, config)


def require_ome_zarr_models() -> None:
    """Raise BadInput if the validator of OME-Zarr metadata is not installed."""
    if importlib.util.find_spec("ome_zarr_models") is None:
        raise refused(
            "convert",
            "ome-zarr-models is not installed, which checks the metadata of an OME-Zarr",
            "install cryoet-zarr-bench[convert]",
        )


def check_ome_metadata(store: Path, zarr_format: int) -> None:
    """Raise StoreMismatch unless ome-zarr-models finds a valid image of NGFF 0.4 or 0.5."""
    import zarr
    from ome_zarr_models import v04, v05

    image = v04.Image if zarr_format == 2 else v05.Image
    try:
        # A path, since zarr takes a string for a URL.
        image.from_zarr(zarr.open_group(store, mode="r"))
    except Exception as error:  # of pydantic's and zarr's, many
        raise StoreMismatch(f"ome-zarr-models finds its metadata invalid: {error}") from error
