"""Benchmarks in words, as their files name them: the titles that lists and tables show."""

from __future__ import annotations

import json
from pathlib import Path

_WALL = " (wall time)"


class FigureTitles:
    """The titles of all benchmarks that results are of, from asv's list of them."""

    def __init__(self, results: Path) -> None:
        self._titles: dict[str, str] = {}
        try:
            benchmarks = json.loads((results / "benchmarks.json").read_text())
        except (OSError, ValueError):
            return
        self._titles = {
            name: str(each["pretty_name"])
            for name, each in benchmarks.items()
            if isinstance(each, dict) and each.get("pretty_name")
        }

    def of(self, benchmark: str) -> str:
        """A benchmark's title; its name where it has none."""
        return self._titles.get(benchmark, benchmark)

    def of_ratio(self, benchmark: str) -> str:
        """The title without the clock: a ratio of two releases says which one it is of."""
        return self.of(benchmark).removesuffix(_WALL)
