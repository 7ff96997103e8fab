"""`particle-damage`: particles found before and after lossy codecs, by workers side by side."""

from __future__ import annotations

import itertools

from rich.console import Console

from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.commands.surveying.failed_table import print_failed
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.tomogram_survey.dask_workers import (
    Piece,
    WorkerChoice,
    WorkersLost,
    done_by,
    workers_of,
)
from cryoet_zarr_bench.tomogram_survey.particles.particle_damage import (
    CONFIGS,
    DEPTHS,
    damage_to_particles,
    keep_particle_damage,
    particle_answer,
    read_particle_damage,
)


def run_particle_damage(console: Console, machine: str, seeds: int, workers: WorkerChoice) -> None:
    """Try the tomograms that were not tried yet; keep the lines of each at once.

    Args:
        console: where each tomogram is told.
        machine: the name of this machine's results.
        seeds: how many tomograms at each depth of particles.
        workers: who does it.

    Raises:
        BadInput: a tomogram could not be tried; the others are kept.
    """
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    lines = [line for line in read_particle_damage(results, machine) if line.config in CONFIGS]
    known = {(line.seed, line.depth, line.config) for line in lines}
    pieces = []
    for seed, depth in itertools.product(range(seeds), DEPTHS):
        missing = [config for config in CONFIGS if (seed, depth, config) not in known]
        if missing:
            about = f"seed {seed}, depth {depth:g}"
            pieces.append(Piece(about, damage_to_particles, (seed, depth, missing)))
    failed = []
    try:
        with workers_of(workers) as client:
            for done in done_by(client, pieces):
                if done.reason is not None:
                    failed.append((done.piece.about, done.reason))
                    continue
                lines = sorted([*lines, *done.result], key=lambda each: (each.seed, each.depth))
                keep_particle_damage(results, machine, lines)
                console.print(f"{done.piece.about}: {len(done.result)} configs", highlight=False)
    except WorkersLost as error:
        raise BadInput(f"{error}: what was tried is kept, the same command goes on") from error
    print_failed(console, failed)
    if failed:
        raise BadInput(f"{len(failed)} tomograms could not be tried; the others are kept")
    console.print(particle_answer(lines))
