"""Verdicts summed up release by release, in a terminal, in Markdown and for the dashboard."""

import dataclasses
import io
import json

import made_up_evidence as made_up
import made_up_storage as storage
import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.console import Console

from cryoet_zarr_bench.analysis.changes import release_evidence
from cryoet_zarr_bench.analysis.changes.release_verdicts import (
    judge,
    verdict_markdown,
    verdict_rows,
    verdict_table,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import read_verdicts
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.pages.verdict_evidence import CELL_FIELDS, verdict_content

WRITE, VOLUME, SLICE, OPEN, MEMORY = made_up.BENCHMARKS


def read(tmp_path, lines, machine="xeon-2-cores"):
    (tmp_path / machine).mkdir(exist_ok=True)
    made_up.write_lines(tmp_path / machine / "verdicts.jsonl", lines)
    return read_verdicts(tmp_path)


def rows_of(tmp_path, *cells, **more):
    step = made_up.step("zarr-3.1.6", "zarr-3.1.5", list(cells), **more)
    (row,) = verdict_rows(read(tmp_path, [step]))
    return row


def in_terminal(table, width=100):
    screen = Console(file=io.StringIO(), width=width)
    screen.print(table)
    return screen.file.getvalue()


def test_any_regression_makes_the_word_of_a_benchmark(tmp_path):
    row = rows_of(
        tmp_path,
        made_up.cell(),
        made_up.unclear(config="none 64x64x64 3"),
        made_up.changed(1.2, config="none 32x32x32 3"),
        made_up.changed(1.4, config="none 32x32x32 2"),
    )
    judged = row.judgements[WRITE]
    assert (judged.word, judged.judged, judged.changed) == ("regression", 4, 2)
    assert judged.strongest.deciding.ratio == 1.4
    assert judged.opposite is None
    assert row.changes == ("speed changed",)


def test_changes_of_both_ways_are_mixed(tmp_path):
    row = rows_of(
        tmp_path,
        made_up.changed(1.2),
        made_up.changed(0.5, config="none 64x64x64 3"),
        made_up.changed(0.7, config="none 32x32x32 3"),
    )
    judged = row.judgements[WRITE]
    assert judged.word == "mixed" and judged.changed == 3
    # Half the time is farther from no change than a fifth more.
    assert judged.strongest.deciding.ratio == 0.5
    assert judged.opposite.deciding.ratio == 1.2


def test_an_inconclusive_word_says_how_far_the_ratio_is_known(tmp_path):
    row = rows_of(
        tmp_path,
        made_up.cell(),
        made_up.unclear(reach=0.08, config="none 64x64x64 3"),
        made_up.unclear(reach=0.14, config="none 32x32x32 3"),
    )
    assert row.judgements[WRITE].said == "inconclusive +-14 %"
    nothing = {"ratio": None, "low": None, "high": None}
    row = rows_of(tmp_path, made_up.unclear(), made_up.cell(SLICE, **nothing))
    assert rows_of(tmp_path, made_up.unclear(**nothing)).judgements[WRITE].said == "inconclusive"
    assert row.judgements[SLICE].word == "no change within 10 %"


def test_cells_without_a_verdict_are_not_counted(tmp_path):
    gone = {"verdict": "n/a", "reason": "A: no format 3"}
    broken = {"verdict": "no figure", "reason": "B: MemoryError", "config": "none 64x64x64 3"}
    row = rows_of(tmp_path, made_up.cell(**gone), made_up.cell(config="none 32x32x32 2"))
    assert (row.judgements[WRITE].word, row.judgements[WRITE].judged) == (
        "no change within 10 %",
        1,
    )
    assert rows_of(tmp_path, made_up.cell(**gone)).judgements[WRITE].word == "n/a"
    row = rows_of(tmp_path, made_up.cell(**gone), made_up.cell(**broken))
    assert row.judgements[WRITE].word == "no figure"
    assert row.judgements[WRITE].strongest is None


def test_where_wall_time_decided_its_ratio_is_shown(tmp_path):
    wall = {"wall_ratio": 0.66, "wall_low": 0.6, "wall_high": 0.72}
    row = rows_of(tmp_path, made_up.cell(verdict="improvement", **wall))
    assert str(row.judgements[WRITE].strongest.deciding) == "0.66 [0.60, 0.72]"
    assert row.judgements[WRITE].strongest.deciding.figure == "wall time"
    assert rows_of(tmp_path, made_up.changed(0.7)).judgements[WRITE].strongest.deciding.figure == (
        "CPU time"
    )


@pytest.mark.parametrize(
    ("differences", "cells", "classes"),
    [
        ({}, [], ()),
        ({"a_1x1x1_v2": {"metadata": "differ"}}, [], ("default changed",)),
        ({"a_1x1x1_v2": {"bytes": "2 -> 3"}}, [], ("bytes changed",)),
        ({"a_1x1x1_v2": {"chunk contents": "differ"}}, [], ("bytes changed",)),
        ({"a_1x1x1_v2": {"files": "2 -> 3"}}, [], ("files changed",)),
        ({}, [made_up.changed(1.2, MEMORY)], ("memory changed",)),
        ({}, [made_up.unclear(), made_up.cell(MEMORY)], ()),
        (
            {"a_1x1x1_v2": {"metadata": "differ"}, "b_1x1x1_v2": {"files": "2 -> 3"}},
            [made_up.changed(0.8), made_up.changed(1.2, MEMORY)],
            ("default changed", "files changed", "speed changed", "memory changed"),
        ),
    ],
)
def test_the_class_of_a_change(tmp_path, differences, cells, classes):
    assert rows_of(tmp_path, *cells, differences=differences).changes == classes


words = some.sampled_from(
    ["regression", "improvement", "no change within 10 %", "inconclusive", "n/a", "no figure"]
)


@given(some.lists(words, min_size=1, max_size=12))
def test_the_word_follows_from_the_cells_whatever_their_order(tmp_path_factory, verdicts):
    makers = {
        "regression": lambda: made_up.changed(1.3),
        "improvement": lambda: made_up.changed(0.8),
        "inconclusive": made_up.unclear,
    }
    cells = [makers.get(word, lambda word=word: made_up.cell(verdict=word))() for word in verdicts]
    folder = tmp_path_factory.mktemp("verdicts")
    (step,) = read(folder, [made_up.step("zarr-3.1.6", "zarr-3.1.5", cells)])
    judged = judge(WRITE, step.cells)
    order = ("regression", "improvement", "inconclusive", "no change within 10 %", "no figure")
    expected = next((word for word in order if word in verdicts), "n/a")
    if {"regression", "improvement"} <= set(verdicts):
        expected = "mixed"
    assert judged.word == expected
    assert judged.changed == sum(word in ("regression", "improvement") for word in verdicts)
    assert judged.judged == sum(word not in ("n/a", "no figure") for word in verdicts)
    assert judged.word == judge(WRITE, step.cells[::-1]).word
    assert (judged.strongest is None) == (judged.judged == 0)


def test_the_newest_release_comes_first_and_an_unknown_one_last(tmp_path):
    lines = [
        made_up.step(tag, "zarr-2.18.0", [made_up.cell()])
        for tag in ("zarr-9.9.9", "zarr-3.0.0", "zarr-3.4.2", "numcodecs-0.16.0")
    ]
    rows = verdict_rows(read(tmp_path, lines))
    assert [row.step.release for row in rows] == [
        *("zarr-3.4.2", "numcodecs-0.16.0", "zarr-3.0.0", "zarr-9.9.9")
    ]


def test_the_last_verdict_on_a_step_counts_and_broken_lines_do_not(tmp_path):
    def judged_at(time, cell, **more):
        return made_up.step("zarr-3.1.6", "zarr-3.1.5", [cell], measured_at=time, **more)

    lines = [
        judged_at("2026-11-20T22:10:00Z", made_up.changed(1.2)),
        judged_at("2026-11-21T22:10:00Z", made_up.cell()),
        judged_at("2026-11-19T22:10:00Z", made_up.changed(0.2)),
        judged_at("2026-11-19T22:10:00Z", made_up.unclear(), tomogram="another one"),
        judged_at("2026-11-22T22:10:00Z", made_up.cell(verdict="great")),
        {"release": "zarr-3.1.6"},
    ]
    found = read(tmp_path, lines)
    with (tmp_path / "xeon-2-cores" / "verdicts.jsonl").open("a") as file:
        file.write('{"release": "zarr-3.')
    assert read_verdicts(tmp_path) == found
    assert [step.tomogram for step in found] == [made_up.TOMOGRAM, "another-one"]
    assert found[0].cells[0].verdict == "no change within 10 %"
    assert read_verdicts(tmp_path / "nowhere") == []


def test_the_table_of_a_whole_history_fits_100_columns(tmp_path):
    rows = verdict_rows(read(tmp_path, made_up.history_of_verdicts()))
    shown = in_terminal(verdict_table(rows))
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 100
    assert "…" not in shown
    for row in rows:
        assert row.step.release in shown
    for text in ("regression", "2.51-2.71", "0.66 wall", "inconclusive", "+-14 %", "1 of 2"):
        assert text in shown
    assert shown.index("zarr-3.4.2") < shown.index("zarr-3.0.0")


def test_markup_and_pipes_in_names_change_no_table(tmp_path):
    nasty = "[red]a|b<b>"
    cell = made_up.changed(1.3, nasty)
    row = verdict_rows(read(tmp_path, [made_up.step(nasty, nasty, [cell])]))
    assert nasty in in_terminal(verdict_table(row), width=200)
    lines = verdict_markdown(row).splitlines()
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert "<" not in lines[-1].replace("&lt;", "")
    assert "**regression** 1.30 [1.25, 1.35], 1 of 1 cell" in lines[-1]


def test_a_step_that_could_not_be_judged_says_so(tmp_path):
    rows = verdict_rows(
        read(tmp_path, [made_up.step("zarr-3.1.3", "zarr-3.1.2", [], reason="no crc32c")])
    )
    assert "no verdict" in in_terminal(verdict_table(rows))
    assert "no verdict: no crc32c" in verdict_markdown(rows)
    assert rows[0].as_json()["reason"] == "no crc32c"


def test_rows_are_plain_values_for_programs(tmp_path):
    rows = verdict_rows(read(tmp_path, made_up.history_of_verdicts()))
    written = json.loads(json.dumps([row.as_json() for row in rows], allow_nan=False))
    (row,) = [each for each in written if each["release"] == "zarr-3.0.8"]
    assert row["changes"] == ["default changed", "bytes changed", "speed changed"]
    assert row["benchmarks"][WRITE]["strongest"]["decided_by"] == "CPU time"
    assert row["benchmarks"][WRITE]["changed"] == 1
    assert {each["benchmark"] for each in row["cells"]} == set(made_up.BENCHMARKS)


def test_the_page_gets_all_cells_in_compact_rows(tmp_path):
    lines = made_up.history_of_verdicts()
    read(tmp_path, lines)
    content = verdict_content(tmp_path, [])
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    assert len(text) < 150_000
    assert len(content["steps"]) == content["steps_of_catalogue"] == len(lines)
    for step in content["steps"]:
        assert all(len(cell) == len(CELL_FIELDS) for cell in step["cells"])
        for _, word, _, _, _, strongest, opposite in step["judgements"]:
            assert (opposite is not None) == (word == "mixed")
            assert strongest is None or 0 <= strongest < len(step["cells"])
    assert content["series"] == [
        {
            "machine": "xeon-2-cores",
            "tomogram": made_up.TOMOGRAM,
            "python": "3.12",
        }
    ]


def test_instructions_of_one_machine_are_marked_on_all_from_one_percent(tmp_path, monkeypatch):
    name, differ = (
        f"instructions.Instructions.track_{each}" for each in ("open", "repeats_differ")
    )
    cell = Cell("none", "64x64x64", 3)
    measured = [
        dataclasses.replace(
            storage.release({}),
            commit=commit_of(tag),
            machine="counter",
            tomogram=made_up.TOMOGRAM,
            python="3.12",
            figures={name: {cell: count}, differ: {cell: 0.001}},
        )
        for tag, count in (("zarr-3.1.5", 1e6), ("zarr-3.1.6", 2e6), ("zarr-3.2.0", 2.016e6))
    ]
    monkeypatch.setattr(release_evidence, "read_results", lambda results: measured)
    step = made_up.step("zarr-3.1.6", "zarr-3.1.5", [made_up.cell()])
    for machine in ("timer", "counter"):
        read(tmp_path, [step], machine)
        content = verdict_content(tmp_path, [])
        (mark,) = (each for each in content["marks"] if _machine(content, each) == machine)
        assert mark[1:9] == ["zarr-3.1.6", name, "none", "64x64x64", 3, 1, "counted", 2.0]


def _machine(content, mark):
    return content["series"][mark[0]]["machine"]


def test_numbers_that_are_none_do_not_reach_the_page(tmp_path):
    cell = made_up.cell(ratio=float("nan"), low=0, high=float("inf"), wall_low=-1)
    read(tmp_path, [made_up.step("zarr-3.1.6", "zarr-3.1.5", [cell])])
    (step,) = verdict_content(tmp_path, [])["steps"]
    named = dict(zip(CELL_FIELDS, step["cells"][0], strict=True))
    assert (named["ratio"], named["low"], named["high"]) == (None, None, None)
    assert (named["wallLow"], named["wallHigh"]) == (None, None)
