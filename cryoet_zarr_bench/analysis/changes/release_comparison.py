"""Any two releases compared: every statement on what is known of both."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoet_zarr_bench.analysis.changes.comparison_sentence import sentence_of
from cryoet_zarr_bench.analysis.changes.release_evidence import (
    COUNTED,
    EXACT,
    ReleaseEvidence,
    Statement,
    read_evidence,
)
from cryoet_zarr_bench.analysis.result_reader import (
    history_tomogram,
    published_machine,
    read_results,
)
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.releases.catalogue import load_catalogue

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class ReleaseComparison:
    """Release `b` against release `a`: `statements` has what changed first, most changed first."""

    a: str
    b: str
    machine: str
    tomogram: str
    python: str
    statements: tuple[Statement, ...]

    @property
    def told(self) -> list[Statement]:
        """What is worse or better; of what is exact or counted, by 1 % or more."""
        return [
            each for each in self.changed if each.source not in (EXACT, COUNTED) or each.is_told
        ]

    @property
    def changed(self) -> list[Statement]:
        """All that is worse or better."""
        return [each for each in self.statements if each.direction]

    @property
    def command(self) -> str:
        """The command that measures both directly, side by side."""
        return f"cryoet-zarr-bench confirm {self.a} {self.b}"

    @property
    def table(self) -> pd.DataFrame:
        """A row for each figure, as a pandas DataFrame.

        `benchmark`, `codec`, `chunks`, `format`; `change` in a word; `ratio` of b to a with `low`
        and `high`; `known_from`: verdict, anchored, counted, exact or repeats; `a` and `b`, the
        figures themselves, NaN where they were timed.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                (
                    *(each.benchmark, each.cell.codec, each.cell.chunks, each.cell.zarr_format),
                    *(each.word, each.ratio, each.low, each.high, each.source),
                    *(math.nan if value is None else value for value in (each.before, each.after)),
                )
                for each in self.statements
            ],
            columns=[
                *("benchmark", "codec", "chunks", "format"),
                *("change", "ratio", "low", "high", "known_from", "a", "b"),
            ],
        )

    def __repr__(self) -> str:
        return f"ReleaseComparison({self.sentence!r})"

    @property
    def sentence(self) -> str:
        """What changed, in words, and how sure it is that all else did not."""
        return sentence_of(self.a, self.b, self.statements)


def compare_measured(
    results: Path, a: str, b: str, machine: str | None = None
) -> ReleaseComparison:
    """Compare two releases by what is known of them under `results`.

    Args:
        results: a folder of results.
        a: the release to compare with, by its tag or version, such as `zarr-3.1.6` or `3.1.6`.
        b: the release that is compared.
        machine: whose results; those of the history without it.

    Raises:
        BadInput: there is no such release, or nothing was measured of it.
    """
    # A name that is none is said before the results are read, which takes seconds.
    tags = [_tag_of(name) for name in (a, b)]
    evidence = published_evidence(results, machine)
    for tag in tags:
        if tag not in evidence.releases:
            raise BadInput(
                f"{tag} was not measured on {evidence.machine}; "
                "measure it with `cryoet-zarr-bench anchored --release`"
            )
    return comparison(evidence, *tags)


def published_evidence(results: Path, machine: str | None = None) -> ReleaseEvidence:
    """What the machine of the history, or this one, knows on the tomogram that was followed.

    Raises BadInput if it has no results.
    """
    chosen = machine or published_machine(results)
    own = [each for each in read_results(results) if each.machine == chosen]
    if chosen is None or not own:
        raise refused(results, f"has no results of {chosen or 'any machine'}", "measure some first")
    tomogram = history_tomogram(own)
    pythons = [each.python for each in own if each.tomogram == tomogram]
    return read_evidence(results, chosen, tomogram, statistics.mode(pythons))


def comparison(evidence: ReleaseEvidence, a: str, b: str) -> ReleaseComparison:
    """Compare two releases, by their tags, by what one machine knows."""
    said = evidence.statements(a, b)
    said.sort(key=lambda each: (not each.direction, -_sort_distance(each)))
    return ReleaseComparison(
        a, b, evidence.machine, evidence.tomogram, evidence.python, tuple(said)
    )


def _sort_distance(each: Statement) -> float:
    return 0.0 if math.isnan(each.ratio) else each.distance


def _tag_of(name: str) -> str:
    return load_catalogue().find(name if "-" in name else f"zarr-{name}").tag
