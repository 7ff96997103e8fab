"""`anchored`: every release of the history measured side by side with an anchor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    ANCHORED_FILE,
    REPEATS_FILE,
    AnchoredRelease,
    as_history,
    read_anchored,
    read_repeats,
)
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.errors import BadInput, ReleaseUnusable
from cryoet_zarr_bench.common.json_lines import write_lines
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.releases.catalogue import Catalogue, Release, load_catalogue
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram, tomogram_label
from cryoet_zarr_bench.verdicts.anchored_cells import (
    PAIRS,
    PROFILE,
    REACH,
    anchor_of,
    anchored_cells,
    anchored_releases,
)
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.compared_releases import Side, parse_side
from cryoet_zarr_bench.verdicts.comparison_setup import Question
from cryoet_zarr_bench.verdicts.confirmation import CellAnswer, as_row, confirm, forget_pairs


def run_anchored(
    console: Console, machine: str, only: list[str], again: bool, minutes: float | None
) -> int:
    """Measure the releases that were not measured beside their anchor yet; how many are left.

    Args:
        console: where progress is told.
        machine: the name of this machine's results.
        only: tags; all releases where empty.
        again: whether those that were measured are measured anew.
        minutes: after these no new release is begun.

    Raises:
        BadInput: there is no such release, or it cannot be installed.
    """
    begin = time.monotonic()
    require_folders()
    results, catalogue = PROJECT / "results", load_catalogue()
    refuse_another_machine(results, machine)
    known = {line.release: line for line in read_anchored(results, machine)}
    wanted = [catalogue.find(tag) for tag in only]
    left = [
        release
        for release in anchored_releases(catalogue)
        if (not wanted or release in wanted) and (again or release.tag not in known)
    ]
    for place, release in enumerate(left):
        if minutes is not None and time.monotonic() - begin > 60 * minutes:
            return len(left) - place
        console.print(
            f"[bold]{for_markup(release.tag)}[/bold] beside {for_markup(anchor_of(release))} "
            f"({place + 1} of {len(left)})"
        )
        known[release.tag] = _measured(console, release, catalogue)
        tags = [each.tag for each in catalogue.releases]
        ordered = sorted(known.values(), key=lambda line: tags.index(line.release))
        path = results / machine / ANCHORED_FILE
        write_lines(path, as_history(ordered))
    return 0


def repeat_anchored(console: Console, machine: str, tags: list[str]) -> None:
    """Measure releases once more, and keep that beside what is known: how far figures repeat.

    Raises BadInput: no release is named, there is none of that tag, or it cannot be installed.
    """
    require_folders()
    results, catalogue = PROJECT / "results", load_catalogue()
    refuse_another_machine(results, machine)
    if not tags:
        raise BadInput("--repeat: say which release, by --release")
    for release in [catalogue.find(tag) for tag in tags]:
        console.print(f"[bold]{for_markup(release.tag)}[/bold], once more")
        found = _measured(console, release, catalogue)
        path = results / machine / REPEATS_FILE
        lines = [*read_repeats(results, machine), found]
        write_lines(path, as_history(lines))


def _measured(console: Console, release: Release, catalogue: Catalogue) -> AnchoredRelease:
    anchor = parse_side(anchor_of(release), catalogue)
    return beside_anchor(
        console, parse_side(release.tag, catalogue), anchor, anchored_cells(release)
    )


def beside_anchor(
    console: Console, side: Side, anchor: Side, cells: tuple[ComparedCell, ...]
) -> AnchoredRelease:
    """Measure one release, or what is none yet, side by side with an anchor.

    Raises BadInput if one of both cannot be had, KeyboardInterrupt if it was interrupted: what was
    compared is kept for the next time.
    """
    question = Question(
        anchor,
        side,
        cells,
        PROFILE,
        selected_tomogram(),
        choose_python(None),
        0,
        PAIRS,
        REACH,
    )
    folder = WORK / "anchored"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    stored: dict[str, Any] = {}
    reason = None
    try:
        answer = confirm(question, load_catalogue().held, folder, console)
    except ReleaseUnusable as error:
        # A release that does not import has no figure, and the reason is a result.
        reason = str(error)
    else:
        if not answer.complete:
            raise KeyboardInterrupt
        found = [_cell(each) for each in answer.cells]
        stored = {name: _stored(answer.stores[side]) for name, side in _STORED_BY}
        forget_pairs(question, folder)
    return AnchoredRelease.model_validate(
        {
            "release": side.name,
            "anchor": anchor.name,
            "tomogram": tomogram_label(),
            "python": question.python,
            **stamp(),
            "reason": reason,
            "cells": found,
            **stored,
        }
    )


_STORED_BY = (("anchor_stored", "A"), ("stored", "B"))


def _stored(stores: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    return {
        config: {"bytes": found["stored_bytes"], "files": found["file_count"]}
        for config, found in stores.items()
    }


def _cell(answer: CellAnswer) -> dict[str, Any]:
    row = as_row(answer)
    names = ("benchmark", "codec", "chunks", "zarr_format", "ratio", "low", "high")
    calls = [cpu for pair in answer.pairs for name, cpu, _ in pair.get("calls", []) if name == "A"]
    return {
        **{name: row[name] for name in names},
        "log_ratios": [round(pair["cpu"], 5) for pair in answer.pairs if "cpu" in pair],
        "anchor_seconds": round(median(calls), 7) if calls else None,
        "reason": row["reason"],
    }
