"""What release notes announce, held against what was found in the release."""

import io

import made_up_evidence as made_up
import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.console import Console

from cryoet_zarr_bench.analysis.changes.announced_outcomes import announced_rows
from cryoet_zarr_bench.analysis.changes.release_verdicts import announced_markdown, announced_table
from cryoet_zarr_bench.analysis.changes.verdict_steps import read_verdicts
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange, load_announced

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


def held_against(tmp_path, change, *cells, **more):
    line = made_up.step("zarr-3.1.6", "zarr-3.1.5", list(cells), **more)
    (tmp_path / "xeon-2-cores").mkdir(exist_ok=True)
    made_up.write_lines(tmp_path / "xeon-2-cores" / "verdicts.jsonl", [line])
    (row,) = announced_rows([change], read_verdicts(tmp_path))
    return row


def test_an_announced_speedup_that_was_confirmed_is_seen(tmp_path):
    row = held_against(
        tmp_path, change(), made_up.changed(0.6), made_up.cell(config="none 32x32x32 3")
    )
    assert (row.status, row.judged) == ("seen", 2)
    assert row.evidence == (
        "CPU time 0.60 [0.58, 0.62] (write, zstd-5 64x64x64 v3); in 1 of 2 cells"
    )


def test_what_changed_the_other_way_is_not_seen_and_said(tmp_path):
    row = held_against(
        tmp_path, change(), made_up.changed(1.6), made_up.cell(config="none 32x32x32 3")
    )
    assert row.status == "not seen"
    assert row.evidence.endswith("; the opposite in 1")
    both = held_against(
        tmp_path, change(), made_up.changed(0.6), made_up.changed(1.6, config="none 32x32x32 3")
    )
    assert both.status == "seen" and both.evidence.endswith("in 1 of 2 cells; the opposite in 1")


def test_a_change_that_was_ruled_out_is_not_seen_with_its_ratio(tmp_path):
    row = held_against(
        tmp_path,
        change(),
        made_up.cell(ratio=0.99, low=0.96, high=1.02),
        made_up.cell(config="none 32x32x32 3", ratio=1.03, low=1.0, high=1.06),
    )
    assert row.status == "not seen"
    assert row.evidence == "CPU time 0.99 [0.96, 1.02] (write, zstd-5 64x64x64 v3)"


def test_where_a_cell_is_open_the_answer_is_too(tmp_path):
    row = held_against(tmp_path, change(), made_up.cell(), made_up.unclear(config="none 1x1x1 3"))
    assert (row.status, row.strongest.codec) == ("inconclusive", "none")


@pytest.mark.parametrize(
    "announced",
    [
        change(seen_in="zarr-3.1.5"),
        change(seen_in=None),
        change(benchmarks=[SLICE]),
        change(configs="format 2"),
        change("less memory"),
        change("fewer bytes", benchmarks=["storage.Storage.track_stored_bytes"], configs="gzip-9"),
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
    ("expected", "bytes_", "status"),
    [
        ("fewer bytes", "9 -> 7", "seen"),
        ("fewer bytes", "7 -> 9", "not seen"),
        ("more bytes", "7 -> 9", "seen"),
        ("more bytes", "9 -> 7", "not seen"),
    ],
)
def test_bytes_are_compared_exactly(tmp_path, expected, bytes_, status):
    announced = change(expected, benchmarks=(), configs="zstd-5 .* format 3")
    differences = {"zstd-5_64x64x64_v3": {"bytes": bytes_}}
    row = held_against(tmp_path, announced, differences=differences)
    assert row.status == status and bytes_ in row.evidence
    elsewhere = held_against(tmp_path, announced, differences={"none_1x1x1_v3": {"bytes": bytes_}})
    assert (elsewhere.status, elsewhere.evidence) == (
        "not seen",
        "the same bytes in all 3 configs",
    )
    not_compared = held_against(tmp_path, announced, configs_compared=0)
    assert not_compared.status == "not measured"


def test_a_change_of_no_announced_kind_is_seen_in_anything(tmp_path):
    anything = change("", benchmarks=())
    assert held_against(tmp_path, anything, made_up.changed(1.3)).status == "seen"
    assert held_against(tmp_path, anything, made_up.cell()).status == "not seen"
    differences = {"zstd-5_64x64x64_v3": {"metadata": "differ"}}
    row = held_against(tmp_path, anything, made_up.cell(), differences=differences)
    assert (row.status, row.evidence) == ("seen", "metadata differ in zstd-5 64x64x64 v3")


def test_changes_that_do_not_touch_the_suite_have_no_row(tmp_path):
    assert announced_rows([change(touches=False)], read_verdicts(tmp_path)) == []


@given(some.lists(some.sampled_from(["regression", "improvement", "none", "open"]), max_size=8))
def test_a_change_is_seen_exactly_where_a_cell_improved(tmp_path_factory, kinds):
    made = {
        "regression": made_up.changed(1.3),
        "improvement": made_up.changed(0.7),
        "none": made_up.cell(),
        "open": made_up.unclear(),
    }
    folder = tmp_path_factory.mktemp("announced")
    row = held_against(folder, change(), *(made[kind] for kind in kinds))
    assert (row.status == "seen") == ("improvement" in kinds)
    assert (row.status == "not measured") == (not kinds)
    assert row.judged == len(kinds)


def test_the_announced_changes_fit_a_terminal_and_markdown(tmp_path):
    (tmp_path / "here").mkdir()
    made_up.write_lines(tmp_path / "here" / "verdicts.jsonl", made_up.history_of_verdicts())
    rows = announced_rows(load_announced(), read_verdicts(tmp_path))
    assert len(rows) == sum(each.touches for each in load_announced())
    screen = Console(file=io.StringIO(), width=100)
    screen.print(announced_table(rows))
    shown = screen.file.getvalue()
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 100 and "…" not in shown
    markdown = announced_markdown(rows).splitlines()
    assert len(markdown) == len(rows) + 2
    assert all("](https://" in line for line in markdown[2:])
    plain = announced_rows([change(source="javascript:alert(1)")], [])
    assert "javascript" not in announced_markdown(plain)
