"""Levels of an OME-Zarr, read from its metadata document.

NGFF up to 0.5: https://ngff.openmicroscopy.org/0.4/ and https://ngff.openmicroscopy.org/0.5/
"""

import math
from dataclasses import dataclass
from typing import Any

from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.tomograms.formats.length_units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.formats.voxel_spacing import spacing_or_none
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import (
    checked,
    finite,
    malformed,
    member,
    optional,
    parse_object,
)

_VERSIONS = ("0.1", "0.2", "0.3", "0.4", "0.5")
_SPATIAL_AXES = ["z", "y", "x"]
_MOST_LEVELS = 64  # halved so often, no axis has a voxel left
_LONGEST_PATH = 255


@dataclass(frozen=True)
class Level:
    """One resolution of a multiscale.

    `path` is relative to the group and does not leave it. `scale` is the voxel spacing in angstrom
    along z, y, x, None if the document does not say.
    """

    path: str
    scale: tuple[float, float, float] | None


@dataclass(frozen=True)
class Multiscale:
    """The levels of an OME-Zarr, the finest first; `axes` is empty if it names none."""

    version: str
    axes: tuple[str, ...]
    levels: tuple[Level, ...]


def read_multiscale(document: bytes, where: str) -> Multiscale:
    """Read the `.zattrs` (NGFF 0.4) or `zarr.json` (0.5) of a group.

    Args:
        document: as it was stored; a byte more than `LARGEST_DOCUMENT` is enough to be refused.
        where: a path or a URL, for the refusal.

    Raises:
        BadInput: it is no such document, has not exactly one multiscale, axes that do not end in
            z, y, x, or a level whose path leads out of the group.
    """
    mapping = parse_object(document, where)
    if "zarr_format" in mapping:
        if mapping.get("node_type") != "group":
            raise malformed(where, "is not that of a group")
        mapping = optional(mapping, "attributes", dict, where) or {}
    ome = optional(mapping, "ome", dict, where) or mapping
    multiscales = optional(ome, "multiscales", list, where) or []
    if len(multiscales) != 1:
        raise refused(
            where,
            f"is a Zarr group with {len(multiscales)} multiscales",
            "give an OME-Zarr with one, or the folder of one array",
        )
    multiscale = checked(multiscales[0], dict, "multiscales", where)
    axes = [
        {"name": axis} if isinstance(axis, str) else checked(axis, dict, "axes", where)
        for axis in optional(multiscale, "axes", list, where) or []  # 0.3 has no more than names
    ]
    names = tuple(member(axis, "name", str, where) for axis in axes)
    if names and [name.lower() for name in names[-3:]] != _SPATIAL_AXES:
        raise refused(
            where,
            f"its last axes are {shown(list(names[-3:]))}",
            "give a volume with the axes z, y, x",
        )
    datasets = _objects(multiscale, "datasets", where)
    if not 1 <= len(datasets) <= _MOST_LEVELS:
        raise malformed(where, f"has {len(datasets)} levels")
    return Multiscale(
        version=_version(ome, multiscale, where),
        axes=names,
        levels=tuple(
            Level(_path(dataset, where), _scale(axes, dataset, multiscale, where))
            for dataset in datasets
        ),
    )


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
    parts = path.split("/")
    if (
        not path.isprintable()
        or "\\" in path
        or len(path) > _LONGEST_PATH
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise malformed(where, f"has a level at {shown(path)}, which is not a path within it")
    return path


def _scale(
    axes: list[dict[str, Any]], dataset: dict[str, Any], multiscale: dict[str, Any], where: str
) -> tuple[float, float, float] | None:
    """The scale of the level times the one of all levels."""
    if not axes:
        return None
    factors = [angstrom_per_unit(axis.get("unit")) for axis in axes[-3:]]
    scales = [
        _numbers(transformation, len(axes), where)
        for holder in (dataset, multiscale)
        for transformation in _objects(holder, "coordinateTransformations", where)
        if transformation.get("type") == "scale"
    ]
    if None in factors or not scales:
        return None
    return spacing_or_none(math.prod(steps) for steps in zip(factors, *scales, strict=True))


def _numbers(transformation: dict[str, Any], axes: int, where: str) -> list[float]:
    scale = member(transformation, "scale", list, where)
    if len(scale) != axes:
        raise malformed(where, f"has a scale of {len(scale)} numbers for {axes} axes")
    return [finite(step, "scale", where) for step in scale[-3:]]
