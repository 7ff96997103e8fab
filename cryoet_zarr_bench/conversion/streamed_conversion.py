"""Convert a tomogram: read, write, check, and only then give it its name."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.common.interruption import interrupted_between_steps
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.staged_outputs import staged
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.conversion.carried_annotations import (
    CarriedAnnotations,
    carried_annotations,
    check_carried,
)
from cryoet_zarr_bench.conversion.conversion_request import Request, check_target_dtype
from cryoet_zarr_bench.conversion.converted_check import (
    check_arrays,
    check_ome_metadata,
    check_same_voxels,
    require_ome_zarr_models,
)
from cryoet_zarr_bench.conversion.mrc_target import Statistics, create_mrc, finish_mrc
from cryoet_zarr_bench.conversion.tiff_target import create_tiff, flavour_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.stores.codec_trial import why_codec_impossible
from cryoet_zarr_bench.storage.stores.flat_file import create_npy, fill_flat_file
from cryoet_zarr_bench.storage.stores.multiscale import Pyramid, level_shapes, write_multiscale
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.storage.stores.verified_store import size_on_disk
from cryoet_zarr_bench.tomograms.formats.open_tomogram import OpenTomogram, open_slabs
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_codecs import chain_of
from cryoet_zarr_bench.tomograms.preparation import refuse_changed, source_state

Advance = Callable[[str, int, int], None]
"""Called with what is being done, such as `writing level 0`, the voxels of it that were done just
now, and all that it has."""


@dataclass(frozen=True)
class Conversion:
    """The result of a conversion, once it was found to be bit-equal to the source.

    Sizes are in bytes: `raw_bytes` of the voxels in memory, `source_bytes` and `target_bytes` of
    the files. `wanted_spacing` is the voxel spacing of the source, or the one that was given, and
    `kept_spacing` what the target gives back, in angstrom along z, y, x; None if there is none.
    `notes` say which rule was used where the source leaves open what it holds, and `left_out` what
    it has that the target has not, in words.
    """

    target: Path
    shape: tuple[int, int, int]
    dtype: str
    config: StorageConfig | None
    level_count: int
    raw_bytes: int
    source_bytes: int
    target_bytes: int
    wanted_spacing: Spacing | None
    kept_spacing: Spacing | None
    seconds_writing: float
    seconds_checking: float
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def convert(request: Request, advance: Advance | None = None) -> Conversion:
    """Convert as requested; the target is there whole, checked, or as it was before.

    Raises:
        BadInput: the source cannot be used, or the target cannot hold it, has no room on the disk,
            or is not bit-equal when it is read again.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, when the box at work is done.
    """
    with interrupted_between_steps() as check:

        def told(step: str, voxels: int, all_voxels: int) -> None:
            if advance is not None:
                advance(step, voxels, all_voxels)
            check()

        return _convert(request, told)


def _convert(request: Request, told: Advance) -> Conversion:
    if request.kind == "zarr":
        require_ome_zarr_models()
    source = request.source
    state = source_state(source)
    with source.open() as tomogram:
        check_target_dtype(request, tomogram.shape, tomogram.dtype)
        carried = carried_annotations(request, tomogram)
        spacing = request.voxel_spacing or tomogram.voxel_spacing
        config: StorageConfig | None = None
        begin = time.perf_counter()
        try:
            with staged(request.target, request.overwrite) as product:
                if request.kind == "zarr":
                    config = _write_store(request, tomogram, product, spacing, carried, told)
                else:
                    _write_file(request, tomogram, product, spacing, carried, told)
                written = time.perf_counter()
                kept = _check(request, tomogram, product, config, spacing, carried, told)
                refuse_changed(source, state)
                target_bytes = size_on_disk(product)
        except OSError as error:
            raise refused(
                request.target.parent,
                f"{request.target.name} cannot be written there ({error.strerror or error})",
                "make room, or choose another folder",
            ) from error
        except StoreMismatch as error:
            raise refused(
                request.target, f"what was written is wrong: {error}", "it was removed again"
            ) from error
        return Conversion(
            target=request.target,
            shape=tomogram.shape,
            dtype=tomogram.dtype.name,
            config=config,
            level_count=request.options.level_count() if config else 1,
            raw_bytes=math.prod(tomogram.shape) * tomogram.dtype.itemsize,
            source_bytes=size_on_disk(source.path),
            target_bytes=target_bytes,
            wanted_spacing=spacing,
            kept_spacing=kept,
            seconds_writing=written - begin,
            seconds_checking=time.perf_counter() - written,
            notes=tomogram.notes,
            left_out=carried.left_out,
        )


def _write_store(
    request: Request,
    tomogram: OpenTomogram,
    product: Path,
    spacing: Spacing | None,
    carried: CarriedAnnotations,
    told: Advance,
) -> StorageConfig:
    from cryoet_zarr_bench.storage.engines import installed_engine

    engine = installed_engine()
    config = request.options.config(tomogram.shape, tomogram.dtype.itemsize)
    reason = engine.why_impossible(config)
    reason = reason or why_codec_impossible(engine, config, tomogram.dtype, product.parent)
    if reason is not None:
        raise refused(request.target, reason, "choose another --codec, --chunks or --zarr-format")
    # What the readers do not decode could not be checked afterwards.
    codecs = [step.config for step in config.steps(tomogram.dtype)]
    chain_of(codecs, tomogram.dtype, math.prod(config.chunks), f"--codec {config.codec.name}")
    levels = request.options.level_count()
    sizes = [math.prod(shape) for shape in level_shapes(tomogram.shape, levels)]
    write_multiscale(
        engine,
        tomogram,
        product,
        config,
        Pyramid(levels, spacing, request.target.name.split(".")[0], carried.attributes),
        advance=lambda level, voxels: told(f"writing level {level}", voxels, sizes[level]),
    )
    os.sync()  # there are too many files to tell the kernel of each
    return config


def _write_file(
    request: Request,
    tomogram: OpenTomogram,
    product: Path,
    spacing: Spacing | None,
    carried: CarriedAnnotations,
    told: Advance,
) -> None:
    statistics = Statistics() if request.kind == "mrc" else None
    if request.kind == "mrc":
        target = create_mrc(product, tomogram.shape, tomogram.dtype, carried.annotations)
    elif request.kind == "npy":
        target = create_npy(product, tomogram.shape, tomogram.dtype)
    else:
        flavour = flavour_of(tomogram.shape, tomogram.dtype, spacing, request.kind == "ome-tiff")
        target = create_tiff(product, tomogram.shape, tomogram.dtype, spacing, flavour)
    for part in fill_flat_file(target, tomogram, tomogram.stored_together):
        if statistics is not None:
            statistics.add(part)
        told("writing", part.size, math.prod(tomogram.shape))
    if statistics is not None:
        finish_mrc(target, spacing, statistics, carried.annotations)
    with product.open("r+b") as file:
        os.fsync(file.fileno())


def _check(
    request: Request,
    tomogram: OpenTomogram,
    product: Path,
    config: StorageConfig | None,
    spacing: Spacing | None,
    carried: CarriedAnnotations,
    told: Advance,
) -> Spacing | None:
    """Read again what was written; give the voxel spacing that it has."""
    if config is not None:
        check_ome_metadata(product, config.zarr_format)
        check_arrays(product, tomogram, request.options.level_count(), config)
    with open_slabs(product) as written:
        size = math.prod(tomogram.shape)
        check_same_voxels(tomogram, written, lambda voxels: told("checking", voxels, size))
        kept = written.voxel_spacing
        if request.kind in ("zarr", "mrc"):
            check_carried(carried.annotations, written.annotations)
    if kept is not None and kept != spacing and not _is_rounded(kept, spacing):
        raise StoreMismatch(f"its voxel spacing is {kept}, not {spacing}")
    return kept


def _is_rounded(kept: Spacing, wanted: Spacing | None) -> bool:
    """True if they differ by no more than single precision does."""
    return wanted is not None and all(
        one == other or (one and other and abs(one - other) <= 2e-7 * other)
        for one, other in zip(kept, wanted, strict=True)
    )
