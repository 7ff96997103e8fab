"""A conversion request, checked as far as possible before anything is read or written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np

from cryoet_zarr_bench.common.refusals import check_memory, refused
from cryoet_zarr_bench.common.voxel_spacing import (
    LARGEST_SPACING,
    SMALLEST_SPACING,
    Spacing,
    complete_spacing,
    spacing_or_none,
)
from cryoet_zarr_bench.storage.config import StorageConfig, chunks_name
from cryoet_zarr_bench.storage.engines import utf_8
from cryoet_zarr_bench.tomograms.formats.format_detection import (
    MRC_SUFFIXES,
    has_zarr_metadata,
)
from cryoet_zarr_bench.tomograms.formats.mrc import ByteSign
from cryoet_zarr_bench.tomograms.tomogram_sources import FileSource, parse_source

TargetKind = Literal["zarr", "mrc", "ome-tiff", "tiff", "npy"]

TARGET_SUFFIXES: dict[str, TargetKind] = {
    ".zarr": "zarr",
    ".mrc": "mrc",
    ".map": "mrc",
    ".rec": "mrc",
    ".ome.tif": "ome-tiff",
    ".ome.tiff": "ome-tiff",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".npy": "npy",
}
"""What is written under a name that ends so; the first that fits decides."""

DEFAULT_CODEC = "blosc-lz4-5-bitshuffle"
"""Within 1 % of the smallest on the calibrated tomogram, and the quickest there: see README.md."""

DEFAULT_CHUNK = 64
"""Voxels along each axis, fewer along an axis that is shorter."""

DEFAULT_LEVELS = 3
"""As the CryoET Data Portal has them: 0, 1 and 2."""

_MOST_LEVELS = 12
_LARGEST_CHUNK = 2**31 - 1 - 16  # bytes; Blosc's limit, with its header


@dataclass(frozen=True)
class StoreOptions:
    """Options of a target; None means the default.

    `codec`, `chunks`, `zarr_format` and `levels` are for an OME-Zarr; `chunks` may be in shards:
    `32x32x32 in 128x128x128`. `byte_sign` is for bytes of MRC's mode 0, `signed` or `unsigned`:
    what those of the source are; with `unsigned` uint8 voxels become an MRC as IMOD writes it.
    """

    codec: str | None = None
    chunks: str | None = None
    zarr_format: int | None = None
    levels: int | None = None
    byte_sign: str | None = None

    def config(self, shape: tuple[int, ...], itemsize: int) -> StorageConfig:
        """The storage config for a tomogram of that shape; BadInput if there is none such."""
        chunks = self.chunks or chunks_name(_default_chunks(shape))
        zarr_format = self.zarr_format
        if zarr_format is None:
            zarr_format = 3 if " in " in chunks else 2
        if zarr_format not in (2, 3):
            raise refused("--zarr-format", f"{zarr_format} is not a Zarr format", "give 2 or 3")
        try:
            config = StorageConfig.of(self.codec or DEFAULT_CODEC, chunks, zarr_format)
        except ValueError as error:
            raise refused(
                "--codec, --chunks",
                str(error),
                "write them as zstd-5 and 64x64x64, or '32x32x32 in 128x128x128' for shards",
            ) from error
        if not config.codec.lossless:
            raise refused(
                f"--codec {self.codec}",
                "it loses bits, and convert keeps all",
                "give a lossless one",
            )
        chunk_bytes = math.prod(config.chunks) * itemsize
        if chunk_bytes > _LARGEST_CHUNK:
            raise refused(
                f"--chunks {chunks}",
                f"a chunk would have {chunk_bytes} bytes, {_LARGEST_CHUNK} at most are possible",
                "give a smaller chunk shape",
            )
        stored = math.prod(config.stored_shape) * itemsize
        check_memory(f"--chunks {chunks}", 2 * stored, what="a shard", remedy="give smaller ones")
        return config

    def level_count(self) -> int:
        """The number of levels, level 0 included; BadInput if it is no sensible number."""
        levels = DEFAULT_LEVELS if self.levels is None else self.levels
        if not 1 <= levels <= _MOST_LEVELS:
            raise refused("--levels", f"{levels} cannot be made", f"give 1 to {_MOST_LEVELS}")
        return levels


@dataclass(frozen=True)
class Request:
    """A conversion that is possible as far as names tell.

    `voxel_spacing` is in angstrom along z, y, x and goes before what the source says; None leaves
    it to the source. `byte_sign` is what bytes of MRC's mode 0 are, in source and target.
    """

    source: FileSource
    target: Path
    kind: TargetKind
    options: StoreOptions
    voxel_spacing: Spacing | None
    overwrite: bool
    byte_sign: ByteSign | None = None


def check_request(
    source: str,
    target: str,
    *,
    options: StoreOptions,
    level: int | None = None,
    voxel_spacing: str | None = None,
    overwrite: bool = False,
) -> Request:
    """Find out from names and options what is to be converted.

    Args:
        source: a file or folder, as `tomogram_sources.parse_source` takes it.
        target: the file or folder to make; its suffix decides what it becomes.
        options: of the target.
        level: of the source, where it is an OME-Zarr and the text of the source names none.
        voxel_spacing: angstrom, one number or `z,y,x`.
        overwrite: whether a target that is there already is replaced.

    Raises:
        BadInput: something of it cannot be.
    """
    wanted = parse_source(source)
    if not isinstance(wanted, FileSource) or not source.strip():
        raise refused(source or "SRC", "is not a file or a folder", "give one to convert")
    if level is not None:
        if wanted.level not in (0, level):
            raise refused(source, f"names a level, and --level {level} another", "give one of them")
        wanted = replace(wanted, level=level)
    sign = _byte_sign(options.byte_sign)
    if sign is not None and wanted.path.suffix.lower() in MRC_SUFFIXES:
        wanted = replace(wanted, byte_sign=sign)
    path = _resolved(target)
    kind = target_kind(path)
    if kind != "zarr" and options != StoreOptions(byte_sign=options.byte_sign):
        raise refused(
            path, "is no OME-Zarr", "leave out --codec, --chunks, --zarr-format and --levels"
        )
    if kind == "zarr":
        _check_name(path)
    options.level_count()
    _check_place(wanted.path, path, kind, overwrite)
    spacing = _parse_spacing(voxel_spacing)
    return Request(wanted, path, kind, options, spacing, overwrite, sign or wanted.byte_sign)


def _byte_sign(text: str | None) -> ByteSign | None:
    if text is not None and text not in get_args(ByteSign):
        raise refused(f"--mode-0 {text}", "is no sign of bytes", "give signed or unsigned")
    return cast("ByteSign | None", text)


def target_kind(path: Path) -> TargetKind:
    """The format written under a name; BadInput if its suffix does not say."""
    for suffix, kind in TARGET_SUFFIXES.items():
        if path.name.lower().endswith(suffix):
            return kind
    raise refused(
        path,
        f"its suffix {path.suffix!r} does not say what to make",
        f"let it end in one of {', '.join(TARGET_SUFFIXES)}",
    )


def _resolved(target: str) -> Path:
    try:
        return Path(target).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise refused(target, f"not a path ({error})", "check the path") from error


def _check_name(target: Path) -> None:
    try:
        utf_8(target)
    except ValueError as error:
        # It becomes a name in the metadata, and JSON is UTF-8.
        raise refused(target, "is not UTF-8, as names in OME-Zarr are", "rename it") from error


def _check_place(source: Path, target: Path, kind: TargetKind, overwrite: bool) -> None:
    if source == target or source in target.parents or target in source.parents:
        raise refused(target, f"and {source} are the same, or one lies in the other", "give two")
    if not target.parent.is_dir():
        raise refused(target.parent, "is not a folder", "make it first")
    if not target.exists():
        return
    if not overwrite:
        raise refused(target, "exists already", "give another name, or --overwrite")
    replaceable = _is_zarr_or_empty(target) if kind == "zarr" else target.is_file()
    if not replaceable:
        raise refused(target, "exists and is something else", "give another name, or remove it")


def _is_zarr_or_empty(path: Path) -> bool:
    return path.is_dir() and (has_zarr_metadata(path) or not any(path.iterdir()))


def _parse_spacing(text: str | None) -> Spacing | None:
    if text is None:
        return None
    parts = text.split(",")
    try:
        lengths = [float(part) for part in parts]
        spacing = spacing_or_none(lengths * (3 if len(parts) == 1 else 1))
    except ValueError:
        spacing = None
    if complete_spacing(spacing) is None or not re.fullmatch(r"[0-9.eE+\s,-]+", text):
        raise refused(
            f"--voxel-spacing {text}",
            f"is not in angstrom, from {SMALLEST_SPACING} to {LARGEST_SPACING:g}",
            "write 10.012, or z,y,x as 20,10,10",
        )
    return spacing


def _default_chunks(shape: tuple[int, ...]) -> tuple[int, int, int]:
    z, y, x = (min(DEFAULT_CHUNK, length) for length in shape)
    return z, y, x


def check_target_dtype(request: Request, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise BadInput if the target's format has no room for voxels of this dtype."""
    if request.kind == "ome-tiff" and dtype.name == "float16":
        raise refused(
            request.target,
            "OME-TIFF has no voxels of type float16",
            "convert to .tif or .npy, which have them",
        )
    if request.kind == "ome-tiff" and shape[0] == 1:
        raise refused(
            request.target, "an OME-TIFF of one plane is an image", "convert to .mrc or .npy"
        )
