"""Instructions of the suite's calls in this environment's release, for asv's `track_` benchmarks.

Callgrind counts them in processes of their own, which do nothing else. A neighbour on the machine
hardly moves a count, so that a release can be held against one that was counted years ago.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from cryoet_zarr_bench.measured import confirm_worker
from cryoet_zarr_bench.measured.callgrind import COUNTED_ALIKE, callgrind_command, read_counts
from cryoet_zarr_bench.measured.process_inputs import ASV_PROCESS
from cryoet_zarr_bench.storage.config import StorageConfig

REPEATS = 2
"""Processes in which each call is counted; the figure is the mean of both."""

WRITE, VOLUME, SLICE, OPEN = (
    "write.Write.time_write",
    "read.Read.time_read_volume",
    "read.Read.time_read_xy_slice",
    "read.Open.time_open",
)
"""asv's names of the benchmarks whose calls are counted."""

FEWEST_TIMES = {WRITE: 1, VOLUME: 1, SLICE: 3, OPEN: 7}
"""How often a call is counted in each process where chunks are 32x32x32 or smaller.

How often the event loop of zarr 3 goes round differs from call to call; the less work a call is,
the more that is of it.
"""

_SMALL_CHUNK = 32**3

THE_LEAST = (OPEN,)
"""Of these calls the least count is the figure, of others the mean: about every third call goes
round the loop no more often than it has to, and one round is 1.6 % of opening."""

Call = tuple[str, StorageConfig]
"""asv's name of a benchmark whose call is counted, and a config."""


@dataclass(frozen=True)
class CountedCalls:
    """The count of each call in each process, by `_name`.

    `reasons` says why a config has none, by its name. `unavailable` is why nothing was counted at
    all; empty where it was.
    """

    counts: dict[str, list[float]]
    reasons: dict[str, str]
    unavailable: str = ""

    def instructions(self, benchmark: str, config: StorageConfig) -> float:
        """The instructions of a call. Raises NotImplementedError where it is n/a, with why."""
        return fmean(self._known(benchmark, config))

    def difference(self, config: StorageConfig) -> float:
        """By how much the repeats of a config's calls differ at most, as a part."""
        known = [counts for name, counts in self.counts.items() if name.endswith(f" {config.name}")]
        if not known:
            raise NotImplementedError(self._why(config))
        return max(max(counts) / min(counts) - 1 for counts in known)

    def _known(self, benchmark: str, config: StorageConfig) -> list[float]:
        counts = self.counts.get(_name(benchmark, config))
        if not counts:
            raise NotImplementedError(self._why(config))
        return counts

    def _why(self, config: StorageConfig) -> str:
        return self.unavailable or self.reasons.get(config.name, "callgrind has no count of it")


def times_counted(benchmark: str, config: StorageConfig) -> int:
    """How often a config's call is counted in each process; chance evens out over chunks, too.

    Four times as many chunks make it half as large a part of a call, whose chunks have their share.
    """
    fewest = FEWEST_TIMES[benchmark]
    if benchmark in THE_LEAST:
        return fewest
    return round(fewest * max(math.sqrt(math.prod(config.chunks) / _SMALL_CHUNK), 1))


def count_calls(calls: Iterable[Call], folder: Path) -> CountedCalls:
    """Count each call in `REPEATS` processes, so often in each as `times_counted` says.

    `folder` is where stores and counts go; it must not exist. Raises RuntimeError if the process
    that writes the stores, or one that counts, fails.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return CountedCalls({}, {}, "valgrind is not installed")
    if platform.machine() not in ("x86_64", "AMD64"):
        return CountedCalls({}, {}, f"instructions are not counted on {platform.machine()}")
    wanted = list(calls)
    stores = folder / "stores"
    stores.mkdir(parents=True)
    cells = [[benchmark, config.name] for benchmark, config in wanted]
    (said,) = _answers(_worker("stores", stores), [{"cells": cells}])
    reasons = {**said["impossible"], **said["failed"]}
    possible = [call for call in wanted if call[1].name not in reasons]
    counts: dict[str, list[float]] = {_name(*call): [] for call in possible}
    requests = [
        {
            "benchmark": benchmark,
            "parameters": [config.codec.name, config.chunks_text, config.zarr_format],
            "name": _name(benchmark, config),
            "times": times_counted(benchmark, config),
        }
        for benchmark, config in possible
    ]
    outputs = [folder / f"counts-{repeat}" for repeat in range(REPEATS)]
    for output in outputs:
        output.mkdir()
    commands = []
    for repeat, output in enumerate(outputs):
        own = folder / f"stores-{repeat}"
        shutil.copytree(stores, own)
        commands.append(callgrind_command(valgrind, output, _worker("counts", own), repeat))
    # Counts do not depend on what runs beside.
    with ThreadPoolExecutor(REPEATS) as executor:
        said_by_each = list(executor.map(_answers, commands, [requests] * REPEATS))
    for output, answers in zip(outputs, said_by_each, strict=True):
        for (_, config), answer in zip(possible, answers, strict=True):
            if error := answer.get("error") or answer.get("impossible"):
                reasons[config.name] = error
        found: dict[str, list[int]] = {}
        for name, count in read_counts(output).items():
            found.setdefault(name.rsplit(" #", 1)[0], []).append(count)
        for call in possible:
            if several := found.get(_name(*call)):
                least = call[0] in THE_LEAST
                counts[_name(*call)].append(min(several) if least else fmean(several))
    whole = {name: found for name, found in counts.items() if len(found) == REPEATS}
    shutil.rmtree(folder)
    return CountedCalls(whole, reasons)


def _name(benchmark: str, config: StorageConfig) -> str:
    return f"{benchmark} {config.name}"


def _worker(task: str, folder: Path) -> list[str]:
    return [sys.executable, "-P", "-W", "ignore", str(confirm_worker.__file__), task, str(folder)]


def _answers(command: list[str], requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # It ends with this process, as this one does with asv.
    variables = {**os.environ, **COUNTED_ALIKE, ASV_PROCESS: str(os.getpid())}
    lines = "".join(json.dumps(each) + "\n" for each in requests)
    found = subprocess.run(
        command,
        env=variables,
        input=lines,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]
    if found.returncode or len(answers) != len(requests):
        raise RuntimeError(
            f"a process that counts instructions ended with exit code {found.returncode} after "
            f"{len(answers)} of {len(requests)} answers"
        )
    return answers
