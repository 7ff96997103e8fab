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


class EffortLine(_Line):
    """What a process took: seconds, and bytes of memory at most, also before it began."""

    wall: _Amount
    cpu: _Amount | None
    memory: _Count
    before: _Count


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
    `stored_bytes`, `files` and `inodes` are of all levels, metadata included.
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
    changing: dict[str, ChangingLine]
    crops: dict[str, EffortLine]

    @property
    def padded_bytes(self) -> int:
        """Bytes in memory that are written beyond the tomogram's own, over all levels."""
        return sum(each.padded_voxels * _ITEMSIZE[each.dtype] for each in self.levels)

    def seconds(self, pattern: str, place: str) -> float:
        """The modelled seconds of a pattern at a place, by their names."""
        return self.reading[pattern].seconds[self.places.index(place)]


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
