"""The index at the end of a shard: which of its bytes are which chunk.

The format: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

_NOT_STORED = 2**64 - 1
_CHECKSUM_BYTES = 4


def stored_chunks(path: Path, chunks_per_shard: tuple[int, ...]) -> list[tuple[int, int]]:
    """Positions of the chunks of a shard in its file, as (offset, length) in bytes.

    `chunks_per_shard` is how many there are along each axis. Chunks that the shard leaves out, for
    holding nothing but the fill value, are not listed.

    Raises ValueError if the file ends in no such index, or the index points beyond the chunks.
    """
    count = math.prod(chunks_per_shard)
    index_bytes = 16 * count + _CHECKSUM_BYTES
    size = path.stat().st_size
    if size < index_bytes:
        raise ValueError(f"a shard of {size} bytes has no room for the index of {count} chunks")
    with path.open("rb") as file:
        file.seek(-index_bytes, os.SEEK_END)
        index, checksum = file.read(16 * count), file.read(_CHECKSUM_BYTES)
    if _crc32c(index) != int.from_bytes(checksum, "little"):
        raise ValueError("the index at the end of a shard does not have the checksum beside it")
    entries = [(int(a), int(b)) for a, b in np.frombuffer(index, "<u8").reshape(count, 2)]
    stored = [entry for entry in entries if entry != (_NOT_STORED, _NOT_STORED)]
    if any(offset + length > size - index_bytes for offset, length in stored):
        raise ValueError("the index of a shard points beyond its chunks")
    return stored


def _crc32c_table() -> list[int]:
    reversed_polynomial = 0x82F63B78  # Castagnoli's, RFC 3720 appendix B.4
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (reversed_polynomial if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc32c_table()


def _crc32c(content: bytes) -> int:
    checksum = 0xFFFFFFFF
    for byte in content:
        checksum = checksum >> 8 ^ _TABLE[(checksum ^ byte) & 0xFF]
    return checksum ^ 0xFFFFFFFF
