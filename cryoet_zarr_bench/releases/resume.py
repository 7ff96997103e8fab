"""Keep every measured cell at once, so that an interrupted run goes on where it stopped.

asv writes a result file when all benchmarks of a release are done. Until then each cell is kept as
a line of a journal; a run that finds a journal takes its cells and measures the others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from asv.runner import BenchmarkResult


class CellJournal:
    """The cells that an unfinished run of one release in one environment has measured.

    `purpose` is all that a cell's meaning depends on beside its own parameters; a journal with
    another purpose is thrown away. A line that a kill cut short is left out.
    """

    def __init__(self, path: Path, purpose: dict[str, Any]) -> None:
        self._path = path
        self._times_asked: Counter[str] = Counter()
        header = json.dumps({"purpose": purpose}, sort_keys=True)
        lines = path.read_text().split("\n") if path.exists() else []
        self._cells: dict[str, dict[str, Any]] = {}
        if lines and lines[0] == header:
            for line in lines[1:]:
                try:
                    cell = json.loads(line)
                    self._cells[cell["key"]] = cell["result"]
                except (ValueError, KeyError, TypeError):
                    continue
        # Written anew without what cannot be used, whole or not at all.
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        kept = [json.dumps({"key": key, "result": cell}) for key, cell in self._cells.items()]
        temporary.write_text("\n".join([header, *kept]) + "\n")
        temporary.replace(path)

    @property
    def taken_over(self) -> int:
        """How many cells were found measured."""
        return len(self._cells)

    def remove(self) -> None:
        """The results are saved: the journal is done with."""
        self._path.unlink(missing_ok=True)

    def key(self, benchmark: dict[str, Any], index: int) -> str:
        """The name of the next measurement of a cell; a cell may be measured in several rounds."""
        cell = f"{benchmark['name']} {benchmark['version']} {_hash(benchmark['params'])} {index}"
        self._times_asked[cell] += 1
        return f"{cell} #{self._times_asked[cell]}"

    def find(self, key: str) -> BenchmarkResult | None:
        """The cell as it was measured, None where it was not yet."""
        cell = self._cells.get(key)
        return None if cell is None else BenchmarkResult(**cell, profile=None)

    def keep(self, key: str, result: BenchmarkResult) -> None:
        """Keep a cell on the disk; failures are not kept, so that they are tried again."""
        if result.errcode != 0:
            return
        cell = {
            name: getattr(result, name)
            for name in ("result", "samples", "number", "errcode", "stderr")
        }
        with self._path.open("a") as file:
            file.write(json.dumps({"key": key, "result": cell}) + "\n")


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def journal_path(folder: Path, result_file: str, run_rounds: Any) -> Path:
    """Where the journal of one result file, and of the rounds that are run at once, lies."""
    return folder / f"{_hash([result_file, run_rounds])}.jsonl"
