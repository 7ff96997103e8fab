"""`trust`: ask `confirm` what is known, and keep what it says."""

from __future__ import annotations

import time

from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import as_history
from cryoet_zarr_bench.analysis.planted_steps import (
    PLANTED,
    PLANTED_FILE,
    planted_name,
    read_planted,
)
from cryoet_zarr_bench.analysis.trust_figures import TRUST_FILE
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.commands.comparing.anchored_command import beside_anchor
from cryoet_zarr_bench.common.json_lines import write_lines
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram
from cryoet_zarr_bench.verdicts.anchored_cells import ANCHOR, anchored_cells
from cryoet_zarr_bench.verdicts.compared_releases import Side, parse_side
from cryoet_zarr_bench.verdicts.injected_slowdown import shifted_wheel, slower_wheel
from cryoet_zarr_bench.verdicts.known_answers import VOLUME, WRITE, TrustRun, run_trust
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest


def measure_trust(console: Console, machine: str, minutes: float | None) -> int:
    """Measure what is missing; return the number of blocks, or planted releases, that still are.

    Raises BadInput if results of that name are of another kind of machine.
    """
    require_folders()
    refuse_another_machine(PROJECT / "results", machine)
    path = PROJECT / "results" / machine / TRUST_FILE
    run = TrustRun(
        load_catalogue(),
        selected_profile(),
        selected_tomogram(),
        choose_python(None),
        WORK / "confirm",
    )
    begin = time.monotonic()
    left = run_trust(path, run, minutes, console)
    if left:
        return left
    rest = None if minutes is None else minutes - (time.monotonic() - begin) / 60
    return _measure_planted(console, machine, run, rest)


def _measure_planted(console: Console, machine: str, run: TrustRun, minutes: float | None) -> int:
    """Measure the planted releases that are missing; return how many still are."""
    begin = time.monotonic()
    results = PROJECT / "results"
    lines = read_planted(results, machine)
    done = {line.release for line in lines}
    left = [number for number in range(len(PLANTED)) if planted_name(number) not in done]
    for place, number in enumerate(left):
        if minutes is not None and time.monotonic() - begin > 60 * minutes:
            return len(left) - place
        name = planted_name(number)
        console.print(f"{for_markup(name)} ({place + 1} of {len(left)})")
        side, anchor = _planted_side(run, number), parse_side(ANCHOR, run.catalogue)
        cells = tuple(cell for cell in anchored_cells(side) if cell.benchmark in (WRITE, VOLUME))
        found = beside_anchor(console, side, anchor, cells)
        lines.append(found.model_copy(update={"release": name}))
        write_lines(results / machine / PLANTED_FILE, as_history(lines))
    return 0


def _planted_side(run: TrustRun, number: int) -> Side:
    """The newest zarr, slower by what is planted there, and elsewhere in memory each time."""
    newest = parse_side(run.catalogue.newest("3.x").tag, run.catalogue)
    installed = ReleaseUnderTest(newest, run.folder / "env", run.folder / "none", run.python)
    installed.install(run.catalogue.held)
    # A folder for each: two that are equally slow are two releases all the same.
    folder = run.folder / "wheels" / f"planted-{number}"
    percent = PLANTED[number]
    wheel = (
        slower_wheel(installed.site_packages, percent, folder)
        if percent
        else shifted_wheel(installed.site_packages, number, folder)
    )
    return parse_side(f"zarr={wheel},numcodecs=={newest.numcodecs}", run.catalogue)
