"""Strips and tiles of a TIFF: what they decode to is known before a page is decoded."""

import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cryoet_zarr_bench.common.refusals import check_memory, refused

if TYPE_CHECKING:
    from tifffile import TiffPage, TiffPageSeries

_UNCOMPRESSED, _DEFLATE = (1,), (8, 32946)
_PACKBITS = 32773
_HIGHEST_RATIO_OF = {
    # compression: bytes that one stored byte can decode to
    **dict.fromkeys(_DEFLATE, 1032),  # https://zlib.net/zlib_tech.html
    5: 2560,  # LZW: strings of up to 3839 bytes in 12 bits each
    _PACKBITS: 64,  # 128 bytes in two
    **dict.fromkeys((50000, 34926), 1 << 15),  # Zstandard: a block of 128 KiB in four bytes
}
_PREDICTORS = (1, 2, 3)  # none, differences of whole numbers, and of the bytes of floats
_INSTALL = "install cryoet-zarr-bench[tiff], or save it with deflate or uncompressed"
_HARMLESS_SEGMENT = 1 << 26  # bytes; as much is taken in any case, for a page or a chunk
_READ_AT_ONCE = 1 << 20
_HIGHEST_RATIO = 200
"""Of the voxels of large pages to what they are stored as. Beyond it a volume is of one value but
for specks: a small file that takes the memory of large pages."""


def check_segments(path: Path, series: "TiffPageSeries") -> None:
    """Raise BadInput if strips or tiles decode to more than their part of a page."""
    page = series.keyframe
    _check_codec(path, page)
    check_memory(path, 2 * page.nbytes, what="a page", remedy="give one of smaller pages")
    segment = math.prod(page.chunks) * series.dtype.itemsize
    if segment > max(page.nbytes, _HARMLESS_SEGMENT):
        raise refused(
            path, f"has tiles of {segment} bytes, pages of {page.nbytes}", "check what wrote it"
        )
    if series.dataoffset is not None:
        return
    ratio = _HIGHEST_RATIO_OF.get(page.compression, 1)
    if ratio > 1 and page.nbytes > _HARMLESS_SEGMENT:
        _check_ratio(path, series)
    decoded: dict[tuple[int, int], int] = {}
    with path.open("rb") as file:
        for number, each in enumerate(series):
            assert each is not None  # `_check_pages` refuses those that are not there
            held = 0
            for offset, length in zip(each.dataoffsets, each.databytecounts, strict=True):
                if page.compression not in _DEFLATE or length * ratio <= _HARMLESS_SEGMENT:
                    # Small ones cannot hold much: nothing is decompressed twice but whole pages.
                    # The decoders of the others stop where their part of a page is full.
                    held += length * ratio
                else:
                    if (offset, length) not in decoded:
                        file.seek(offset)
                        decoded[offset, length] = _decoded_size(path, file, length, segment)
                    held += decoded[offset, length]
            if held < page.nbytes:
                raise refused(
                    path,
                    f"is damaged: page {number} has {page.nbytes} bytes of voxels, its strips hold "
                    f"at most {held}",
                    "copy or download it again",
                )


def _check_codec(path: Path, page: "TiffPage") -> None:
    """Raise BadInput unless pages can be decoded here, and by what is known to be harmless."""
    from tifffile import TIFF

    called = _name_of(page.compression)
    if page.compression not in (*_UNCOMPRESSED, *_HIGHEST_RATIO_OF):
        raise refused(path, f"is compressed with {called}", "save it with deflate or uncompressed")
    if page.predictor not in _PREDICTORS:
        raise refused(
            path, f"has the predictor {page.predictor}", "save it with deflate or uncompressed"
        )
    if page.predictor != 1 and page.compression in (*_UNCOMPRESSED, _PACKBITS):
        raise refused(
            path,
            f"has a predictor with the codec {called}, and programs disagree on what that means",
            "save it with deflate, or without a predictor",
        )
    if page.compression not in TIFF.DECOMPRESSORS:
        raise refused(path, f"is compressed with {called}, which needs imagecodecs", _INSTALL)
    if page.predictor not in TIFF.UNPREDICTORS:
        raise refused(
            path,
            "has the floating-point predictor, which needs imagecodecs",
            _INSTALL,
        )


def _name_of(compression: int) -> str:
    """Such as LZW; the number where tifffile has no name for it."""
    from tifffile import COMPRESSION

    try:
        return COMPRESSION(compression).name.replace("_", " ")
    except ValueError:
        return f"the codec {compression}"


def _check_ratio(path: Path, series: "TiffPageSeries") -> None:
    stored = {
        offset: length
        for page in series
        if page is not None
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True)
    }
    if series.size * series.dtype.itemsize > _HIGHEST_RATIO * sum(stored.values()):
        raise refused(
            path,
            f"decodes to pages of {series.keyframe.nbytes} bytes from {sum(stored.values())} in "
            "all, so there is next to nothing in them",
            "do not trust it, or save it uncompressed where that is meant",
        )


def _decoded_size(path: Path, file: BinaryIO, length: int, largest: int) -> int:
    """Bytes that a strip decodes to, of which no more than some are in memory at a time."""
    try:
        return _inflated_size(path, file, length, largest)
    except zlib.error as error:
        raise refused(
            path, f"has a damaged strip ({error})", "copy or download it again"
        ) from error


def _inflated_size(path: Path, file: BinaryIO, length: int, largest: int) -> int:
    decompressor, decoded = zlib.decompressobj(), 0
    part = produced = b""
    # The last pieces can come when all is read: what was read decodes to more than is asked for.
    while not decompressor.eof and (length > 0 or part or produced):
        if not part:
            part = file.read(min(length, _READ_AT_ONCE))
            length = length - len(part) if part else 0
        produced = decompressor.decompress(part, _READ_AT_ONCE)
        part = decompressor.unconsumed_tail
        decoded += len(produced)
        if decoded > largest:
            raise refused(
                path, f"has a strip that decodes to more than {largest} bytes", "do not trust it"
            )
    if not decompressor.eof:
        raise refused(path, "has a strip that is cut off", "copy or download it again")
    return decoded
