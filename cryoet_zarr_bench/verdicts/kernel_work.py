"""What a call asks of the kernel: page faults and system calls, where they explain a change.

The kernel counts page faults for every process. System calls are counted by strace, where it is
installed. Both depend on what threads wait for, so the median of several calls is taken.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.process_answers import ask
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest

TIMES = 5
"""How often a call is made; an odd number, so that its median is a count."""

A_FEW = 16
"""Page faults differ by so many without a reason, or by 5 %: a page of 4 kB each."""

_MARK = "/no-folder-of-this-name"
"""A path that is asked for before and after each call, which strace shows."""

_CALLED = re.compile(rf'\d+ +(\w+)\((?:[^"]*"{_MARK}/(\d+)/(-?\d+)/(begin|end)")?')

WAITING = {"futex", "epoll_wait", "epoll_pwait", "poll", "sched_yield", "restart_syscall"}
"""How often threads wait for each other is chance: these calls are not counted."""


@dataclass(frozen=True)
class KernelWork:
    """What one call of a cell asks of the kernel, the median of `TIMES` calls.

    `system_calls` maps their names to how often they are made; None without strace.
    """

    page_faults: float
    system_calls: Mapping[str, int] | None

    @property
    def all_system_calls(self) -> int | None:
        """Their number."""
        return None if self.system_calls is None else sum(self.system_calls.values())


def count_kernel_work(
    side: ReleaseUnderTest, tomogram: PreparedTomogram, cells: Iterable[ComparedCell], trace: Path
) -> dict[ComparedCell, KernelWork]:
    """Make each call in one process and count. What cannot be called has no entry.

    `trace` is a file that strace writes. Raises ReleaseUnusable if the process ends by itself.
    """
    wanted = list(cells)
    command, strace = side.command("kernel"), shutil.which("strace")
    if strace is not None:
        command = [strace, "-f", "-qq", "-e", "signal=none", "-o", str(trace), *command]
    answers = ask(
        f"{side.side.name}: its calls could not be counted",
        command,
        side.variables(tomogram),
        "".join(json.dumps(_request(place, cell)) + "\n" for place, cell in enumerate(wanted)),
        PROJECT,
        len(wanted),
    )
    made = {} if strace is None else read_trace(trace)
    return {
        cell: KernelWork(
            median(answer["faults"]), None if strace is None else _medians(made.get(place, []))
        )
        for place, (cell, answer) in enumerate(zip(wanted, answers, strict=False))
        if answer.get("faults")
    }


def _request(place: int, cell: ComparedCell) -> dict[str, Any]:
    return {
        "benchmark": cell.benchmark,
        "parameters": [cell.codec, cell.chunks, cell.zarr_format],
        "mark": f"{_MARK}/{place}",
        "times": TIMES,
    }


def read_trace(trace: Path) -> dict[int, list[Counter[str]]]:
    """System calls between the marks of what strace wrote: a cell's place -> each call's counts."""
    found: dict[int, dict[int, Counter[str]]] = {}
    now: Counter[str] | None = None
    with trace.open(errors="replace") as lines:
        for line in lines:
            called = _CALLED.match(line)
            if called is None:
                continue
            name, place, number, word = called.groups()
            if word == "begin":
                now = found.setdefault(int(place), {}).setdefault(int(number), Counter())
            elif word == "end":
                now = None
            elif now is not None and name not in WAITING:
                now[name] += 1
    return {
        place: [counts for number, counts in calls.items() if number >= 0]
        for place, calls in found.items()
    }


def _medians(calls: list[Counter[str]]) -> dict[str, int]:
    names = {name for counts in calls for name in counts}
    medians = {name: int(median(counts[name] for counts in calls)) for name in sorted(names)}
    return {name: count for name, count in medians.items() if count}


def differences(a: KernelWork, b: KernelWork) -> list[str]:
    """What differs, in words, most first: `pread64 71 -> 11`."""
    found = []
    if abs(a.page_faults - b.page_faults) > max(A_FEW, 0.05 * a.page_faults):
        found.append(("page faults", a.page_faults, b.page_faults))
    if a.system_calls is not None and b.system_calls is not None:
        names = sorted({*a.system_calls, *b.system_calls})
        counts = [
            (name, a.system_calls.get(name, 0), b.system_calls.get(name, 0)) for name in names
        ]
        counts.sort(key=lambda each: -abs(each[2] - each[1]))
        found += [each for each in counts if each[1] != each[2]]
    return [f"{name} {before:.0f} -> {after:.0f}" for name, before, after in found]
