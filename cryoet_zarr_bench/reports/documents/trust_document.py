"""Trust in `confirm`: the table of what it said where the answer was known."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.result_reader import machine_of
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_code, markdown_table
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.verdicts.change_rule import CHANGES, INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.judgement import estimate, verdict
from cryoet_zarr_bench.verdicts.known_answers import SLOWDOWNS, plan, read_trust

TRUST_FILE = "trust.jsonl"
"""In a machine's folder of results: a line for each cell. asv reads no such file."""

_PAIRS = (8, 10, 20)

_HEADINGS = (
    *("slower by", "pairs", "cells"),
    *("called a regression", "interval excludes 1", "pooled ratio"),
)


@dataclass(frozen=True)
class FalseAlarms:
    """Verdicts on releases compared with themselves, over `cells` of them.

    `alarms` were called changed by `confirm`, `single` would have been without its control of false
    discoveries. `hours` is the time between the first cell and the last.
    """

    cells: int
    alarms: int
    single: int
    no_change: int
    inconclusive: int
    hours: float


def false_alarms(lines: Iterable[dict[str, Any]]) -> FalseAlarms:
    """Sum up the lines of blocks against themselves."""
    same = [line for line in lines if line["percent"] == 0]
    times = sorted(datetime.fromisoformat(line["measured_at"]) for line in same)
    return FalseAlarms(
        cells=len(same),
        alarms=sum(line["verdict"] in CHANGES for line in same),
        single=sum(verdict(estimate(line["cpu"])) in CHANGES for line in same),
        no_change=sum(line["verdict"] == NO_CHANGE for line in same),
        inconclusive=sum(line["verdict"] == INCONCLUSIVE for line in same),
        hours=(times[-1] - times[0]).total_seconds() / 3600 if times else 0.0,
    )


@dataclass(frozen=True)
class Power:
    """Of `cells` slower by `percent`, the parts that the first `pairs` pairs called a regression.

    `excluded` is the part whose interval excludes 1, whatever the estimate. `ratio` is the pooled
    ratio: the geometric mean.
    """

    percent: int
    pairs: int
    cells: int
    called: float
    excluded: float
    ratio: float


def power_curve(lines: Iterable[dict[str, Any]]) -> list[Power]:
    """The power at every slowdown and number of pairs there are measurements of."""
    by_percent: dict[int, list[list[float]]] = {percent: [] for percent in SLOWDOWNS}
    for line in lines:
        if line["percent"]:
            by_percent[line["percent"]].append(line["cpu"])
    found = []
    for percent, cells in by_percent.items():
        for pairs in _PAIRS:
            known = [estimate(cell[:pairs]) for cell in cells if len(cell) >= pairs]
            if known:
                pooled = statistics.fmean(value for cell in cells for value in cell[:pairs])
                found.append(
                    Power(
                        percent,
                        pairs,
                        len(known),
                        sum(verdict(each) == REGRESSION for each in known) / len(known),
                        sum(each.low > 1 for each in known) / len(known),
                        math.exp(pooled),
                    )
                )
    return found


def trust_report(results: Path, machine: str) -> str:
    """The report in Markdown, generated from the results alone."""
    lines = read_trust(results / machine / TRUST_FILE)
    alarms, described = false_alarms(lines), machine_of(results, machine)
    blocks, planned = len({line["block"] for line in lines}), len(plan(load_catalogue()))
    loads = sorted(line["load"] for line in lines)
    load = for_markdown(f"{loads[0]} to {loads[-1]}" if loads else "unknown")
    since = (
        ""
        if all(line.get("draws_layout") for line in lines)
        else " All of\nthis was measured before each process got a memory layout of its own; that "
        "widens the intervals of\ncalls that copy much data."
    )
    power = [
        [
            f"{each.percent} %",
            *(str(each.pairs), str(each.cells)),
            *(f"{each.called:.2f}", f"{each.excluded:.2f}", f"{each.ratio:.3f}"),
        ]
        for each in power_curve(lines)
    ]
    table = markdown_table(_HEADINGS, power, "r" * len(_HEADINGS), tight_rule=True)
    source = markdown_code(f"results/{machine}/{TRUST_FILE}")
    machine_is = for_markdown(f"{described['cpu']}, {described['num_cpu']} CPUs, {described['os']}")
    return f"""# Can `confirm` be trusted?

`make trust` asks `confirm` questions whose answers are known, and writes this page from {source}.
{blocks} of {planned} blocks of cells are measured. Machine: {machine_is};
load average {load} during the measurement.

## A release compared with itself

{alarms.cells} cells were compared, over {alarms.hours:.1f} hours: **{alarms.alarms} false alarms**
({alarms.single} before false discoveries are controlled). {alarms.no_change} cells were called "no
change within 10 %" and {alarms.inconclusive} "inconclusive". Both sides import the same modules
here, so this test cannot show effects of the memory layout, which imports decide.{since}

## A release made slower on purpose

The newest zarr gets one more module, which keeps the CPU busy before each call for a fraction of
the CPU time that the last call took. It is built into a wheel, installed, and its identity is
checked like that of any release. The cells are those of writing and reading the volume. "called a
regression" is the fraction of them that `confirm` found:

{table}

A true slowdown of exactly 5 % is called a regression in at most half of the cases, with any number
of pairs: the rule asks for an estimate beyond 5 %, and half of all estimates of a true 5 % are
below that. The column "interval excludes 1" has no such limit."""
