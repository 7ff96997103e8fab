"""The text that says which tomogram is meant, and which part of it.

| text | meaning |
|---|---|
| `synthetic:10A@128` | a profile of `synthetic.PROFILES`, 128 voxels along each axis |
| `synthetic:int16@128x256x256#7` | the same with z x y x x voxels, from seed 7 |
| `folder/tomogram.mrc` | a file, from the current directory; `~` is the home directory |
| `tomogram.zarr::2` | level 2 of an OME-Zarr; level 0 without `::` |
| `tomogram.zarr::0,fill` | chunks that are not on disk hold the fill value |
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.tomograms.refusal import refused
from cryoet_zarr_bench.tomograms.synthetic import PROFILES

DEFAULT_SOURCE = "synthetic:10A@128"

_SYNTHETIC = "synthetic:"
_SYNTHETIC_FORM = re.compile(
    r"(?P<profile>[^@#]+)@(?P<shape>[0-9]{1,6}(x[0-9]{1,6}x[0-9]{1,6})?)(#(?P<seed>[0-9]{1,18}))?",
    re.ASCII,
)
_LEVEL_FORM = re.compile(r"(?P<level>[0-9]{1,3})(?P<fill>,fill)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_CROP_FORM = re.compile(r"\s*([0-9]{1,6})\s*,\s*([0-9]{1,6})\s*,\s*([0-9]{1,6})\s*", re.ASCII)


@dataclass(frozen=True)
class SyntheticSource:
    """A tomogram made from random numbers; `shape` is voxels along z, y, x."""

    profile: str
    shape: tuple[int, int, int]
    seed: int = 0

    def __str__(self) -> str:
        return f"{_SYNTHETIC}{self.profile}@{shape_text(self.shape)}#{self.seed}"


@dataclass(frozen=True)
class FileSource:
    """A tomogram in a file or a Zarr folder; `path` is absolute, links resolved."""

    path: Path
    level: int = 0
    missing_chunks_are_fill: bool = False

    def __str__(self) -> str:
        return f"{self.path}::{self.level}{',fill' if self.missing_chunks_are_fill else ''}"


def parse_source(text: str | None) -> SyntheticSource | FileSource:
    """Read what the module's table describes; None or an empty text is `DEFAULT_SOURCE`.

    Raises:
        BadInput: an unknown scheme or profile, a malformed text, or a path that does not exist.
    """
    text = (text or "").strip() or DEFAULT_SOURCE
    if text.startswith(_SYNTHETIC):
        return _parse_synthetic(text)
    path_text, separator, level_text = text.rpartition("::")
    if not separator:
        path_text, level_text = text, "0"
    path = _resolved(path_text)
    if not _exists(path) and _SCHEME.match(text):
        raise refused(
            text,
            "this kind of source is not available yet",
            f"give a file, an OME-Zarr folder or a synthetic tomogram such as {DEFAULT_SOURCE}",
        )
    level = _LEVEL_FORM.fullmatch(level_text)
    if level is None:
        raise refused(text, f"{level_text!r} is not a level", "write it as tomogram.zarr::2")
    if not _exists(path):
        raise refused(path, "does not exist", "check the path")
    return FileSource(path, int(level["level"]), level["fill"] is not None)


def parse_crop(text: str | None) -> tuple[int, int, int] | None:
    """Read `z,y,x`, the voxels to keep along each axis; None or an empty text keeps all.

    Raises:
        BadInput: anything but three positive whole numbers.
    """
    if text is None or not text.strip():
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
    if match["profile"] not in PROFILES:
        raise refused(text, "unknown profile", f"choose one of {', '.join(PROFILES)}")
    lengths = [int(length) for length in match["shape"].split("x")]
    z, y, x = lengths if len(lengths) == 3 else lengths * 3
    if min(z, y, x) < 1:
        raise refused(text, "has no voxels", "give at least 1 along each axis")
    return SyntheticSource(match["profile"], (z, y, x), int(match["seed"] or 0))


def _resolved(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise refused(text, f"not a path ({error})", "check the path") from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise refused(path, f"cannot be looked at ({error.strerror})", "check the path") from error
