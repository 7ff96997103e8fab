"""Decoding a chunk that may be a bomb: memory is taken only for the size that it has to have.

Headers: Blosc 1, README_CHUNK_FORMAT of c-blosc; Zstandard, RFC 8878; LZ4 as numcodecs frames it.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.available_memory import is_out_of_memory
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import out_of_memory, refused
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_codecs import Chain, Step

_BLOSC_HEADER = 16
_LZ4_PREFIX = 4
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW = 31  # of zlib.decompressobj: the largest window, in gzip's container
_LZMA_MEMORY = 1 << 28  # its highest preset takes a quarter of that


class _NotTheSize(Exception):
    """The bytes would decode to another size than the chunk has."""


def decode(chain: Chain, stored: bytes, where: str) -> np.ndarray:
    """Undo a chain of codecs: the bytes of the voxels as uint8, not writable.

    Raises:
        BadInput: the stored bytes are damaged, or would decode to another size than the chunk has.
            Where a header says how large they get, they are not decoded to find out.
    """
    from numcodecs.compat import ensure_contiguous_ndarray

    data = np.frombuffer(stored, np.uint8)
    if data.nbytes > chain.largest_stored:
        raise _damaged(where, f"has {data.nbytes} bytes, {chain.largest_stored} at most make sense")
    try:
        with np.errstate(all="ignore"):
            for step in reversed(chain.steps):
                decoded = _DECODERS[step.codec](data, step)
                data = ensure_contiguous_ndarray(decoded).reshape(-1).view(np.uint8)
                _check_size(data.nbytes, step)
    except _NotTheSize as error:
        raise _damaged(where, str(error)) from error
    except Exception as error:  # whatever a library makes of damaged bytes
        if is_out_of_memory(error):
            raise out_of_memory(where, error) from error
        raise _damaged(where, f"cannot be decoded ({type(error).__name__}: {error})") from error
    if not chain.steps and data.nbytes != chain.largest_stored:
        raise _damaged(where, f"has {data.nbytes} bytes, not {chain.largest_stored}")
    return data


def _damaged(where: str, problem: str) -> BadInput:
    return refused(where, f"the chunk {problem}", "copy or download it again")


def _check_size(size: int, step: Step) -> None:
    if size > step.decoded or (step.exact and size != step.decoded):
        raise _NotTheSize(f"decodes by {step.codec} to {size} bytes, not {step.decoded}")


def _blosc(data: np.ndarray, step: Step) -> Any:
    from numcodecs import blosc

    header = data[:_BLOSC_HEADER].tobytes()
    if len(header) < _BLOSC_HEADER:
        raise _NotTheSize("is shorter than a header of Blosc")
    decoded, block, stored = (int.from_bytes(header[at : at + 4], "little") for at in (4, 8, 12))
    _check_size(decoded, step)
    # The library reads as far as the header says, and takes memory for a block in each thread.
    if stored != data.nbytes or block > max(decoded, 1):
        raise _NotTheSize("has a header of Blosc that does not fit it")
    return blosc.decompress(data, np.empty(decoded, np.uint8))


def _zstd(data: np.ndarray, step: Step) -> Any:
    from numcodecs import zstd

    content = _zstd_content_size(data[:18].tobytes())
    if content is not None:
        _check_size(content, step)
    return zstd.decompress(data, np.empty(step.decoded, np.uint8))


def _zstd_content_size(header: bytes) -> int | None:
    """Size of the content by the first frame's header; None without it. RFC 8878, 3.1.1.1."""
    if header[:4] != _ZSTD_MAGIC or len(header) < 6:
        raise _NotTheSize("does not begin as a frame of Zstandard")
    descriptor = header[4]
    single_segment = descriptor >> 5 & 1
    length = (single_segment, 2, 4, 8)[descriptor >> 6]
    if length == 0:
        return None
    start = 5 + (not single_segment) + (0, 1, 2, 4)[descriptor & 3]
    size = int.from_bytes(header[start : start + length], "little")
    return size + 256 if length == 2 else size


def _lz4(data: np.ndarray, step: Step) -> Any:
    from numcodecs import lz4

    if data.nbytes <= _LZ4_PREFIX:
        raise _NotTheSize("is shorter than its length prefix")
    _check_size(int.from_bytes(data[:_LZ4_PREFIX].tobytes(), "little"), step)
    return lz4.decompress(data, np.empty(step.decoded, np.uint8))


def _inflated(decompressor: Any, data: np.ndarray, step: Step) -> bytes:
    """Decompress as far as the size that is expected, and a byte more to see whether it ends."""
    decoded: bytes = decompressor.decompress(data, step.decoded + 1)
    _check_size(len(decoded), step)
    if not decompressor.eof or decompressor.unused_data:
        raise _NotTheSize(f"does not end where its {step.codec} ends")
    return decoded


def _gzip(data: np.ndarray, step: Step) -> bytes:
    return _inflated(zlib.decompressobj(_GZIP_WINDOW), data, step)


def _zlib(data: np.ndarray, step: Step) -> bytes:
    return _inflated(zlib.decompressobj(), data, step)


def _bz2(data: np.ndarray, step: Step) -> bytes:
    return _inflated(bz2.BZ2Decompressor(), data, step)


def _lzma(data: np.ndarray, step: Step) -> bytes:
    container = step.settings["format"]
    return _inflated(lzma.LZMADecompressor(container, memlimit=_LZMA_MEMORY), data, step)


def _by_numcodecs(module: str, name: str) -> Callable[[np.ndarray, Step], Any]:
    """A codec that decodes to a size known from what it is given."""

    def decoded(data: np.ndarray, step: Step) -> Any:
        from importlib import import_module

        codec = getattr(import_module(f"numcodecs.{module}"), name)
        return codec(**step.settings).decode(data)

    return decoded


_DECODERS: dict[str, Callable[[np.ndarray, Step], Any]] = {
    "blosc": _blosc,
    "zstd": _zstd,
    "gzip": _gzip,
    "zlib": _zlib,
    "lz4": _lz4,
    "bz2": _bz2,
    "lzma": _lzma,
    "crc32": _by_numcodecs("checksum32", "CRC32"),
    "crc32c": _by_numcodecs("checksum32", "CRC32C"),
    "shuffle": _by_numcodecs("shuffle", "Shuffle"),
    "delta": _by_numcodecs("delta", "Delta"),
    "fixedscaleoffset": _by_numcodecs("fixedscaleoffset", "FixedScaleOffset"),
    "quantize": _by_numcodecs("quantize", "Quantize"),
    "astype": _by_numcodecs("astype", "AsType"),
    "bitround": lambda data, step: data,
}
