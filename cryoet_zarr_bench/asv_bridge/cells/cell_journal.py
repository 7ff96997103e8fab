"""Keep every measured cell at once, so that an interrupted run goes on where it stopped.

asv writes a result file when all benchmarks of a release are done. Until then each cell is kept as
a line of a journal; a run that finds a journal takes its cells and measures the others.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from asv.runner import BenchmarkResult

from cryoet_zarr_bench.common.whole_files import write_whole


class CellJournal:
    """The cells that an unfinished run of one release in one environment has measured.

    `purpose` is all that a cell's meaning depends on beside its own parameters; a journal with
    another purpose is thrown away. A line that a kill cut short is left out. Beside the cells lie
    notes of what it was like to measure them.
    """

    def __init__(self, path: Path, purpose: dict[str, Any]) -> None:
        self._path = path
        self._times_asked: Counter[str] = Counter()
        header = json.dumps({"purpose": purpose}, sort_keys=True)
        lines = path.read_text().split("\n") if path.exists() else []
        self._cells: dict[str, dict[str, Any]] = {}
        self._notes: list[dict[str, Any]] = []
        if lines and lines[0] == header:
            for line in lines[1:]:
                self._take_over(line)
        # Written anew without what cannot be used.
        kept = [json.dumps({"key": key, "result": cell}) for key, cell in self._cells.items()]
        kept += [json.dumps({"note": note}) for note in self._notes]
        write_whole(path, "\n".join([header, *kept]) + "\n")

    def _take_over(self, line: str) -> None:
        try:
            found = json.loads(line)
            if "note" in found:
                self._notes.append(found["note"])
            else:
                self._cells[found["key"]] = found["result"]
        except (ValueError, KeyError, TypeError):
            return

    @property
    def taken_over(self) -> int:
        """The number of cells that were found already measured."""
        return len(self._cells)

    @property
    def notes(self) -> list[dict[str, Any]]:
        """The notes, first ones first, those from before an interruption included."""
        return list(self._notes)

    def remove(self) -> None:
        """The results are saved: the journal is done with."""
        self._path.unlink(missing_ok=True)

    def key(self, benchmark: dict[str, Any], index: int) -> str:
        """The name of the next measurement of a cell; a cell may be measured in several rounds."""
        cell = f"{benchmark['name']} {benchmark['version']} {_hash(benchmark['params'])} {index}"
        self._times_asked[cell] += 1
        return f"{cell} #{self._times_asked[cell]}"

    def find(self, key: str) -> BenchmarkResult | None:
        """The cell as it was measured, None if it was not yet."""
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
        self._append({"key": key, "result": cell})

    def note(self, note: dict[str, Any]) -> None:
        """Keep on the disk what is to be known of the measuring beside the cells."""
        self._notes.append(note)
        self._append({"note": note})

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def journal_path(folder: Path, result_file: str, run_rounds: Any) -> Path:
    """Path of the journal of one result file, and of the rounds that are run at once."""
    return folder / f"{_hash([result_file, run_rounds])}.jsonl"
