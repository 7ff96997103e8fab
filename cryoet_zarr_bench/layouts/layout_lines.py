"""What was measured of a layout: the lines of a machine's file, read and checked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines

LAYOUTS_FILE = "layouts.jsonl"
"""In a machine's folder of results: a line for each layout and tomogram. asv reads no such file."""

_Count = Annotated[int, Field(ge=0)]
_Amount = Annotated[FiniteFloat, Field(ge=0)]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)


class LevelLine(_Line):
    """A level as the metadata on the disk has it; lengths along z, y, x."""

    shape: list[_Count]
    chunks: list[_Count]
    shards: list[_Count] | None
    codecs: str
    zarr_format: int
    dtype: str
    padded_voxels: _Count

    @property
    def codec(self) -> str:
        """Its codecs together, as `StorageConfig.of` and `layout_called` take them."""
        return self.codecs.replace(", ", "+")


class EffortLine(_Line):
    """What a process took: seconds, and bytes of memory at most, also before it began."""

    wall: _Amount
    cpu: _Amount | None = None
    memory: _Count
    before: _Count

    @property
    def added_memory(self) -> int:
        """Bytes by which the most memory of the process grew."""
        return self.memory - self.before


class ReadingLine(_Line):
    """A pattern, as `reading_figures.ReadingFigures`; `seconds` by the order of the places."""

    gets: _Count
    bytes_fetched: _Count
    bytes_used: _Count
    over_read: _Amount
    seconds: list[_Amount]


class ChangingLine(_Line):
    """A change, as `changing_figures.ChangingFigures`, and the memory that its process had."""

    bytes_changed: _Count
    bytes_fetched: _Count
    bytes_put: _Count
    gets: _Count
    puts: _Count
    memory: _Count

    @property
    def amplification(self) -> float:
        """Bytes moved over bytes changed."""
        return (self.bytes_fetched + self.bytes_put) / self.bytes_changed


class LayoutLine(_Line):
    """A layout of a tomogram. `reason` is why it could not be written, else None.

    `writer` and `reader` are packages with their versions, `raw_bytes` those of level 0 in memory.
    `stored_bytes`, `files` and `inodes` are of all levels, metadata included. `cpu` has seconds of
    reading by the patterns that were timed, `readers` engines with their versions, and why one
    cannot read it, empty if it can.
    """

    layout: str
    tomogram: str
    writer: str
    reader: str
    measured_at: str
    load: FiniteFloat
    file_system: str
    places: list[str]
    reason: str | None
    raw_bytes: _Count
    stored_bytes: _Count
    files: _Count
    inodes: _Count
    levels: list[LevelLine]
    write: EffortLine | None
    reading: dict[str, ReadingLine]
    cpu: dict[str, _Amount]
    changing: dict[str, ChangingLine]
    crops: dict[str, EffortLine]
    readers: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name, and that of its codecs and chunks, as `layout_called` takes them."""
        if not self.levels:
            return (self.layout,)
        full = self.levels[0]
        return self.layout, f"{full.codec} {'x'.join(map(str, full.chunks))}"

    @property
    def padded_bytes(self) -> int:
        """Bytes in memory that are written beyond the tomogram's own, over all levels."""
        return sum(each.padded_voxels * _ITEMSIZE[each.dtype] for each in self.levels)

    def decoding(self, pattern: str) -> float:
        """CPU seconds of a pattern: as they were timed, else by the bytes it decodes."""
        if pattern in self.cpu:
            return self.cpu[pattern]
        reading, volume = self.reading[pattern], self.reading["volume"]
        decoded = reading.over_read * reading.bytes_used
        whole = volume.over_read * volume.bytes_used
        return self.cpu.get("volume", 0.0) * decoded / whole if whole else 0.0

    def with_decoding(self, pattern: str, requests: float) -> float:
        """Seconds of a pattern whose requests take so many, with decoding on one core.

        zarr-python decodes a chunk that is a file while others arrive, and the chunks of a shard
        when all of them arrived. `s3-reading` measures whether that is so.
        """
        decoding = self.decoding(pattern)
        if self.levels[0].shards is None:
            return max(requests, decoding)
        return requests + decoding

    def seconds(self, pattern: str, place: str) -> float:
        """Seconds of a pattern at a place, by their names: of its requests, and of decoding."""
        requests = self.reading[pattern].seconds[self.places.index(place)]
        return self.with_decoding(pattern, requests)


_ITEMSIZE = {
    "float32": 4,
    "float16": 2,
    "int16": 2,
    "uint16": 2,
    "int8": 1,
    "uint8": 1,
}


def read_layout_lines(results: Path, machine: str) -> list[LayoutLine]:
    """The lines of a machine; what is no such line is left out, and said."""
    return list(read_lines_as(results / machine / LAYOUTS_FILE, LayoutLine.model_validate))


def keep_layout_lines(results: Path, machine: str, lines: Iterable[LayoutLine]) -> None:
    """Write all lines of a machine, whole or not at all."""
    write_lines(results / machine / LAYOUTS_FILE, [line.model_dump() for line in lines])
