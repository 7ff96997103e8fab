"""The changes that release notes announce, and what was found of them.

`releases/announced_changes.json` has them, each with where in the suite it would show. Verdicts
tell whether it did.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryoet_zarr_bench.analysis.changes.verdict_steps import (
    JudgedCell,
    JudgedStep,
    distance_of,
    heading,
    reach_of,
)
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.change_rule import CHANGES, IMPROVEMENT, INCONCLUSIVE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell

SEEN = "seen"
NOT_SEEN = "not seen"
NOT_MEASURED = "not measured"

_CONFIG = re.compile(r"(?P<codec>.+)_(?P<chunks>\d+x\d+x\d+)_v(?P<zarr_format>\d)")
_BYTES = "storage.Storage.track_stored_bytes"
_FROM_TO = re.compile(r"(\d+) -> (\d+)")


@dataclass(frozen=True)
class AnnouncedRow:
    """An announced change and what was found of it: seen, not seen, inconclusive, not measured.

    `evidence` says by what; `judged` counts the cells, or configs, in which it would show.
    `strongest` is the cell that the answer rests on, None if it rests on exact figures.
    """

    change: AnnouncedChange
    status: str
    evidence: str
    judged: int
    strongest: JudgedCell | None = None

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "project": self.change.project,
            "version": self.change.version,
            "says": self.change.says,
            "source": self.change.source,
            "expected": self.change.expected,
            "seen_in": self.change.seen_in,
            "status": self.status,
            "evidence": self.evidence,
            "judged": self.judged,
            "strongest": self.strongest and self.strongest.as_json(),
        }


def announced_rows(
    changes: Iterable[AnnouncedChange], steps: Iterable[JudgedStep]
) -> list[AnnouncedRow]:
    """For each change that touches the suite, whether it was found in its release.

    `steps` are those of one machine, or of several: what is seen on one is seen.
    """
    steps = list(steps)
    return [
        _held_against(change, [step for step in steps if step.release == change.seen_in])
        for change in changes
        if change.touches
    ]


def _held_against(change: AnnouncedChange, steps: list[JudgedStep]) -> AnnouncedRow:
    if change.expected.endswith("bytes"):
        return _bytes_held_against(change, steps)
    if not change.expected:
        exact = _differences(change, steps)
        if exact:
            return AnnouncedRow(change, SEEN, exact[0], len(exact))
    cells = [
        cell
        for step in steps
        for cell in step.cells
        if cell.is_judged and _is_of(change, cell) and _covers(change, cell.compared)
    ]
    if not cells:
        return AnnouncedRow(change, NOT_MEASURED, "", 0)
    sign = {"": 0, "slower": 1, "more memory": 1}.get(change.expected, -1)
    wanted = {0: CHANGES, 1: (REGRESSION,), -1: (IMPROVEMENT,)}[sign]
    seen = [cell for cell in cells if cell.verdict in wanted]
    if seen:
        return _row(change, SEEN, max(seen, key=distance_of), seen, cells)
    unclear = [cell for cell in cells if cell.verdict == INCONCLUSIVE]
    if unclear:
        return _row(change, INCONCLUSIVE, max(unclear, key=reach_of), [], cells)
    # The cell that comes nearest to what was announced.
    nearest = max(
        cells,
        key=lambda cell: sign * math.log(cell.deciding.ratio or 1) if sign else distance_of(cell),
    )
    return _row(change, NOT_SEEN, nearest, [], cells)


def _covers(change: AnnouncedChange, cell: ComparedCell) -> bool:
    """True if a change would show in this cell."""
    # CPU time is judged under the benchmark of the same call.
    named = {name.removesuffix("_cpu") for name in change.benchmarks}
    if named and cell.benchmark not in named:
        return False
    return re.search(change.configs, cell.name) is not None


def _is_of(change: AnnouncedChange, cell: JudgedCell) -> bool:
    if not change.expected:
        return True
    return cell.is_timed != change.expected.endswith("memory")


def _row(
    change: AnnouncedChange,
    status: str,
    cell: JudgedCell,
    seen: list[JudgedCell],
    cells: list[JudgedCell],
) -> AnnouncedRow:
    """The row of a change that rests on `cell`; it was seen in the cells `seen` of `cells`."""
    found = cell.deciding
    call = heading(cell.benchmark)
    where = cell.config if call == found.figure else f"{call}, {cell.config}"
    evidence = f"{found.figure} {found} ({where})"
    if seen:
        evidence += f"; in {len(seen)} of {len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
    opposite = sum(each.verdict in CHANGES for each in cells if each not in seen)
    if opposite:
        evidence += f"; the opposite in {opposite}"
    return AnnouncedRow(change, status, evidence, len(cells), cell)


def _bytes_held_against(change: AnnouncedChange, steps: list[JudgedStep]) -> AnnouncedRow:
    configs = _configs(change, steps)
    if not configs:
        return AnnouncedRow(change, NOT_MEASURED, "", 0)
    for step in steps:
        for name in configs:
            counts = _FROM_TO.fullmatch(step.differences.get(name, {}).get("bytes", ""))
            if counts:
                before, after = int(counts[1]), int(counts[2])
                if after < before if change.expected == "fewer bytes" else after > before:
                    evidence = f"{before} -> {after} bytes in {_spaced(name)}"
                    return AnnouncedRow(change, SEEN, evidence, len(configs))
    differences = _differences(change, steps)
    evidence = differences[0] if differences else f"the same bytes in all {len(configs)} configs"
    return AnnouncedRow(change, NOT_SEEN, evidence, len(configs))


def _configs(change: AnnouncedChange, steps: list[JudgedStep]) -> list[str]:
    """The configs that were compared on the disk and in which the change would show."""
    benchmarks = change.benchmarks or (_BYTES,)
    names = [
        name
        for step in steps
        if step.configs_compared
        for name in [
            *step.differences,
            *(config.name for config in _configs_of_profile(step.profile)),
        ]
    ]
    return [
        name
        for name in dict.fromkeys(names)
        if (config := _CONFIG.fullmatch(name))
        and (zarr_format := int(config["zarr_format"]))
        and any(
            _covers(change, ComparedCell(benchmark, config["codec"], config["chunks"], zarr_format))
            for benchmark in benchmarks
        )
    ]


def _configs_of_profile(profile: str) -> list[Any]:
    return list(PROFILES[profile].configs()) if profile in PROFILES else []


def _differences(change: AnnouncedChange, steps: list[JudgedStep]) -> list[str]:
    return [
        ", ".join(f"{what} {how}" for what, how in step.differences[name].items())
        + f" in {_spaced(name)}"
        for step in steps
        for name in _configs(change, [step])
        if step.differences.get(name)
    ]


def _spaced(config: str) -> str:
    return config.replace("_", " ")
