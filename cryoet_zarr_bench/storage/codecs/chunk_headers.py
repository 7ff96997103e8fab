"""Headers of stored chunks: their first bytes tell how they were compressed.

A check raises StoreMismatch if they do not fit what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.errors import StoreMismatch

HEADER_BYTES = 16
"""As many bytes of a chunk as any of the checks looks at."""

SHUFFLES = ("noshuffle", "shuffle", "bitshuffle")
"""Blosc's filters before compression, in the order of the numbers that format 2 stores."""


@dataclass(frozen=True)
class StoredChunk:
    """A chunk as it lies on the disk.

    `beginning` are its first `HEADER_BYTES` bytes, `stored_bytes` is how long it is. `shape`
    (z, y, x) and `dtype` are of the voxels that the last step of the codec was given: behind the
    filters, which may have changed the dtype.
    """

    beginning: bytes
    stored_bytes: int
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def raw_bytes(self) -> int:
        """The bytes that were compressed."""
        return math.prod(self.shape) * self.dtype.itemsize


HeaderCheck = Callable[[StoredChunk], None]


def check_uncompressed(chunk: StoredChunk) -> None:
    """A chunk without a compressor has the size of its voxels."""
    if chunk.stored_bytes != chunk.raw_bytes:
        raise StoreMismatch(
            f"an uncompressed chunk has {chunk.stored_bytes} bytes, not {chunk.raw_bytes}"
        )


def begins_with(magic: bytes, kind: str) -> HeaderCheck:
    """A check that a chunk begins as every stream of its kind does."""

    def check(chunk: StoredChunk) -> None:
        if not chunk.beginning.startswith(magic):
            raise StoreMismatch(
                f"a stored chunk is not {kind}: it begins {chunk.beginning[: len(magic)].hex()}"
            )

    return check


ZSTD = begins_with(b"\x28\xb5\x2f\xfd", "zstd")  # RFC 8878, 3.1.1
GZIP = begins_with(b"\x1f\x8b", "gzip")  # RFC 1952, 2.3.1
XZ = begins_with(b"\xfd7zXZ\0", "lzma")  # https://tukaani.org/xz/xz-file-format.txt, 2.1.1.1
PCO = begins_with(b"pco!", "pcodec")  # pco/format.md of pcodec, standalone format

SZ3 = begins_with(b"\x10\xf3\x42\xf3", "sz3")  # SZ3_MAGIC_NUMBER of SZ3 3.4
JPEG_2000 = begins_with(b"\xff\x4f\xff\x51", "jpeg2000")  # SOC and SIZ, ISO/IEC 15444-1, A.4


def bzip2(level: int) -> HeaderCheck:
    """A check for bzip2, whose fourth byte is its level as a digit."""
    return begins_with(b"BZh%d" % level, f"bz2 of level {level}")


def check_lz4(chunk: StoredChunk) -> None:
    """The block of numcodecs' LZ4: a block has no magic; before it is the size it decodes to."""
    if int.from_bytes(chunk.beginning[:4], "little") != chunk.raw_bytes:
        raise StoreMismatch(f"a stored chunk is not lz4: it begins {chunk.beginning[:4].hex()}")


_BLOSC_FORMATS = {"blosclz": 0, "lz4": 1, "lz4hc": 1, "zlib": 3, "zstd": 4}
"""The number of the compressed format in bits 5-7 of the flags byte of a Blosc 1 chunk; lz4hc
writes lz4's format. Source: README_CHUNK_FORMAT of c-blosc."""


def blosc(compressor: str, shuffle: str, block_bytes: int) -> HeaderCheck:
    """A check for Blosc 1; `block_bytes` is 0 where Blosc itself chooses the size of its blocks.

    The size of an item, the fourth byte, is not checked: zarr before 3.0.8, and any zarr 3 with
    numcodecs before 0.16, has 1 there in format 3, whatever the metadata says, so that its shuffle
    does nothing. That is what a user of those releases gets.
    """

    def check(chunk: StoredChunk) -> None:
        header = chunk.beginning
        if len(header) < 16 or int.from_bytes(header[4:8], "little") != chunk.raw_bytes:
            raise StoreMismatch(f"a stored chunk is not Blosc: it begins {header[:8].hex()}")
        flags = header[2]
        if flags & 0b10:
            return  # stored as it was, since nothing could be gained
        if flags >> 5 != _BLOSC_FORMATS[compressor]:
            raise StoreMismatch(f"a stored chunk was not compressed with {compressor}")
        found = "shuffle" if flags & 0b1 else "bitshuffle" if flags & 0b100 else "noshuffle"
        # Blosc leaves the filter out where it can do nothing.
        if found != shuffle and chunk.dtype.itemsize > 1:
            raise StoreMismatch(f"a stored chunk has {found}, but {shuffle} was asked for")
        block = int.from_bytes(header[8:12], "little")
        wanted = min(block_bytes, chunk.raw_bytes)
        if block_bytes and block != wanted:
            raise StoreMismatch(f"a stored chunk has blocks of {block} bytes, not {wanted}")

    return check


_ZFP_TYPES = {"int32": 1, "int64": 2, "float32": 3, "float64": 4}
_ZFP_SHORTEST_RATE, _ZFP_SHORTEST_PRECISION, ZFP_REVERSIBLE = -1, 2047, 2176
_ZFP_LOWEST_EXPONENT = -1074
_ZFP_BLOCK = 64  # voxels, 4 along each of three axes


def zfp_rate(bits_per_voxel: int) -> int:
    """The mode that zfp's header has for a fixed rate: the bits of a block of 4 x 4 x 4."""
    return _ZFP_SHORTEST_RATE + bits_per_voxel * _ZFP_BLOCK


def zfp_precision(bits: int) -> int:
    """The mode that zfp's header has for a fixed precision, in bit planes."""
    return _ZFP_SHORTEST_PRECISION + bits


def zfp_accuracy(tolerance: float) -> int:
    """The mode that zfp's header has for an absolute tolerance: the power of two not above it."""
    exponent = math.frexp(tolerance)[1] - 1
    return ZFP_REVERSIBLE + 1 + exponent - _ZFP_LOWEST_EXPONENT


def zfp(mode: int) -> HeaderCheck:
    """A check for zfp's header: its kind of numbers, its shape in three dimensions, its mode.

    Source: zfp 1.0, functions zfp_write_header, zfp_field_metadata and zfp_stream_mode: 32 bits of
    magic, 52 of type, dimensions and lengths (x first), 12 of mode, the lowest bit first.
    """

    def check(chunk: StoredChunk) -> None:
        header = chunk.beginning
        if len(header) < 12 or header[:3] != b"zfp":
            raise StoreMismatch(f"a stored chunk is not zfp: it begins {header[:4].hex()}")
        bits = int.from_bytes(header[4:12], "little")
        lengths = tuple((bits >> shift & 0xFFFF) + 1 for shift in (36, 20, 4))
        dimensions = (bits >> 2 & 0b11) + 1
        if dimensions != 3 or lengths != tuple(chunk.shape):
            raise StoreMismatch(
                f"a stored chunk was compressed as {dimensions}-dimensional, not as {chunk.shape}"
            )
        if (bits & 0b11) + 1 != _ZFP_TYPES.get(chunk.dtype.name):
            raise StoreMismatch(f"a stored chunk was not compressed as {chunk.dtype.name}")
        if bits >> 52 != mode:
            raise StoreMismatch(f"a stored chunk has zfp's mode {bits >> 52}, not {mode}")

    return check
