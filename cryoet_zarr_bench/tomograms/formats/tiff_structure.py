"""The directories of a TIFF, walked before a library takes memory for what they announce.

The format: TIFF 6.0, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, and BigTIFF,
https://www.awaresystems.be/imaging/tiff/bigtiff.html
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused

MOST_PAGES = 1 << 17
"""Directories of all kinds: ten times the planes of the largest tomogram."""

_MOST_TAGS = 1024  # of a directory; a page has about 20
_LARGEST_TAG = 1 << 24  # an OME-XML with a line for each plane is a tenth of that
_LARGEST_TAGS = 1 << 27  # in all: of 4000 pages, each with a strip for each of its 4000 lines
_DIRECTORIES = (330, 34665, 34853, 40965)  # SubIFDs, Exif, GPS, Interoperability
_LONG, _LONG8 = 4, 16
_BYTES_OF_TYPE = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((_LONG, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, _LONG8, 17, 18), 8),
}


@dataclass(frozen=True)
class _Layout:
    """Widths of numbers: in classic TIFF and in BigTIFF."""

    byte_order: str
    number_of_tags: str
    offset: str

    def read(self, file: BinaryIO, at: int, code: str, count: int = 1) -> tuple[int, ...]:
        form = struct.Struct(f"{self.byte_order}{count}{code}")
        file.seek(at)
        return form.unpack(file.read(form.size))


def check_structure(path: Path) -> int:
    """Walk every directory of a TIFF, and give the number of its pages.

    Raises:
        BadInput: it is no TIFF, its directories form a circle or are too many, a tag lies outside
            of the file, or tags are larger than they can be.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            return _walk(path, file, size)
    except (struct.error, OverflowError, OSError) as error:
        raise refused(path, "is truncated in its directories", "copy it again") from error


def _walk(path: Path, file: BinaryIO, size: int) -> int:
    layout, first = _start(path, file)
    waiting = [(first, True)]
    seen: set[int] = set()
    pages = bytes_of_tags = 0
    while waiting:
        at, is_page = waiting.pop()
        while at:
            if at in seen or len(seen) >= MOST_PAGES:
                raise _damaged(path, f"has directories in a circle, or more than {MOST_PAGES}")
            seen.add(at)
            pages += is_page
            at, tags = _directory(path, file, layout, at)
            for tag in tags:
                bytes_of_tags += tag.size
                if tag.size > _LARGEST_TAG or bytes_of_tags > _LARGEST_TAGS:
                    raise _damaged(path, f"has tags of {bytes_of_tags} bytes")
                if bytes_of_tags > size:
                    # A small file whose pages share one long tag would take memory for each.
                    raise _damaged(path, f"has tags of {bytes_of_tags} bytes, more than it holds")
                if tag.at + tag.size > size:
                    raise _damaged(path, f"is truncated: its tag {tag.code} is not within it")
                if tag.code in _DIRECTORIES and tag.count <= MOST_PAGES:
                    code = layout.offset if tag.width == 8 else "I"
                    offsets = layout.read(file, tag.at, code, tag.count)
                    waiting += [(offset, False) for offset in offsets if offset not in seen]
    return pages


def _start(path: Path, file: BinaryIO) -> tuple[_Layout, int]:
    """The layout, and where the first directory is."""
    beginning = file.read(4)
    byte_order = {b"II": "<", b"MM": ">"}.get(beginning[:2])
    if byte_order is None:
        raise _damaged(path, "is not a TIFF")
    (version,) = struct.unpack(f"{byte_order}H", beginning[2:])
    if version == 42:
        layout = _Layout(byte_order, "H", "I")
        return layout, layout.read(file, 4, "I")[0]
    if version == 43 and _Layout(byte_order, "Q", "Q").read(file, 4, "H", 2) == (8, 0):
        layout = _Layout(byte_order, "Q", "Q")
        return layout, layout.read(file, 8, "Q")[0]
    raise _damaged(path, f"has the TIFF version {version}")


@dataclass(frozen=True)
class _Tag:
    """Position of a tag's values: `count` of `width` bytes each."""

    code: int
    width: int
    count: int
    at: int

    @property
    def size(self) -> int:
        return self.width * self.count


def _directory(path: Path, file: BinaryIO, layout: _Layout, at: int) -> tuple[int, Iterator[_Tag]]:
    """Read a directory: the position of the next one, 0 for none, and its own tags."""
    (count,) = layout.read(file, at, layout.number_of_tags)
    if not 1 <= count <= _MOST_TAGS:
        raise _damaged(path, f"has a directory of {count} tags")
    offset_bytes = struct.calcsize(f"={layout.offset}")
    first = at + struct.calcsize(f"={layout.number_of_tags}")
    entry = struct.Struct(f"{layout.byte_order}HH{layout.offset}{layout.offset}")
    (following,) = layout.read(file, first + count * entry.size, layout.offset)
    file.seek(first)
    table = file.read(count * entry.size)

    def tags() -> Iterator[_Tag]:
        for number, (code, kind, values, value) in enumerate(entry.iter_unpack(table)):
            width = _BYTES_OF_TYPE.get(kind, 8)
            # What fits there is in the place of the offset.
            within = first + (number + 1) * entry.size - offset_bytes
            yield _Tag(code, width, values, within if width * values <= offset_bytes else value)

    return following, tags()


def _damaged(path: Path, problem: str) -> BadInput:
    return refused(path, problem, f"copy or download it again, {os.fspath(path.name)} is damaged")
