"""Predictions that were checked on a machine: the lines of its file, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.prediction.checked_prediction import CheckedPrediction

PREDICTIONS_FILE = "predictions.jsonl"
"""In a machine's folder of results: a line for each layout, tomogram and seed that was tried."""

_Amount = Annotated[FiniteFloat, Field(ge=0)]


class PredictionTrialLine(BaseModel):
    """A prediction and what the layout then took; bytes, and seconds by the name of the slice.

    `stored` has the lower bound, the middle and the upper bound of the bytes. `sampled` of `chunks`
    were stored to predict it.
    """

    model_config = ConfigDict(strict=True)

    tomogram: str
    layout: str
    seed: int
    measured_at: str
    load: FiniteFloat
    file_system: str
    cold: bool
    sampled: int
    chunks: int
    stored: list[_Amount]
    stored_bytes: int
    seconds: dict[str, _Amount]
    measured_seconds: dict[str, _Amount]

    @property
    def held(self) -> bool:
        """True if the bytes lay in the interval."""
        return self.stored[0] <= self.stored_bytes <= self.stored[2]

    @property
    def is_whole(self) -> bool:
        """True if every chunk was sampled, which leaves nothing to predict."""
        return self.sampled == self.chunks


def trial_line(tomogram: str, seed: int, checked: CheckedPrediction) -> PredictionTrialLine:
    """A checked prediction as a line, with the time of now."""
    predicted = checked.predicted
    stored = predicted.stored
    return PredictionTrialLine.model_validate(
        {
            "tomogram": tomogram,
            "layout": predicted.layout,
            "seed": seed,
            **stamp(),
            "file_system": predicted.file_system,
            "cold": predicted.cold,
            "sampled": predicted.sampled,
            "chunks": predicted.chunks,
            "stored": [float(stored.low), float(stored.middle), float(stored.high)],
            "stored_bytes": checked.stored_bytes,
            "seconds": dict(predicted.seconds),
            "measured_seconds": dict(checked.seconds),
        }
    )


def read_prediction_trials(results: Path, machine: str) -> list[PredictionTrialLine]:
    """The trials of a machine; what is no such line is left out, and said."""
    path = results / machine / PREDICTIONS_FILE
    return list(read_lines_as(path, PredictionTrialLine.model_validate))


def keep_prediction_trials(results: Path, machine: str, lines: list[PredictionTrialLine]) -> None:
    """Write all trials of a machine, whole or not at all."""
    write_lines(results / machine / PREDICTIONS_FILE, [line.model_dump() for line in lines])
