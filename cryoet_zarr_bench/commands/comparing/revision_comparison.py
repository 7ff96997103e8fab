"""A revision that is no release yet, against a release: measured here, beside the anchor.

What was measured so is kept in the work folder, so that the next question is answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    ANCHORED_FILE,
    AnchoredHistory,
    AnchoredRelease,
    StoredConfig,
    read_anchored,
)
from cryoet_zarr_bench.analysis.changes.release_comparison import ReleaseComparison, comparison
from cryoet_zarr_bench.analysis.changes.release_evidence import ReleaseEvidence, read_evidence
from cryoet_zarr_bench.analysis.repeat_noise import Noise
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.commands.comparing.anchored_command import beside_anchor
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.json_lines import write_lines
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.releases.catalogue import Catalogue, load_catalogue
from cryoet_zarr_bench.tomograms.selected_tomogram import tomogram_label
from cryoet_zarr_bench.verdicts.anchored_cells import (
    ANCHOR,
    ANCHOR_OF_ZARR_2,
    PROFILE,
    anchor_of,
    anchored_cells,
)
from cryoet_zarr_bench.verdicts.compared_releases import Side, parse_side

STORED_BYTES, FILE_COUNT = "storage.Storage.track_stored_bytes", "storage.Storage.track_file_count"

KEPT = "compared"
"""The folder of the work folder in which what was measured here is kept."""


def is_revision(name: str) -> bool:
    """True for what names the parts of a release, not a release of the catalogue."""
    return "=" in name


def compare_revisions(
    console: Console, results: Path, machine: str, a: str, b: str
) -> ReleaseComparison:
    """Compare two releases or revisions by their anchors, and measure what was not measured here.

    Some minutes for each that is measured. Raises BadInput if one of them cannot be had.
    """
    require_folders()
    refuse_another_machine(results, machine)
    catalogue = load_catalogue()
    lines = {line.release: line for line in _known(results, machine)}
    sides = [_side(name, catalogue) for name in (a, b)]
    wanted = {_label(side): side for side in sides}
    if any(_chain_of(side) == ANCHOR_OF_ZARR_2 for side in sides):
        wanted.setdefault(ANCHOR_OF_ZARR_2, parse_side(ANCHOR_OF_ZARR_2, catalogue))
    for label, side in wanted.items():
        if label == ANCHOR or label in lines:
            continue
        anchor = parse_side(_chain_of(side), catalogue)
        console.print(f"{for_markup(side.name)} beside {for_markup(anchor.name)}")
        found = beside_anchor(console, side, anchor, anchored_cells(side))
        if found.reason is not None:
            raise BadInput(found.reason)
        lines[label] = found.model_copy(update={"release": label})
        _keep(machine, lines[label])
    evidence = ReleaseEvidence(
        *(machine, tomogram_label(), choose_python(None)),
        measured=_exact_figures(results, machine, lines),
        anchored=AnchoredHistory(lines.values()),
        steps={},
        noise=Noise(()),
    )
    return comparison(evidence, *(_label(side) for side in sides))


def _exact_figures(
    results: Path, machine: str, lines: Mapping[str, AnchoredRelease]
) -> dict[str, MeasuredRelease]:
    """Bytes and files of what was measured here; of a release of the history from its results.

    Requests and over-read are counted by the suite alone, `confirm` and `compare` do not run it.
    """
    here = machine, tomogram_label(), choose_python(None)
    known = read_evidence(results, *here).measured
    found = {
        tag: replace(each, profile=PROFILE.name, figures=_of_storage(each.figures))
        for tag, each in known.items()
    }
    for label, line in lines.items():
        for tag, stored in ((line.anchor, line.anchor_stored), (label, line.stored)):
            if stored:
                # The stores of the core are named by their configs, those of other classes are not.
                kept = {
                    Cell(each.codec, each.chunks, each.zarr_format): stored[each.cell.config]
                    for each in line.cells
                    if each.cell.config in stored
                }
                found[tag] = _measured_here(tag, here, kept)
    return found


def _of_storage(figures: Mapping[str, dict[Cell, float]]) -> dict[str, dict[Cell, float]]:
    return {name: figures[name] for name in (STORED_BYTES, FILE_COUNT) if name in figures}


def _measured_here(
    tag: str, here: tuple[str, str, str], stored: Mapping[Cell, StoredConfig]
) -> MeasuredRelease:
    figures: dict[str, dict[Cell, float]] = {
        STORED_BYTES: {cell: each.bytes for cell, each in stored.items()},
        FILE_COUNT: {cell: each.files for cell, each in stored.items()},
    }
    return MeasuredRelease(
        tag, *here, 0, None, figures, {}, [], {}, "unknown", profile=PROFILE.name
    )


def _side(name: str, catalogue: Catalogue) -> Side:
    if is_revision(name):
        return parse_side(name, catalogue)
    return parse_side(name if "-" in name else f"zarr-{name}", catalogue)


def _chain_of(side: Side) -> str:
    return ANCHOR if side.name == ANCHOR_OF_ZARR_2 else anchor_of(side)


def _label(side: Side) -> str:
    """A release by its tag; a revision by its key, which has the digest of what was built."""
    return side.key if is_revision(side.name) else side.name


def _known(results: Path, machine: str) -> list[AnchoredRelease]:
    here = tomogram_label(), choose_python(None)
    every = [*read_anchored(results, machine), *read_anchored(WORK / KEPT, machine)]
    return [line for line in every if (line.tomogram, line.python) == here]


def _keep(machine: str, line: AnchoredRelease) -> None:
    folder = WORK / KEPT / machine
    folder.mkdir(parents=True, exist_ok=True)
    kept = [*read_anchored(WORK / KEPT, machine), line]
    write_lines(folder / ANCHORED_FILE, [each.model_dump() for each in kept])
