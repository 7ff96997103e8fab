"""What a kept survey says, in words and tables: for the page, the document and `recommend`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoet_zarr_bench.tomogram_survey.findings.clustered_figures import (
    ConfigFigures,
    Outlier,
    explained_by,
    figures_by_config,
    outliers,
)
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import (
    SAMPLED_FILE,
    read_kept_survey,
    survey_table,
)
from cryoet_zarr_bench.tomogram_survey.findings.sample_agreement import (
    SampleAgreement,
    sample_agreement,
)
from cryoet_zarr_bench.tomograms.synthetic_profiles import DRAWN

if TYPE_CHECKING:
    import pandas as pd

BASIS = (
    "Bytes of chunks and of the indices of shards of the finest level, exact. A ratio is the "
    "geometric mean over tomograms; its interval takes the dataset as what was drawn, since "
    "tomograms of one dataset are alike."
)

EXPLAINING = {
    "source_precision": "source precision",
    "processing": "denoised or not",
    "voxel_spacing": "voxel spacing",
    "dtype": "dtype",
    "dataset": "dataset",
}
"""What may explain a ratio: a column, and what it is called."""


@dataclass(frozen=True)
class GroupFigures:
    """The tomograms that have one value of what explains, in the config that is smallest of all."""

    trait: str
    value: str
    figures: ConfigFigures


@dataclass(frozen=True, eq=False)
class SurveyFindings:
    """A survey in the results: `explained` are parts of the variance by what explains it."""

    table: pd.DataFrame
    zarr: str
    figures: tuple[ConfigFigures, ...]
    explained: dict[str, float]
    groups: tuple[GroupFigures, ...]
    unlike: tuple[Outlier, ...]
    agreement: SampleAgreement | None

    @property
    def best(self) -> ConfigFigures:
        """The config with the largest mean ratio."""
        return self.figures[0]

    @property
    def answer(self) -> str:
        """The survey in two sentences."""
        best, each = self.best, self.best.ratio
        needed = ""
        if best.needed is not None:
            needed = (
                f" Some {best.needed} tomograms of {best.needed_datasets} datasets would give the "
                "mean to ±1 %."
            )
        return (
            f"Over {best.tomograms} tomograms of {best.datasets} datasets the smallest stores are "
            f"{best.config}: {each.middle:.3f} times smaller than in memory (95 % interval: "
            f"{best.interval}), the smallest of {best.wins} of them. Nine of ten tomograms lie "
            f"between {best.quantiles[0]:.3f} and {best.quantiles[-1]:.3f}.{needed}"
        )

    @property
    def note(self) -> str:
        """What its figures are of."""
        names = set(self.table.tomogram)
        drawn = sum(name.startswith(f"synthetic:{DRAWN}@") for name in names)
        origin = f" {drawn} of the tomograms are drawn from a documented prior." if drawn else ""
        return f"{BASIS}{origin}"


def survey_findings(results: Path, machine: str) -> SurveyFindings | None:
    """What the survey of a machine says; None if it has none."""
    lines = read_kept_survey(results, machine)
    if not lines:
        return None
    table = survey_table(lines)
    figures = figures_by_config(table)
    best = figures[0].config
    sampled = read_kept_survey(results, machine, SAMPLED_FILE)
    return SurveyFindings(
        table=table,
        zarr=lines[0].zarr,
        figures=tuple(figures),
        explained={trait: explained_by(table, best, trait) for trait in EXPLAINING},
        groups=tuple(_groups(table, best)),
        unlike=tuple(outliers(table)),
        agreement=sample_agreement(lines, sampled),
    )


def _groups(table: pd.DataFrame, config: str) -> list[GroupFigures]:
    found = []
    for trait in EXPLAINING:
        if trait == "dataset":
            continue
        for value, own in table.groupby(table[trait].astype(str)):
            (figures,) = (each for each in figures_by_config(own) if each.config == config)
            found.append(GroupFigures(trait, str(value), figures))
    return found
