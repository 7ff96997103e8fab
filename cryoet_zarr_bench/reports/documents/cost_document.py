"""Cost of measuring and spread of its figures: docs/cost.md, written from the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import machine_of, machine_with
from cryoet_zarr_bench.analysis.settings_trials import CHOSEN, SETTINGS_FILE, read_settings
from cryoet_zarr_bench.common.shown_text import (
    for_markdown,
    markdown_code,
    markdown_table,
)

OVER = ("p10", "median", "p90")

_HEADINGS = (
    *("profile", "setting", "cells", "seconds a run", "seconds a cell"),
    *("CPU spread, median", "90 %", "wall spread, median", "90 %"),
    *("CPU time over the first's, 10 %", "median", "90 %", "load"),
)
_ALIGNMENTS = "--r-" + "r" * 9


def cost_report(results: Path, machine: str) -> str:
    """The report in Markdown, generated from the results alone."""
    tried = machine_with(results, SETTINGS_FILE, machine)
    settings = read_settings(results / tried / SETTINGS_FILE)
    described = machine_of(results, tried)
    source, cpu = markdown_code(f"results/{tried}/"), for_markdown(described["cpu"])
    return f"""# What measuring costs, and how far the figures spread

Written by `cryoet-zarr-bench readme` from {source}. Machine: {cpu},
{for_markdown(described["num_cpu"])} CPUs, {for_markdown(described["os"])}; other work runs on it
too.

A cell is one benchmark at one storage config. "seconds a cell" is the time of the whole `asv run`
divided by the number of its cells; it includes making the environment, writing and verifying the
stores, and all calls. "spread" is the factor between two identical runs, over all cells of the
kind. It comes from one pair of runs, so anything that disturbs one of them changes its row. "CPU
time over the first's" compares each setting with the first setting of the profile, cell by cell.

## The settings that were tried

{_table(settings)}

The history is measured with the setting "{CHOSEN.title}". Each cell runs in two processes, one in
each of two rounds through all cells, so that a burst of other work hits only one of them. Each
process makes one call to warm up and then 3 to 12 timed calls, until 0.08 s are spent. Wall time
and CPU time are read around the same calls. Benchmarks are imported once and forked.

## Within the history run of {for_markdown(machine)}

{_repeats(results, machine)}
"""


def _table(settings: list[dict[str, Any]]) -> str:
    if not settings:
        return "None yet: `cryoet-zarr-bench settings` tries them."
    rows = []
    for each in settings:
        seconds = each["seconds"]
        a_cell = sum(seconds) / len(seconds) / each["cells"]
        spreads = [
            f"{spread[what]:.3f}" if (spread := each[clock]) else ""
            for clock in ("cpu", "wall")
            for what in ("median", "p90")
        ]
        texts = [
            each["profile"],
            each["setting"],
            str(each["cells"]),
            ", ".join(f"{second:.0f}" for second in seconds),
            f"{a_cell:.3f}",
            *spreads,
            *(f"{over[what]:.2f}" if (over := each.get("over_chosen")) else "" for what in OVER),
            str(each["load"]),
        ]
        rows.append(texts)
    return markdown_table(_HEADINGS, rows, _ALIGNMENTS, tight_rule=True)


def _repeats(results: Path, machine: str) -> str:
    noise = read_noise(results, machine)
    cpu, wall = noise.spread(cpu=True), noise.spread(cpu=False)
    if cpu is None or wall is None:
        return "No release was measured more than once."
    releases = for_markdown(", ".join(sorted({each.release for each in noise.repeats})))
    noisy = sum(bool(each.noisy) for each in noise.repeats)
    return (
        f"{releases} was measured {len(noise.repeats)} times in the course of it. From one time to "
        f"the next a CPU figure changed by a factor of {cpu.median:.3f} at the median and "
        f"{cpu.high:.3f} at the 90th percentile ({cpu.count} comparisons), a wall figure by "
        f"{wall.median:.3f} and {wall.high:.3f} ({wall.count}). In {noisy} of the "
        f"{len(noise.repeats)} the canary, a fixed piece of work, spread over 10 %."
    )
