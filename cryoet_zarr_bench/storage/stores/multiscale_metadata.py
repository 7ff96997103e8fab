"""The documents that make arrays in a folder an OME-Zarr: NGFF 0.4 in format 2, 0.5 in format 3.

The specifications: https://ngff.openmicroscopy.org/0.4/ and https://ngff.openmicroscopy.org/0.5/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.voxel_spacing import Spacing

AXES = ("z", "y", "x")

NGFF_VERSION = {2: "0.4", 3: "0.5"}
"""The version of the metadata that belongs to each Zarr format."""


def write_group_metadata(
    store: Path,
    zarr_format: int,
    level_paths: Sequence[str],
    voxel_spacing: Spacing | None,
    name: str,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write the metadata of the group that the levels, finest first, are arrays of.

    `voxel_spacing` is that of level 0 in angstrom along z, y, x. An axis along which it is not
    known has no unit, and its scales count voxels of level 0. `attributes` stand beside those of
    OME-Zarr.
    """
    multiscale = _multiscale(level_paths, voxel_spacing, name)
    version = NGFF_VERSION[zarr_format]
    further = dict(attributes or {})
    documents: dict[str, dict[str, Any]]
    if zarr_format == 2:
        documents = {
            ".zgroup": {"zarr_format": 2},
            ".zattrs": {"multiscales": [{"version": version, **multiscale}], **further},
        }
    else:
        of_group = {"ome": {"version": version, "multiscales": [multiscale]}, **further}
        documents = {"zarr.json": {"zarr_format": 3, "node_type": "group", "attributes": of_group}}
    for document, content in documents.items():
        (store / document).write_text(json.dumps(content, indent=2))


def _multiscale(
    level_paths: Sequence[str], voxel_spacing: Spacing | None, name: str
) -> dict[str, Any]:
    known = voxel_spacing or (None, None, None)
    spacing = [length or 1.0 for length in known]
    units: list[dict[str, str]] = [{"unit": "angstrom"} if length else {} for length in known]
    return {
        "name": name,
        "axes": [
            {"name": axis, "type": "space", **unit} for axis, unit in zip(AXES, units, strict=True)
        ],
        "datasets": [
            {"path": path, "coordinateTransformations": _transformations(level, spacing)}
            for level, path in enumerate(level_paths)
        ],
        "type": "mean",
        "metadata": {
            "description": "each level is the mean of 2 x 2 x 2 voxels of the one before it"
        },
    }


def _transformations(level: int, spacing: Sequence[float]) -> list[dict[str, Any]]:
    """Scale and place of a level, whose origin is the centre of the first voxel of level 0.

    The centre of a voxel that is the mean of `n` along each axis is half of n - 1 voxels away.
    """
    along = 2**level
    scale = {"type": "scale", "scale": [length * along for length in spacing]}
    if level == 0:
        return [scale]
    place = [length * (along - 1) / 2 for length in spacing]
    return [scale, {"type": "translation", "translation": place}]
