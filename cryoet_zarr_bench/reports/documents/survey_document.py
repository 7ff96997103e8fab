"""How far tomograms lie apart, and how a survey scales: docs/survey.md, from the results."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

from cryoet_zarr_bench.analysis.recommending.storage_prices import PRICE_LISTS, USUAL_PRICES
from cryoet_zarr_bench.analysis.result_reader import machine_with
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_code, markdown_table
from cryoet_zarr_bench.tomogram_survey.drawn_collection import LARGE_SHAPE
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import SURVEY_FILE
from cryoet_zarr_bench.tomogram_survey.findings.survey_findings import (
    EXPLAINING,
    SurveyFindings,
    survey_findings,
)
from cryoet_zarr_bench.tomogram_survey.particles.particle_damage import (
    DAMAGE_FILE,
    HurtParticles,
    ParticleDamageLine,
    hurt_particles,
    particle_answer,
    planting,
    read_particle_damage,
)
from cryoet_zarr_bench.tomogram_survey.survey_scale import (
    PORTAL_TOMOGRAMS,
    SCALE_FILE,
    SurveyScale,
    read_survey_scale,
    survey_scale,
)

NOTHING = "Not measured yet."


def survey_report(results: Path, machine: str) -> str:
    """The report in Markdown, generated from the results alone; `machine` stands where none has."""
    surveyed = machine_with(results, SURVEY_FILE, machine)
    found = survey_findings(results, surveyed)
    damage = read_particle_damage(results, machine_with(results, DAMAGE_FILE, machine))
    scaled = machine_with(results, SCALE_FILE, machine)
    scale = survey_scale(read_survey_scale(results, scaled))
    return f"""# Many tomograms: how far they lie apart

Written by `cryoet-zarr-bench readme` from {markdown_code(f"results/{surveyed}/")}, which
`make survey` makes.

{NOTHING if found is None else _survey(found)}

## Does lossy hurt?

{NOTHING if not damage else _damage(damage)}

## How a survey scales

{NOTHING if scale is None else _scale(scale, scaled)}
"""


def _survey(found: SurveyFindings) -> str:
    rows = [
        [
            markdown_code(each.config),
            f"{each.ratio.middle:.3f}",
            each.interval,
            f"{each.quantiles[0]:.3f} to {each.quantiles[-1]:.3f}",
            f"{each.of_all:.3f}",
            str(each.wins),
            "?" if each.needed is None else str(each.needed),
        ]
        for each in found.figures
    ]
    headings = ("config", "ratio", "95 % interval", "nine of ten lie in", "of all bytes")
    table = markdown_table((*headings, "smallest of", "tomograms for ±1 %"), rows, "-rrrrrr")
    explained = ", ".join(
        f"{EXPLAINING[trait]} {part:.2f}"
        for trait, part in sorted(found.explained.items(), key=lambda each: -_known(each[1]))
    )
    groups = markdown_table(
        ("what", "value", "tomograms", "ratio", "95 % interval"),
        [
            [
                EXPLAINING[each.trait],
                for_markdown(each.value),
                str(each.figures.tomograms),
                f"{each.figures.ratio.middle:.3f}",
                each.figures.interval,
            ]
            for each in found.groups
        ],
        "--rrr",
    )
    unlike = ""
    if found.unlike:
        unlike = "\n\nTomograms unlike their dataset: " + "; ".join(
            f"{markdown_code(each.tomogram)} ({each.times:.2f} times the median ratio, quality "
            f"control: {each.verdict})"
            for each in found.unlike[:10]
        )
    sample = "" if found.agreement is None else f"\n\n{found.agreement.sentence}"
    return f"""**{for_markdown(found.answer)}**

{found.note} Encoded by zarr {found.zarr}.

{table}

The part of the variance of the first config's ratio that lies between groups of tomograms:
{explained}.

{groups}{unlike}{sample}"""


def _known(part: float) -> float:
    return 0.0 if math.isnan(part) else part


def _damage(lines: list[ParticleDamageLine]) -> str:
    rows = [_row(each) for each in hurt_particles(lines)]
    headings = ("config", "depth", "ratio", "found before", "change", "kept", "shift, angstrom")
    table = markdown_table((*headings, "noise to signal", "within the bound"), rows, "-rrrrrrr-")
    return f"""**{for_markdown(particle_answer(lines))}**

{planting(lines)}

{table}"""


def _row(each: HurtParticles) -> list[str]:
    return [
        markdown_code(each.config),
        f"{each.depth:g}",
        f"{each.ratio:.2f}",
        f"{100 * each.found_before:.0f} %",
        f"{100 * each.change:+.1f} % (±{100 * each.change_reach:.1f})",
        f"{100 * each.kept:.1f} %" if math.isfinite(each.kept) else "",
        f"{each.shift:.2f}" if math.isfinite(each.shift) else "",
        f"{each.noise_to_signal:.2g}",
        "yes" if each.within_bound else "no",
    ]


def _scale(scale: SurveyScale, machine: str) -> str:
    memory = markdown_table(
        ("Mvoxel of the tomogram", "most memory of a worker, MB"),
        [[f"{voxels / 1e6:.0f}", f"{peak / 1e6:.0f}"] for voxels, peak in scale.memory.items()],
        "rr",
    )
    each = markdown_table(
        ("tomograms of 96^3", "seconds each, two workers"),
        [[str(count), f"{seconds:.3f}"] for count, seconds in scale.seconds_each.items()],
        "rr",
    )
    pairs = ", ".join(f"{up:.2f}" for up in scale.speed_ups)
    apart = (
        " Two processes without Dask, which share nothing but this machine, do "
        f"{statistics.median(scale.apart):.2f} times the work of one "
        f"({', '.join(f'{each:.2f}' for each in scale.apart)})."
        if scale.apart
        else ""
    )
    megavoxels = math.prod(LARGE_SHAPE) / 1e6
    whole = scale.worker_hours(PORTAL_TOMOGRAMS, megavoxels)
    sampled = scale.worker_hours(PORTAL_TOMOGRAMS, 8 * 256**3 / 1e6)
    size = "x".join(map(str, LARGE_SHAPE))
    core = PRICE_LISTS[USUAL_PRICES].core_hour
    voxels = PORTAL_TOMOGRAMS * megavoxels
    of_samples = PORTAL_TOMOGRAMS * 8 * 256**3 / 1e6
    return f"""Two workers are {scale.speed_up:.2f} times as fast as one (pairs: {pairs}); one makes
{scale.rows_a_second:.1f} rows a second, which is {scale.megavoxels_a_second:.2f} Mvoxel a second in
all configs, {scale.of_largest:.2f} of the largest tomogram below.{apart}
Measured on {for_markdown(machine)}.

{memory}

Pages of the tomogram's file that are mapped are not in it: the system takes them back.

{each}

On paper, from the largest: {PORTAL_TOMOGRAMS:,} tomograms of {size} in float32, read whole, are
{voxels * 4 / 1e6:,.0f} TB and {whole:,.0f} hours of a worker; {whole / 24 / 1000:.1f} days with
1000, and {whole * core:,.0f} $ at {core} $ an hour of a core. From 8 regions of 256^3 of each they
are {of_samples * 4 / 1e6:,.0f} TB before compression and {sampled:,.0f} hours:
{sampled / 1000:.1f} hours with 1000 workers, {sampled * core:,.0f} $. Where the workers run in the
region of the bucket, nothing is paid for the bytes."""
