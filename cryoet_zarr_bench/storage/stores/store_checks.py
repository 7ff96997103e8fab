"""Checks of a store: the same bits, the codec asked for, the metadata asked for.

Everything here is read from the disk or from the interpreter, never asked of the engine, so that an
engine that is wrong cannot vouch for itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import StoreMismatch
from cryoet_zarr_bench.storage.codecs.chunk_headers import (
    HEADER_BYTES,
    StoredChunk,
    check_uncompressed,
)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.expected_metadata import expected_metadata
from cryoet_zarr_bench.storage.stores.shard_index import stored_chunks


def check_bit_equal(
    written: np.ndarray, read: np.ndarray, origin: tuple[int, ...] = (0, 0, 0)
) -> None:
    """Raise StoreMismatch unless both arrays have the same shape, dtype and bits.

    Bits are compared, not values, so that NaN payloads and the sign of zero count. `origin` is
    where the arrays begin in the tomogram that they are part of, for the message.
    """
    if written.shape != read.shape or written.dtype != read.dtype:
        raise StoreMismatch(
            f"read back {read.dtype} {read.shape}, but {written.dtype} {written.shape} was written"
        )
    bits = np.dtype(f"u{written.dtype.itemsize}")
    equal = np.ascontiguousarray(written).view(bits) == np.ascontiguousarray(read).view(bits)
    if not equal.all():
        first = tuple(
            int(index) + start for index, start in zip(np.argwhere(~equal)[0], origin, strict=True)
        )
        wrong = int(equal.size - np.count_nonzero(equal))
        raise StoreMismatch(
            f"{wrong} of {equal.size} voxels were read back with other bits, "
            f"first at z, y, x = {first}"
        )


def check_read_back(written: np.ndarray, read: np.ndarray, config: StorageConfig) -> None:
    """Raise StoreMismatch unless what was read is what the codec makes of what was written.

    That is the same bits where the codec is lossless; where numpy can work out what the codec
    loses, those bits; else each value within the codec's tolerance, and at least closer to what was
    written than its mean is.
    """
    expected, tolerance = written, None
    for step in config.steps(written.dtype):
        if step.formula is not None:
            expected = step.formula(expected)
        tolerance = step.tolerance if step.tolerance is not None else tolerance
    if tolerance is None:
        check_bit_equal(expected, read)
        return
    if expected.shape != read.shape or expected.dtype != read.dtype:
        raise StoreMismatch(f"read back {read.dtype} {read.shape}, not {written.dtype}")
    off = np.abs(expected.astype("float64") - read)
    # Written so that a NaN, which no tolerance holds for, fails.
    if not off.max() <= tolerance:
        raise StoreMismatch(f"a voxel is off by {off.max():.6g}, the codec allows {tolerance:.6g}")
    if not np.sqrt((off**2).mean()) <= expected.std(dtype="float64"):
        raise StoreMismatch("what was read back is farther from what was written than its mean")


def array_metadata(store: Path, zarr_format: int) -> dict[str, Any]:
    """The array's metadata document as it lies on the disk."""
    document = store / (".zarray" if zarr_format == 2 else "zarr.json")
    if not document.is_file():
        raise StoreMismatch(f"no {document.name} was written")
    metadata: dict[str, Any] = json.loads(document.read_text())
    return metadata


def check_metadata(
    metadata: dict[str, Any], shape: tuple[int, ...], dtype: np.dtype, config: StorageConfig
) -> None:
    """Raise StoreMismatch unless the metadata document says what the config asks for.

    Compared are format, shape, dtype with byte order, chunk shape, fill value, and the whole chain
    of codecs; what the document holds beyond that is let be.
    """
    for key, value in expected_metadata(shape, dtype, config).items():
        if not _contains(metadata.get(key), value):
            raise StoreMismatch(
                f"the metadata has {key} = {json.dumps(metadata.get(key))}, "
                f"but {json.dumps(value)} was asked for"
            )


def _contains(found: Any, expected: Any, key: str = "") -> bool:
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and _contains(found[key], value, key) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(_contains(*pair) for pair in zip(found, expected, strict=True))
        )
    if key in _DTYPE_SETTINGS and isinstance(found, str):
        return bool(np.dtype(found) == np.dtype(expected))
    return bool(found == expected)


_DTYPE_SETTINGS = ("astype", "dtype", "encode_dtype", "decode_dtype")
"""Settings of numcodecs that some releases write as `float32`, others as `<f4`."""


def check_stored_file(path: Path, config: StorageConfig, dtype: np.dtype) -> None:
    """Raise StoreMismatch unless the bytes of a stored file were made as the config says.

    The file is a chunk, or a shard, of which the index and every chunk are looked at. `dtype` is
    that of the tomogram. Some chunks tell the settings of their codec, most its kind alone.
    """
    steps = config.steps(dtype)
    check = steps[-1].header if steps else None
    # The last step does not change what it is given, where it has a header.
    given = steps[-1].dtype if steps else dtype
    if config.shards is None:
        chunks = [(0, path.stat().st_size)]
    else:
        per_shard = tuple(n // chunk for n, chunk in zip(config.shards, config.chunks, strict=True))
        try:
            chunks = stored_chunks(path, per_shard)
        except ValueError as error:
            raise StoreMismatch(str(error)) from error
    with path.open("rb") as file:
        for offset, length in chunks:
            file.seek(offset)
            beginning = file.read(min(length, HEADER_BYTES))
            chunk = StoredChunk(beginning, length, config.chunks, given)
            (check or check_uncompressed)(chunk)
