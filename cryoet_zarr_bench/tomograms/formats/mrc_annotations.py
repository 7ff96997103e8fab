"""Annotations of an MRC file: what it says beside its voxels and their spacing.

They go with a tomogram through a conversion: in an OME-Zarr they are an attribute under the
project's own key, `KEY`, as the JSON that `as_attribute` writes.
"""

import base64
import math
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.tomograms.formats.mrc_header import (
    HEADER_BYTES,
    IMOD_STAMP,
    MrcHeader,
    imod_flags_of,
)

KEY = "cryoet-zarr-bench"
"""Of the attributes of an OME-Zarr's group."""

LARGEST_EXTENDED_HEADER = 1 << 24
"""Bytes that are carried: 888 a section, as FEI2 has them, for 18 000 sections."""

LARGEST_ATTRIBUTE = 700_000
"""Characters of a packed extended header: a document of metadata has 1 MiB at most."""

_LABELS, _LABEL_BYTES = 10, 80
EXTRA_AT = 96
"""Where `extra` lies in the header: the type of the extended header, IMOD's stamp and more."""

_EXTRA_BYTES = 100
_VERSION = slice(108 - EXTRA_AT, 112 - EXTRA_AT)  # of the format: that of whoever writes
_STAMP_AT, _FLAGS_AT = 152 - EXTRA_AT, 156 - EXTRA_AT
_LARGEST_START = 2**31


@dataclass(frozen=True)
class MrcAnnotations:
    """What an MRC file says beside its voxels.

    `origin` is in angstrom along x, y, z, as the header has it; `start` is the first voxel along x,
    y, z within the unit cell. `labels` are texts of up to 80 characters. `extra` are bytes 96 to
    195 of the header, little-endian, empty if they hold nothing; `extended_header` is as it lies
    between header and voxels. `left_out` says what the file has beyond that.
    """

    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    start: tuple[int, int, int] = (0, 0, 0)
    labels: tuple[str, ...] = ()
    extra: bytes = b""
    extended_header: bytes = b""
    left_out: tuple[str, ...] = ()

    @property
    def imod_flags(self) -> int | None:
        """The flags of IMOD, None if IMOD has not stamped the file."""
        return imod_flags_of(self.extra[_STAMP_AT : _FLAGS_AT + 4], "<")

    def with_imod_flags(self, flags: int) -> "MrcAnnotations":
        """The same with the stamp of IMOD and these flags."""
        extra = bytearray(self.extra or bytes(_EXTRA_BYTES))
        extra[_STAMP_AT:_FLAGS_AT] = IMOD_STAMP.to_bytes(4, "little")
        extra[_FLAGS_AT : _FLAGS_AT + 4] = flags.to_bytes(4, "little")
        return replace(self, extra=bytes(extra))

    def named(self) -> list[str]:
        """The kinds of annotations that there are, in words."""
        kinds = {
            "origin": any(self.origin) or any(self.start),
            "labels": self.labels,
            "extended header": self.extended_header,
        }
        return [name for name, there in kinds.items() if there]


NO_ANNOTATIONS = MrcAnnotations()


def read_annotations(path: Path, header: MrcHeader) -> MrcAnnotations:
    """Read the annotations of an MRC file whose header was checked."""
    fields = header.fields
    columns, rows, sections = (int(fields[f"n{axis}start"]) for axis in "xyz")
    axes = [int(fields.mapc), int(fields.mapr), int(fields.maps)]
    starts = dict(zip(axes, (columns, rows, sections), strict=True))
    plain = axes == [0, 0, 0]
    x, y, z = (columns, rows, sections) if plain else (starts.get(n, 0) for n in (1, 2, 3))
    origin = [float(fields.origin[axis]) if header.has_map_id else 0.0 for axis in "xyz"]
    found = MrcAnnotations(origin=_finite(*origin), start=(x, y, z), labels=_labels_of(fields))
    if header.byte_order == ">":
        # Numbers of any width, which none but the program that wrote them can turn around.
        has_more = int(fields.nsymbt) or any(fields["extra2"].tobytes())
        left_out = ("the extended header, which is big-endian",) if has_more else ()
        return replace(found, left_out=left_out)
    extra = bytearray(fields.tobytes()[EXTRA_AT : EXTRA_AT + _EXTRA_BYTES])
    extra[_VERSION] = bytes(4)
    found = replace(found, extra=bytes(extra) if any(extra) else b"")
    extended = int(fields.nsymbt)
    if extended > LARGEST_EXTENDED_HEADER:
        return replace(found, left_out=(f"an extended header of {extended} bytes",))
    if extended:
        with path.open("rb") as file:
            file.seek(HEADER_BYTES)
            found = replace(found, extended_header=file.read(extended))
    return found


def _finite(x: float, y: float, z: float) -> tuple[float, float, float]:
    return (x, y, z) if all(map(math.isfinite, (x, y, z))) else (0.0, 0.0, 0.0)


def _labels_of(fields: np.recarray) -> tuple[str, ...]:
    count = min(max(0, int(fields.nlabl)), _LABELS)
    texts = (bytes(label).rstrip(b"\0 ").decode("latin-1") for label in fields.label[:count])
    return tuple(text for text in texts if text)


def as_attribute(annotations: MrcAnnotations) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Write annotations as JSON, and say what had to be left out; empty if there is nothing."""
    if not (annotations.named() or annotations.extra):
        return {}, annotations.left_out
    written: dict[str, Any] = {
        "origin_angstrom_xyz": list(annotations.origin),
        "start_voxel_xyz": list(annotations.start),
        "labels": list(annotations.labels),
    }
    left_out = annotations.left_out
    if annotations.extra:
        written["header_bytes_96_to_195"] = base64.b64encode(annotations.extra).decode("ascii")
    if annotations.extended_header:
        packed = base64.b64encode(zlib.compress(annotations.extended_header, 9)).decode("ascii")
        size = len(annotations.extended_header)
        if len(packed) > LARGEST_ATTRIBUTE:
            left_out = (*left_out, f"an extended header of {size} bytes")
        else:
            written["extended_header"] = {"bytes": size, "zlib_base64": packed}
    return {"mrc": written}, left_out


def from_attribute(attribute: Any) -> MrcAnnotations:
    """Read what `as_attribute` wrote, which can have been changed since.

    Raises:
        ValueError: it is something else; nothing larger than `LARGEST_EXTENDED_HEADER` is made.
    """
    try:
        written = attribute["mrc"]
        origin_x, origin_y, origin_z = (float(length) for length in written["origin_angstrom_xyz"])
        x, y, z = (int(voxel) for voxel in written["start_voxel_xyz"])
        labels = tuple(_label(text) for text in written["labels"])
        extra = base64.b64decode(written.get("header_bytes_96_to_195", ""), validate=True)
        packed = written.get("extended_header")
        extended = b"" if packed is None else _unpacked(packed["bytes"], packed["zlib_base64"])
    except (LookupError, TypeError, AttributeError, ArithmeticError, zlib.error) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if max(map(abs, (x, y, z))) >= _LARGEST_START or len(labels) > _LABELS:
        raise ValueError("a number is larger than it can be")
    if len(extra) not in (0, _EXTRA_BYTES):
        raise ValueError(f"{len(extra)} bytes where the header has {_EXTRA_BYTES}")
    return MrcAnnotations(_finite(origin_x, origin_y, origin_z), (x, y, z), labels, extra, extended)


def _label(text: Any) -> str:
    if not isinstance(text, str) or len(text.encode("latin-1")) > _LABEL_BYTES:
        raise ValueError("a label is no text of 80 characters")
    return text


def _unpacked(size: Any, packed: Any) -> bytes:
    if type(size) is not int or not 0 < size <= LARGEST_EXTENDED_HEADER:
        raise ValueError("the extended header has no size that it can have")
    decompressor = zlib.decompressobj()
    unpacked = decompressor.decompress(base64.b64decode(packed, validate=True), size + 1)
    if len(unpacked) != size:
        raise ValueError(f"the extended header has {len(unpacked)} bytes, not {size}")
    return unpacked


def annotations_or_note(attributes: Any) -> tuple[MrcAnnotations, tuple[str, ...]]:
    """The annotations among the attributes of a group; if they cannot be used, a note says so."""
    attribute = attributes.get(KEY) if isinstance(attributes, dict) else None
    if attribute is None:
        return NO_ANNOTATIONS, ()
    try:
        return from_attribute(attribute), ()
    except ValueError as error:
        return NO_ANNOTATIONS, (f"its attribute {KEY} is left out, it cannot be read ({error})",)


def header_labels(annotations: MrcAnnotations, own: str) -> list[bytes]:
    """The labels of a new header: those there are, and behind them one's own, if there is room."""
    texts = [text for text in annotations.labels if text != own][:_LABELS]
    texts += [own] if len(texts) < _LABELS else []
    return [text.encode("latin-1")[:_LABEL_BYTES] for text in texts]
