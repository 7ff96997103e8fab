"""What the settings of asv cost, and how far two identical runs then differ: measured, not guessed.

The settings of the history run were chosen by this.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.measure import Place, choose_python
from cryoet_zarr_bench.releases.places import PROJECT, WORK
from cryoet_zarr_bench.reports.results import MeasuredRelease, read_results
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.whole_files import write_whole

SETTINGS_FILE = "settings.jsonl"
"""In a machine's folder of results: a line for each setting. asv reads no such file."""


@dataclass(frozen=True)
class Setting:
    """Options of `asv run`, and how often the same run is made."""

    title: str
    options: tuple[str, ...]
    runs: int = 2


CHOSEN = Setting("as the history is measured", ("--interleave-rounds",))

TRIED = (
    CHOSEN,
    Setting("rounds of a cell one after the other", ("--no-interleave-rounds",)),
    Setting(
        "four rounds of fewer calls, interleaved",
        ("--interleave-rounds", "-a", "rounds=4", "-a", "repeat=(2,6,0.04)"),
    ),
    Setting(
        "exact figures alone, a process for each (asv's own way)",
        ("--launch-method", "spawn", "-b", "track_"),
        1,
    ),
    Setting("exact figures alone, forked (as the history is measured)", ("-b", "track_"), 1),
)


def try_settings(console: Console, machine: str, tag: str | None, only_chosen: bool) -> None:
    """Measure a release under each setting, in turn, and add what came out to the results.

    Raises BadInput where asv does not run.
    """
    catalogue, profile = load_catalogue(), selected_profile()
    release = catalogue.find(tag) if tag else catalogue.newest("3.x")
    settings = (CHOSEN,) if only_chosen else TRIED
    seconds: dict[str, list[float]] = {setting.title: [] for setting in settings}
    found: dict[str, list[MeasuredRelease]] = {setting.title: [] for setting in settings}
    for run in range(max(setting.runs for setting in settings)):
        for number, setting in enumerate(settings):
            if run < setting.runs:
                console.print(f"{profile.name}, run {run + 1}: {setting.title}")
                place = _place(f"{number}-{run}", machine)
                begin = time.monotonic()
                _run_asv(place, release.tag, setting)
                seconds[setting.title].append(time.monotonic() - begin)
                found[setting.title].append(_newest(place))
    path = PROJECT / "results" / machine / SETTINGS_FILE
    kept = [line for line in read_settings(path) if line["profile"] != profile.name]
    for setting in settings:
        runs = found[setting.title]
        kept.append(
            {
                "profile": profile.name,
                "setting": setting.title,
                "options": list(setting.options),
                "release": release.tag,
                "cells": sum(len(cells) for cells in runs[0].figures.values()),
                "seconds": [round(each, 1) for each in seconds[setting.title]],
                "cpu": _spread(runs, cpu=True),
                "wall": _spread(runs, cpu=False),
                "canary_spread": [each.canary_spread for each in runs],
                "load": round(os.getloadavg()[0], 2),
                "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
    write_whole(path, "".join(json.dumps(line) + "\n" for line in kept))


def read_settings(path: Path) -> list[dict[str, Any]]:
    """All settings tried so far."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def _place(name: str, machine: str) -> Place:
    folder = WORK / "settings" / f"{selected_profile().name}-{name}"
    return Place(folder, folder / "results", folder / "html", choose_python(None), machine)


def _run_asv(place: Place, tag: str, setting: Setting) -> None:
    os.environ["CRYOET_MACHINE"] = str(place.machine)
    command = [sys.executable, "-m", "asv", "run", "--no-pull", "--record-samples"]
    command += ["--config", str(place.write_configuration([None]))]
    command += ["--machine", str(place.machine), *setting.options, f"{tag}^!"]
    with place.log.open("w") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode
    if code:
        raise BadInput(f"asv ended with {code} where it tried settings; see {place.log}")


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


def _factors(one: MeasuredRelease, other: MeasuredRelease, *, cpu: bool) -> Iterator[float]:
    for benchmark, cells in one.figures.items():
        if ".time_" in benchmark and benchmark.endswith("_cpu") == cpu:
            for cell, figure in cells.items():
                again = other.figure(benchmark, cell)
                if again:
                    yield math.exp(abs(math.log(figure / again)))
