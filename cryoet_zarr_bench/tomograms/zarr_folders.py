"""Zarr folders: OME-Zarr multiscales 0.4 and 0.5, or one plain array, Zarr format 2 or 3.

The metadata: https://ngff.openmicroscopy.org/0.4/ and https://ngff.openmicroscopy.org/0.5/
"""

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.tomograms.refusal import check_dtype, check_memory, check_shape, refused
from cryoet_zarr_bench.tomograms.units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.volume import Volume, spacing_or_none

if TYPE_CHECKING:
    import zarr

_SPATIAL_AXES = ["z", "y", "x"]
_MOST_CHUNKS = 10_000_000  # a real tomogram has fewer by far, and looking for each takes a minute


def read_zarr(path: Path, level: int, missing_chunks_are_fill: bool) -> Volume:
    """Read one level of an OME-Zarr, or a plain array, whose last three axes are z, y, x."""
    import zarr

    node = zarr.open(store=path, mode="r")
    if isinstance(node, zarr.Array):
        if level != 0:
            raise refused(path, f"has no level {level}", "it is one array, not an OME-Zarr")
        array, folder, spacing, name = node, path, None, _name_of_array(path)
    else:
        multiscale = _multiscale(path, node)
        dataset = _dataset(path, multiscale, level)
        _check_axes(path, multiscale)
        folder = path / dataset["path"]
        array = zarr.open_array(store=folder, mode="r")
        spacing = _voxel_spacing(multiscale, dataset)
        name = path.name if level == 0 else f"{path.name} level {level}"
    shape = _shape_of_volume(array.shape)
    check_shape(path, shape)
    check_dtype(path, array.dtype)
    check_memory(path, math.prod(shape) * array.dtype.itemsize)
    _check_chunks(folder, array, missing_chunks_are_fill)
    data: Any = array[...]
    return Volume(data.reshape(shape), spacing, name)


def _name_of_array(path: Path) -> str:
    """An array within an OME-Zarr is called `0` or so: its parent tells more."""
    return path.name if path.suffix else f"{path.absolute().parent.name} {path.name}"


def _multiscale(path: Path, group: "zarr.Group") -> dict[str, Any]:
    attributes: dict[str, Any] = group.attrs.asdict()
    multiscales = attributes.get("ome", attributes).get("multiscales", [])
    if len(multiscales) != 1:
        raise refused(
            path,
            f"is a Zarr group with {len(multiscales)} multiscales",
            "give an OME-Zarr with one, or the folder of one array",
        )
    multiscale: dict[str, Any] = multiscales[0]
    return multiscale


def _dataset(path: Path, multiscale: dict[str, Any], level: int) -> dict[str, Any]:
    datasets = multiscale["datasets"]
    if not 0 <= level < len(datasets):
        raise refused(path, f"has no level {level}", f"choose one from 0 to {len(datasets) - 1}")
    dataset: dict[str, Any] = datasets[level]
    return dataset


def _check_axes(path: Path, multiscale: dict[str, Any]) -> None:
    names = [axis["name"] for axis in multiscale.get("axes", [])][-3:]
    if names and [name.lower() for name in names] != _SPATIAL_AXES:
        raise refused(path, f"its last axes are {names}", "give a volume with the axes z, y, x")


def _voxel_spacing(
    multiscale: dict[str, Any], dataset: dict[str, Any]
) -> tuple[float, float, float] | None:
    """The scale of the level times the one of all levels, in angstrom."""
    factors = [angstrom_per_unit(axis.get("unit")) for axis in multiscale.get("axes", [])[-3:]]
    transformations = [
        *dataset.get("coordinateTransformations", []),
        *multiscale.get("coordinateTransformations", []),
    ]
    scales = [each["scale"][-3:] for each in transformations if each.get("type") == "scale"]
    if len(factors) != 3 or not scales:
        return None
    spacing = [math.nan if factor is None else factor for factor in factors]
    for scale in scales:
        spacing = [length * float(step) for length, step in zip(spacing, scale, strict=True)]
    return spacing_or_none(spacing)


def _shape_of_volume(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without the leading time and channel axes, where they have length 1."""
    while len(shape) > 3 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _check_chunks(folder: Path, array: "zarr.Array", missing_chunks_are_fill: bool) -> None:
    """Raise BadInput where chunk files (shard files of a sharded array) are not on disk.

    Zarr reads a missing one as the fill value. What is missing within a shard is not looked for.
    """
    stored_shape = array.shards or array.chunks
    grid = [range(-(-n // step)) for n, step in zip(array.shape, stored_shape, strict=True)]
    count = math.prod(len(along) for along in grid)
    if count > _MOST_CHUNKS:
        raise refused(folder, f"has {count} chunks", f"give an array of at most {_MOST_CHUNKS}")
    keys = map(array.metadata.encode_chunk_key, itertools.product(*grid))
    missing = sum(not (folder / key).is_file() for key in keys)
    if missing == 0 or (missing_chunks_are_fill and missing < count):
        return
    remedy = "copy or download it again"
    if missing < count:
        remedy += (
            f", or put ',fill' after the level (::0,fill) if they were left out because they "
            f"hold the fill value {array.fill_value}"
        )
    raise refused(folder, f"lacks {missing} of the {count} chunks of its array", remedy)
