"""What release notes announce, held against what is known of the release."""

import dataclasses
import json
from pathlib import Path

import made_up_evidence as made_up
import made_up_pairs as pairs
import made_up_storage as storage
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cryoet_zarr_bench.analysis.changes.announced_outcomes import announced_rows
from cryoet_zarr_bench.analysis.changes.release_comparison import published_evidence
from cryoet_zarr_bench.analysis.changes.release_verdicts import announced_markdown
from cryoet_zarr_bench.analysis.changes.verdict_steps import read_verdicts
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange, load_announced

RESULTS = Path(__file__).resolve().parents[2] / "results"
GRID = Cell("zstd-5", "64x64x64", 3)
SHARDED = Cell("blosc-zstd-5-shuffle", "16x16x16 in 64x64x64", 3)
BYTES = "storage.Storage.track_stored_bytes"
GETS = "shards.ShardRequests.track_xy_slice_gets"
WRITE, VOLUME, SLICE, OPEN, MEMORY = made_up.BENCHMARKS


def change(expected="faster", benchmarks=(WRITE,), configs="", **more):
    return AnnouncedChange(
        **{
            "project": "zarr",
            "version": "3.1.6",
            "says": "Chunks are written in half the time.",
            "source": "https://github.com/zarr-developers/zarr-python/pull/1",
            "touches": True,
            "why": "",
            "benchmarks": tuple(benchmarks),
            "configs": configs,
            "expected": expected,
            "seen_in": "zarr-3.1.6",
            **more,
        }
    )


def held_against(tmp_path, change, *cells, anchored=(), figures=None, **more):
    """The row of a change; `figures` are those before and after, by benchmark and cell."""
    line = made_up.step("zarr-3.1.6", "zarr-3.1.5", list(cells), **more)
    (tmp_path / "xeon-2-cores").mkdir(exist_ok=True)
    made_up.write_lines(tmp_path / "xeon-2-cores" / "verdicts.jsonl", [line])
    before, after = ({}, {})
    for name, by_cell in (figures or {}).items():
        before[name] = {cell: values[0] for cell, values in by_cell.items()}
        after[name] = {cell: values[1] for cell, values in by_cell.items()}
    both = {"zarr-3.1.5": before, "zarr-3.1.6": after}
    known = pairs.evidence(
        anchored,
        {
            tag: dataclasses.replace(storage.release({}), figures=found)
            for tag, found in both.items()
        },
        read_verdicts(tmp_path),
    )
    (row,) = announced_rows([change], [known])
    return row


def test_an_announced_speedup_that_was_confirmed_is_seen(tmp_path):
    row = held_against(
        tmp_path, change(), made_up.changed(0.6), made_up.cell(config="none 32x32x32 3")
    )
    assert (row.status, row.judged) == ("seen", 2)
    assert row.evidence == (
        "CPU time 0.60 [0.58, 0.62] (writes, zstd-5 64x64x64 v3); in 1 of 2 cells"
    )


def test_what_changed_the_other_way_is_not_seen_and_said(tmp_path):
    row = held_against(
        tmp_path, change(), made_up.changed(1.6), made_up.cell(config="none 32x32x32 3")
    )
    assert row.status == "not seen"
    assert row.evidence.endswith("; the opposite in 1 of 2")
    both = held_against(
        tmp_path, change(), made_up.changed(0.6), made_up.changed(1.6, config="none 32x32x32 3")
    )
    assert both.status == "mixed" and both.evidence.endswith("in 1 of 2 cells; the opposite in 1")


def test_a_change_that_was_ruled_out_is_not_seen_with_its_ratio(tmp_path):
    row = held_against(
        tmp_path,
        change(),
        made_up.cell(ratio=0.99, low=0.96, high=1.02),
        made_up.cell(config="none 32x32x32 3", ratio=1.03, low=1.0, high=1.06),
    )
    assert row.status == "not seen"
    assert row.evidence == "CPU time 0.99 [0.96, 1.02] (writes, zstd-5 64x64x64 v3)"


def test_where_a_cell_is_open_the_answer_is_too(tmp_path):
    row = held_against(tmp_path, change(), made_up.cell(), made_up.unclear(config="none 1x1x1 3"))
    assert row.status == "inconclusive" and "(writes, none 1x1x1 v3)" in row.evidence
    nothing = made_up.unclear(config="none 1x1x1 3", ratio=None, low=None, high=None)
    row = held_against(tmp_path, change(), made_up.cell(), nothing)
    assert row.status == "inconclusive"
    assert row.evidence == "CPU time no estimate (writes, none 1x1x1 v3)"


@pytest.mark.parametrize(
    "announced",
    [
        change(seen_in="zarr-3.1.5"),
        change(seen_in=None),
        change(benchmarks=[SLICE]),
        change(configs="format 2"),
        change("less memory"),
        change("fewer bytes", benchmarks=[BYTES], configs="gzip-9"),
        change("fewer requests", benchmarks=[GETS]),
    ],
)
def test_what_was_not_compared_is_not_measured(tmp_path, announced):
    row = held_against(tmp_path, announced, made_up.changed(0.6))
    assert (row.status, row.evidence, row.judged) == ("not measured", "", 0)


def test_cells_without_a_verdict_do_not_count(tmp_path):
    assert held_against(tmp_path, change(), made_up.cell(verdict="n/a")).status == "not measured"


def test_only_cells_that_match_count(tmp_path):
    cells = [made_up.cell(), made_up.changed(0.6, config="none 32x32x32 2")]
    assert held_against(tmp_path, change(configs="format 3$"), *cells).status == "not seen"
    assert held_against(tmp_path, change(configs="none .* format 2"), *cells).status == "seen"
    # An announced benchmark of CPU time is judged under that of the same call.
    assert held_against(tmp_path, change(benchmarks=[f"{WRITE}_cpu"]), *cells).status == "seen"


@pytest.mark.parametrize(
    ("expected", "ratio", "benchmark"),
    [
        ("faster", 0.7, WRITE),
        ("slower", 1.3, WRITE),
        ("less memory", 0.7, MEMORY),
        ("more memory", 1.3, MEMORY),
    ],
)
def test_each_kind_of_change_has_its_direction(tmp_path, expected, ratio, benchmark):
    announced = change(expected, benchmarks=[WRITE, MEMORY])
    assert held_against(tmp_path, announced, made_up.changed(ratio, benchmark)).status == "seen"
    other_way = made_up.changed(1 / ratio, benchmark)
    assert held_against(tmp_path, announced, other_way).status == "not seen"


@pytest.mark.parametrize(
    ("expected", "counts", "status"),
    [
        ("fewer bytes", (9000, 7000), "seen"),
        ("fewer bytes", (7000, 9000), "not seen"),
        ("more bytes", (7000, 9000), "seen"),
        ("more bytes", (9000, 7000), "not seen"),
    ],
)
def test_bytes_are_compared_exactly(tmp_path, expected, counts, status):
    announced = change(expected, benchmarks=(), configs="zstd-5 .* format 3")
    other = Cell("none", "1x1x1", 3)
    row = held_against(tmp_path, announced, figures={BYTES: {GRID: counts, other: (1, 1)}})
    assert (row.status, row.judged) == (status, 1)
    assert row.evidence == (
        f"{counts[0]} -> {counts[1]} bytes (zstd-5 64x64x64 v3); in 1 of 1 cell"
        if status == "seen"
        else f"no {expected} in any of 1 cell"
    )
    elsewhere = held_against(tmp_path, announced, figures={BYTES: {GRID: (5, 5), other: counts}})
    assert elsewhere.status == "not seen"
    assert held_against(tmp_path, announced).status == "not measured"


def test_requests_are_told_as_the_exact_changes_of_a_release_are(tmp_path):
    fetched = GETS.replace("gets", "bytes_fetched")
    announced = change("fewer requests", benchmarks=[GETS, fetched])
    figures = {GETS: {SHARDED: (71, 11)}, fetched: {SHARDED: (1000, 3400)}}
    row = held_against(tmp_path, announced, figures=figures)
    assert (row.status, row.judged) == ("seen", 1)
    assert row.evidence == (
        "an XY slice of shards fetches 3.4x the bytes in 11 instead of 71 requests "
        "(16x16x16 in 64x64x64); in 1 of 1 cell"
    )
    figures[GETS] = {SHARDED: (11, 71)}
    assert held_against(tmp_path, announced, figures=figures).status == "not seen"


def test_where_nothing_was_judged_the_anchored_history_tells(tmp_path):
    # zarr 3.1.6 is the anchor that the one before it was measured beside.
    anchored = [pairs.beside_anchor("zarr-3.1.5", {pairs.PLAIN: 1.4})]
    announced = change(benchmarks=[SLICE])
    row = held_against(tmp_path, announced, anchored=anchored)
    assert (row.status, row.judged) == ("seen", 1)
    assert "(reads XY slices, none 32x32x32 v2; candidate)" in row.evidence
    # What was confirmed side by side is named first, however large the others are.
    confirmed = made_up.changed(0.9, SLICE, high=0.93, low=0.87)
    row = held_against(tmp_path, announced, confirmed, anchored=anchored)
    assert (row.status, row.judged) == ("seen", 2)
    assert "zstd-5" in row.evidence and "candidate" not in row.evidence


def test_verdicts_from_before_layouts_were_drawn_are_no_evidence(tmp_path):
    row = held_against(tmp_path, change(), made_up.changed(0.6), draws_layout=False)
    assert (row.status, row.judged) == ("not measured", 0)
    assert row.evidence == "judged before each process got a memory layout of its own"


@pytest.mark.parametrize(
    ("count", "expected", "status"),
    [
        (970, "faster", "seen in instructions"),
        (970, "", "seen in instructions"),
        (970, "slower", "not seen"),
        (993, "faster", "not seen"),
        (1030, "slower", "seen in instructions"),
    ],
)
def test_work_that_changed_by_too_little_for_a_time_to_tell(tmp_path, count, expected, status):
    counted, differ = (
        f"instructions.Instructions.track_{each}" for each in ("open", "repeats_differ")
    )
    figures = {counted: {GRID: (1000.0, float(count))}, differ: {GRID: (1e-5, 1e-5)}}
    announced = change(expected, benchmarks=[OPEN])
    row = held_against(tmp_path, announced, made_up.cell(OPEN), figures=figures)
    assert row.status == status
    if "instructions" in status:
        assert row.evidence == (
            f"instructions {count / 1000:.3f} (opens, zstd-5 64x64x64 v3); in 1 of 1 cell; "
            "CPU time 1.00 [0.97, 1.03] (opens, zstd-5 64x64x64 v3)"
        )
    # A change of time says it by itself.
    ratio = {"slower": 1.3}.get(expected, 0.7)
    timed = held_against(tmp_path, announced, made_up.changed(ratio, OPEN), figures=figures)
    assert timed.status == "seen" and "instructions" not in timed.evidence
    if expected:
        other_way = made_up.changed(1 / ratio, OPEN)
        timed = held_against(tmp_path, announced, other_way, figures=figures)
        assert timed.status == "not seen" and timed.evidence.endswith("; the opposite in 1 of 1")


def test_a_change_of_no_announced_kind_is_seen_in_any_time(tmp_path):
    anything = change("", benchmarks=())
    for ratio in (1.3, 0.7):
        row = held_against(tmp_path, anything, made_up.changed(ratio))
        assert row.status == "seen" and "opposite" not in row.evidence
    assert held_against(tmp_path, anything, made_up.cell()).status == "not seen"


def test_changes_that_do_not_touch_the_suite_have_no_row(tmp_path):
    assert announced_rows([change(touches=False)], [pairs.evidence()]) == []


@given(some.lists(some.sampled_from(["regression", "improvement", "none", "open"]), max_size=8))
def test_what_became_of_a_change_follows_from_its_cells(tmp_path_factory, kinds):
    made = {
        "regression": lambda config: made_up.changed(1.3, config=config),
        "improvement": lambda config: made_up.changed(0.7, config=config),
        "none": lambda config: made_up.cell(config=config),
        "open": lambda config: made_up.unclear(config=config),
    }
    folder = tmp_path_factory.mktemp("announced")
    cells = [made[kind](f"zstd-{place} 64x64x64 3") for place, kind in enumerate(kinds)]
    row = held_against(folder, change(), *cells)
    assert (row.status in ("seen", "mixed")) == ("improvement" in kinds)
    assert (row.status == "mixed") == ({"improvement", "regression"} <= set(kinds))
    assert (row.status == "not measured") == (not kinds)
    assert row.judged == len(kinds)


def test_every_announced_change_names_what_the_suite_has():
    benchmarks = json.loads((RESULTS / "benchmarks.json").read_text()).keys()
    for each in load_announced():
        assert set(each.benchmarks) <= benchmarks, each.says
        assert bool(each.benchmarks) == each.touches, each.says


def test_no_reason_denies_what_the_committed_results_measure():
    """That nothing is sharded was true once; a reason must not outlive what it speaks of."""
    known = published_evidence(RESULTS)
    cells = {cell for tag in known.releases for cell in known.anchored.cells(tag)}
    assert any(" in " in cell.chunks for cell in cells)
    for each in load_announced():
        assert each.touches or "is sharded" not in each.why
    rows = announced_rows(load_announced(), [known])
    (merged,) = (each for each in rows if each.change.source.endswith("/3004"))
    said = known.statement(
        "zarr-3.2.1", "zarr-3.3.0", GETS, Cell(SHARDED.codec, SHARDED.chunks, SHARDED.zarr_format)
    )
    assert merged.status == "seen" and said.direction == -1
    assert f"{said.after:.0f} instead of {said.before:.0f}" in merged.evidence


def test_the_announced_changes_are_written_in_markdown(tmp_path):
    (tmp_path / "here").mkdir()
    rows = announced_rows(load_announced(), [])
    assert len(rows) == sum(each.touches for each in load_announced())
    markdown = announced_markdown(rows).splitlines()
    assert len(markdown) == len(rows) + 2
    assert all("](https://" in line for line in markdown[2:])
    plain = announced_rows([change(source="javascript:alert(1)")], [])
    assert "javascript" not in announced_markdown(plain)
