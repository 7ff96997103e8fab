"""`prediction-trials`: predictions from a few chunks held against whole tomograms."""

from __future__ import annotations

import itertools

from rich.console import Console

from cryoet_zarr_bench.analysis.prediction_agreement import prediction_agreement
from cryoet_zarr_bench.api.predicting import try_prediction
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.prediction.prediction_trial_lines import (
    PredictionTrialLine,
    keep_prediction_trials,
    read_prediction_trials,
    trial_line,
)
from cryoet_zarr_bench.tomograms.selected_tomogram import select_tomogram

TOMOGRAMS = (
    "synthetic:10A@184x630x630",
    "synthetic:denoised@184x630x630",
    "synthetic:int16@184x630x630",
    "synthetic:5A@128x512x512",
    "synthetic:10A@128x512x512,int8",
)
"""What predictions are tried with, where none is named."""

LAYOUTS = (
    "portal-2024",
    "copick-2026",
    "64",
    "blosc-zstd-5-bitshuffle 16x256x256 in all",
    "blosc-zstd-5-bitshuffle 32x128x128 in 256x512x512",
    "shuffle+zstd-1 64x64x64",
)
"""The layouts that are tried: small and large chunks, files and shards, quick codecs and slow."""


def run_prediction_trials(
    console: Console, machine: str, sources: list[str], seeds: int, again: bool
) -> None:
    """Predict, write whole, and keep what came of each at once; those that are there are left out.

    Args:
        console: where each trial is told.
        machine: the name of this machine's results.
        sources: tomograms as for `bench`; `TOMOGRAMS` where empty.
        seeds: how many samples of chunks are tried of each layout.
        again: whether those that are there are tried anew.

    Raises:
        BadInput: a tomogram cannot be had, another run is measuring, or there is no room.
    """
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    known = {_key(trial): trial for trial in read_prediction_trials(results, machine)}
    with alone(WORK):
        for source in sources or TOMOGRAMS:
            label = select_tomogram(source).label
            for layout, seed in itertools.product(LAYOUTS, range(seeds)):
                if (label, layout, seed) in known and not again:
                    continue
                line = trial_line(label, seed, try_prediction(source, layout, seed))
                console.print(for_markup(in_words(line)))
                known[_key(line)] = line
                kept = [known[key] for key in sorted(known)]
                keep_prediction_trials(results, machine, kept)
    found = prediction_agreement(list(known.values()))
    if found is not None:
        console.print(found.sentence)


def _key(trial: PredictionTrialLine) -> tuple[str, str, int]:
    return trial.tomogram, trial.layout, trial.seed


def in_words(line: PredictionTrialLine) -> str:
    """A trial on one line of a terminal."""
    size = line.stored_bytes / line.stored[1] - 1
    width = line.stored[2] / line.stored[1] - 1
    slices = ", ".join(
        f"{name} x{line.measured_seconds[name] / seconds:.2f}"
        for name, seconds in line.seconds.items()
    )
    held = "held" if line.held else "NOT held"
    return (
        f"{line.tomogram}, {line.layout}: bytes {100 * size:+.2f} % (+-{100 * width:.2f} %, {held})"
        f"; {slices}"
    )
