"""Storage configs measured by fresh processes: stores written and verified, then calls timed.

The protocol is that of the benchmarks: what lies on the disk is verified before anything is timed;
each process is new, has one core, one thread, and its data elsewhere in memory; each call is timed
by wall clock and CPU clock; after a write the bytes on the disk are compared with the verified
store. Stores lie in memory where they fit, and are copied anew for each process.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.interruption import uninterrupted
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_scratch_folder,
    remove_scratch_folders,
    space_of_stores,
)
from cryoet_zarr_bench.measured.measurement_worker import WRITE
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measurement.measured_environments import MeasuredEnvironment
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.verdicts.process_answers import ask

Call = tuple[float, float]
"""Wall seconds and CPU seconds of one call."""


@dataclass(frozen=True)
class MeasuredConfig:
    """Measurements of one config.

    `reason` is why there is no figure, None if there is one. `gets` counts, by pattern, the GET
    requests that an object store would be asked, opening the array included. `calls` has, by
    pattern, the timed calls of each process.
    """

    reason: str | None
    stored_bytes: int = 0
    files: int = 0
    ratio: float = 0.0
    gets: Mapping[str, int] | None = None
    calls: Mapping[str, list[list[Call]]] | None = None


def measure_configs(
    tomogram: PreparedTomogram,
    configs: Mapping[str, StorageConfig],
    patterns: Sequence[str],
    environment: MeasuredEnvironment,
    processes: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, MeasuredConfig]:
    """Write, verify and time every config; one that fails has its reason and stops no other.

    Args:
        tomogram: what is stored.
        configs: by the names that the answer has them under.
        patterns: `write`, and keys of `ACCESS_PATTERNS`.
        environment: where to measure.
        processes: how many fresh processes time each config.
        progress: told how many processes are done, of how many.

    Raises:
        BadInput: another run is measuring, there is no room for the stores, or the process could
            not do its work.
    """
    space = space_of_stores(tomogram, configs.values())
    try:
        # The verified stores, their copies, and one that is being written.
        scratch = claim_scratch_folder(3 * space)
        written, copied = scratch / "written", scratch / "copied"
        request = {
            "tomogram": str(tomogram.path),
            "packages": environment.packages,
            "patterns": list(patterns),
        }
        with alone(WORK):
            shutil.rmtree(written, ignore_errors=True)
            written.mkdir()
            told = {**request, "task": "write_stores", "folder": str(written)}
            said = _ask(environment, told, configs)
            progress(1, processes + 1)
            verified = {name: configs[name] for name in said["stores"]}
            timed = []
            for number in range(processes if verified else 0):
                shutil.rmtree(copied, ignore_errors=True)
                shutil.copytree(written, copied)
                told = {**request, "task": "time_calls", "folder": str(copied)}
                timed.append(_ask(environment, told, verified)["timed"])
                progress(number + 2, processes + 1)
    finally:
        with uninterrupted():
            remove_scratch_folders()
    return {
        name: _measured(name, patterns, said, timed)
        if name in verified
        else MeasuredConfig(said["reasons"][name])
        for name in configs
    }


def _measured(
    name: str, patterns: Sequence[str], said: dict[str, Any], timed: list[dict[str, Any]]
) -> MeasuredConfig:
    calls = {
        pattern: [[(wall, cpu) for wall, cpu in each[name][pattern]] for each in timed]
        for pattern in patterns
    }
    return MeasuredConfig(None, **said["stores"][name], calls=calls)


def _ask(
    environment: MeasuredEnvironment, told: dict[str, Any], configs: Mapping[str, StorageConfig]
) -> dict[str, Any]:
    parts = {
        name: [config.codec.name, config.chunks_text, config.zarr_format]
        for name, config in configs.items()
    }
    (said,) = ask(
        f"{environment.title}: nothing could be measured",
        environment.command,
        environment.variables,
        json.dumps({**told, "configs": parts}) + "\n",
        Path(told["folder"]),
        1,
    )
    return said


def is_writing(pattern: str) -> bool:
    """True if a pattern writes the tomogram; all others read it."""
    return pattern == WRITE
