"""What came of writes that were interrupted, as runs of `interrupted-writes` keep it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cryoet_zarr_bench.common.json_lines import read_lines_as

OUTCOMES_FILE = "interrupted-writes.jsonl"
"""In a machine's folder of results: a line for each engine, config and kind of interruption. asv
reads no such file."""

_Count = Annotated[int, Field(ge=0)]


class OutcomeLine(BaseModel):
    """A line of the file; the counts are those of `measurement.interrupted_writes.Outcome`."""

    model_config = ConfigDict(strict=True)

    engine: str
    version: str
    zarr: str
    config: str
    done: str
    trials: Annotated[int, Field(gt=0)]
    whole: _Count
    torn: _Count
    error: _Count
    wrong: _Count
    lost: _Count
    wrong_voxels: _Count
    lost_voxels: _Count
    messages: list[str]
    file_system: str
    measured_at: str


def read_outcomes(path: Path) -> list[OutcomeLine]:
    """All lines; what is no such line is left out, and said to be."""
    return list(read_lines_as(path, OutcomeLine.model_validate))


@dataclass(frozen=True)
class Summary:
    """The outcomes of one engine under one kind of interruption, over all configs of a layout."""

    engine: str
    version: str
    layout: str
    done: str
    trials: int
    torn: int
    error: int
    wrong: int
    lost: int
    wrong_voxels: int
    lost_voxels: int

    @property
    def in_words(self) -> str:
        """Such as `0 of 12`, or `3 of 12 wrong (98304 voxels), 2 unreadable`."""
        bad = {
            f"{self.wrong} wrong ({self.wrong_voxels} voxels)": self.wrong,
            f"{self.lost} lost ({self.lost_voxels} voxels)": self.lost,
            f"{self.torn} torn": self.torn,
            f"{self.error} unreadable": self.error,
        }
        said = ", ".join(text for text, count in bad.items() if count)
        return f"{said or '0'} of {self.trials}"


def layout_of(config: str) -> str:
    """`shards` or `chunks`."""
    return "shards" if " in " in config else "chunks"


def summaries(lines: Iterable[OutcomeLine]) -> list[Summary]:
    """One summary for each engine, version, layout and kind, in the order of the lines."""
    groups: dict[tuple[str, str, str, str], list[OutcomeLine]] = {}
    for line in lines:
        key = (line.engine, line.version, layout_of(line.config), line.done)
        groups.setdefault(key, []).append(line)
    counts = ("trials", "torn", "error", "wrong", "lost", "wrong_voxels", "lost_voxels")
    return [
        Summary(*key, **{name: sum(getattr(line, name) for line in each) for name in counts})
        for key, each in groups.items()
    ]
