"""Tomograms that lie ready on disk: all that a measured environment needs, with numpy alone.

An entry is `<stem>.npy` beside its description `<stem>.json`. Each gets its name when it is
complete, and an entry is there when both are. The description has a digest of itself, so that an
edit is noticed.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.voxel_spacing import Spacing

PREPARED_FORMAT = 2
"""Raise it when an older entry must no longer be used."""


@dataclass(frozen=True)
class PreparedTomogram:
    """A tomogram on disk, with what is known about it."""

    path: Path
    """The `.npy` file: C order, native byte order, axes z, y, x."""
    name: str
    """For dashboards: at most 80 of the characters A-Z a-z 0-9 space . _ + -"""
    shape: tuple[int, int, int]
    dtype: str
    """numpy's name, such as float32."""
    voxel_spacing: Spacing | None
    """Angstrom along z, y, x; None if the source does not say, also along one axis."""
    sha256: str
    """Of the voxels' bytes in C order, without a header."""
    source: str
    """What it was prepared from, written out in full."""
    notes: tuple[str, ...] = ()
    """Which rule was used where the source leaves open what it holds."""

    @property
    def label(self) -> str:
        """The name as results and the dashboard have it, without spaces."""
        return self.name.replace(" ", "-")

    def load(self, mmap: bool = False) -> np.ndarray:
        """Give the voxels, axes z, y, x.

        Args:
            mmap: map the file, read-only, instead of reading it.
        """
        array: np.ndarray = np.load(self.path, mmap_mode="r" if mmap else None, allow_pickle=False)
        return array


def sidecar_path(npy_path: Path) -> Path:
    """Path of the description of a prepared tomogram."""
    return npy_path.with_suffix(".json")


def read_description(npy_path: Path) -> dict[str, Any] | None:
    """Read a description, of this format or an older one; None if there is none, or it was edited.

    Args:
        npy_path: the `.npy` file that it is of, or the description itself.
    """
    try:
        return _unedited(npy_path)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None


def sidecar_text(prepared: PreparedTomogram) -> str:
    """Write a description as JSON; the path is left out, so that a folder can be moved.

    The `.npy` file has to be in place: when it was changed last becomes part of the description.
    """
    fields = {"format": PREPARED_FORMAT, **asdict(prepared)}
    del fields["path"]
    fields["modified_ns"] = prepared.path.stat().st_mtime_ns
    return json.dumps({**fields, "digest": _digest(fields)}, indent=2) + "\n"


def voxels_digest(prepared: PreparedTomogram) -> str:
    """SHA-256 of the voxels as they are on the disk now; reads them in pieces."""
    offset = prepared.path.stat().st_size - _bytes_of_voxels(prepared)
    with prepared.path.open("rb") as file:
        file.seek(offset)
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_since_described(prepared: PreparedTomogram) -> bool:
    """True if the `.npy` file has another modification time than the description says.

    Raises:
        OSError, ValueError, KeyError: the description cannot be read any more.
    """
    described = json.loads(sidecar_path(prepared.path).read_text())["modified_ns"]
    return bool(prepared.path.stat().st_mtime_ns != described)


def open_prepared(npy_path: str | Path) -> PreparedTomogram:
    """Open a prepared tomogram without reading its voxels.

    Raises:
        BadInput: the entry is missing, incomplete, or its header and description disagree.
    """
    path = Path(npy_path)
    try:
        prepared = _from_sidecar(path)
        mapped = prepared.load(mmap=True)
    except Exception as error:
        raise _unusable(path, f"{type(error).__name__}: {error}") from error
    if not isinstance(mapped, np.memmap):
        raise _unusable(path, "it is not one array")
    if (mapped.shape, mapped.dtype.name) != (prepared.shape, prepared.dtype):
        raise _unusable(path, "its header and its description disagree")
    if path.stat().st_size != mapped.offset + mapped.nbytes:
        raise _unusable(path, "it has bytes behind its voxels")
    return prepared


def _unedited(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(sidecar_path(path).read_text())
    if fields.pop("digest") != _digest(fields):
        raise ValueError("its description was changed")
    return fields


def _from_sidecar(path: Path) -> PreparedTomogram:
    fields = _unedited(path)
    if fields.pop("format") != PREPARED_FORMAT:
        raise ValueError("its description has another format")
    del fields["modified_ns"]
    z, y, x = fields.pop("shape")
    notes = tuple(fields.pop("notes", ()))  # descriptions of earlier releases have none
    spacing = fields.pop("voxel_spacing")
    if spacing is not None:
        spacing = _spacing(*spacing)
    return PreparedTomogram(
        path=path, shape=(z, y, x), voxel_spacing=spacing, notes=notes, **fields
    )


def _spacing(*lengths: float | None) -> Spacing:
    z, y, x = (None if length is None else float(length) for length in lengths)
    return z, y, x


def _digest(fields: dict[str, Any]) -> str:
    """Of a description without the digest itself."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _bytes_of_voxels(prepared: PreparedTomogram) -> int:
    z, y, x = prepared.shape
    return z * y * x * np.dtype(prepared.dtype).itemsize


def _unusable(path: Path, reason: str) -> BadInput:
    one_line = " ".join(reason.split())
    return BadInput(f"{path}: not a usable prepared tomogram ({one_line}); prepare it again")
