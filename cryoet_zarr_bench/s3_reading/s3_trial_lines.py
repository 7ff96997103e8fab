"""What was measured of reading from the S3 server: the lines of a machine's file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines

S3_READING_FILE = "s3-reading.jsonl"
"""In a machine's folder of results: a line for each trial. asv reads no such file."""

_Positive = Annotated[FiniteFloat, Field(gt=0)]
_Count = Annotated[int, Field(ge=0)]


class S3TrialLine(BaseModel):
    """A trial as `s3_trials.S3Trial` has it, of a tomogram.

    `predicted` are the seconds that the model gives the `requests`; `wall` and `cpu` those of each
    reading, empty where it was left out as too long. `packages` are those that read, with versions.
    """

    model_config = ConfigDict(strict=True)

    tomogram: str
    layout: str
    pattern: str
    store_class: str
    place: str
    called: str
    packages: str
    predicted: _Positive
    requests: _Count
    bytes_fetched: _Count
    wall: list[_Positive]
    cpu: list[_Positive]
    measured_at: str
    load: FiniteFloat

    @property
    def wall_seconds(self) -> float:
        """The median reading's."""
        return median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        """The median of the readings' own."""
        return median(self.cpu)


def read_s3_trials(results: Path, machine: str) -> list[S3TrialLine]:
    """The trials of a machine; what is no such line is left out, and said."""
    return list(read_lines_as(results / machine / S3_READING_FILE, S3TrialLine.model_validate))


def keep_s3_trials(results: Path, machine: str, lines: Iterable[S3TrialLine]) -> None:
    """Write all trials of a machine, whole or not at all."""
    write_lines(results / machine / S3_READING_FILE, [line.model_dump() for line in lines])
