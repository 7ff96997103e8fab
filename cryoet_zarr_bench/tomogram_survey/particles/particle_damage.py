"""Does a lossy codec hurt? Particles that template matching finds before and after.

For each planted tomogram and lossy config: how many of the particles that are found in the tomogram
are found in what was stored, how far their places move, and beside that the compression ratio, the
noise to signal of the worst shell and whether it is within the bound that recommendations demand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines
from cryoet_zarr_bench.fidelity.codec_damage import DEFAULT_LOSS_BOUND, measure_damage
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.stores.verified_store import write_verified
from cryoet_zarr_bench.tomogram_survey.findings.clustered_figures import clustered_mean
from cryoet_zarr_bench.tomogram_survey.particles.particle_matching import find_particles
from cryoet_zarr_bench.tomogram_survey.particles.planted_particles import (
    EDGE,
    PARTICLES,
    PROFILE,
    planted_tomogram,
)
from cryoet_zarr_bench.tomograms.synthetic_profiles import PROFILES

DAMAGE_FILE = "particle-damage.jsonl"
"""In a machine's folder of results: a line for each tomogram, depth and config."""

CONFIGS = tuple(
    f"{codec} 64x64x64"
    for codec in (
        *(f"bitround-{bits}+shuffle+zstd-5" for bits in (10, 8, 6, 5, 4, 3, 2, 1)),
        "float16+shuffle+zstd-5",
        "int16+shuffle+zstd-5",
        "int8+zstd-5",
        *(f"quantise-{each}+shuffle+zstd-5" for each in (100, 10, 4, 2, 1)),
    )
)
DEPTHS = (4.0, 9.0)
"""Of particles: faint, of which many are missed before anything is stored, and plain."""

UNSEEN = 3.0
"""Where none of n particles is lost or won, at most 3 / n are with 95 % confidence (Hanley and
Lippman-Hand, JAMA 249 (1983) 1743)."""

_Part = Annotated[FiniteFloat, Field(ge=0, le=1)]
_Amount = Annotated[FiniteFloat, Field(ge=0)]


class ParticleDamageLine(BaseModel):
    """A planted tomogram in a config.

    `found` and `found_before` are the parts of its particles that are found in what was stored, and
    in the tomogram; `kept` of those found before the part found still, None if none was. `shift` is
    the mean distance of both places in voxels, None if nothing was kept. `smallest_fsc` and
    `noise_to_signal` are of the worst shell.
    """

    model_config = ConfigDict(strict=True)

    seed: int
    depth: float
    config: str
    ratio: _Amount
    found_before: _Part
    found: _Part
    kept: _Part | None
    shift: _Amount | None
    noise_to_signal: _Amount
    smallest_fsc: FiniteFloat


def damage_to_particles(
    seed: int, depth: float, configs: Sequence[str]
) -> list[ParticleDamageLine]:
    """In a worker: one planted tomogram in every config."""
    planted = planted_tomogram(seed, depth)
    before = find_particles(planted.voxels, planted)
    found = []
    engine = installed_engine()
    for text in configs:
        with TemporaryDirectory(prefix="cryoet-zarr-bench-particles-") as folder:
            config = StorageConfig.parse(text)
            store = write_verified(engine, planted.voxels, Path(folder), config)
            read = np.asarray(engine.open(store.folder)[...])
        after = find_particles(read, planted)
        damage = measure_damage(planted.voxels, read)
        both = before.found & after.found
        apart = np.linalg.norm(before.places[both] - after.places[both], axis=1)
        found.append(
            ParticleDamageLine(
                seed=seed,
                depth=depth,
                config=text,
                ratio=store.compression_ratio,
                found_before=float(before.found.mean()),
                found=float(after.found.mean()),
                kept=float(both.sum() / before.found.sum()) if before.found.any() else None,
                shift=float(apart.mean()) if both.any() else None,
                noise_to_signal=damage.worst_noise_to_signal,
                smallest_fsc=damage.smallest_fsc,
            )
        )
    return found


@dataclass(frozen=True)
class HurtParticles:
    """A config at a depth over all its tomograms: means, with the reach of the 95 % interval.

    `change` is how many more of all particles are found after, as a part: -0.02 is 2 of 100 lost;
    its reach is never less than chance leaves where none is lost or won.
    `shift` is in angstrom. `within_bound` is whether the damage of all is within the bound.
    """

    config: str
    depth: float
    tomograms: int
    ratio: float
    found_before: float
    change: float
    change_reach: float
    kept: float
    shift: float
    noise_to_signal: float
    within_bound: bool


def hurt_particles(lines: Iterable[ParticleDamageLine]) -> list[HurtParticles]:
    """Every config at every depth, those of one depth together, the least damage first."""
    groups: dict[tuple[float, str], list[ParticleDamageLine]] = {}
    for line in lines:
        groups.setdefault((line.depth, line.config), []).append(line)
    spacing = PROFILES[PROFILE].voxel_spacing
    found = []
    for (depth, config), own in groups.items():
        seeds = [str(line.seed) for line in own]
        change = clustered_mean([line.found - line.found_before for line in own], seeds)
        kept = [line.kept for line in own if line.kept is not None]
        shifts = [line.shift for line in own if line.shift is not None]
        worst = max(line.noise_to_signal for line in own)
        planted = PARTICLES * len(own)
        found.append(
            HurtParticles(
                config=config,
                depth=depth,
                tomograms=len(own),
                ratio=float(np.mean([line.ratio for line in own])),
                found_before=float(np.mean([line.found_before for line in own])),
                change=change.mean,
                change_reach=max(change.reach, UNSEEN / planted),
                kept=float(np.mean(kept)) if kept else math.nan,
                shift=float(np.mean(shifts)) * spacing if shifts else math.nan,
                noise_to_signal=worst,
                within_bound=worst <= DEFAULT_LOSS_BOUND,
            )
        )
    return sorted(found, key=lambda each: (each.depth, each.noise_to_signal))


def read_particle_damage(results: Path, machine: str) -> list[ParticleDamageLine]:
    """The lines of a machine; what is no such line is left out, and said."""
    path = results / machine / DAMAGE_FILE
    return list(read_lines_as(path, ParticleDamageLine.model_validate))


def keep_particle_damage(results: Path, machine: str, lines: Iterable[ParticleDamageLine]) -> None:
    """Write all lines of a machine, whole or not at all."""
    write_lines(results / machine / DAMAGE_FILE, [line.model_dump() for line in lines])


def particle_answer(lines: Iterable[ParticleDamageLine]) -> str:
    """Does lossy hurt, in two sentences: what the bound keeps, and what is lost beyond it."""
    rows = hurt_particles(lines)
    within = [each for each in rows if each.within_bound]
    beyond = [each for each in rows if each.change + each.change_reach < 0]
    said = "No config of these is within the bound on damage that recommendations demand."
    if within:
        smallest = max(within, key=lambda each: each.ratio)
        lost = min(each.change for each in within)
        moved = max((each.shift for each in within if not math.isnan(each.shift)), default=0.0)
        said = (
            f"Within the bound on damage, noise to signal of {DEFAULT_LOSS_BOUND:g} in the worst "
            f"shell, stores are up to {smallest.ratio:.1f} times smaller ({smallest.config}); "
            f"there template matching finds {_fewer(-lost)}, and places move by {moved:.2f} "
            "angstrom at most."
        )
    if not beyond:
        worst = max(rows, key=lambda each: each.noise_to_signal)
        return (
            f"{said} No config lost particles beyond what chance explains, not even "
            f"{worst.config}, {worst.ratio:.1f} times smaller at a noise to signal of "
            f"{worst.noise_to_signal:.2g}: at most "
            f"{100 * (worst.change_reach - worst.change):.1f} % of all are lost there, with 95 % "
            f"confidence, and places move by {worst.shift:.2f} angstrom."
        )
    first = min(beyond, key=lambda each: each.noise_to_signal)
    return (
        f"{said} The first config that loses particles beyond chance is {first.config} at a noise "
        f"to signal of {first.noise_to_signal:.2g}: {_fewer(-first.change)}."
    )


def planting(lines: Sequence[ParticleDamageLine]) -> str:
    """How it was tried, and what the columns of the table are."""
    tomograms = len({line.seed for line in lines})
    return (
        f"{PARTICLES} particles of one kind, each turned by one of 24 rotations, are planted in "
        f"each of {tomograms} made tomograms of {EDGE}^3, and found by template matching before "
        "and after storing. Depth is that of a particle in the unit of the noise before the "
        'filter: faint ones are often missed before anything is stored. "change" is how many more '
        "of all particles are found after, with the 95 % interval over tomograms, which is never "
        'less than chance leaves where none is lost or won; "kept" is the part of those found '
        "before."
    )


def _fewer(part: float) -> str:
    return f"{100 * part:.1f} % fewer particles" if part > 0 else "no fewer particles"
