"""Should integers be shuffled? Bytes that each way to shuffle stores, chunk by chunk.

Encoded by numcodecs as Zarr has it stored; no clock. Shuffling puts all first bytes of the voxels
together, then all second ones; bitshuffling does so with bits. Bytes have no second byte: only bits
can be put together there.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines
from cryoet_zarr_bench.measured.cpu_cores import cores_in_use
from cryoet_zarr_bench.storage.boxes import Box, Voxels, boxes
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import numcodecs_codec

SHUFFLED_INTEGERS_FILE = "shuffled-integers.jsonl"
"""In a machine's folder of results: a line for each tomogram. asv reads no such file."""

EDGE = 128
"""Voxels along an edge of a chunk: copick's."""

TOMOGRAMS = (
    "synthetic:10A@184x630x630,int16",
    "synthetic:10A@184x630x630,uint16",
    "synthetic:10A@184x630x630,int8",
    "synthetic:10A@184x630x630,uint8",
    "synthetic:5A@184x630x630,int16",
    "synthetic:5A@184x630x630,int8",
    "synthetic:denoised@184x630x630,int16",
    "synthetic:denoised@184x630x630,int8",
)
"""What is encoded if nothing is named: how integers differ by dtype, noise and voxel spacing."""

CODECS = {
    "zstd-3": {"none": "zstd-3", "shuffle": "shuffle+zstd-3"},
    "Blosc with zstd-3": {
        "none": "blosc-zstd-3-noshuffle",
        "shuffle": "blosc-zstd-3-shuffle",
        "bitshuffle": "blosc-zstd-3-bitshuffle",
    },
    "Blosc with LZ4-5": {
        "none": "blosc-lz4-5-noshuffle",
        "shuffle": "blosc-lz4-5-shuffle",
        "bitshuffle": "blosc-lz4-5-bitshuffle",
    },
}
"""Compressor -> way to shuffle before it -> codec."""


def encoded_bytes(tomogram: Voxels, codecs: Iterable[str]) -> dict[str, int]:
    """Bytes that each codec stores of a tomogram, in padded chunks; a chunk at a time in memory."""
    dtype = np.dtype(tomogram.dtype)
    chunks = (EDGE, EDGE, EDGE)
    encoders = {
        name: numcodecs_codec.filters_and_compressor(
            StorageConfig.of(name, f"{EDGE}x{EDGE}x{EDGE}", 2), dtype
        )
        for name in codecs
    }
    found = dict.fromkeys(encoders, 0)

    def encode(box: Box) -> dict[str, int]:
        voxels = np.asarray(tomogram[box])
        chunk = np.zeros(chunks, dtype)
        z, y, x = voxels.shape
        chunk[:z, :y, :x] = voxels
        sizes = {}
        for name, (filters, compressor) in encoders.items():
            encoded = chunk
            for each in [*filters, compressor]:
                encoded = each.encode(encoded)
            sizes[name] = memoryview(encoded).nbytes
        return sizes

    with ThreadPoolExecutor(cores_in_use() or 1) as executor:
        # No room for more than one: each box is a chunk, cut off at the ends.
        for sizes in executor.map(encode, boxes(tomogram.shape, chunks, dtype.itemsize, 0)):
            for name, size in sizes.items():
                found[name] += size
    return found


class ShuffledIntegersLine(BaseModel):
    """A tomogram of integers: bytes in memory, and those that each codec stores of it."""

    model_config = ConfigDict(strict=True)

    tomogram: str
    dtype: str
    raw_bytes: Annotated[int, Field(gt=0)]
    encoded: dict[str, Annotated[int, Field(gt=0)]]

    def won_by(self, compressor: str, shuffle: str) -> float:
        """What a way to shuffle wins, as a part of the bytes without it: 0.1 is 10 %."""
        ways = CODECS[compressor]
        return 1 - self.encoded[ways[shuffle]] / self.encoded[ways["none"]]


def read_shuffled_integers(results: Path, machine: str) -> list[ShuffledIntegersLine]:
    """The lines of a machine; what is no such line is left out, and said."""
    path = results / machine / SHUFFLED_INTEGERS_FILE
    return list(read_lines_as(path, ShuffledIntegersLine.model_validate))


def keep_shuffled_integers(
    results: Path, machine: str, lines: Iterable[ShuffledIntegersLine]
) -> None:
    """Write all lines of a machine, whole or not at all."""
    path = results / machine / SHUFFLED_INTEGERS_FILE
    write_lines(path, [line.model_dump() for line in lines])
