"""`shuffled-integers`: what shuffling wins or loses on tomograms of integers."""

from __future__ import annotations

from rich.console import Console

from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.layouts.shuffled_integers import (
    CODECS,
    TOMOGRAMS,
    ShuffledIntegersLine,
    encoded_bytes,
    keep_shuffled_integers,
    read_shuffled_integers,
)
from cryoet_zarr_bench.tomograms.selected_tomogram import select_tomogram

EVERY_CODEC = tuple(codec for ways in CODECS.values() for codec in ways.values())


def run_shuffled_integers(console: Console, machine: str, sources: list[str]) -> None:
    """Encode each tomogram with every codec; keep what came of each at once.

    Args:
        console: where each tomogram is told.
        machine: the name of this machine's results.
        sources: tomograms as for `bench`; `TOMOGRAMS` where empty, without those already encoded.

    Raises:
        BadInput: a tomogram cannot be had, or its voxels are no integers.
    """
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    known = {line.tomogram: line for line in read_shuffled_integers(results, machine)}
    for source in sources or TOMOGRAMS:
        tomogram = select_tomogram(source)
        if not sources and tomogram.label in known:
            continue
        voxels = tomogram.load(mmap=True)
        if voxels.dtype.kind not in "iu":
            raise BadInput(f"{source}: its voxels are {voxels.dtype}, no integers; name another")
        with console.status(for_markup(tomogram.name)):
            encoded = encoded_bytes(voxels, EVERY_CODEC)
        line = ShuffledIntegersLine(
            tomogram=tomogram.label,
            dtype=str(voxels.dtype),
            raw_bytes=voxels.nbytes,
            encoded=encoded,
        )
        console.print(for_markup(in_words(line)))
        known[line.tomogram] = line
        keep_shuffled_integers(results, machine, [known[label] for label in sorted(known)])


def in_words(line: ShuffledIntegersLine) -> str:
    """What shuffling wins, on one line of a terminal."""
    won = (
        f"{compressor} {100 * line.won_by(compressor, shuffle):+.1f} % by {shuffle}"
        for compressor, ways in CODECS.items()
        for shuffle in ways
        if shuffle != "none"
    )
    return f"{line.tomogram}: {', '.join(won)}"
