"""Tell whoever watches a run of asv of every cell that is done."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

PROGRESS = "CRYOET_PROGRESS"
"""Environment variable: the number of a file descriptor that is told of every cell."""


def count_cells(benchmarks: Any, options: dict[str, Any]) -> int:
    """Count the cells that one call of asv's `run_benchmarks` is going to run."""
    attributes = options.get("extra_params") or {}
    total = 0
    for benchmark in benchmarks.values():
        cells = len(list(itertools.product(*benchmark["params"]))) if benchmark["params"] else 1
        rounds = int(attributes.get("rounds", benchmark.get("rounds", 1)))
        # asv is called once for each round where rounds are interleaved.
        now = options.get("run_rounds") or range(1, rounds + 1)
        total += cells * (1 if options.get("quick") else sum(each <= rounds for each in now))
    return total


def progress_teller(total: int) -> Callable[[str], None]:
    """A function that tells the watcher, if there is one, that another cell is done."""
    descriptor = os.environ.get(PROGRESS)
    counter = itertools.count(1)

    def tell(benchmark: str) -> None:
        if descriptor is None:
            return
        try:
            os.write(int(descriptor), f"{next(counter)} {total} {benchmark}\n".encode())
        except OSError:
            return  # nobody watches any more; the measuring goes on

    return tell
