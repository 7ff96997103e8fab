"""Read asv's result files: the figures of one release, cell by cell."""

from __future__ import annotations

import functools
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from asv.results import Results

from cryoet_zarr_bench.analysis.result_files import (
    described_machine,
    read_record,
    record_path,
    result_paths,
)
from cryoet_zarr_bench.common.json_lines import UNUSABLE, in_short, read_lines
from cryoet_zarr_bench.common.left_out_notices import leave_out


@dataclass(frozen=True)
class Cell:
    """One cell of the grid, by its parameters as they are shown on the dashboard."""

    codec: str
    chunks: str
    zarr_format: int


@dataclass(frozen=True)
class MeasuredRelease:
    """The figures of one release on one machine, one tomogram and one numcodecs column.

    `figures` maps a benchmark's name, such as `write.Write.time_write`, to its cells; seconds,
    bytes or counts. What is n/a or failed has no entry. `quartiles` has, for what was sampled, the
    first and the third quartile of the samples, whose median is the figure. `failed` names the
    benchmarks in which a cell failed, `reasons` maps a config to the reason why its store could not
    be verified. `numcodecs` is the column's pin, None for the release's own pair. `measured_at` is
    when the last benchmark began, in milliseconds since 1970. `file_system` is the kind of file
    system the stores lay on.

    `profile` is the part of the grid that was measured, `tomogram_bytes` what the tomogram takes in
    memory, `loss_bound` the noise to signal that lossy configs may add in their worst shell; None
    where there is no record of it. `cores` are those that a measured process had, None if it had
    all of the machine's: before that was recorded.

    `canary` is the median CPU time, in seconds, of the fixed work that was done between the cells;
    `canary_spread` is how far its times lie apart, as a fraction of it; `noisy` is whether that is
    too far to trust a single figure. They are None if it was not done, or not often enough.
    """

    commit: str
    machine: str
    tomogram: str
    python: str
    measured_at: int
    numcodecs: str | None
    figures: dict[str, dict[Cell, float]]
    quartiles: dict[str, dict[Cell, tuple[float, float]]]
    failed: list[str]
    reasons: dict[str, str]
    file_system: str
    canary: float | None = None
    canary_spread: float | None = None
    noisy: bool | None = None
    profile: str = "quick"
    tomogram_bytes: int | None = None
    loss_bound: float | None = None
    cores: int | None = None

    def figure(self, benchmark: str, cell: Cell) -> float | None:
        """One figure, None if there is none."""
        return self.figures.get(benchmark, {}).get(cell)

    @property
    def cores_in_words(self) -> str:
        """The cores a measured process could use: "one core" or "all cores"."""
        return "one core" if self.cores == 1 else "all cores"


def read_results(folder: Path) -> list[MeasuredRelease]:
    """Every usable result file under `folder`; what is left out is said on standard error."""
    found = []
    for path in result_paths(folder):
        try:
            found.append(_read_once(path, _state(path), _state(record_path(path))))
        except UNUSABLE as error:
            leave_out(path, f"cannot be read ({in_short(error)})")
    return found


def _state(path: Path) -> tuple[int, ...]:
    if not path.is_file():
        return ()
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


@functools.lru_cache(maxsize=1024)
def _read_once(path: Path, *state: tuple[int, ...]) -> MeasuredRelease:
    """A result file as it is in that state: each document asks for all of them."""
    return _read(path)


def _read(path: Path) -> MeasuredRelease:
    results = Results.load(str(path), machine_name=path.parent.name)
    figures: dict[str, dict[Cell, float]] = {}
    quartiles: dict[str, dict[Cell, tuple[float, float]]] = {}
    failed = []
    for name in results.get_all_result_keys():
        params = results.get_result_params(name)
        if not _are_configs(params):
            continue  # of a benchmark that somebody added, which measures no storage config
        values = results.get_result_value(name, params)
        # asv has null for a cell that failed and NaN for one that is n/a.
        if any(value is None for value in values):
            failed.append(name)
        cells = cells_of(params)
        figures[name] = {
            cell: float(value)
            for cell, value in zip(cells, values, strict=True)
            if value is not None and not math.isnan(value)
        }
        quartiles[name] = {
            cell: (float(each["q_25"]), float(each["q_75"]))
            for cell, each in zip(cells, results.get_result_stats(name, params), strict=True)
            if each and {"q_25", "q_75"} <= each.keys() and cell in figures[name]
        }
    record = read_record(path)
    conditions = record.get("conditions", {})
    canaries = [sample[1] for sample in conditions.get("samples", []) if sample[1] is not None]
    return MeasuredRelease(
        commit=results.commit_hash,
        machine=path.parent.name,
        tomogram=results.env_vars.get("tomogram", ""),
        python=str(results.params["python"]),
        measured_at=max((time for time in results.started_at.values() if time), default=0),
        numcodecs=results.params.get("numcodecs") or None,
        figures=figures,
        quartiles=quartiles,
        failed=failed,
        reasons=record.get("failed", {}),
        file_system=record.get("environment", {}).get("file_system", "unknown"),
        canary=statistics.median(canaries) if canaries else None,
        canary_spread=conditions.get("canary_spread"),
        noisy=conditions.get("noisy"),
        # Before profiles were recorded the history was measured with the smallest.
        profile=record.get("profile", "quick"),
        tomogram_bytes=_bytes_in_memory(record.get("tomogram")),
        loss_bound=record.get("damage", {}).get("bound"),
        cores=record.get("environment", {}).get("cores"),
    )


def cells_of(params: list[list[str]]) -> list[Cell]:
    """The cells of the grid in asv's order, from its texts of the parameters."""
    return [
        Cell(codec.strip("'"), chunks.strip("'"), int(zarr_format))
        for codec, chunks, zarr_format in itertools.product(*params)
    ]


def _are_configs(params: list[list[str]]) -> bool:
    """True if these are the parameters of the grid: codec, chunks and Zarr format."""
    return len(params) == 3 and all(each.isdecimal() for each in params[2])


def _bytes_in_memory(tomogram: dict[str, Any] | None) -> int | None:
    if tomogram is None:
        return None
    return math.prod(tomogram["shape"]) * np.dtype(tomogram["dtype"]).itemsize


def published_machine(results: Path) -> str | None:
    """The machine that the history was measured on: the one with the most result files, or None.

    A run of asv on another machine leaves its few results beside those that are committed.
    """
    counts = Counter(path.parent.name for path in result_paths(results))
    return counts.most_common(1)[0][0] if counts else None


def machine_of_tomograms(results: Path) -> str | None:
    """The machine that the most tomograms were measured on, or None; that of the history if equal.

    The history may be of another machine: no figure of one is held against one of the other.
    """
    tomograms: dict[str, set[str]] = {}
    for path in result_paths(results):
        tomograms.setdefault(path.parent.name, set()).add(path.stem.partition("-tomogram")[2])
    of_history = published_machine(results)
    return max(tomograms, key=lambda name: (len(tomograms[name]), name == of_history), default=None)


def machine_with(results: Path, file_name: str, otherwise: str) -> str:
    """The machine whose file of that name has the most usable lines; `otherwise` if none has it.

    What takes hours is not measured on every machine: verdicts, what they are worth, what settings
    cost.
    """
    lines = {
        path.parent.name: sum(1 for _ in read_lines(path))
        for path in sorted(results.glob(f"*/{file_name}"))
    }
    most = max(lines, key=lambda name: lines[name], default=otherwise)
    return most if lines.get(most) else otherwise


def history_tomogram(measured: Iterable[MeasuredRelease]) -> str:
    """The tomogram that most releases were measured on; others are measured for the newest alone.

    Raises ValueError if nothing was measured.
    """
    commits: dict[str, set[str]] = {}
    for each in measured:
        commits.setdefault(each.tomogram, set()).add(each.commit)
    return max(commits, key=lambda tomogram: len(commits[tomogram]))


def machine_of(results: Path, machine: str) -> dict[str, str]:
    """asv's notes on a machine: `cpu`, `num_cpu`, `ram` (bytes), `os`, `arch`.

    Each of them is "unknown" where it is not known.
    """
    unknown = dict.fromkeys(("cpu", "num_cpu", "ram", "os", "arch"), "unknown")
    return {"machine": machine, **unknown, **(described_machine(results / machine) or {})}


HISTORY_LENGTH = 5
"""So many releases of one tomogram are a history, not the few that `bench` measures."""
