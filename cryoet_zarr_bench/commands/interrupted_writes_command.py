"""`interrupted-writes`: what is left of an array whose writer was killed, or was not alone."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.analysis.interrupted_write_outcomes import (
    OUTCOMES_FILE,
    OutcomeLine,
    read_outcomes,
    summaries,
)
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.interruption import uninterrupted
from cryoet_zarr_bench.common.json_lines import write_lines
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_disk_folder,
    remove_scratch_folders,
    require_folders,
)
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.measurement.interrupted_writes import configs_to_try, try_engine
from cryoet_zarr_bench.measurement.measured_environments import environment_of
from cryoet_zarr_bench.releases.catalogue import Catalogue, load_catalogue
from cryoet_zarr_bench.storage.engines import ENGINES

_SPACE = 100 << 20  # bytes: an array of 1 MiB, and what a killed writer leaves
OWN = "zarr-python"


def try_interrupted_writes(
    console: Console, machine: str, releases: tuple[str, ...], trials: int
) -> None:
    """Try every engine in every way that was not tried yet, and keep what came of each at once.

    Args:
        console: where each outcome is told.
        machine: the name of this machine's results.
        releases: versions of zarr; without any, the last of each minor version. The other engines
            are tried with the newest.
        trials: how many random moments, and how many rounds of two writers, of each config.

    Raises:
        BadInput: there is no such release, or it cannot be installed.
    """
    require_folders()
    refuse_another_machine(PROJECT / "results", machine)
    path = PROJECT / "results" / machine / OUTCOMES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    for zarr, engine in _to_try(load_catalogue(), releases):
        console.print(f"{engine}, zarr {zarr}")
        _try(console, path, zarr, engine, trials)
    for each in summaries(read_outcomes(path)):
        console.print(
            for_markup(f"{each.engine} {each.version}, {each.layout}, {each.done}: {each.in_words}")
        )


def _to_try(catalogue: Catalogue, releases: tuple[str, ...]) -> list[tuple[str, str]]:
    versions = releases or tuple(release.zarr for release in catalogue.newest_patches())
    newest = catalogue.newest("3.x").zarr
    others = [engine for engine in ENGINES if engine != OWN]
    return [
        *((zarr, OWN) for zarr in versions),
        *((newest, engine) for engine in others if newest in versions),
    ]


def _try(console: Console, path: Path, zarr: str, engine: str, trials: int) -> None:
    kept = read_outcomes(path)
    known = frozenset((k.config, k.done) for k in kept if (k.zarr, k.engine) == (zarr, engine))
    environment = environment_of(zarr, None)
    configs = configs_to_try(zarr)
    try:
        folder = claim_disk_folder(_SPACE)
        where = {"zarr": zarr, "file_system": file_system_of(folder)}
        for outcome in try_engine(environment, engine, configs, folder, trials, known):
            moment = {"measured_at": stamp()["measured_at"]}
            line = OutcomeLine.model_validate({**vars(outcome), **where, **moment})
            kept.append(line)
            write_lines(path, [each.model_dump() for each in kept])
            (summary,) = summaries([line])
            text = f"  {outcome.config}, {outcome.done}: {summary.in_words}"
            console.print(for_markup(text), highlight=False)
    finally:
        with uninterrupted():
            remove_scratch_folders()
