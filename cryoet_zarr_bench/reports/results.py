"""Read asv's result files: the figures of one release, cell by cell."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path

from asv.results import Results
from asv.util import UserError


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
    bytes or counts. What is n/a or failed has no entry. `failures` maps a benchmark to the reason.
    `numcodecs` is the column's pin, None for the release's own pair.
    """

    commit: str
    machine: str
    tomogram: str
    python: str
    numcodecs: str | None
    figures: dict[str, dict[Cell, float]]
    failures: dict[str, str]

    def figure(self, benchmark: str, cell: Cell) -> float | None:
        """One figure, None where there is none."""
        return self.figures.get(benchmark, {}).get(cell)


def read_results(folder: Path) -> list[MeasuredRelease]:
    """Every result file under `folder`; what is no result file of asv's is left out."""
    found = []
    for path in sorted(folder.glob("*/*.json")):
        if path.name == "machine.json":
            continue
        try:
            found.append(_read(path))
        except (UserError, ValueError, KeyError, OSError):
            continue
    return found


def _read(path: Path) -> MeasuredRelease:
    results = Results.load(str(path), machine_name=path.parent.name)
    figures: dict[str, dict[Cell, float]] = {}
    for name in results.get_all_result_keys():
        # asv keeps parameters as the text of their Python value.
        params = [
            [value.strip("'") for value in values] for values in results.get_result_params(name)
        ]
        if len(params) != 3:
            continue
        values = results.get_result_value(name, results.get_result_params(name))
        figures[name] = {
            Cell(codec, chunks, int(zarr_format)): float(value)
            for (codec, chunks, zarr_format), value in zip(
                itertools.product(*params), values, strict=True
            )
            if value is not None and not math.isnan(value)
        }
    return MeasuredRelease(
        commit=results.commit_hash,
        machine=path.parent.name,
        tomogram=results.env_vars.get("tomogram", ""),
        python=str(results.params["python"]),
        numcodecs=results.params.get("numcodecs") or None,
        figures=figures,
        failures={name: text for name, text in results.stderr.items() if text},
    )


def machine_of(results: Path, machine: str) -> dict[str, str]:
    """What asv noted of a machine: `cpu`, `num_cpu`, `ram` (kB), `os`, `arch`."""
    described: dict[str, str] = json.loads((results / machine / "machine.json").read_text())
    return described
