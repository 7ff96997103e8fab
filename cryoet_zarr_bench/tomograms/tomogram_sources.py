"""The text that says which tomogram is meant, and which part of it.

| text | meaning |
|---|---|
| `synthetic:10A@128` | a profile of `synthetic_profiles`, 128 voxels along each axis |
| `synthetic:int16@128x256x256#7` | the same with z x y x x voxels, from seed 7 |
| `synthetic:5A@368x1260x1260,int8` | the same, its densities scaled and cast to another dtype |
| `folder/tomogram.mrc` | a file, from the current directory; `~` is the home directory |
| `tomogram.zarr::2` | level 2 of an OME-Zarr; level 0 without `::` |
| `tomogram.zarr::0,fill` | chunks that are not on disk hold the fill value |
| `tomogram.mrc::unsigned` | bytes of MRC's mode 0 are unsigned; or `::signed` |
| `portal:10445/TS_100_3@10.012` | of the CryoET Data Portal: dataset, run, voxel spacing |
| `portal:10445/TS_100_3@10.012#16463` | the same, of several there the one of this id |
| `portal:tomogram/16463` | the same by its id alone; `::1` and `,fill` as above |

Before all that, a file or folder that exists under the very text is the one that is meant.
"""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.formats.foreign_contents import missing_refusal
from cryoet_zarr_bench.tomograms.formats.mrc import ByteSign
from cryoet_zarr_bench.tomograms.formats.open_tomogram import OpenTomogram, open_slabs
from cryoet_zarr_bench.tomograms.synthetic_profiles import DRAWN, PROFILES
from cryoet_zarr_bench.tomograms.synthetic_slabs import DTYPES

DEFAULT_SOURCE = "synthetic:10A@128"
WHOLE = "full"
"""The crop that is none."""

_SYNTHETIC = "synthetic:"
_SYNTHETIC_FORM = re.compile(
    r"(?P<profile>[^@#]+)@(?P<shape>[0-9]{1,6}(x[0-9]{1,6}x[0-9]{1,6})?)(#(?P<seed>[0-9]{1,18}))?"
    r"(,(?P<cast>[a-z0-9]+))?",
    re.ASCII,
)
_PORTAL = "portal:"
_PORTAL_FORM = re.compile(
    r"(?P<dataset>[0-9]{1,9})(/(?P<run>.+?))?(@(?P<spacing>[0-9]{1,6}(\.[0-9]{1,6})?))?"
    r"(#(?P<tomogram>[0-9]{1,9}))?"
)
_PORTAL_ID_FORM = re.compile(r"tomogram/(?P<tomogram>[0-9]{1,9})")
_SPACING_FORM = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_LONGEST_RUN = 200
_LEVEL_FORM = re.compile(r"(?P<level>[0-9]{1,3})(?P<fill>,fill)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_CROP_FORM = re.compile(r"\s*([0-9]{1,6})\s*,\s*([0-9]{1,6})\s*,\s*([0-9]{1,6})\s*", re.ASCII)


@dataclass(frozen=True)
class SyntheticSource:
    """A tomogram made from random numbers; `shape` is voxels along z, y, x, `cast` the dtype."""

    profile: str
    shape: tuple[int, int, int]
    seed: int = 0
    cast: str = "float32"

    def __str__(self) -> str:
        cast = "" if self.cast == "float32" else f",{self.cast}"
        return f"{_SYNTHETIC}{self.profile}@{shape_text(self.shape)}#{self.seed}{cast}"


@dataclass(frozen=True)
class FileSource:
    """A tomogram in a file or a Zarr folder; `path` is absolute, links resolved."""

    path: Path
    level: int = 0
    missing_chunks_are_fill: bool = False
    byte_sign: ByteSign | None = None

    def __str__(self) -> str:
        if self.byte_sign is not None:
            return f"{self.path}::{self.byte_sign}"
        return f"{self.path}::{self.level}{',fill' if self.missing_chunks_are_fill else ''}"

    def open(self) -> AbstractContextManager[OpenTomogram]:
        """Open it as `open_slabs` does; entering the context raises what that raises."""
        return open_slabs(
            self.path,
            level=self.level,
            missing_chunks_are_fill=self.missing_chunks_are_fill,
            byte_sign=self.byte_sign,
        )


@dataclass(frozen=True)
class PortalSource:
    """A tomogram of the CryoET Data Portal: all that is given has to be true of it.

    `voxel_spacing` is in angstrom, with as many digits as it is known by.
    """

    dataset: int | None = None
    run: str | None = None
    voxel_spacing: Decimal | None = None
    tomogram: int | None = None
    level: int = 0
    missing_chunks_are_fill: bool = False

    def __str__(self) -> str:
        if self.dataset is None:
            chosen = f"tomogram/{self.tomogram}"
        else:
            chosen = str(self.dataset)
            chosen += "" if self.run is None else f"/{self.run}"
            chosen += "" if self.voxel_spacing is None else f"@{self.voxel_spacing}"
            chosen += "" if self.tomogram is None else f"#{self.tomogram}"
        return f"{_PORTAL}{chosen}::{self.level}{',fill' if self.missing_chunks_are_fill else ''}"


def parse_source(text: str | None) -> SyntheticSource | FileSource | PortalSource:
    """Read what the module's table describes; None or an empty text is `DEFAULT_SOURCE`.

    Raises:
        BadInput: an unknown scheme or profile, a malformed text, or a path that does not exist.
    """
    if (typed := _as_typed(text or "")) is not None:
        return FileSource(typed)
    text = (text or "").strip() or DEFAULT_SOURCE
    if text.startswith(_SYNTHETIC):
        return _parse_synthetic(text)
    path_text, separator, level_text = text.rpartition("::")
    if not separator:
        path_text, level_text = text, "0"
    if text.startswith(_PORTAL):
        return _parse_portal(text, path_text.removeprefix(_PORTAL), level_text)
    path = _resolved(path_text)
    if not _exists(path) and _SCHEME.match(text):
        raise refused(
            text,
            "this kind of source is not available yet",
            f"give a file, an OME-Zarr folder or a synthetic tomogram such as {DEFAULT_SOURCE}",
        )
    if level_text in get_args(ByteSign):
        source = FileSource(path, byte_sign=cast(ByteSign, level_text))
    else:
        source = FileSource(path, *_parse_level(text, level_text))
    if not _exists(path):
        raise missing_refusal(Path(path_text).expanduser())
    return source


def portal_source(
    *,
    dataset: int | None,
    run: str | None,
    voxel_spacing: str | None,
    tomogram: int | None,
    level: int = 0,
    missing_chunks_are_fill: bool = False,
) -> PortalSource:
    """Read the parts of a selection that were given one by one.

    Raises:
        BadInput: they cannot mean a tomogram.
    """
    remedy = "give --tomogram ID, or --dataset ID with --run NAME and --voxel-spacing ANGSTROM"
    if dataset is None and (tomogram is None or run is not None or voxel_spacing is not None):
        raise refused("portal", "no dataset is given", remedy)
    if voxel_spacing is not None and not _SPACING_FORM.fullmatch(voxel_spacing):
        raise refused(f"voxel spacing {voxel_spacing!r}", "is not a length in angstrom", remedy)
    spacing = None if voxel_spacing is None else Decimal(voxel_spacing)
    source = PortalSource(dataset, run, spacing, tomogram, level, missing_chunks_are_fill)
    # What is written out has to mean the same again: it is what the suite is told.
    if parse_source(str(source)) != source:
        raise refused(str(source), "does not name a tomogram of the portal", remedy)
    return source


def parse_crop(text: str | None) -> tuple[int, int, int] | None:
    """Read `z,y,x`, the voxels to keep along each axis; None, an empty text or `full` keeps all.

    Raises:
        BadInput: anything but three positive whole numbers.
    """
    if text is None or text.strip() in ("", WHOLE):
        return None
    match = _CROP_FORM.fullmatch(text)
    if match is None or 0 in map(int, match.groups()):
        raise refused(f"crop {text!r}", "is not z,y,x", "give three positive whole numbers")
    z, y, x = map(int, match.groups())
    return z, y, x


def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape as 128x256x256."""
    return "x".join(map(str, shape))


def _parse_synthetic(text: str) -> SyntheticSource:
    match = _SYNTHETIC_FORM.fullmatch(text.removeprefix(_SYNTHETIC))
    if match is None:
        raise refused(
            text,
            "not a synthetic tomogram",
            "write synthetic:PROFILE@N or synthetic:PROFILE@ZxYxX, then #SEED if wanted",
        )
    known = (*PROFILES, DRAWN)
    if match["profile"] not in known:
        raise refused(text, "unknown profile", f"choose one of {', '.join(known)}")
    lengths = [int(length) for length in match["shape"].split("x")]
    z, y, x = lengths if len(lengths) == 3 else lengths * 3
    if min(z, y, x) < 1:
        raise refused(text, "has no voxels", "give at least 1 along each axis")
    cast = match["cast"] or "float32"
    if cast not in DTYPES:
        raise refused(text, f"cannot be cast to {cast!r}", f"choose one of {', '.join(DTYPES)}")
    return SyntheticSource(match["profile"], (z, y, x), int(match["seed"] or 0), cast)


def _parse_portal(text: str, chosen: str, level_text: str) -> PortalSource:
    level, fill = _parse_level(text, level_text)
    by_id = _PORTAL_ID_FORM.fullmatch(chosen)
    if by_id is not None:
        return PortalSource(
            tomogram=int(by_id["tomogram"]), level=level, missing_chunks_are_fill=fill
        )
    match = _PORTAL_FORM.fullmatch(chosen)
    run = match and match["run"]
    if match is None or (run and (len(run) > _LONGEST_RUN or not run.isprintable())):
        raise refused(
            text,
            "does not name a tomogram of the portal",
            "write portal:DATASET/RUN@SPACING or portal:tomogram/ID",
        )
    spacing, tomogram = match["spacing"], match["tomogram"]
    return PortalSource(
        int(match["dataset"]),
        run,
        None if spacing is None else Decimal(spacing),
        None if tomogram is None else int(tomogram),
        level,
        fill,
    )


def _parse_level(text: str, level_text: str) -> tuple[int, bool]:
    level = _LEVEL_FORM.fullmatch(level_text)
    if level is None:
        raise refused(text, f"{level_text!r} is not a level", "write it as tomogram.zarr::2")
    return int(level["level"]), level["fill"] is not None


def _resolved(text: str) -> Path:
    try:
        return _located(Path(text).expanduser())
    except (OSError, RuntimeError, ValueError) as error:
        raise refused(text, f"not a path ({error})", "check the path") from error


def _located(path: Path) -> Path:
    """The absolute path, links resolved; but for a last one to a name that tells no format.

    Such names have files that git-annex keeps, or a cache.
    """
    resolved = path.resolve()
    if path.suffix and not resolved.suffix:
        return path.parent.resolve() / path.name
    return resolved


def _as_typed(text: str) -> Path | None:
    """The path that exists under this very text, whatever is in it: `::1`, `portal:`, a space."""
    try:
        return _located(Path(text)) if text.strip() and Path(text).exists() else None
    except (OSError, RuntimeError, ValueError):
        return None  # too long for a name, for one; it may yet be another kind of source


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise refused(path, f"cannot be looked at ({error.strerror})", "check the path") from error
