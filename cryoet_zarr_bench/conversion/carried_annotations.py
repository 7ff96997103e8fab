"""Annotations of an MRC file on their way through a conversion: carried, or said to be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.conversion.conversion_request import Request
from cryoet_zarr_bench.conversion.mrc_target import annotations_to_write
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.tomograms.formats.mrc_annotations import (
    KEY,
    NO_ANNOTATIONS,
    MrcAnnotations,
    as_attribute,
    from_attribute,
)
from cryoet_zarr_bench.tomograms.formats.open_tomogram import OpenTomogram


@dataclass(frozen=True)
class CarriedAnnotations:
    """What goes into the target: `annotations`, as `attributes` of an OME-Zarr's group.

    `left_out` says in words what does not.
    """

    annotations: MrcAnnotations
    attributes: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def carried_annotations(request: Request, tomogram: OpenTomogram) -> CarriedAnnotations:
    """Find out what of a source's annotations has a place in the target.

    Raises:
        BadInput: an MRC file is to be made of unsigned bytes, and nothing says that it may be as
            IMOD has them.
    """
    found, left_out = _of_level(tomogram.annotations, request.source.level)
    left_out += found.left_out
    if request.kind == "zarr":
        attribute, more = as_attribute(replace(found, left_out=()))
        kept = from_attribute(attribute) if attribute else NO_ANNOTATIONS
        return CarriedAnnotations(kept, {KEY: attribute} if attribute else {}, left_out + more)
    if request.kind != "mrc":
        return CarriedAnnotations(
            NO_ANNOTATIONS, left_out=left_out + tuple(f"the {name}" for name in found.named())
        )
    try:
        written = annotations_to_write(found, tomogram.dtype, request.byte_sign)
    except ValueError as error:
        raise refused(
            request.target,
            str(error),
            "--mode-0 unsigned writes them as IMOD does; or convert to .tif or .npy",
        ) from error
    return CarriedAnnotations(replace(written, left_out=()), left_out=left_out)


def _of_level(annotations: MrcAnnotations, level: int) -> tuple[MrcAnnotations, tuple[str, ...]]:
    """Of a coarser level: its voxels are others than those that these are about."""
    if level == 0:
        return annotations, ()
    left_out = ("the extended header, which is of level 0",) if annotations.extended_header else ()
    return replace(annotations, start=(0, 0, 0), extended_header=b""), left_out


def check_carried(carried: MrcAnnotations, found: MrcAnnotations) -> None:
    """Raise StoreMismatch unless a target that was read again has what was to be carried."""
    for name in ("origin", "start", "extra", "extended_header"):
        if getattr(found, name) != getattr(carried, name):
            raise StoreMismatch(f"the {name} of its MRC annotations is not that of the source")
    if found.labels[: len(carried.labels)] != carried.labels:
        raise StoreMismatch("the labels are not those of the source")
