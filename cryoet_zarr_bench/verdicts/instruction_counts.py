"""Work of a call, counted in instructions: it shows changes too small for clocks.

Counts hardly depend on what else the machine does, and they are no times: an instruction may take
long or none. So what differs is called work, never speed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.measured.callgrind import COUNTED_ALIKE, callgrind_command, read_counts
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.verdicts.change_rule import EQUAL, LESS, MORE, change_of_counts
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell, method_of
from cryoet_zarr_bench.verdicts.comparison_setup import Question, both_sides
from cryoet_zarr_bench.verdicts.kernel_work import KernelWork, count_kernel_work, differences
from cryoet_zarr_bench.verdicts.process_answers import ask
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest

REPEATS = 2
"""Processes in which each call is counted: what their counts differ by is no change."""

MORE_WORK, LESS_WORK, SAME_WORK = "more work", "less work", "same work"
_WORK = {MORE: MORE_WORK, LESS: LESS_WORK, EQUAL: SAME_WORK}

_COUNTED = {
    "write.Write.time_write": ("write", "encode"),
    "read.Read.time_read_volume": ("read", "decode"),
}
"""What is counted for a benchmark: its own call, and the codec's part of it on one chunk. Of others
their own call alone."""

_PARTS = ("encode", "decode")


@dataclass(frozen=True)
class WorkAnswer:
    """The instructions of one call in both releases, each counted `REPEATS` times.

    `a` and `b` are empty if it cannot be counted, for which `reason` says why. `kernel` is what the
    call asks of the kernel in A and in B; None for the codec's part of a call.
    """

    cell: ComparedCell
    call: str
    a: tuple[int, ...]
    b: tuple[int, ...]
    reason: str | None = None
    kernel: tuple[KernelWork, KernelWork] | None = None

    @property
    def ratio(self) -> float:
        """Mean of B over mean of A."""
        return (sum(self.b) / len(self.b)) / (sum(self.a) / len(self.a))

    @property
    def spread(self) -> float:
        """The most that repeats of one release differ, as a part."""
        return max(max(counts) / min(counts) - 1 for counts in (self.a, self.b))

    @property
    def word(self) -> str:
        """More, less or the same work; the same where the difference could be the repeats'."""
        return _WORK[change_of_counts(self.a, self.b)]


def find_valgrind() -> str:
    """The path of valgrind; BadInput if it is not installed."""
    found = shutil.which("valgrind")
    if found is None:
        raise BadInput("--instructions: valgrind is not installed; install it, or leave this out")
    return found


def count_instructions(
    question: Question, held: Mapping[str, str], folder: Path, console: Console
) -> list[WorkAnswer]:
    """Count the calls of all cells in both releases. Raises BadInput if that cannot be."""
    valgrind = find_valgrind()
    with both_sides(question, held, folder, console) as both:
        calls = [
            (cell, call) for cell in both.comparable(question.cells) for call in _counted(cell)
        ]
        counts: dict[str, list[dict[str, int]]] = {name: [] for name in both.sides}
        for repeat in range(REPEATS):
            console.print(
                f"counting {len(calls)} calls in each release, time {repeat + 1} of {REPEATS}"
            )
            # Counts do not depend on what runs beside, so both sides are counted at once.
            with ThreadPoolExecutor(len(both.sides)) as executor:
                found = {
                    name: executor.submit(
                        _count_all,
                        valgrind,
                        side,
                        question.tomogram,
                        calls,
                        both.scratch / f"{name}.out",
                        core,
                    )
                    for core, (name, side) in enumerate(both.sides.items())
                }
            for name, future in found.items():
                counts[name].append(future.result())
        cells = dict.fromkeys(cell for cell, _ in calls)
        kernel = [
            count_kernel_work(side, question.tomogram, cells, both.scratch / f"{name}.trace")
            for name, side in both.sides.items()
        ]
    return [_answer(cell, call, counts, kernel) for cell, call in calls] + [
        WorkAnswer(cell, call, (), (), f"{word}: {why}")
        for cell, (word, why) in both.unanswerable.items()
        for call in _counted(cell)
    ]


def _counted(cell: ComparedCell) -> tuple[str, ...]:
    own = method_of(cell.benchmark).removeprefix("time_")
    return _COUNTED.get(cell.benchmark, (own,)) if cell.is_timed else ()


def _answer(
    cell: ComparedCell,
    call: str,
    counts: dict[str, list[dict[str, int]]],
    kernel: list[dict[ComparedCell, KernelWork]],
) -> WorkAnswer:
    key = _name_of(cell, call)
    a, b = (tuple(each[key] for each in counts[name] if key in each) for name in "AB")
    reason = None if len(a) == len(b) == REPEATS else "callgrind has no count of it"
    in_a, in_b = (each.get(cell) for each in kernel)
    known = None if in_a is None or in_b is None or call in _PARTS else (in_a, in_b)
    return WorkAnswer(cell, call, a, b, reason, known)


def _name_of(cell: ComparedCell, call: str) -> str:
    """Name of a count, for the counted process and this one."""
    return f"{cell.name} {call}"


def _count_all(
    valgrind: str,
    side: ReleaseUnderTest,
    tomogram: PreparedTomogram,
    calls: list[tuple[ComparedCell, str]],
    output: Path,
    core: int,
) -> dict[str, int]:
    """The instructions of all calls in one process on one core, always in the same order."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    command = callgrind_command(valgrind, output, side.command("counts"), core)
    wanted = [
        {
            "benchmark": cell.benchmark,
            "parameters": [cell.codec, cell.chunks, cell.zarr_format],
            "name": _name_of(cell, call),
            "part": call if call in _PARTS else None,
        }
        for cell, call in calls
    ]
    variables = {**side.variables(tomogram), **COUNTED_ALIKE}
    answers = ask(
        f"{side.side.name}: its calls could not be counted",
        command,
        variables,
        "".join(json.dumps(each) + "\n" for each in wanted),
        PROJECT,
        len(wanted),
    )
    for each, answer in zip(wanted, answers, strict=False):
        if error := answer.get("error"):
            raise BadInput(f"{side.side.name}: {each['name']}: {error}")
    return read_counts(output)


def as_rows(answers: list[WorkAnswer]) -> list[dict[str, Any]]:
    """Every answer as plain values, for JSON and CSV."""
    return [
        {
            "call": each.call,
            "codec": each.cell.codec,
            "chunks": each.cell.chunks,
            "zarr_format": each.cell.zarr_format,
            "work": None if each.reason else each.word,
            "ratio": None if each.reason else round(each.ratio, 6),
            "spread": None if each.reason else round(each.spread, 6),
            "instructions_a": list(each.a),
            "instructions_b": list(each.b),
            "reason": each.reason,
            **_kernel_row(each),
        }
        for each in answers
    ]


def _kernel_row(answer: WorkAnswer) -> dict[str, Any]:
    a, b = answer.kernel or (None, None)
    return {
        "page_faults_a": a and a.page_faults,
        "page_faults_b": b and b.page_faults,
        "system_calls_a": a and a.all_system_calls,
        "system_calls_b": b and b.all_system_calls,
        "kernel_differences": "; ".join(differences(a, b)) if a and b else None,
    }
