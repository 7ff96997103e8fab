"""Whether a store is what it is said to be: the same bits, the codec asked for, the release named.

Everything here is read from the disk or from the interpreter, never asked of the engine, so that an
engine that is wrong cannot vouch for itself.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.config import SHUFFLES, Codec, StorageConfig


class NotWhatWasAsked(Exception):
    """A store, or an installation, differs from what a result would say of it."""


def check_bit_equal(written: np.ndarray, read: np.ndarray) -> None:
    """Raise NotWhatWasAsked unless both arrays have the same shape, dtype and bits.

    Bits are compared, not values, so that NaN payloads and the sign of zero count.
    """
    if written.shape != read.shape or written.dtype != read.dtype:
        raise NotWhatWasAsked(
            f"read back {read.dtype} {read.shape}, but {written.dtype} {written.shape} was written"
        )
    bits = np.dtype(f"u{written.dtype.itemsize}")
    equal = np.ascontiguousarray(written).view(bits) == np.ascontiguousarray(read).view(bits)
    if not equal.all():
        first = tuple(int(index) for index in np.argwhere(~equal)[0])
        wrong = int(equal.size - np.count_nonzero(equal))
        raise NotWhatWasAsked(
            f"{wrong} of {equal.size} voxels were read back with other bits, "
            f"first at z, y, x = {first}"
        )


def array_metadata(store: Path, zarr_format: int) -> dict[str, Any]:
    """The array's metadata document as it lies on the disk."""
    document = store / (".zarray" if zarr_format == 2 else "zarr.json")
    if not document.is_file():
        raise NotWhatWasAsked(f"no {document.name} was written")
    metadata: dict[str, Any] = json.loads(document.read_text())
    return metadata


def check_metadata(metadata: dict[str, Any], tomogram: np.ndarray, config: StorageConfig) -> None:
    """Raise NotWhatWasAsked unless the metadata document says what the config asks for.

    Compared are format, shape, dtype with byte order, chunk shape, fill value, and the whole chain
    of codecs; what the document holds beyond that is let be.
    """
    expected = (
        _format_2_metadata(tomogram, config)
        if config.zarr_format == 2
        else _format_3_metadata(tomogram, config)
    )
    for key, value in expected.items():
        if not _contains(metadata.get(key), value):
            raise NotWhatWasAsked(
                f"the metadata has {key} = {json.dumps(metadata.get(key))}, "
                f"but {json.dumps(value)} was asked for"
            )


def _contains(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and _contains(found[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(_contains(*pair) for pair in zip(found, expected, strict=True))
        )
    return bool(found == expected)


def _format_2_metadata(tomogram: np.ndarray, config: StorageConfig) -> dict[str, Any]:
    codec = config.codec
    compressor: dict[str, Any] | None
    if codec.family == "none":
        compressor = None
    elif codec.family == "blosc":
        compressor = {
            "id": "blosc",
            "cname": codec.compressor,
            "clevel": codec.level,
            "shuffle": SHUFFLES.index(codec.shuffle),
            "blocksize": 0,
        }
    else:
        compressor = {"id": codec.family, "level": codec.level}
    return {
        "zarr_format": 2,
        "shape": list(tomogram.shape),
        "dtype": tomogram.dtype.newbyteorder("<").str,
        "chunks": list(config.chunks),
        "fill_value": 0,
        "order": "C",
        "filters": None,
        "compressor": compressor,
        "dimension_separator": "/",
    }


def _format_3_metadata(tomogram: np.ndarray, config: StorageConfig) -> dict[str, Any]:
    codec = config.codec
    chain: list[dict[str, Any]] = [{"name": "bytes"}]
    if tomogram.dtype.itemsize > 1:
        chain[0]["configuration"] = {"endian": "little"}
    if codec.family == "blosc":
        configuration = {
            "typesize": tomogram.dtype.itemsize,
            "cname": codec.compressor,
            "clevel": codec.level,
            "shuffle": codec.shuffle,
            "blocksize": 0,
        }
        chain.append({"name": "blosc", "configuration": configuration})
    elif codec.family != "none":
        chain.append({"name": codec.family, "configuration": {"level": codec.level}})
    return {
        "zarr_format": 3,
        "shape": list(tomogram.shape),
        "data_type": tomogram.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(config.chunks)}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": chain,
    }


_BLOSC_FORMATS = {"lz4": 1, "lz4hc": 1, "zlib": 3, "zstd": 4}
"""The number of the compressed format in bits 5-7 of the flags byte of a Blosc 1 chunk; lz4hc
writes lz4's format. Source: README_CHUNK_FORMAT of c-blosc."""

_MAGIC = {"zstd": b"\x28\xb5\x2f\xfd", "gzip": b"\x1f\x8b"}
"""First bytes of a Zstandard frame (RFC 8878) and of a gzip member (RFC 1952)."""


def check_chunk_file(path: Path, codec: Codec, raw_bytes: int, itemsize: int) -> None:
    """Raise NotWhatWasAsked unless the bytes of one stored chunk were made by the codec.

    `raw_bytes` is the size of the chunk before compression, `itemsize` the bytes of a voxel. A
    chunk tells its codec, not its level.
    """
    with path.open("rb") as file:
        beginning = file.read(16)
    if codec.family == "none":
        size = path.stat().st_size
        if size != raw_bytes:
            raise NotWhatWasAsked(f"an uncompressed chunk has {size} bytes, not {raw_bytes}")
    elif codec.family == "blosc":
        _check_blosc_header(beginning, codec, raw_bytes, itemsize)
    elif not beginning.startswith(_MAGIC[codec.family]):
        raise NotWhatWasAsked(
            f"a stored chunk is not {codec.family}: it begins {beginning[:4].hex()}"
        )


def _check_blosc_header(chunk: bytes, codec: Codec, raw_bytes: int, itemsize: int) -> None:
    if len(chunk) < 16 or int.from_bytes(chunk[4:8], "little") != raw_bytes:
        raise NotWhatWasAsked(f"a stored chunk is not Blosc: it begins {chunk[:8].hex()}")
    flags = chunk[2]
    stored_uncompressed = bool(flags & 0b10)
    if flags >> 5 != _BLOSC_FORMATS[codec.compressor] and not stored_uncompressed:
        raise NotWhatWasAsked(f"a stored chunk was not compressed with {codec.compressor}")
    shuffle = "shuffle" if flags & 0b1 else "bitshuffle" if flags & 0b100 else "noshuffle"
    # Blosc leaves the filter out where it can do nothing.
    if shuffle != codec.shuffle and itemsize > 1 and not stored_uncompressed:
        raise NotWhatWasAsked(f"a stored chunk has {shuffle}, but {codec.shuffle} was asked for")


def check_release(expected: dict[str, str]) -> dict[str, dict[str, str]]:
    """Raise NotWhatWasAsked unless the packages imported here are those of the release.

    `expected` maps a package to its version. Returned is, for each, the version and the folder in
    the environment it was imported from, for the record. The version is what the imported module
    says itself.
    """
    found = {}
    prefix = Path(sys.prefix).resolve()
    for package, version in expected.items():
        module = importlib.import_module(package)
        folder = Path(str(module.__file__)).resolve().parent
        imported = str(module.__version__)
        if imported != version or importlib.metadata.version(package) != version:
            raise NotWhatWasAsked(
                f"{package} {imported} is imported from {folder}, but the label says {version}"
            )
        if not folder.is_relative_to(prefix):
            raise NotWhatWasAsked(
                f"{package} is imported from {folder}, outside of this environment"
            )
        found[package] = {"version": imported, "folder": str(folder.relative_to(prefix))}
    return found
