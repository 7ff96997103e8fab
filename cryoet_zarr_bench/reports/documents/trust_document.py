"""Trust in `confirm`: the table of what it said where the answer was known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    AnchoredHistory,
    read_anchored,
    repeated_figures,
    repeated_measurements,
)
from cryoet_zarr_bench.analysis.changes.direct_comparisons import (
    direct_agreements,
    read_direct,
)
from cryoet_zarr_bench.analysis.planted_steps import PLANTED, planted_steps, read_planted
from cryoet_zarr_bench.analysis.prediction_agreement import prediction_agreement
from cryoet_zarr_bench.analysis.result_reader import machine_of
from cryoet_zarr_bench.analysis.trust_figures import (
    TRUST_FILE,
    Power,
    false_alarms,
    power_curve,
)
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_code, markdown_table
from cryoet_zarr_bench.prediction.prediction_trial_lines import read_prediction_trials
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.verdicts.known_answers import (
    SAME,
    SHIFTED,
    SLOWER_READS,
    plan,
    read_trust,
)

_HEADINGS = (
    *("slower by", "pairs", "cells"),
    *("called a regression", "interval excludes 1", "pooled ratio"),
)


def trust_report(results: Path, machine: str) -> str:
    """The report in Markdown, generated from the results alone."""
    lines = read_trust(results / machine / TRUST_FILE)
    alarms, described = false_alarms(lines, (SAME,)), machine_of(results, machine)
    blocks = len({line["block"] for line in lines if "kind" in line})
    planned = len(plan(load_catalogue()))
    loads = sorted(line["load"] for line in lines)
    load = for_markdown(f"{loads[0]} to {loads[-1]}" if loads else "unknown")
    since = (
        ""
        if all(line.get("draws_layout") for line in lines)
        else " All of\nthis was measured before each process got a memory layout of its own; that "
        "widens the intervals of\ncalls that copy much data."
    )
    source = markdown_code(f"results/{machine}/{TRUST_FILE}")
    beside = "".join(tell(results, machine) for tell in (_planted, _repeated, _direct, _predicted))
    machine_is = for_markdown(f"{described['cpu']}, {described['num_cpu']} CPUs, {described['os']}")
    return f"""# Can `confirm` be trusted?

`make trust` asks `confirm` questions whose answers are known, and writes this page from {source}.
{_progress(blocks, planned, lines)} Machine: {machine_is};
load average {load} during the measurement.

## A release compared with itself

{alarms.cells} cells were compared, over {alarms.hours:.1f} hours: **{alarms.alarms} false alarms**
({alarms.single} before false discoveries are controlled). {alarms.no_change} cells were called "no
change within 10 %" and {alarms.inconclusive} "inconclusive".{since}
{_shifted(lines)}
## A release made slower on purpose

The newest zarr gets one more module, which keeps the CPU busy before each call for a fraction of
the CPU time that the last call took. It is built into a wheel, installed, and its identity is
checked like that of any release. The cells are those of writing and reading the volume. "called a
regression" is the fraction of them that `confirm` found:

{_power_table(power_curve(lines))}

A true slowdown of exactly 5 % is called a regression in at most half of the cases, with any number
of pairs: the rule asks for an estimate beyond 5 %, and half of all estimates of a true 5 % are
below that. The column "interval excludes 1" has no such limit.
{_reading(lines)}{beside}"""


def _progress(blocks: int, planned: int, lines: list[dict[str, Any]]) -> str:
    if lines and not blocks:
        return "This was measured by an earlier plan."
    return f"{blocks} of {planned} blocks of cells are measured."


def _power_table(found: list[Power]) -> str:
    rows = [
        [
            f"{each.percent} %",
            *(str(each.pairs), str(each.cells)),
            *(f"{each.called:.2f}", f"{each.excluded:.2f}", f"{each.ratio:.3f}"),
        ]
        for each in found
    ]
    return markdown_table(_HEADINGS, rows, "r" * len(_HEADINGS), tight_rule=True)


def _shifted(lines: list[dict[str, Any]]) -> str:
    found = false_alarms(lines, (SHIFTED,))
    if not found.cells:
        return """
Both sides import the same modules here, so this test cannot show effects of the memory layout,
which imports decide.
"""
    return f"""
## The same release elsewhere in memory

What a release imports decides where its data lie, and copying depends on that. So the newest zarr
gets one more module, which takes memory and does nothing: {found.cells} cells, over
{found.hours:.1f} hours, **{found.alarms} false alarms** ({found.single} before false discoveries
are controlled); {found.no_change} were called "no change within 10 %", {found.inconclusive}
"inconclusive".
"""


def _reading(lines: list[dict[str, Any]]) -> str:
    found = power_curve(lines, (SLOWER_READS,))
    if not found:
        return ""
    others = false_alarms(lines, (SLOWER_READS,))
    return f"""
## Slower in one kind of call

Reading alone is slower here; writing is not, and may not be called so: {others.alarms} false alarms
in {others.cells} cells of writing. Of reading:

{_power_table(found)}
"""


def _planted(results: Path, machine: str) -> str:
    found = planted_steps(read_planted(results, machine))
    if not found:
        return ""
    rows = [
        [
            f"{each.percent} %" if each.percent else "none",
            *(str(value) for value in (each.steps, each.cells, each.right, each.wrong)),
        ]
        for each in found
    ]
    headings = ("planted step", "steps", "cells", "said right", "said wrong")
    return f"""
## A history whose truth is known

{len(PLANTED)} releases of one zarr, each slower than it was released by
{", ".join(f"{percent} %" for percent in PLANTED)}, were measured beside the anchor.
What the anchored history says of neighbours, without a direct comparison:

{markdown_table(headings, rows, "r" * len(headings), tight_rule=True)}
"""


def _repeated(results: Path, machine: str) -> str:
    found = repeated_figures(repeated_measurements(results, machine))
    said = [
        f"{for_markdown(each.release)} was measured {each.times} times over "
        f"{each.hours:.1f} hours: "
        f"the largest of a cell's ratios is {each.median:.3f} times its least at the median of "
        f"{each.cells} cells, and {each.high:.3f} times at the 90th percentile."
        for each in found
    ]
    if not said:
        return ""
    return "\n## An anchored figure, measured again\n\n" + "\n".join(said) + "\n"


def _direct(results: Path, machine: str) -> str:
    history = AnchoredHistory(read_anchored(results, machine))
    rows = [
        [
            *(for_markdown(each.a), for_markdown(each.b), str(each.cells)),
            *(str(each.overlapping), f"{each.typical:.3f}"),
            f"{each.least:.3f} to {each.largest:.3f}",
        ]
        for each in direct_agreements(read_direct(results, machine), history)
    ]
    if not rows:
        return ""
    headings = ["from", "to", "cells", "intervals overlap", "median", "least to largest"]
    return (
        "\n## The history against direct comparisons\n\nThe history's ratio of two releases over "
        "the ratio that `confirm` found side by\nside, cell by cell; 1 is agreement.\n\n"
        f"{markdown_table(headings, rows)}\n"
    )


def _predicted(results: Path, machine: str) -> str:
    found = prediction_agreement(read_prediction_trials(results, machine))
    if found is None:
        return ""
    return f"\n## Predictions of `recommend` and `quick`\n\n{found.sentence}\n"
