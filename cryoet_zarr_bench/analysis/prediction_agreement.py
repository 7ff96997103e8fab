"""How well predictions from a few chunks agree with whole tomograms, by the trials that were made.

Every statement on them is made here; the intervals of predicted seconds are taken from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.prediction.prediction_trial_lines import (
    PREDICTIONS_FILE,
    PredictionTrialLine,
    read_prediction_trials,
)

REACH = 0.9
"""The part of all trials whose seconds lie in the interval that predicted seconds are given."""


@dataclass(frozen=True)
class PredictionAgreement:
    """What `count` trials say; slices that were timed are `slices`.

    `held` is how many sizes lay in their intervals, of those that were not sampled whole, `known`;
    `off` the median part by which a size was wrong. `low` and `high` are the factors of measured
    over predicted seconds that `REACH` of all slices lie between, `typical` the median one.
    """

    count: int
    known: int
    held: int
    off: float
    slices: int
    low: float
    typical: float
    high: float

    @property
    def sentence(self) -> str:
        """How well predictions agree, in two sentences."""
        return (
            f"Of {self.known} sizes predicted from a part of the chunks, {self.held} lay in their "
            f"95 % interval, {100 * self.off:.2g} % from the middle at the median. Of "
            f"{self.slices} slices, {100 * REACH:.0f} % took between {self.low:.2g} and "
            f"{self.high:.2g} times the predicted seconds, {self.typical:.2f} times at the median."
        )


def prediction_agreement(trials: Sequence[PredictionTrialLine]) -> PredictionAgreement | None:
    """What the trials say; None if there are none that leave something to predict."""
    known = [trial for trial in trials if not trial.is_whole]
    factors = [
        trial.measured_seconds[name] / seconds
        for trial in trials
        for name, seconds in trial.seconds.items()
        if seconds > 0
    ]
    if not known or not factors:
        return None
    outside = (1 - REACH) / 2
    low, typical, high = (
        float(found) for found in np.quantile(factors, [outside, 0.5, 1 - outside])
    )
    off = [abs(trial.stored_bytes / trial.stored[1] - 1) for trial in known]
    held = sum(trial.held for trial in known)
    return PredictionAgreement(
        len(trials), len(known), held, float(np.median(off)), len(factors), low, typical, high
    )


def published_agreement(results: Path) -> PredictionAgreement | None:
    """What the trials of the published machine say; None without any."""
    machine = published_machine(results)
    if machine is None:
        return None
    trials = read_prediction_trials(results, machine_with(results, PREDICTIONS_FILE, machine))
    return prediction_agreement(trials)
