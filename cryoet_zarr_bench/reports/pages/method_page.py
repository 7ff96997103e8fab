"""What the page Method shows: how the figures are made, and how far they can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    repeated_figures,
    repeated_measurements,
)
from cryoet_zarr_bench.analysis.layout_comparison import published_layouts
from cryoet_zarr_bench.analysis.planted_steps import planted_steps, read_planted
from cryoet_zarr_bench.analysis.prediction_agreement import prediction_agreement
from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.analysis.s3_agreement import PROMISED, agreement
from cryoet_zarr_bench.analysis.trust_figures import (
    TRUST_FILE,
    false_alarms,
    power_curve,
    trust_in_words,
)
from cryoet_zarr_bench.prediction.prediction_trial_lines import (
    PREDICTIONS_FILE,
    read_prediction_trials,
)
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3_READING_FILE, read_s3_trials
from cryoet_zarr_bench.verdicts.known_answers import SAME, SHIFTED, SLOWER_READS, read_trust

RULES = (
    (
        "A store is verified before it is timed",
        "metadata, the header of every chunk, and that the same bits are read back. A config that "
        "fails has no figure, but its reason.",
    ),
    (
        "The release on the label is the one measured",
        "every process compares label, version, packages and the folder that they came from.",
    ),
    (
        "Nothing depends on a default",
        "codec, level, shuffle, fill value, threads and concurrency are set. One thread, one core.",
    ),
    (
        "Exact figures need no clock",
        "bytes, files and requests are the same in every run, so that a difference is a change.",
    ),
    (
        "Times of two releases are compared only if they ran side by side",
        "in pairs of fresh processes, A B B A, each with a memory layout of its own. The history "
        "is made of such pairs with an anchor release, so that the machine's pace cancels.",
    ),
    (
        "One rule says what is a change",
        "a ratio whose 99 % interval excludes 1 and whose estimate is beyond 5 %, in two runs that "
        "know nothing of each other.",
    ),
    (
        "Seconds on S3 are modelled",
        "the requests are counted, and replayed with a latency, connections and a line; the model "
        "was held against a real S3 server.",
    ),
)
"""What makes a figure honest: what is done, and how."""


def method_content(results: Path) -> dict[str, Any]:
    """Plain values for the page: rules, sentences on trust, and tables of it.

    A table has a title, headings, rows of texts, and a note; without results there are none.
    """
    machine = published_machine(results)
    said = [] if machine is None else trust_in_words(results, machine)
    return {
        "rules": [list(rule) for rule in RULES],
        "trust": [each.replace("`", "") for each in said],
        "tables": [] if machine is None else list(_tables(results, machine)),
    }


def _tables(results: Path, machine: str) -> Sequence[dict[str, Any]]:
    made = (_alarms, _power, _planted, _repeated, _s3, _predicted)
    return [table for make in made if (table := make(results, machine))["rows"]]


def _table(
    title: str, headings: tuple[str, ...], rows: list[list[str]], note: str
) -> dict[str, Any]:
    return {"title": title, "headings": list(headings), "rows": rows, "note": note}


def _alarms(results: Path, machine: str) -> dict[str, Any]:
    lines = read_trust(results / machine_with(results, TRUST_FILE, machine) / TRUST_FILE)
    tried = (
        ("the same release twice", SAME),
        ("the same release, elsewhere in memory", SHIFTED),
        ("writing, where only reading was made slower", SLOWER_READS),
    )
    rows = []
    for title, kind in tried:
        found = false_alarms(lines, (kind,))
        if found.cells:
            rows.append([title, str(found.cells), str(found.alarms), f"{found.hours:.1f}"])
    return _table(
        "Nothing changed: what was said?",
        ("compared", "cells", "false alarms", "hours"),
        rows,
        "A release compared with itself, by the rule that judges all releases.",
    )


def _power(results: Path, machine: str) -> dict[str, Any]:
    lines = read_trust(results / machine_with(results, TRUST_FILE, machine) / TRUST_FILE)
    rows = [
        [
            f"{each.percent} %",
            *(str(each.pairs), str(each.cells)),
            *(f"{each.called:.2f}", f"{each.excluded:.2f}", f"{each.ratio:.3f}"),
        ]
        for each in power_curve(lines)
    ]
    return _table(
        "Made slower on purpose: was it found?",
        (
            "slower by",
            "pairs",
            "cells",
            "called a regression",
            "interval excludes 1",
            "ratio found",
        ),
        rows,
        "Parts of the cells. A true 5 % is called a regression in at most half of them, since the "
        "rule asks for an estimate beyond 5 %.",
    )


def _planted(results: Path, machine: str) -> dict[str, Any]:
    rows = [
        [
            f"{each.percent} %" if each.percent else "none",
            *(str(value) for value in (each.steps, each.cells, each.right, each.wrong)),
        ]
        for each in planted_steps(read_planted(results, machine))
    ]
    return _table(
        "A history with planted steps: what does the anchored history say?",
        ("planted step", "steps", "cells", "said right", "said wrong"),
        rows,
        "Of neighbours, without a direct comparison. What is neither right nor wrong is not said.",
    )


def _repeated(results: Path, machine: str) -> dict[str, Any]:
    rows = [
        [
            each.release,
            *(str(each.times), f"{each.hours:.1f}", str(each.cells)),
            *(f"{each.median:.3f}", f"{each.high:.3f}"),
        ]
        for each in repeated_figures(repeated_measurements(results, machine))
    ]
    return _table(
        "One release measured again and again",
        ("release", "times", "over hours", "cells", "median cell", "90th percentile"),
        rows,
        "How many times its least the largest of a cell's anchored ratios is.",
    )


def _s3(results: Path, machine: str) -> dict[str, Any]:
    lines = read_s3_trials(results, machine_with(results, S3_READING_FILE, machine))
    layouts = [line for each in published_layouts(results) for line in each.lines]
    rows = []
    for pattern in dict.fromkeys(line.pattern for line in lines):
        for store_class in dict.fromkeys(line.store_class for line in lines):
            own = [e for e in lines if (e.pattern, e.store_class) == (pattern, store_class)]
            if found := agreement(own, layouts):
                texts = (str(found.count), str(found.within), f"{found.typical:.2f}")
                rows.append([pattern, store_class, *texts, f"{found.largest:.2f}"])
    return _table(
        "Read from a real S3 server over a slow line: was the model right?",
        ("pattern", "store class", "readings", "within 15 %", "median factor", "farthest"),
        rows,
        f"Measured over modelled seconds; {PROMISED:.2f} is promised. Above 1 is slower than the "
        "model says.",
    )


def _predicted(results: Path, machine: str) -> dict[str, Any]:
    machine = machine_with(results, PREDICTIONS_FILE, machine)
    trials = read_prediction_trials(results, machine)
    rows = []
    for tomogram in dict.fromkeys(trial.tomogram for trial in trials):
        found = prediction_agreement([each for each in trials if each.tomogram == tomogram])
        if found is not None:
            counts = (str(found.count), f"{found.held} of {found.known}")
            factors = (f"{found.typical:.2f}", f"{found.low:.2f} to {found.high:.2f}")
            rows.append([tomogram, *counts, f"{100 * found.off:.2g} %", *factors])
    return _table(
        "Predicted from a few chunks, then stored whole: did it hold?",
        ("tomogram", "trials", "sizes held", "size wrong by", "seconds", "nine of ten"),
        rows,
        "Sizes held: in their 95 % interval, of those that leave something to predict; wrong by: "
        "at the median. Seconds: measured over predicted, of slices, at the median.",
    )
