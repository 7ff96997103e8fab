"""The questions whose answers are known, and the judgement on what was said."""

import math
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cryoet_zarr_bench.analysis.trust_figures import false_alarms, power_curve
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.change_rule import IMPROVEMENT, INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_releases import parse_side
from cryoet_zarr_bench.verdicts.comparison_setup import Question
from cryoet_zarr_bench.verdicts.confirmation import Answer, CellAnswer
from cryoet_zarr_bench.verdicts.injected_slowdown import READING, shifted_wheel, slower_wheel
from cryoet_zarr_bench.verdicts.judgement import estimate
from cryoet_zarr_bench.verdicts.known_answers import (
    FAILED,
    NO_SLOWER,
    PASSED,
    READING_BLOCKS,
    SAME,
    SHIFTED,
    SLOWDOWNS,
    SLOWER,
    SLOWER_BLOCKS,
    SLOWER_READS,
    TOO_NOISY,
    cells_of,
    judge,
    plan,
)

CATALOGUE, QUICK = load_catalogue(), PROFILES["quick"]


def test_the_plan_has_at_least_299_cells_against_themselves():
    blocks = plan(CATALOGUE)
    for kind in NO_SLOWER:
        own = [block for block in blocks if block.kind == kind]
        assert {block.percent for block in own} == {0}
        assert sum(len(cells_of(block, CATALOGUE, QUICK)) for block in own) >= 299
    for percent in SLOWDOWNS:
        own = [block for block in blocks if (block.kind, block.percent) == (SLOWER, percent)]
        assert len(own) == SLOWER_BLOCKS
    assert sum(block.kind == SLOWER_READS for block in blocks) == READING_BLOCKS
    # Each kind is spread over the whole.
    for kind in (SAME, SHIFTED, SLOWER, SLOWER_READS):
        numbers = [block.number for block in blocks if block.kind == kind]
        assert numbers[0] < len(blocks) / 3 and numbers[-1] > 2 * len(blocks) / 3
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


EQUAL = answer([NO_CHANGE] * 8 + [INCONCLUSIVE], 1.0)


@pytest.mark.parametrize(
    ("same", "slower", "word"),
    [
        (EQUAL, answer([REGRESSION] * 9), PASSED),
        (EQUAL, answer([REGRESSION] * 7 + [INCONCLUSIVE] * 2), PASSED),
        (EQUAL, answer([REGRESSION] * 6 + [INCONCLUSIVE] * 3), TOO_NOISY),
        (EQUAL, answer([REGRESSION] * 6 + [NO_CHANGE] * 3), FAILED),
        (EQUAL, answer([REGRESSION] * 9, 1.4), FAILED),
        (EQUAL, answer([INCONCLUSIVE] * 9), TOO_NOISY),
        (answer([IMPROVEMENT] + [NO_CHANGE] * 8), answer([REGRESSION] * 9), PASSED),
        (answer([REGRESSION] * 2 + [NO_CHANGE] * 7), answer([REGRESSION] * 9), FAILED),
        (answer([NO_CHANGE] * 9, 1.0, {"a": {"bytes": "1 -> 2"}}), EQUAL, FAILED),
    ],
)
def test_noise_is_neither_success_nor_failure(same, slower, word):
    assert judge(same, slower, 20)[0] == word


def lines(percent, count, ratio, word):
    pairs = [math.log(ratio) + (-1) ** (step // 2) * 0.01 for step in range(20)]
    return [
        {
            "percent": percent,
            "cell": "read.Read.time_read_volume none 64x64x64 format 2",
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


def test_of_what_reads_slower_writing_may_not_be_called_so():
    reading = [line | {"kind": SLOWER_READS} for line in lines(20, 4, 1.2, REGRESSION)]
    writing = [
        line | {"kind": SLOWER_READS, "percent": 20, "cell": "write.Write.time_write none"}
        for line in [*lines(0, 3, 1.0, NO_CHANGE), *lines(0, 1, 1.2, REGRESSION)]
    ]
    measured = reading + writing
    found = false_alarms(measured, (SLOWER_READS,))
    assert (found.cells, found.alarms) == (4, 1)
    assert {each.cells for each in power_curve(measured, (SLOWER_READS,))} == {4}
    assert power_curve(measured) == [] and false_alarms(measured).cells == 0


def test_a_changed_wheel_says_what_was_done(tmp_path):
    """Of a package made up: the module is imported first or last, and the version has a label."""
    place = tmp_path / "site-packages"
    (place / "zarr").mkdir(parents=True)
    (place / "zarr-3.4.2.dist-info").mkdir()
    files = {
        "zarr/__init__.py": "import functools\n\nfrom zarr._version import version\n",
        "zarr/_version.py": "version = '3.4.2'\n",
        "zarr-3.4.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: zarr\nVersion: 3.4.2\n",
    }
    for name, content in files.items():
        (place / name).write_text(content)
    record = "".join(f"{name},,\n" for name in files)
    (place / "zarr-3.4.2.dist-info" / "RECORD").write_text(record)
    shifted = shifted_wheel(place, 3, tmp_path)
    slower = slower_wheel(place, 20, tmp_path, READING)
    assert shifted.name == "zarr-3.4.2+shifted.3-py3-none-any.whl"
    assert slower.name == "zarr-3.4.2+slower.20.in.part-py3-none-any.whl"
    first = zipfile.ZipFile(shifted).read("zarr/__init__.py").decode().splitlines()
    assert first[2:4] == [
        "from zarr import _injected as _injected",
        "from zarr._version import version",
    ]
    last = zipfile.ZipFile(slower).read("zarr/__init__.py").decode().splitlines()
    assert last[-1] == "from zarr import _injected as _injected"
    module = zipfile.ZipFile(slower).read("zarr/_injected.py").decode()
    assert "for _name in ('__getitem__',):" in module and "for _name in ():" in module
    assert slower_wheel(place, 20, tmp_path, READING).read_bytes() == slower.read_bytes()
