"""How a survey scales: measured on drawn collections, and what that makes of a whole archive.

| trial | what differs |
|---|---|
| workers | one worker or two, the same tomograms, in turns |
| tomogram | the voxels of a tomogram; the most memory that a worker takes |
| collection | how many tomograms, all of one size; the seconds of each |
| apart | one process or two without Dask, that share the machine alone; each does the same |
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines

SCALE_FILE = "survey-scale.jsonl"
"""In a machine's folder of results: a line for each trial."""

Trial = Literal["workers", "tomogram", "collection", "apart"]

NEEDED = {"workers", "tomogram", "collection"}
"""The kinds of trials without which nothing is said."""

PORTAL_TOMOGRAMS = 100_000
"""About so many tomograms the portal is taken to have, for the calculation on paper alone."""

_Amount = Annotated[FiniteFloat, Field(ge=0)]


class SurveyScaleLine(BaseModel):
    """A survey that was timed: `seconds` from the first piece of work to the last row.

    `own_memory` is the most bytes that any of its workers had for itself, with all that Python has
    loaded, None where that was not followed; `peak_memory` has in it the pages of the tomogram's
    file that were mapped, too.
    """

    model_config = ConfigDict(strict=True)

    trial: Trial
    turn: int
    workers: int
    tomograms: int
    voxels: int
    voxels_of_one: int
    rows: int
    seconds: _Amount
    peak_memory: int
    own_memory: int | None = None
    sample: int | None
    measured_at: str


@dataclass(frozen=True)
class SurveyScale:
    """What the trials say: `speed_up` of two workers over one, pair by pair; the memory of a worker
    by the voxels of a tomogram, and the seconds of a tomogram by their number, medians.

    `megavoxels_a_second` are of tomograms of several sizes, of which each takes some time whatever
    its size; `of_largest` are of the largest tomogram, for reckoning with such ones.
    `apart` is, turn by turn, how many times the work of one process two get done that have no Dask
    and share nothing but the machine.
    """

    speed_up: float
    speed_ups: tuple[float, ...]
    rows_a_second: float
    megavoxels_a_second: float
    of_largest: float
    memory: dict[int, float]
    seconds_each: dict[int, float]
    apart: tuple[float, ...]

    def worker_hours(self, tomograms: int, megavoxels: float) -> float:
        """Hours that one worker takes for so many large tomograms of which so much each is read."""
        return tomograms * megavoxels / self.of_largest / 3600


def survey_scale(lines: Iterable[SurveyScaleLine]) -> SurveyScale | None:
    """What trials say; None where one kind is missing."""
    by_trial: dict[str, list[SurveyScaleLine]] = {}
    for line in lines:
        by_trial.setdefault(line.trial, []).append(line)
    if not by_trial.keys() >= NEEDED:
        return None
    ups = _gains(by_trial["workers"])
    most = max(line.voxels_of_one for line in by_trial["tomogram"])
    alone = [line for line in by_trial["workers"] if line.workers == 1]
    if not ups:
        return None
    return SurveyScale(
        statistics.median(ups),
        ups,
        statistics.median(line.rows / line.seconds for line in alone),
        _megavoxels_a_second(alone),
        _megavoxels_a_second(line for line in by_trial["tomogram"] if line.voxels_of_one == most),
        _medians(
            (line.voxels_of_one, line.own_memory)
            for line in by_trial["tomogram"]
            if line.own_memory is not None
        ),
        _medians(
            (line.tomograms, line.seconds / line.tomograms) for line in by_trial["collection"]
        ),
        _gains(by_trial.get("apart", [])),
    )


def _megavoxels_a_second(lines: Iterable[SurveyScaleLine]) -> float:
    return statistics.median(line.voxels / 1e6 / line.seconds for line in lines)


def _gains(lines: Iterable[SurveyScaleLine]) -> tuple[float, ...]:
    """Turn by turn, how many times the voxels of one process two do in a second."""
    one: dict[int, float] = {}
    two: dict[int, float] = {}
    for line in lines:
        {1: one, 2: two}[line.workers][line.turn] = line.voxels / line.seconds
    return tuple(two[turn] / one[turn] for turn in sorted(one.keys() & two.keys()))


def _medians(pairs: Iterable[tuple[int, float]]) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: statistics.median(values) for key, values in sorted(found.items())}


def read_survey_scale(results: Path, machine: str) -> list[SurveyScaleLine]:
    """The lines of a machine; what is no such line is left out, and said."""
    return list(read_lines_as(results / machine / SCALE_FILE, SurveyScaleLine.model_validate))


def keep_survey_scale(results: Path, machine: str, lines: Iterable[SurveyScaleLine]) -> None:
    """Write all lines of a machine, whole or not at all."""
    write_lines(results / machine / SCALE_FILE, [line.model_dump() for line in lines])
