"""What the page Survey shows: how far tomograms lie apart, what lossy codecs do to particles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.tomogram_survey.findings.clustered_figures import ConfigFigures
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import SURVEY_FILE
from cryoet_zarr_bench.tomogram_survey.findings.survey_findings import (
    EXPLAINING,
    SurveyFindings,
    survey_findings,
)
from cryoet_zarr_bench.tomogram_survey.particles.particle_damage import (
    DAMAGE_FILE,
    hurt_particles,
    particle_answer,
    planting,
    read_particle_damage,
)


def survey_content(results: Path) -> dict[str, Any]:
    """Plain values for the page; without a survey there is no answer."""
    machine = published_machine(results)
    if machine is None:
        return {"answer": None, "particles": None}
    found = survey_findings(results, machine_with(results, SURVEY_FILE, machine))
    damage = read_particle_damage(results, machine_with(results, DAMAGE_FILE, machine))
    content: dict[str, Any] = {"answer": None, "particles": None}
    if found is not None:
        content |= _survey(found)
    if damage:
        content["particles"] = {
            "answer": particle_answer(damage),
            "method": planting(damage),
            "rows": [
                {name: _finite(value) for name, value in vars(each).items()}
                for each in hurt_particles(damage)
            ],
        }
    return content


def _survey(found: SurveyFindings) -> dict[str, Any]:
    points = [
        [row.tomogram, row.config, round(float(row.ratio), 4), _kind(row), str(row.dataset)]
        for row in found.table.itertuples()
    ]
    return {
        "answer": found.answer,
        "note": found.note,
        "sample": None if found.agreement is None else found.agreement.sentence,
        "zarr": found.zarr,
        "configs": [_config(each) for each in found.figures],
        "explained": [
            [EXPLAINING[trait], _finite(part)] for trait, part in found.explained.items()
        ],
        "groups": [
            [EXPLAINING[each.trait], each.value, each.figures.tomograms, *_interval(each.figures)]
            for each in found.groups
        ],
        "unlike": [
            [each.tomogram, each.dataset, each.config, each.ratio, each.times, each.verdict]
            for each in found.unlike
        ],
        "points": points,
    }


def _kind(row: Any) -> str:
    return f"{row.processing}, {row.source_precision.partition(',')[0]}"


def _config(each: ConfigFigures) -> list[Any]:
    return [
        each.config,
        *_interval(each),
        _finite(each.quantiles[0]),
        _finite(each.quantiles[-1]),
        each.wins,
        each.undecided,
        each.needed,
    ]


def _interval(each: ConfigFigures) -> list[float | None]:
    """The ratio with its bounds; none of one dataset, which does not tell how far others lie."""
    low, high = each.ratio.low, each.ratio.high
    ends = [low, high] if math.isfinite(high) else [None, None]
    return [_finite(value) for value in (each.ratio.middle, *ends)]


def _finite(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None
