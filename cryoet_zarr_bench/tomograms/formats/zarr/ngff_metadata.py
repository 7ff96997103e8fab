"""Levels of an OME-Zarr, read from its metadata document.

NGFF up to 0.5: https://ngff.openmicroscopy.org/0.4/ and https://ngff.openmicroscopy.org/0.5/
"""

import math
from dataclasses import dataclass
from typing import Any

from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.common.voxel_spacing import Spacing, spacing_or_none
from cryoet_zarr_bench.tomograms.formats.length_units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import (
    checked,
    finite,
    malformed,
    member,
    optional,
    parse_object,
)
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_axes import (
    SpatialAxes,
    given_names,
    spatial_axes,
)

_VERSIONS = ("0.1", "0.2", "0.3", "0.4", "0.5")
_MOST_LEVELS = 64  # halved so often, no axis has a voxel left
_LONGEST_PATH = 255


@dataclass(frozen=True)
class Level:
    """One resolution of a multiscale.

    `path` is relative to the group and does not leave it. `scale` is the voxel spacing in angstrom
    along z, y, x, None if the document does not say, also along one axis.
    """

    path: str
    scale: Spacing | None


@dataclass(frozen=True)
class Multiscale:
    """The levels of an OME-Zarr, the finest first; `axes` is empty if it names none.

    `attributes` are all that the group has. `others` names the multiscales that are there beside
    this one, which is the first.
    """

    version: str
    axes: tuple[str, ...]
    levels: tuple[Level, ...]
    attributes: dict[str, Any]
    others: tuple[str, ...] = ()


def read_multiscale(document: bytes, where: str) -> Multiscale:
    """Read the `.zattrs` (NGFF 0.4) or `zarr.json` (0.5) of a group.

    Args:
        document: as it was stored; a byte more than `LARGEST_DOCUMENT` is enough to be refused.
        where: a path or a URL, for the refusal.

    Raises:
        BadInput: it is no such document, has no multiscale, axes that have not z, y and x among
            them, or a level whose path leads out of the group.
    """
    attributes = group_attributes(document, where)
    ome = ome_attributes(attributes, where)
    multiscales = _objects(ome, "multiscales", where)
    if not multiscales:
        raise refused(where, "is a Zarr group with 0 multiscales", "give an OME-Zarr with one")
    multiscale, *others = multiscales
    axes = [
        {"name": axis} if isinstance(axis, str) else checked(axis, dict, "axes", where)
        for axis in optional(multiscale, "axes", list, where) or []  # 0.3 has no more than names
    ]
    names = tuple(member(axis, "name", str, where) for axis in axes)
    spatial = None if not names else spatial_axes(given_names(names), len(names), where)
    datasets = _objects(multiscale, "datasets", where)
    if not 1 <= len(datasets) <= _MOST_LEVELS:
        raise malformed(where, f"has {len(datasets)} levels")
    return Multiscale(
        version=_version(ome, multiscale, where),
        axes=names,
        levels=tuple(
            Level(_path(dataset, where), _scale(axes, spatial, dataset, multiscale, where))
            for dataset in datasets
        ),
        attributes=attributes,
        others=tuple(
            str(other.get("name", f"number {n}")) for n, other in enumerate(others, start=1)
        ),
    )


def group_attributes(document: bytes, where: str) -> dict[str, Any]:
    """The attributes of a group: its `.zattrs`, or those in its `zarr.json`; else BadInput."""
    mapping = parse_object(document, where)
    if "zarr_format" not in mapping:
        return mapping
    if mapping.get("node_type") != "group":
        raise malformed(where, "is not that of a group")
    return optional(mapping, "attributes", dict, where) or {}


def ome_attributes(attributes: dict[str, Any], where: str) -> dict[str, Any]:
    """Those of OME among the attributes of a group: from NGFF 0.5 on they are under `ome`."""
    return optional(attributes, "ome", dict, where) or attributes


def _objects(mapping: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    return [checked(each, dict, key, where) for each in optional(mapping, key, list, where) or []]


def _version(ome: dict[str, Any], multiscale: dict[str, Any], where: str) -> str:
    """0.5 has it beside the multiscales, 0.4 within, and a document that says nothing is 0.4."""
    version: str = (
        optional(ome, "version", str, where) or optional(multiscale, "version", str, where) or "0.4"
    )
    if version not in _VERSIONS:
        raise refused(
            where,
            f"is OME-Zarr of the version {shown(version)}",
            f"accepted are {', '.join(_VERSIONS)}",
        )
    return version


def _path(dataset: dict[str, Any], where: str) -> str:
    path: str = member(dataset, "path", str, where)
    if not is_path_within(path):
        raise malformed(where, f"has a level at {shown(path)}, which is not a path within it")
    return path


def is_path_within(path: Any) -> bool:
    """True if a document names by it something in its own group."""
    return (
        isinstance(path, str)
        and path.isprintable()
        and "\\" not in path
        and len(path) <= _LONGEST_PATH
        and not any(part in ("", ".", "..") for part in path.split("/"))
    )


def _scale(
    axes: list[dict[str, Any]],
    spatial: SpatialAxes | None,
    dataset: dict[str, Any],
    multiscale: dict[str, Any],
    where: str,
) -> Spacing | None:
    """The scale of the level times the one of all levels."""
    if spatial is None:
        return None
    factors = [angstrom_per_unit(axes[axis].get("unit")) for axis in spatial]
    scales = [
        _numbers(transformation, len(axes), where)
        for holder in (dataset, multiscale)
        for transformation in _objects(holder, "coordinateTransformations", where)
        if transformation.get("type") == "scale"
    ]
    if not scales:
        return None
    return spacing_or_none(
        None if factor is None else factor * math.prod(steps[axis] for steps in scales)
        for factor, axis in zip(factors, spatial, strict=True)
    )


def _numbers(transformation: dict[str, Any], axes: int, where: str) -> list[float]:
    scale = member(transformation, "scale", list, where)
    if len(scale) != axes:
        raise malformed(where, f"has a scale of {len(scale)} numbers for {axes} axes")
    return [finite(step, "scale", where) for step in scale]
