"""Measure what asv's settings cost, and how far two identical runs then differ.

The settings of the history run were chosen by this.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease, read_results
from cryoet_zarr_bench.analysis.settings_trials import (
    CHOSEN,
    SETTINGS_FILE,
    TRIED,
    Setting,
    read_settings,
)
from cryoet_zarr_bench.asv_bridge.asv_runs import last_line, run_watched
from cryoet_zarr_bench.asv_bridge.cells.exact_cells import BY_PROCESS
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.asv_bridge.release_steps import Place
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.json_lines import write_lines
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.measured.cpu_cores import EVERY_CORE
from cryoet_zarr_bench.measured.freed_memory import TRIM_MEMORY
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import selected_profile


def try_settings(console: Console, machine: str, tag: str | None, only_chosen: bool) -> None:
    """Measure a release under each setting, in turn, and keep what came out of each at once.

    A setting's runs lie apart in time where several settings are tried. Raises BadInput if asv
    does not run, or where results of that name are of another kind of machine.
    """
    require_folders()
    refuse_another_machine(PROJECT / "results", machine)
    catalogue, profile = load_catalogue(), selected_profile()
    release = catalogue.find(tag) if tag else catalogue.newest("3.x")
    settings = (CHOSEN,) if only_chosen else TRIED
    trials = {setting: Trial([], []) for setting in settings}
    path = PROJECT / "results" / machine / SETTINGS_FILE
    with alone(WORK):
        for run in range(max(setting.runs for setting in settings)):
            for number, (setting, trial) in enumerate(trials.items()):
                if run >= setting.runs:
                    continue
                console.print(f"{profile.name}, run {run + 1}: {for_markup(setting.title)}")
                place = _place(f"{number}-{run}", machine)
                begin = time.monotonic()
                _run_asv(place, release.tag, setting)
                trial.seconds.append(time.monotonic() - begin)
                trial.found.append(_newest(place))
                if run + 1 == setting.runs:
                    chosen = trials[settings[0]].found
                    line = _line(setting, trial, chosen, profile.name, release.tag)
                    _keep(path, profile.name, line)


@dataclass(frozen=True)
class Trial:
    """The runs of one setting so far: the seconds of each, and what it measured."""

    seconds: list[float]
    found: list[MeasuredRelease]


def _keep(path: Path, profile: str, line: dict[str, Any]) -> None:
    """Add a setting, in the place of an earlier trial of it."""
    titles = [setting.title for setting in TRIED]
    others = [
        each
        for each in read_settings(path)
        if (each["profile"], each["setting"]) != (profile, line["setting"])
        and each["setting"] in titles
    ]
    write_lines(
        path,
        sorted([*others, line], key=lambda each: (each["profile"], titles.index(each["setting"]))),
    )


def _line(
    setting: Setting, trial: Trial, chosen: list[MeasuredRelease], profile: str, tag: str
) -> dict[str, Any]:
    return {
        "profile": profile,
        "setting": setting.title,
        "options": list(setting.options),
        "release": tag,
        "cells": sum(len(cells) for cells in trial.found[0].figures.values()),
        "seconds": [round(each, 1) for each in trial.seconds],
        "cpu": _spread(trial.found, cpu=True),
        "wall": _spread(trial.found, cpu=False),
        "over_chosen": _over(trial.found, chosen),
        "canary_spread": [each.canary_spread for each in trial.found],
        **stamp(),
    }


def _place(name: str, machine: str) -> Place:
    folder = WORK / "settings" / f"{selected_profile().name}-{name}"
    return Place(folder, folder / "results", folder / "html", choose_python(None), machine)


def _run_asv(place: Place, tag: str, setting: Setting) -> None:
    os.environ["CRYOET_MACHINE"] = str(place.machine)
    command = [sys.executable, "-m", "asv", "run", "--no-pull", "--record-samples"]
    command += ["--config", str(place.write_configuration([None]))]
    command += ["--machine", str(place.machine), *setting.options, f"{tag}^!"]
    place.log.write_text("")
    os.environ[BY_PROCESS] = "1" if setting.by_process else ""
    os.environ[EVERY_CORE] = "1" if setting.every_core else ""
    os.environ[TRIM_MEMORY] = "1" if setting.trim_memory else ""
    if code := run_watched(command, place.log):
        raise BadInput(
            f"asv ended with {code} where it tried settings: {last_line(place.log)} "
            f"(see {place.log})"
        )


def _newest(place: Place) -> MeasuredRelease:
    return max(read_results(place.results), key=lambda result: result.measured_at)


def _spread(runs: list[MeasuredRelease], *, cpu: bool) -> dict[str, float] | None:
    """By what factor the figures of two identical runs differ: median and 90th percentile."""
    if len(runs) != 2:
        return None
    factors = list(_factors(*runs, cpu=cpu))
    if not factors:
        return None
    median, high = np.quantile(factors, (0.5, 0.9))
    return {"median": round(float(median), 4), "p90": round(float(high), 4), "cells": len(factors)}


def _over(runs: list[MeasuredRelease], chosen: list[MeasuredRelease]) -> dict[str, float] | None:
    """CPU figures over those as the history is measured, of the first run of each."""
    ratios = list(_ratios(chosen[0], runs[0], cpu=True)) if runs[0] is not chosen[0] else []
    if not ratios:
        return None
    low, median, high = np.quantile(ratios, (0.1, 0.5, 0.9))
    return {
        name: round(float(of), 4) for name, of in (("p10", low), ("median", median), ("p90", high))
    }


def _factors(one: MeasuredRelease, other: MeasuredRelease, *, cpu: bool) -> Iterator[float]:
    return (math.exp(abs(math.log(ratio))) for ratio in _ratios(one, other, cpu=cpu))


def _ratios(one: MeasuredRelease, other: MeasuredRelease, *, cpu: bool) -> Iterator[float]:
    """Of each timed cell the figure of the other run over that of the one."""
    for benchmark, cells in one.figures.items():
        if ".time_" in benchmark and benchmark.endswith("_cpu") == cpu:
            for cell, figure in cells.items():
                again = other.figure(benchmark, cell)
                if again:
                    yield again / figure
