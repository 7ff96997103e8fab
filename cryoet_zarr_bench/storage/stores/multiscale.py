"""A tomogram as an OME-Zarr with its pyramid of levels, written box by box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.storage.boxes import MOST_BYTES, Box, Voxels, boxes, moved, shape_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.stores.multiscale_metadata import AXES, write_group_metadata

ConfigOfShape = Callable[[tuple[int, ...]], StorageConfig]
"""Gives the config of a level from its shape (z, y, x)."""

Advance = Callable[[int, int], None]
"""Called with a level and the number of its voxels that were written just now."""


@dataclass(frozen=True)
class Pyramid:
    """The levels of an OME-Zarr, level 0 included, and what its metadata says of them.

    `voxel_spacing` is that of level 0 in angstrom along z, y, x, None where it is not known; `name`
    is the name in the metadata. `attributes` stand beside those of OME-Zarr.
    """

    levels: int
    voxel_spacing: Spacing | None
    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


def level_shapes(shape: tuple[int, ...], levels: int) -> list[tuple[int, ...]]:
    """The shape (z, y, x) of each level: halved along each axis, an odd length rounded up."""
    shapes = [tuple(shape)]
    while len(shapes) < levels:
        shapes.append(tuple(-(-length // 2) for length in shapes[-1]))
    return shapes


def write_multiscale(
    engine: Engine,
    tomogram: Voxels,
    store: Path,
    config: StorageConfig | ConfigOfShape,
    pyramid: Pyramid,
    advance: Advance | None = None,
) -> None:
    """Write a tomogram as an OME-Zarr into the new folder `store`.

    Level 0 has the tomogram's own bits. Each further level is made from the one before it, as it
    was stored: see `halved`. In memory are a few boxes at a time, each at least as large as what is
    one file, however large the tomogram is.

    Args:
        engine: the library that writes.
        tomogram: axes z, y, x, native byte order.
        store: a folder that is not there yet.
        config: must be possible for the engine; or what gives that of each level from its shape.
            The format is the same in all levels.
        pyramid: how many levels, and what their metadata says.
        advance: told what was written.
    """
    source = tomogram
    for level, shape in enumerate(level_shapes(tomogram.shape, pyramid.levels)):
        path = store / str(level)
        own = config if isinstance(config, StorageConfig) else config(shape)
        array = engine.create(path, shape, tomogram.dtype, own, AXES)
        if level == 0:
            parts = boxes(shape, own.stored_shape, tomogram.dtype.itemsize)
        else:
            parts = boxes(shape, own.stored_shape, tomogram.dtype.itemsize, MOST_BYTES // 8)
        for box in parts:
            array[box] = source[box] if level == 0 else _halved_box(source, box, own)
            if advance is not None:
                advance(level, int(np.prod(shape_of(box))))
        source = engine.open(path)
    paths = [str(level) for level in range(pyramid.levels)]
    write_group_metadata(
        store,
        own.zarr_format,
        paths,
        pyramid.voxel_spacing,
        pyramid.name,
        pyramid.attributes,
    )


def _halved_box(finer: Voxels, box: Box, config: StorageConfig) -> np.ndarray:
    """A box of a level from the level before it, of which one chunk or so is read at a time."""
    result: np.ndarray = np.empty(shape_of(box), finer.dtype)
    half_unit = tuple(-(-length // 2) for length in config.stored_shape)
    for part in boxes(result.shape, half_unit, finer.dtype.itemsize, MOST_BYTES // 8):
        z, y, x = (
            slice(2 * side.start, min(2 * side.stop, length))
            for side, length in zip(moved(part, box), finer.shape, strict=True)
        )
        result[part] = halved(np.asarray(finer[z, y, x]))
    return result


def halved(voxels: np.ndarray) -> np.ndarray:
    """The mean of each 2 x 2 x 2 voxels, rounded to the same dtype, half to even in integers.

    At the end of an axis of odd length it is the mean of those that are there. The mean of what is
    not finite is what IEEE 754 has for it.
    """
    # float32 holds a mean of eight 16-bit values without rounding.
    wide = np.dtype("float64" if voxels.dtype.itemsize > 2 else "float32")
    mean: Any = voxels
    with np.errstate(all="ignore"):
        for axis in range(3):
            mean = _halved_along(mean, axis, wide)
        if voxels.dtype.kind in "iu":
            np.rint(mean, out=mean)
        return np.asarray(mean.astype(voxels.dtype))


def _halved_along(voxels: np.ndarray, axis: int, wide: np.dtype) -> np.ndarray:
    values = np.moveaxis(voxels, axis, 0)
    pairs, single = divmod(len(values), 2)
    mean = np.empty((pairs + single, *values.shape[1:]), wide)
    np.add(values[: 2 * pairs : 2], values[1::2], out=mean[:pairs], dtype=wide)
    mean[:pairs] *= 0.5
    if single:
        mean[pairs] = values[-1]
    return np.moveaxis(mean, 0, axis)
