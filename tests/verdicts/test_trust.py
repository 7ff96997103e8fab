"""The questions whose answers are known, and the judgement on what was said."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.reports.documents.trust_document import false_alarms, power_curve
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.change_rule import IMPROVEMENT, INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_releases import parse_side
from cryoet_zarr_bench.verdicts.comparison_setup import Question
from cryoet_zarr_bench.verdicts.confirmation import Answer, CellAnswer
from cryoet_zarr_bench.verdicts.judgement import estimate
from cryoet_zarr_bench.verdicts.known_answers import (
    FAILED,
    PASSED,
    SAME_BLOCKS,
    SLOWDOWNS,
    SLOWER_BLOCKS,
    TOO_NOISY,
    cells_of,
    judge,
    plan,
)

CATALOGUE, QUICK = load_catalogue(), PROFILES["quick"]


def test_the_plan_has_at_least_299_cells_against_themselves():
    blocks = plan(CATALOGUE)
    same = [block for block in blocks if block.percent == 0]
    assert len(same) == SAME_BLOCKS
    assert sum(len(cells_of(block, CATALOGUE, QUICK)) for block in same) >= 299
    for percent in SLOWDOWNS:
        assert sum(block.percent == percent for block in blocks) == SLOWER_BLOCKS
    assert [block.number for block in blocks] == list(range(len(blocks)))


def test_cells_are_drawn_by_the_number_of_the_block():
    block = plan(CATALOGUE)[0]
    assert cells_of(block, CATALOGUE, QUICK) == cells_of(block, CATALOGUE, QUICK)
    assert cells_of(block, CATALOGUE, QUICK) != cells_of(replace(block, number=1), CATALOGUE, QUICK)


def test_zarr_2_is_asked_for_format_2_alone():
    old = next(block for block in plan(CATALOGUE) if "0.15" in block.release)
    assert {cell.zarr_format for cell in cells_of(old, CATALOGUE, QUICK)} == {2}


def answer(words, ratio=1.2, differences=None):
    cells = cells_of(plan(CATALOGUE)[0], CATALOGUE, QUICK)[: len(words)]
    pairs = [[math.log(ratio) + (cell + step) / 1000 for step in range(8)] for cell in range(9)]
    side = parse_side("zarr-3.1.6", CATALOGUE)
    tomogram = PreparedTomogram(Path("x.npy"), "x", (4, 4, 4), "float32", None, "0" * 64, "x")
    return Answer(
        Question(side, side, tuple(cells), QUICK, tomogram, "3.12", 0),
        tuple(
            CellAnswer(cell, word, estimate(pairs[place]), estimate(pairs[place]))
            for place, (cell, word) in enumerate(zip(cells, words, strict=True))
        ),
        differences or {},
        3,
        True,
    )


SAME = answer([NO_CHANGE] * 8 + [INCONCLUSIVE], 1.0)


@pytest.mark.parametrize(
    ("same", "slower", "word"),
    [
        (SAME, answer([REGRESSION] * 9), PASSED),
        (SAME, answer([REGRESSION] * 7 + [INCONCLUSIVE] * 2), PASSED),
        (SAME, answer([REGRESSION] * 6 + [INCONCLUSIVE] * 3), TOO_NOISY),
        (SAME, answer([REGRESSION] * 6 + [NO_CHANGE] * 3), FAILED),
        (SAME, answer([REGRESSION] * 9, 1.4), FAILED),
        (SAME, answer([INCONCLUSIVE] * 9), TOO_NOISY),
        (answer([IMPROVEMENT] + [NO_CHANGE] * 8), answer([REGRESSION] * 9), PASSED),
        (answer([REGRESSION] * 2 + [NO_CHANGE] * 7), answer([REGRESSION] * 9), FAILED),
        (answer([NO_CHANGE] * 9, 1.0, {"a": {"bytes": "1 -> 2"}}), SAME, FAILED),
    ],
)
def test_noise_is_neither_success_nor_failure(same, slower, word):
    assert judge(same, slower, 20)[0] == word


def lines(percent, count, ratio, word):
    pairs = [math.log(ratio) + (-1) ** (step // 2) * 0.01 for step in range(20)]
    return [
        {
            "percent": percent,
            "verdict": word,
            "cpu": pairs,
            "measured_at": f"2026-11-20T{hour:02}:00:00Z",
        }
        for hour in range(count)
    ]


def test_the_report_counts_what_the_lines_say():
    measured = [
        *lines(0, 5, 1.0, NO_CHANGE),
        *lines(0, 1, 1.2, REGRESSION),
        *lines(10, 4, 1.1, REGRESSION),
        *lines(5, 4, 1.04, INCONCLUSIVE),
    ]
    found = false_alarms(measured)
    assert (found.cells, found.alarms, found.single, found.no_change) == (6, 1, 1, 5)
    assert found.hours == 4
    by_percent = {(each.percent, each.pairs): each for each in power_curve(measured)}
    assert by_percent[10, 8].called == 1
    assert by_percent[10, 20].ratio == pytest.approx(1.1)
    assert by_percent[5, 20].called == 0
    assert by_percent[5, 20].excluded == 1
