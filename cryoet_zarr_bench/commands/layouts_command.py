"""`layouts`: how the field stores tomograms, measured on tomograms of real size."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.layouts.compared_layouts import COMPARED
from cryoet_zarr_bench.layouts.layout_lines import (
    LayoutLine,
    keep_layout_lines,
    read_layout_lines,
)
from cryoet_zarr_bench.layouts.layout_measurement import MeasuredLayout
from cryoet_zarr_bench.layouts.named_layouts import Layout, layout_called
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_scratch_folder,
    remove_scratch_folders,
    require_folders,
)
from cryoet_zarr_bench.measurement.measured_environments import environment_of
from cryoet_zarr_bench.releases.catalogue import Catalogue, load_catalogue
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram

ROOM = 6
"""Times the tomogram that a store, a change of it and what a library keeps meanwhile may take."""


def run_layouts(
    console: Console,
    machine: str,
    names: list[str],
    again: bool,
    minutes: float | None,
    recount: bool = False,
) -> int:
    """Measure layouts of the selected tomogram; return how many are left.

    Args:
        console: where progress is told.
        machine: the name of this machine's results.
        names: layouts by name, such as `layout:portal-2024`, or storage configs; all that are
            compared where empty.
        again: whether those that were measured are measured anew.
        minutes: after these no other is begun.
        recount: whether of those that were measured only what needs no clock is counted anew.

    Raises:
        BadInput: there is no such layout, or something that it needs cannot be had.
    """
    begin = time.monotonic()
    layouts = [layout_called(name) for name in names or COMPARED]
    require_folders()
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    tomogram = selected_tomogram()
    label = selected_tomogram().label
    known = {(line.layout, line.tomogram): line for line in read_layout_lines(results, machine)}
    left = [each for each in layouts if again or is_left(known.get((each.name, label)), recount)]
    scratch = claim_scratch_folder(ROOM * tomogram.load(mmap=True).nbytes)
    try:
        with alone(WORK):
            # What other releases can read is not counted anew.
            wanted = () if recount or not left else readers_of(load_catalogue())
            readers = tuple(environment_of(zarr, None).python for zarr in wanted)
            for place, layout in enumerate(left):
                if minutes is not None and time.monotonic() - begin > 60 * minutes:
                    return len(left) - place
                console.print(
                    f"[bold]{for_markup(layout.title)}[/bold] of {for_markup(tomogram.name)} "
                    f"({place + 1} of {len(left)})"
                )
                old = known.get((layout.name, label)) if recount else None
                line = _measured(console, layout, scratch / f"layout-{place}", readers, old)
                known[line.layout, line.tomogram] = line
                keep_layout_lines(results, machine, _ordered(known.values()))
    finally:
        remove_scratch_folders()
    return 0


def is_left(line: LayoutLine | None, recount: bool) -> bool:
    """True if a layout is to be measured; where it is counted anew, if it could be written."""
    if recount:
        return line is not None and line.reason is None
    return line is None


def _measured(
    console: Console,
    layout: Layout,
    folder: Path,
    readers: tuple[Path, ...],
    old: LayoutLine | None,
) -> LayoutLine:
    folder.mkdir(parents=True)
    tomogram, python = selected_tomogram(), choose_python(None)
    begin = time.monotonic()
    with console.status("") as status:
        measured = MeasuredLayout(
            layout, tomogram, folder, python, readers, lambda what: status.update(for_markup(what))
        )
        line = measured.measure() if old is None else measured.recounted(old)
    said = line.reason or (
        f"{line.stored_bytes / line.raw_bytes:.3f} of the tomogram in {line.files} files"
    )
    console.print(f"  {for_markup(said)}; {time.monotonic() - begin:.0f} s")
    return line


def readers_of(catalogue: Catalogue) -> tuple[str, ...]:
    """The versions of zarr that try to read a layout: the last of zarr 2, first and last of 3."""
    first = next(each.zarr for each in catalogue.releases if each.zarr.startswith("3."))
    return catalogue.newest("2.x").zarr, first, catalogue.newest("3.x").zarr


def _ordered(lines: Iterable[LayoutLine]) -> list[LayoutLine]:
    return sorted(lines, key=lambda line: (line.tomogram, line.layout))
