"""Settings of asv that were tried, and what they cost, as runs of `settings` keep them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as

SETTINGS_FILE = "settings.jsonl"
"""In a machine's folder of results: a line for each setting. asv reads no such file."""


@dataclass(frozen=True)
class Setting:
    """Options of `asv run`, how often the same run is made, who makes exact figures, and where.

    `by_process` is whether asv runs a process for each exact figure, as it does by itself;
    `every_core` is whether measured processes are left on all cores, `trim_memory` whether they
    give freed memory back as the allocator does by itself.
    """

    title: str
    options: tuple[str, ...]
    runs: int = 2
    by_process: bool = False
    every_core: bool = False
    trim_memory: bool = False


CHOSEN = Setting("as the history is measured", ("--interleave-rounds",))

_EXACT = ("-b", r"^(?!overhead\.).*\.track_")

TRIED = (
    CHOSEN,
    Setting("on every core instead of one", ("--interleave-rounds",), every_core=True),
    Setting("freed memory given back, as by itself", ("--interleave-rounds",), trim_memory=True),
    Setting("rounds of a cell one after the other", ("--no-interleave-rounds",)),
    Setting(
        "four rounds of fewer calls, interleaved",
        ("--interleave-rounds", "-a", "rounds=4", "-a", "repeat=(2,6,0.04)"),
    ),
    Setting(
        "exact figures alone, a process for each (asv's own way)",
        ("--launch-method", "spawn", *_EXACT),
        1,
        by_process=True,
    ),
    Setting("exact figures alone, a fork for each", _EXACT, 1, by_process=True),
    Setting("exact figures alone, all at once (as the history is measured)", _EXACT, 1),
)


class _SpreadOfRuns(BaseModel):
    model_config = ConfigDict(strict=True)

    median: FiniteFloat
    p90: FiniteFloat


class _OverChosen(_SpreadOfRuns):
    p10: FiniteFloat


class _SettingsLine(BaseModel):
    """A line of the file, as it has to be; it may have more."""

    model_config = ConfigDict(strict=True)

    profile: str
    setting: str
    cells: Annotated[int, Field(gt=0)]
    seconds: Annotated[list[FiniteFloat], Field(min_length=1)]
    cpu: _SpreadOfRuns | None
    wall: _SpreadOfRuns | None
    over_chosen: _OverChosen | None = None
    load: FiniteFloat


def read_settings(path: Path) -> list[dict[str, Any]]:
    """All settings tried so far; what is no such line is left out, and said to be."""

    def checked(line: dict[str, Any]) -> dict[str, Any]:
        _SettingsLine.model_validate(line)
        return line

    return list(read_lines_as(path, checked))
