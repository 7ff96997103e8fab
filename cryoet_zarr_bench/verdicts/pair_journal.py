"""Every finished comparison kept on the disk, so that a kill loses none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell


class PairJournal:
    """The comparisons of an unfinished `confirm`: one line for each cell in each pair.

    `purpose` is all that a comparison's meaning depends on beside its cell and its pair; a journal
    with another purpose is thrown away. Left out is a line that a kill cut short, and one that
    tells of an error, so that it is tried again.
    """

    def __init__(self, path: Path, purpose: dict[str, Any]) -> None:
        self._path = path
        self._found: dict[str, dict[int, dict[str, Any]]] = {}
        header = json.dumps(purpose, sort_keys=True)
        lines = path.read_text().split("\n") if path.exists() else []
        if lines and lines[0] == header:
            for line in lines[1:]:
                try:
                    kept = json.loads(line)
                    if "error" not in kept:
                        self._found.setdefault(kept["cell"], {})[kept["pair"]] = kept
                except (ValueError, KeyError, TypeError):
                    continue
        kept_lines = [json.dumps(each) for pairs in self._found.values() for each in pairs.values()]
        write_whole(path, "\n".join([header, *kept_lines]) + "\n")

    @property
    def count(self) -> int:
        """The number of comparisons that are kept."""
        return sum(len(pairs) for pairs in self._found.values())

    def has(self, cell: ComparedCell, pair: int) -> bool:
        """True if the cell was compared in this pair."""
        return pair in self._found.get(cell.name, {})

    def keep(self, cell: ComparedCell, pair: int, result: dict[str, Any]) -> None:
        """Keep one comparison; it is on the disk when this returns."""
        kept = {"cell": cell.name, "pair": pair, **result}
        self._found.setdefault(cell.name, {})[pair] = kept
        with self._path.open("a") as file:
            file.write(json.dumps(kept) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def of(self, cell: ComparedCell) -> list[dict[str, Any]]:
        """All comparisons of a cell, in the order of their pairs."""
        return [kept for _, kept in sorted(self._found.get(cell.name, {}).items())]
