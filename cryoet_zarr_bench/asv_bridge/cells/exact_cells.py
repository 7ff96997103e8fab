"""Exact figures from the process that made the stores, instead of a process for each of them."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

from asv.runner import BenchmarkResult

from cryoet_zarr_bench.measured.exact_figures import EXACT_FIGURES_FOLDER, cell_key, needs_no_clock

BY_PROCESS = "CRYOET_EXACT_BY_PROCESS"
"""Environment variable: where it is set, asv runs a process for each exact figure after all."""


class ExactCells:
    """The exact figures that the `setup_cache` of a run left, class by class.

    A cell is given as asv would have made it of a process: the figure, n/a with the reason, or a
    failure with its traceback. Where a class left nothing asv runs its cells by itself. What is
    there already counts unless it is to be `fresh`: a later round makes no stores of its own.
    """

    def __init__(self, benchmarks: Any, folder: Path, *, fresh: bool = True) -> None:
        self._benchmarks = benchmarks
        self._folder = folder / "exact-figures"
        self._left: dict[str, dict[str, dict[str, Any]]] = {}
        self._parameters: dict[str, list[tuple[str, ...]]] = {}
        # What another release left is not this one's.
        if fresh:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)
        wanted = "" if os.environ.get(BY_PROCESS) else str(self._folder)
        os.environ[EXACT_FIGURES_FOLDER] = wanted

    def give(self, benchmark: str, index: int) -> BenchmarkResult | None:
        """The result of a cell that was left; None if asv has to run it."""
        if not needs_no_clock(benchmark):
            return None
        parameters = self._parameters_of(benchmark)[index]
        cell = self._cells_of(benchmark).get(cell_key(parameters))
        if cell is None:
            return None
        figure, output = cell.get("figure"), ""
        if "skipped" in cell:
            figure, output = math.nan, f"asv: skipped: {cell['skipped']}"
        elif "failed" in cell:
            output = cell["failed"].strip()
        # asv says of every output which cell it is of.
        stderr = f"For parameters: {', '.join(parameters)}\n{output}" if output else ""
        return BenchmarkResult(
            result=[figure],
            samples=[None],
            number=[None],
            errcode=1 if "failed" in cell else 0,
            stderr=stderr,
            profile=None,
        )

    def _parameters_of(self, benchmark: str) -> list[tuple[str, ...]]:
        if benchmark not in self._parameters:
            axes = self._benchmarks[benchmark]["params"]
            self._parameters[benchmark] = list(itertools.product(*axes))
        return self._parameters[benchmark]

    def _cells_of(self, benchmark: str) -> dict[str, dict[str, Any]]:
        """The cells of a benchmark; read once, when the first of its class is asked for."""
        owner = benchmark.rpartition(".")[0]
        if owner not in self._left:
            path = self._folder / f"{owner}.json"
            self._left[owner] = json.loads(path.read_text()) if path.exists() else {}
        return self._left[owner].get(benchmark, {})
