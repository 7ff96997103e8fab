"""Whether a store is what it is said to be: the same bits, the codec asked for, the release named.

Everything here is read from the disk or from the interpreter, never asked of the engine, so that an
engine that is wrong cannot vouch for itself.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.config import SHUFFLES, Codec, StorageConfig
from cryoet_zarr_bench.storage.shard_index import stored_chunks


class NotWhatWasAsked(Exception):
    """A store, or an installation, differs from what a result would say of it."""


def check_bit_equal(
    written: np.ndarray, read: np.ndarray, origin: tuple[int, ...] = (0, 0, 0)
) -> None:
    """Raise NotWhatWasAsked unless both arrays have the same shape, dtype and bits.

    Bits are compared, not values, so that NaN payloads and the sign of zero count. `origin` is
    where the arrays begin in the tomogram that they are part of, for the message.
    """
    if written.shape != read.shape or written.dtype != read.dtype:
        raise NotWhatWasAsked(
            f"read back {read.dtype} {read.shape}, but {written.dtype} {written.shape} was written"
        )
    bits = np.dtype(f"u{written.dtype.itemsize}")
    equal = np.ascontiguousarray(written).view(bits) == np.ascontiguousarray(read).view(bits)
    if not equal.all():
        first = tuple(
            int(index) + start for index, start in zip(np.argwhere(~equal)[0], origin, strict=True)
        )
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


def check_metadata(
    metadata: dict[str, Any], shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> None:
    """Raise NotWhatWasAsked unless the metadata document says what the config asks for.

    Compared are format, shape, dtype with byte order, chunk shape, fill value, and the whole chain
    of codecs; what the document holds beyond that is let be.
    """
    expected = (
        _format_2_metadata(shape, dtype, config)
        if config.zarr_format == 2
        else _format_3_metadata(shape, dtype, config)
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


def _format_2_metadata(
    shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> dict[str, Any]:
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
        "shape": list(shape),
        "dtype": dtype.newbyteorder("<").str,
        "chunks": list(config.chunks),
        "fill_value": 0,
        "order": "C",
        "filters": None,
        "compressor": compressor,
        "dimension_separator": "/",
    }


def _format_3_metadata(
    shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "shape": list(shape),
        "data_type": dtype.name,
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": list(config.stored_shape)},
        },
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": _format_3_codecs(dtype, config),
    }


def _format_3_codecs(dtype: np.dtype, config: StorageConfig) -> list[dict[str, Any]]:
    codec = config.codec
    little_endian = {"name": "bytes", "configuration": {"endian": "little"}}
    chain: list[dict[str, Any]] = [little_endian if dtype.itemsize > 1 else {"name": "bytes"}]
    if codec.family == "blosc":
        configuration = {
            "typesize": dtype.itemsize,
            "cname": codec.compressor,
            "clevel": codec.level,
            "shuffle": codec.shuffle,
            "blocksize": 0,
        }
        chain.append({"name": "blosc", "configuration": configuration})
    elif codec.family != "none":
        chain.append({"name": codec.family, "configuration": {"level": codec.level}})
    if config.shards is None:
        return chain
    sharding = {
        "chunk_shape": list(config.chunks),
        "codecs": chain,
        "index_codecs": [little_endian, {"name": "crc32c"}],
        "index_location": "end",
    }
    return [{"name": "sharding_indexed", "configuration": sharding}]


_BLOSC_FORMATS = {"lz4": 1, "lz4hc": 1, "zlib": 3, "zstd": 4}
"""The number of the compressed format in bits 5-7 of the flags byte of a Blosc 1 chunk; lz4hc
writes lz4's format. Source: README_CHUNK_FORMAT of c-blosc."""

_MAGIC = {"zstd": b"\x28\xb5\x2f\xfd", "gzip": b"\x1f\x8b"}
"""First bytes of a Zstandard frame (RFC 8878) and of a gzip member (RFC 1952)."""


def check_stored_file(path: Path, config: StorageConfig, itemsize: int) -> None:
    """Raise NotWhatWasAsked unless the bytes of a stored file were made as the config says.

    The file is a chunk, or a shard, of which the index and every chunk are looked at. `itemsize` is
    the bytes of a voxel. A chunk tells its codec, not its level.
    """
    raw_bytes = math.prod(config.chunks) * itemsize
    if config.shards is None:
        chunks = [(0, path.stat().st_size)]
    else:
        per_shard = tuple(n // chunk for n, chunk in zip(config.shards, config.chunks, strict=True))
        try:
            chunks = stored_chunks(path, per_shard)
        except ValueError as error:
            raise NotWhatWasAsked(str(error)) from error
    with path.open("rb") as file:
        for offset, length in chunks:
            file.seek(offset)
            _check_chunk(file.read(min(length, 16)), length, config.codec, raw_bytes, itemsize)


def _check_chunk(
    beginning: bytes, stored_bytes: int, codec: Codec, raw_bytes: int, itemsize: int
) -> None:
    if codec.family == "none":
        if stored_bytes != raw_bytes:
            raise NotWhatWasAsked(
                f"an uncompressed chunk has {stored_bytes} bytes, not {raw_bytes}"
            )
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
