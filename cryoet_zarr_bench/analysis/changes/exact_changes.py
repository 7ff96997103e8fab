"""Changes of each release in what is counted, not timed: docs/exact.md, from the results.

Bytes, files, requests and damage are the same on every machine, so that a difference between two
releases is a change, and needs no repetition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.figure_titles import FigureTitles
from cryoet_zarr_bench.analysis.changes.release_evidence import DERIVED, ELSEWHERE
from cryoet_zarr_bench.analysis.result_reader import (
    Cell,
    MeasuredRelease,
    history_tomogram,
    read_results,
)
from cryoet_zarr_bench.common.shown_text import (
    for_markdown,
    markdown_code,
    markdown_table,
)
from cryoet_zarr_bench.measured.exact_figures import is_exact
from cryoet_zarr_bench.releases.catalogue import Catalogue, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.verdicts.change_rule import EQUAL, TOLD_FROM, change_of_exact

MOST_FIGURES = 4
"""Figures listed of one module of benchmarks in a release: those that changed most."""


@dataclass(frozen=True)
class ExactChange:
    """A figure that a release changed: over the cells that it and the one before it both have.

    `most` is the cell that changed most, with the figure `before` and `after`; None if no cell
    changed by 1 % or more. `appeared` and `gone` count the cells that only one of both can do.
    """

    release: str
    benchmark: str
    changed: int
    compared: int
    appeared: int
    gone: int
    most: Cell | None
    before: float = math.nan
    after: float = math.nan

    @property
    def distance(self) -> float:
        """Change of the most changed cell, as the absolute logarithm of a ratio."""
        if self.most is None:
            return 0.0
        low, high = sorted((abs(self.before), abs(self.after)))
        return math.log(high / low) if low else math.inf


def exact_changes(
    measured: Iterable[MeasuredRelease], catalogue: Catalogue
) -> dict[str, list[ExactChange]]:
    """For each release that was measured with its predecessor: what it changed, by its tag.

    `measured` are the releases of one machine and one tomogram with their own pairs. Both must have
    been measured with the same profile, or what a smaller grid leaves out would look like a change.
    """
    by_commit = {result.commit: result for result in measured}
    found = {}
    for release in catalogue.releases:
        if release.parent is None or release.note:
            continue
        before = by_commit.get(commit_of(catalogue.predecessor(release).tag))
        after = by_commit.get(commit_of(release.tag))
        if before and after and before.profile == after.profile:
            found[release.tag] = _changes(release.tag, before, after)
    return found


def _changes(tag: str, before: MeasuredRelease, after: MeasuredRelease) -> list[ExactChange]:
    names = dict.fromkeys([*before.figures, *after.figures])
    changes = [
        _change(tag, name, before.figures.get(name, {}), after.figures.get(name, {}))
        for name in names
        if is_exact(name) and not name.endswith(DERIVED) and not name.startswith(ELSEWHERE)
    ]
    return [each for each in changes if each.changed or each.appeared or each.gone]


def _change(
    tag: str, name: str, before: dict[Cell, float], after: dict[Cell, float]
) -> ExactChange:
    both = [cell for cell in after if cell in before]
    changed = [cell for cell in both if _differ(before[cell], after[cell])]
    common = {
        "changed": len(changed),
        "compared": len(both),
        "appeared": len(after) - len(both),
        "gone": len(before) - len(both),
    }
    candidates = [
        ExactChange(tag, name, **common, most=cell, before=before[cell], after=after[cell])
        for cell in changed
    ]
    return max(
        candidates,
        key=lambda each: each.distance,
        default=ExactChange(tag, name, **common, most=None),
    )


def _differ(before: float, after: float) -> bool:
    if change_of_exact(before, after) == EQUAL:
        return False
    return abs(after - before) >= TOLD_FROM * max(abs(before), abs(after))


def exact_report(results: Path, machine: str) -> str:
    """The page in Markdown, of the releases that were measured with one profile, newest first."""
    own = [each for each in read_results(results) if each.machine == machine and not each.numcodecs]
    tomogram = history_tomogram(own)
    changes = exact_changes([each for each in own if each.tomogram == tomogram], load_catalogue())
    titles = FigureTitles(results)
    changed = {tag: found for tag, found in changes.items() if found}
    rows = [row for tag in reversed(changed) for row in _rows(tag, changed[tag], titles)]
    listed = "No release changed any of these figures."
    if rows:
        listed = markdown_table(_HEADINGS, rows, _ALIGNMENTS)
    source, tomogram = markdown_code(f"results/{machine}/"), for_markdown(tomogram)
    return f"""# Exact changes of each release

Written by `cryoet-zarr-bench readme` from {source}, tomogram {tomogram}: bytes, files,
requests and damage of each release compared with the release before it. These figures are counted
or computed, not timed, and are the same on every machine. {len(changes)} releases were compared,
each with the numcodecs current at the time. A release that is not listed changed no figure by
{TOLD_FROM:.0%} or more.

"changed" counts the cells of the grid in which the figure changed by {TOLD_FROM:.0%} or more, out
of the cells that both releases can do. "now possible" and "no more possible" count the cells that
only one of the two releases can do. For each kind of question the {MOST_FIGURES} figures that
changed most are listed, each with the cell that changed most. A figure that follows from another (a
ratio from bytes, modelled seconds from requests) is not listed again.

{listed}
"""


_HEADINGS = (
    *("release", "figure", "changed", "now possible", "no more possible"),
    *("from", "to", "in"),
)
_ALIGNMENTS = "--rrrrr-"


def _rows(tag: str, changes: list[ExactChange], titles: FigureTitles) -> list[list[str]]:
    by_module: dict[str, list[ExactChange]] = {}
    for each in changes:
        by_module.setdefault(each.benchmark.split(".")[0], []).append(each)
    rows: list[list[str]] = []
    for found in by_module.values():
        most = sorted(found, key=lambda each: (-each.distance, -each.appeared, -each.gone))
        rows += [_row(tag, each, titles) for each in most[:MOST_FIGURES]]
        if len(most) > MOST_FIGURES:
            rows.append([tag, f"and {len(most) - MOST_FIGURES} more figures"])
    return rows


def _row(tag: str, change: ExactChange, titles: FigureTitles) -> list[str]:
    title = titles.of(change.benchmark)
    from_to = ("", "", "")
    if change.most is not None:
        cell = change.most
        config = f"{cell.codec} {cell.chunks} v{cell.zarr_format}"
        from_to = _number(change.before), _number(change.after), config
    counted = [
        f"{change.changed} of {change.compared}" if change.compared else "",
        str(change.appeared or ""),
        str(change.gone or ""),
    ]
    return [tag, title, *counted, *from_to]


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"
