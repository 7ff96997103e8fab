"""Levels of codecs measured on a tomogram: the lines of a machine's file, read and checked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines

LEVELS_FILE = "codec-levels.jsonl"
"""In a machine's folder of results: a line for each codec, level and tomogram."""

LEVELS = (1, 3, 5, 7, 9)

FAMILIES = {
    "Blosc with Zstandard, bitshuffle": "blosc-zstd-{}-bitshuffle",
    "Blosc with Zstandard, shuffle": "blosc-zstd-{}-shuffle",
    "Blosc with LZ4, bitshuffle": "blosc-lz4-{}-bitshuffle",
    "Blosc with LZ4, shuffle": "blosc-lz4-{}-shuffle",
    "shuffle, Zstandard": "shuffle+zstd-{}",
    "Zstandard": "zstd-{}",
    "gzip": "gzip-{}",
}
"""What a family of codecs is called, and the codec of a level."""

CHUNKS = "64x64x64"

_Amount = Annotated[FiniteFloat, Field(ge=0)]


class CodecLevelLine(BaseModel):
    """A level of a family: bytes in memory over bytes stored, CPU seconds a GB of voxels (1e9).

    `spread` is how far the processes lie apart in wall time, as a part of their median, of writing
    and of reading.
    """

    model_config = ConfigDict(strict=True)

    tomogram: str
    family: str
    level: int
    ratio: _Amount
    write_cpu: _Amount
    read_cpu: _Amount
    spread: list[_Amount]
    processes: int
    zarr: str
    measured_at: str


def read_codec_levels(results: Path, machine: str) -> list[CodecLevelLine]:
    """The lines of a machine; what is no such line is left out, and said."""
    path = results / machine / LEVELS_FILE
    return list(read_lines_as(path, CodecLevelLine.model_validate))


def keep_codec_levels(results: Path, machine: str, lines: Iterable[CodecLevelLine]) -> None:
    """Write all lines of a machine, whole or not at all."""
    write_lines(results / machine / LEVELS_FILE, [line.model_dump() for line in lines])
