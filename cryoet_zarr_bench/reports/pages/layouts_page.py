"""What the first page and the page Layouts show: layouts, the answers from them, the questions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.layout_comparison import (
    TODAY,
    ComparedLayouts,
    is_file,
    per_terabyte,
    published_layouts,
    title_of,
)
from cryoet_zarr_bench.analysis.recommending.agreeing_machines import (
    agreement_of,
    measured_everywhere,
)
from cryoet_zarr_bench.analysis.recommending.collection_costs import encoding_seconds
from cryoet_zarr_bench.analysis.recommending.creating_lines import creating_lines
from cryoet_zarr_bench.analysis.recommending.lossy_choices import (
    RULE_SOURCE,
    LossyChoice,
    lossy_choices,
)
from cryoet_zarr_bench.analysis.recommending.recommendation import TIED, recommend
from cryoet_zarr_bench.analysis.recommending.storage_prices import PRICE_LISTS
from cryoet_zarr_bench.analysis.recommending.storage_purposes import (
    FIGURES,
    PURPOSES,
    StoragePurpose,
)
from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.analysis.s3_agreement import agreement
from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import PLACES, USUAL
from cryoet_zarr_bench.reports.questions.answered_questions import answered_questions
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3_READING_FILE, read_s3_trials

BEST = 6
"""Layouts of a ranking that the first page has a row of."""


def layouts_content(results: Path) -> dict[str, dict[str, Any]]:
    """Plain values for the pages, by the name of the file: `index`, and one a tomogram.

    The index has no tomograms and no answers where no layouts were measured. Purposes have a name,
    a title and the pattern that they read most; `prices` are in dollars, the usual list first;
    `validated` says how modelled seconds agree with measured ones; `questions` are those that have
    an answer. `figures` can count for a purpose, by `weights`; `tied` is how many times the loss of
    the best one a layout may have that is as good; `lossy` is what can be won where some damage is
    allowed.
    """
    found = published_layouts(results)
    everywhere = measured_everywhere(results)
    files = {str(number): _tomogram(each, everywhere) for number, each in enumerate(found)}
    index = {
        "today": TODAY,
        "places": list(PLACES),
        "usual": USUAL,
        "patterns": [[pattern.name, pattern.title] for pattern in PATTERNS.values()],
        "purposes": [[each.name, each.title, each.main_pattern] for each in PURPOSES.values()],
        "figures": [[name, title] for name, title in FIGURES.items()],
        "weights": [dict(each.weights) for each in PURPOSES.values()],
        "tied": TIED,
        "lossy": [_lossy(each) for each in lossy_choices(results)],
        "validated": _validated(results, found),
        "prices": [vars(prices) for prices in PRICE_LISTS.values()],
        "tomograms": [
            {"file": file, **{key: each[key] for key in ("name", "dtype", "shape", "raw_bytes")}}
            for file, each in files.items()
        ],
        "questions": [
            _question(question, answer)
            for question, answer in answered_questions(results)
            if answer is not None
        ],
    }
    return {"index": index, **files}


def _validated(results: Path, layouts: Sequence[ComparedLayouts]) -> str:
    """How the modelled seconds agree with those of a real server; empty if that was not tried."""
    machine = published_machine(results)
    if machine is None:
        return ""
    trials = read_s3_trials(results, machine_with(results, S3_READING_FILE, machine))
    found = agreement(trials, [line for each in layouts for line in each.lines])
    return "" if found is None else found.sentence


def _tomogram(compared: ComparedLayouts, everywhere: list[ComparedLayouts]) -> dict[str, Any]:
    """A tomogram with its layouts and answers.

    `todays` are the layouts that an answer can be held against. `answers` are by purpose and place,
    in the order of `PURPOSES` and `PLACES`: the numbers of the best layouts, those of the tied
    ones, those of the front, the sentence, what it gains against each of `todays`, and how many
    machines agree.
    """
    first = compared.lines[0]
    todays = [line.layout for line in compared.named]
    return {
        "name": compared.tomogram,
        "machine": compared.machine,
        "dtype": first.levels[0].dtype,
        "shape": first.levels[0].shape,
        "raw_bytes": first.raw_bytes,
        "layouts": [_layout(line) for line in compared.lines],
        "todays": [[name, title_of(name)] for name in todays],
        "answers": [
            [_answer(compared, purpose, place, todays, everywhere) for place in PLACES]
            for purpose in PURPOSES.values()
        ],
    }


def _answer(
    compared: ComparedLayouts,
    purpose: StoragePurpose,
    place: str,
    todays: list[str],
    everywhere: list[ComparedLayouts],
) -> list[Any]:
    found = recommend(compared, purpose, place)
    if found is None:
        return []
    number = {line.layout: i for i, line in enumerate(compared.lines)}
    said = found.parts
    return [
        [number[each.line.layout] for each in found.ranking[:BEST]],
        [number[each.line.layout] for each in found.tied],
        [number[each.line.layout] for each in found.front],
        said.pick,
        " ".join(filter(None, (said.tied, said.unable))),
        [found.held_against(today).parts.against for today in todays],
        agreement_of(found, everywhere).sentence,
    ]


def _layout(line: LayoutLine) -> dict[str, Any]:
    """A layout; sizes are in bytes, `encoding` in CPU seconds.

    `reading` has of each pattern the seconds in the order of `PLACES`, GETs, bytes fetched, CPU
    seconds as they were timed or None, and the CPU seconds of decoding.
    """
    finest = line.levels[0]
    return {
        "name": line.layout,
        "title": title_of(line.layout),
        "about": LAYOUTS[line.layout].about if line.layout in LAYOUTS else "",
        "is_file": is_file(line),
        "chunks": finest.chunks,
        "shards": finest.shards,
        "codecs": finest.codecs,
        "format": finest.zarr_format,
        "stored_bytes": line.stored_bytes,
        "files": line.files,
        "files_per_tb": round(per_terabyte(line, line.files)),
        "encoding": encoding_seconds(line),
        "write_memory": None if line.write is None else line.write.memory,
        "changing_a_box": short(line.changing["box"].amplification),
        "writing": None if line.write is None else short(line.write.wall),
        "unable": [name for name, reason in line.readers.items() if reason],
        "measured_at": line.measured_at,
        "writer": line.writer,
        "reader": line.reader,
        "create": creating_lines(line),
        "reading": [
            [
                [short(line.seconds(name, place)) for place in PLACES],
                line.reading[name].gets,
                line.reading[name].bytes_fetched,
                round(line.cpu[name], 4) if name in line.cpu else None,
                round(line.decoding(name), 4),
            ]
            for name in PATTERNS
        ],
    }


def _lossy(choice: LossyChoice) -> dict[str, Any]:
    return {
        "bound": choice.bound,
        "sentence": choice.sentence,
        "codec": None if choice.pick is None else choice.pick.cell.codec,
        "rule": RULE_SOURCE,
    }


def _question(question: Question, answer: Answer) -> dict[str, Any]:
    return {
        "title": question.title,
        "asked": question.asked,
        "command": question.command,
        "line": answer.line,
        "headings": list(answer.headings),
        "rows": [list(map(str, row)) for row in answer.rows],
        "note": answer.note,
    }
