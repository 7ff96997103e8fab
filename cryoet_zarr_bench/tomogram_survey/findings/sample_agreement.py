"""What a sample of regions is worth: samples of tomograms that were surveyed whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import SurveyedTomogram, survey_table


@dataclass(frozen=True)
class SampleAgreement:
    """Sampled stores held against whole ones: `held` of `compared` lie in their intervals.

    `median_error` and `largest_error` are parts of the bytes of the whole; `read` is the part of
    all voxels that the samples read.
    """

    compared: int
    held: int
    median_error: float
    largest_error: float

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"Of {self.compared} stores that were estimated from a sample of regions, "
            f"{self.held} lie within their 95 % interval; the median error is "
            f"{100 * self.median_error:.2f} %, the largest {100 * self.largest_error:.2f} %."
        )


def sample_agreement(
    whole: Sequence[SurveyedTomogram], sampled: Sequence[SurveyedTomogram]
) -> SampleAgreement | None:
    """Hold a survey of samples against one of whole tomograms; None if they have none in common.

    What was read whole in both, since it has few regions, is left out.
    """
    import pandas as pd

    both = pd.merge(
        survey_table(whole), survey_table(sampled), on=["tomogram", "config"], suffixes=("", "_s")
    )
    both = both[both.low_s < both.high_s]
    if both.empty:
        return None
    error = np.abs(both.stored_bytes_s / both.stored_bytes - 1)
    held = (both.low_s <= both.stored_bytes) & (both.stored_bytes <= both.high_s)
    return SampleAgreement(len(both), int(held.sum()), float(error.median()), float(error.max()))
