"""Find which release changed what: candidates from asv's figures, judged by `confirm`.

asv's figures of two releases were taken at different times, so what they differ by is only a reason
to look. Each release is then compared side by side with the one before it.
"""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from cryoet_zarr_bench.analysis.changes.release_evidence import EvidenceOfSeries
from cryoet_zarr_bench.analysis.changes.release_verdicts import verdict_rows, verdict_table
from cryoet_zarr_bench.analysis.changes.verdict_steps import VERDICTS_FILE, read_verdicts
from cryoet_zarr_bench.analysis.repeat_noise import Noise, read_noise
from cryoet_zarr_bench.analysis.result_files import read_record, result_paths_of
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease, read_results
from cryoet_zarr_bench.analysis.run_pace import pace_of
from cryoet_zarr_bench.asv_bridge.asv_runs import publish
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.asv_bridge.release_steps import Place
from cryoet_zarr_bench.common.errors import BadInput, ReleaseUnusable
from cryoet_zarr_bench.common.json_lines import read_lines, write_lines
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.measured.clocks import TWIN
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange, load_announced
from cryoet_zarr_bench.releases.catalogue import Catalogue, Release, load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.documents.all_documents import update_documents
from cryoet_zarr_bench.storage.grid import Profile, selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram, tomogram_label
from cryoet_zarr_bench.verdicts.change_rule import BEYOND, CHANGES, INCONCLUSIVE
from cryoet_zarr_bench.verdicts.compared_cells import MEMORY, TIMED, ComparedCell, all_cells
from cryoet_zarr_bench.verdicts.compared_releases import parse_side
from cryoet_zarr_bench.verdicts.comparison_setup import Question
from cryoet_zarr_bench.verdicts.confirmation import (
    Answer,
    CellAnswer,
    as_row,
    confirm,
    exact_differences,
    forget_pairs,
)
from cryoet_zarr_bench.verdicts.judgement import LOOKS

SENTINEL = ("blosc-lz4-5-bitshuffle", "64x64x64")
"""Judged at every step in each benchmark of the core, in the newest format both releases write,
whatever asv's figures say: they cannot see a change that a drift of the machine hid."""

MOST_CANDIDATES = 4
"""In a step: those that asv's figures differ by most, measured by the noise of the cell."""

MOST_ANNOUNCED = 3
"""Cells for each change that the release notes name, one a benchmark first."""

VERDICT_LOOKS = LOOKS[:2]
"""Fewer pairs than `confirm` takes where an answer stays open: a history has many cells, and what
is open then is said to be. The error of all looks is paid for as if they were made."""


@dataclass(frozen=True)
class Chosen:
    """A cell to be judged: why, and the ratio of asv's figures, None if one is missing.

    `stands_out` says how far asv's figures differ, in units of what they waver by anyway, in
    logarithms: 1 is at the edge of the noise. 0 for what is no candidate.
    """

    cell: ComparedCell
    why: str
    screened: float | None
    stands_out: float = 0.0


def run_verdicts(
    console: Console, machine: str, only: list[str], again: bool, minutes: float | None
) -> None:
    """Judge every release of the history that has no verdict of this machine yet.

    The release whose figures stand out most comes first. `only` are tags, all releases where empty;
    `again` judges anew. After `minutes` no new release is begun. Each release's verdicts are kept
    at once. Raises BadInput if the history has no results of the machine, or those of another
    kind of machine.
    """
    begin = time.monotonic()
    results, catalogue, profile = PROJECT / "results", load_catalogue(), selected_profile()
    require_folders()
    refuse_another_machine(results, machine)
    path = results / machine / VERDICTS_FILE
    measured = {
        result.commit: result
        for result in read_results(results)
        if result.machine == machine
        and result.numcodecs is None
        and result.tomogram == tomogram_label()
    }
    if not measured:
        raise BadInput(
            f"results/{machine}: no results of the history on {tomogram_label()}; "
            f"measure it first: cryoet-zarr-bench history --machine {machine}"
        )
    wanted = [catalogue.find(tag) for tag in only] or list(catalogue.releases)
    steps = [release for release in wanted if release.parent is not None]
    judged = {line.get("release"): line for line in read_lines(path)}
    left = [release for release in steps if again or release.tag not in judged]
    console.print(
        f"{len(left)} of {len(steps)} releases have no verdict of {for_markup(machine)} yet"
    )
    noise = read_noise(results, machine)
    cells = [choose(release, catalogue, measured, profile, noise) for release in left]
    for place, (release, chosen) in enumerate(most_outstanding_first(left, cells)):
        if minutes is not None and time.monotonic() - begin > 60 * minutes:
            break
        console.print(
            f"[bold]{for_markup(release.tag)}[/bold] against "
            f"{for_markup(catalogue.predecessor(release).tag)} "
            f"({place + 1} of {len(left)}): {len(chosen)} cells"
        )
        judged[release.tag] = _judge(release, chosen, catalogue, profile, machine, console)
        ordered = [judged[each.tag] for each in catalogue.releases if each.tag in judged]
        write_lines(path, ordered)
    rows = verdict_rows(
        (each for each in read_verdicts(results) if each.machine == machine),
        EvidenceOfSeries(results),
    )
    console.print(verdict_table(rows))
    publish(Place.of_history(machine))
    update_documents(PROJECT)


def most_outstanding_first(
    releases: Iterable[Release], chosen: Iterable[list[Chosen]]
) -> list[tuple[Release, list[Chosen]]]:
    """The releases with their cells, in an order in which a short run judges what matters most.

    First is what differs from the release before it by more than the noise in most cells, and by
    most; of equals the older.
    """
    return sorted(
        zip(releases, chosen, strict=True),
        key=lambda each: -sum(cell.stands_out for cell in each[1]),
    )


def choose(
    release: Release,
    catalogue: Catalogue,
    measured: dict[str, MeasuredRelease],
    profile: Profile,
    noise: Noise,
) -> list[Chosen]:
    """The cells to judge a release by: sentinels, what its notes announce, asv's candidates."""
    tags = catalogue.predecessor(release).tag, release.tag
    before, after = (measured.get(commit_of(tag)) for tag in tags)
    if after is not None:
        noise = noise.of(after.tomogram, after.python)
    cells = all_cells(profile)
    screened = {cell: _screened_ratio(cell, before, after) for cell in cells}
    newest = 2 if _is_zarr2(release, catalogue) else 3
    chosen: dict[ComparedCell, str] = {}
    for cell in cells:
        is_sentinel = (cell.codec, cell.chunks, cell.zarr_format) == (*SENTINEL, newest)
        if is_sentinel and cell.benchmark in (*TIMED, MEMORY):
            chosen[cell] = "sentinel"
    for change in load_announced():
        if change.touches and change.seen_in == release.tag:
            for cell in itertools.islice(_matching(change, cells), MOST_ANNOUNCED):
                chosen.setdefault(cell, "announced")
    beyond: dict[ComparedCell, float] = {}
    for cell, ratio in screened.items():
        if ratio is None or cell in chosen:
            continue
        benchmark = _screened(cell, after)
        band = noise.band(benchmark, _asv_cell(cell))
        # A cell that was not repeated is taken to waver as nine of ten others do at most.
        usual = noise.spread(cpu=benchmark.endswith(TWIN)) if cell.is_timed else None
        floor = max(BEYOND, band.high / band.low if band else usual.high if usual else 1.0)
        if abs(math.log(ratio)) > math.log(floor):
            beyond[cell] = abs(math.log(ratio)) / math.log(floor)
    for cell in _one_a_benchmark_first(sorted(beyond, key=lambda each: -beyond[each])):
        if sum(why == "candidate" for why in chosen.values()) < MOST_CANDIDATES:
            chosen[cell] = "candidate"
    return [
        Chosen(cell, why, screened[cell], beyond.get(cell, 0.0))
        for cell, why in chosen.items()
        if cell.zarr_format <= newest
    ]


def _one_a_benchmark_first(cells: list[ComparedCell]) -> list[ComparedCell]:
    """In the same order, but the first of each benchmark before the others, which say the same."""
    first = {cell.benchmark: cell for cell in reversed(cells)}
    return sorted(cells, key=lambda cell: first[cell.benchmark] != cell)


def _is_zarr2(release: Release, catalogue: Catalogue) -> bool:
    return any(each.zarr.startswith("2.") for each in (release, catalogue.predecessor(release)))


def _asv_cell(cell: ComparedCell) -> Cell:
    return Cell(cell.codec, cell.chunks, cell.zarr_format)


def _screened_ratio(
    cell: ComparedCell, before: MeasuredRelease | None, after: MeasuredRelease | None
) -> float | None:
    """asv's figure of the release over that of the one before it; times at an equal pace.

    Where work that never changes took longer in one run, so did everything that was timed in it.
    """
    if before is None or after is None:
        return None
    benchmark = _screened(cell, after)
    one = before.figure(benchmark, _asv_cell(cell))
    other = after.figure(benchmark, _asv_cell(cell))
    pace = pace_of(after, before.canary) if cell.is_timed else None
    return other / one / (pace or 1.0) if one and other else None


def _screened(cell: ComparedCell, measured: MeasuredRelease | None) -> str:
    """The benchmark whose figure names candidates: that of CPU time where there is one."""
    twin = cell.benchmark + TWIN
    return twin if measured and twin in measured.figures else cell.benchmark


def _matching(change: AnnouncedChange, cells: list[ComparedCell]) -> Iterable[ComparedCell]:
    """The cells in which an announced change should show; one config a benchmark comes first."""
    pattern = re.compile(change.configs)
    found = [
        [cell for cell in cells if cell.benchmark == benchmark and pattern.search(cell.name)]
        for benchmark in change.benchmarks
    ]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*found))
    return (cell for cell in in_turn if cell is not None)


def _judge(
    release: Release,
    chosen: list[Chosen],
    catalogue: Catalogue,
    profile: Profile,
    machine: str,
    console: Console,
) -> dict[str, Any]:
    before = catalogue.predecessor(release).tag
    question = Question(
        parse_side(before, catalogue),
        parse_side(release.tag, catalogue),
        tuple(each.cell for each in chosen),
        profile,
        selected_tomogram(),
        choose_python(None),
        0,
        VERDICT_LOOKS,
    )
    folder = WORK / "confirm"
    try:
        answer = confirm(question, catalogue.held, folder, console)
    except ReleaseUnusable as error:
        # A release that does not import has no verdict, and the reason is a result. An index that
        # is out of reach, or a full disk, is none.
        return _line(release, question, machine, {"reason": str(error)})
    if not answer.complete:
        raise KeyboardInterrupt
    second = _second_opinion(answer, catalogue, folder, console)
    records = [_record(machine, tag) for tag in (before, release.tag)]
    reasons = {each.cell: each for each in chosen}
    cells = [
        {
            **as_row(each),
            "why": reasons[each.cell].why,
            "screened": _rounded(reasons[each.cell].screened),
            "log_ratios": _log_ratios(each),
            **_agreed(each, second.get(each.cell)),
        }
        for each in answer.cells
    ]
    forget_pairs(question, folder)
    return _line(
        release,
        question,
        machine,
        {
            # Of the whole grid, as the history has it; `confirm` wrote just what it timed.
            "configs_compared": len(records[0]["stores"].keys() & records[1]["stores"].keys()),
            "differences": exact_differences(*records),
            "cells": cells,
        },
    )


def _second_opinion(
    answer: Answer, catalogue: Catalogue, folder: Path, console: Console
) -> dict[ComparedCell, CellAnswer]:
    """Judge what is called changed once more, with another order of cells and other processes.

    A history has hundreds of cells, of which a few may be called changed by chance.
    """
    changed = tuple(each.cell for each in answer.cells if each.verdict in CHANGES)
    if not changed:
        return {}
    console.print(f"{len(changed)} cells changed; once more")
    question = replace(answer.question, cells=changed, seed=answer.question.seed + 1)
    again = confirm(question, catalogue.held, folder, console)
    if not again.complete:
        raise KeyboardInterrupt
    forget_pairs(question, folder)
    return {each.cell: each for each in again.cells}


def _agreed(first: CellAnswer, second: CellAnswer | None) -> dict[str, Any]:
    """The second opinion on a cell; a change that it does not share is inconclusive."""
    if second is None:
        return {}
    agreed = first.verdict if second.verdict == first.verdict else INCONCLUSIVE
    opinion = {
        f"again_{name}": as_row(second)[name] for name in ("verdict", "ratio", "low", "high")
    }
    return {"verdict": agreed, **opinion}


def _log_ratios(answer: CellAnswer) -> list[float]:
    clock = "cpu" if answer.cell.is_timed else "memory"
    return [round(pair[clock], 4) for pair in answer.pairs if clock in pair]


def _record(machine: str, tag: str) -> dict[str, Any]:
    """Read the history's record of a release's stores; empty if it has none."""
    folder = PROJECT / "results" / machine
    for path in result_paths_of(folder):
        # With another column's pin it is not the release's own pair.
        if not path.name.startswith(commit_of(tag)[:8]) or "-numcodecs" in path.name:
            continue
        record = read_record(path)
        if (record.get("tomogram") or {}).get("sha256") == selected_tomogram().sha256:
            return {"stores": {}, **record}
    return {"stores": {}}


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 4)


def _line(
    release: Release, question: Question, machine: str, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "release": release.tag,
        "parent": question.a.name,
        "machine": machine,
        "tomogram": tomogram_label(),
        "profile": question.profile.name,
        "python": question.python,
        "seed": question.seed,
        "draws_layout": True,
        **stamp(),
        "configs_compared": 0,
        "differences": {},
        "cells": [],
        **more,
    }
