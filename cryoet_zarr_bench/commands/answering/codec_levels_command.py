"""`codec-levels`: what a higher level of a codec wins in bytes, and what it costs in time."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import Progress

from cryoet_zarr_bench.api.measuring import measure
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.measurement.codec_levels import (
    CHUNKS,
    FAMILIES,
    LEVELS,
    CodecLevelLine,
    keep_codec_levels,
    read_codec_levels,
)
from cryoet_zarr_bench.tomograms.selected_tomogram import select_tomogram

TOMOGRAMS = ("synthetic:10A@128", "synthetic:denoised@128", "synthetic:int16@128")
"""What levels are measured on, where nothing is named."""

PROCESSES = 3
"""Fresh processes that time each codec."""


def run_codec_levels(console: Console, machine: str, sources: list[str], again: bool) -> None:
    """Measure every level of every family, and keep what came of each tomogram at once.

    Args:
        console: where each tomogram is told.
        machine: the name of this machine's results.
        sources: tomograms as for `bench`; `TOMOGRAMS` where empty.
        again: whether those that are there are measured anew.

    Raises:
        BadInput: a tomogram cannot be had, or another run is measuring.
    """
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    known = {line.tomogram for line in read_codec_levels(results, machine)}
    for source in sources or TOMOGRAMS:
        label = select_tomogram(source).label
        if label in known and not again:
            continue
        found = _measured(console, source, label)
        others = [e for e in read_codec_levels(results, machine) if e.tomogram != label]
        keep_codec_levels(results, machine, sorted([*others, *found], key=lambda e: e.tomogram))
        console.print(for_markup(f"{label}: {len(found)} levels of {len(FAMILIES)} families"))


def _measured(console: Console, source: str, label: str) -> list[CodecLevelLine]:
    wanted = {
        f"{name.format(level)} {CHUNKS}": (family, level)
        for family, name in FAMILIES.items()
        for level in LEVELS
    }
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(for_markup(label), total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        table = measure(
            source, list(wanted), patterns=("write", "read"), repeat=PROCESSES, progress=advance
        )
    failed = table[table.reason != ""]
    if len(failed):
        raise BadInput(f"{label}: {failed.config.iloc[0]} failed: {failed.reason.iloc[0]}")
    return [_line(label, wanted[row["config"]], row, table.attrs) for _, row in table.iterrows()]


def _line(
    label: str, level: tuple[str, int], row: Any, attributes: dict[str, Any]
) -> CodecLevelLine:
    gigabytes = row["stored_bytes"] * row["ratio"] / 1e9
    return CodecLevelLine(
        tomogram=label,
        family=level[0],
        level=level[1],
        ratio=float(row["ratio"]),
        write_cpu=float(row["write_cpu_s"]) / gigabytes,
        read_cpu=float(row["read_cpu_s"]) / gigabytes,
        spread=[float(row["write_spread"]), float(row["read_spread"])],
        processes=PROCESSES,
        zarr=str(attributes["zarr"]),
        measured_at=stamp()["measured_at"],
    )
