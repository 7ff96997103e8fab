"""Any two releases, for the dashboard: a file for each release, with all releases before it.

A page that compares two releases loads the file of the later one. All statements are made here; the
page only shows them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.figure_titles import FigureTitles
from cryoet_zarr_bench.analysis.changes.published_times import anchored_histories
from cryoet_zarr_bench.analysis.changes.release_comparison import ReleaseComparison, comparison
from cryoet_zarr_bench.analysis.changes.release_evidence import (
    COUNTED,
    EXACT,
    ReleaseEvidence,
    read_evidence,
)
from cryoet_zarr_bench.releases.catalogue import load_catalogue

FIGURE_FIELDS = ("benchmark", "config", "direction", "word", "ratio", "low", "high", "by")
"""The names of a figure's values in a pair, in their order; counted ones have two more, a and b.

Benchmark, config, word and by are places in lists of the index, so that the files stay small."""


class ReleasePairs:
    """The pairs of releases of the machine whose history was measured beside anchors.

    `tags` are its releases in the order of the catalogue; none if no history was measured so.
    """

    def __init__(self, results: Path) -> None:
        histories = anchored_histories(results)
        self._evidence: ReleaseEvidence | None = None
        if histories:
            series = max(histories, key=lambda each: len(histories[each].releases))
            self._evidence = read_evidence(results, *series)
        known = self._evidence.anchored.releases if self._evidence else set()
        self.tags = [each.tag for each in load_catalogue().releases if each.tag in known]
        self._titles = FigureTitles(results)
        self._benchmarks: list[str] = []
        self._configs: list[str] = []
        self._words: list[str] = []
        self._sources: list[str] = []

    def index(self) -> dict[str, Any]:
        """What all pairs share: the releases, whose results they are, the words of the fields.

        Ask for it last: it has the names and words of all pairs that were made.
        """
        found = self._evidence
        releases = {each.tag: each for each in load_catalogue().releases}
        return {
            "machine": found and found.machine,
            "tomogram": found and found.tomogram,
            "python": found and found.python,
            "counted": found and found.counted.in_words,
            "releases": [
                {
                    "tag": tag,
                    "pair": f"zarr {releases[tag].zarr}, numcodecs {releases[tag].numcodecs}",
                    "date": releases[tag].date.date().isoformat(),
                }
                for tag in self.tags
            ],
            "fields": FIGURE_FIELDS,
            "benchmarks": [self._titles.of_ratio(name) for name in self._benchmarks],
            "configs": self._configs,
            "words": self._words,
            "sources": self._sources,
        }

    def of(self, later: str) -> dict[str, Any]:
        """For each release before `later`: a sentence, what changed, and how much did not."""
        assert self._evidence is not None
        earlier = self.tags[: self.tags.index(later)]
        return {tag: self._pair(comparison(self._evidence, tag, later)) for tag in earlier}

    def _pair(self, found: ReleaseComparison) -> dict[str, Any]:
        told = found.told
        places = {id(each) for each in told}
        rest = [each for each in found.statements if id(each) not in places]
        shown = [*told, *(each for each in rest if each.source not in (EXACT, COUNTED))]
        return {
            "sentence": found.sentence,
            "figures": [
                [
                    self._place(self._benchmarks, each.benchmark),
                    self._place(self._configs, each.config),
                    *(each.direction, self._place(self._words, each.word)),
                    *(_rounded(value) for value in (each.ratio, each.low, each.high)),
                    self._place(self._sources, each.source),
                    *(_whole(value) for value in (each.before, each.after) if value is not None),
                ]
                for each in shown
            ],
            "equal": sum(each.source == EXACT and not each.direction for each in rest),
            "small": sum(each.source == EXACT and each.direction != 0 for each in rest),
            "same_work": sum(each.source == COUNTED for each in rest),
        }

    @staticmethod
    def _place(known: list[str], name: str) -> int:
        if name not in known:
            known.append(name)
        return known.index(name)


def _whole(value: float) -> float:
    """The value as JSON writes it shortest: no point after a whole number, no part of a million."""
    return round(value) if value.is_integer() or value >= 1e6 else value


def _rounded(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
