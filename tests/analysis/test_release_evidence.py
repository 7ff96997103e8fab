"""What is known of two releases: direct verdicts first, then anchors, never raw times."""

import dataclasses
from pathlib import Path

import made_up_evidence as made_up
import made_up_pairs as pairs
import made_up_storage as storage
import pytest

from cryoet_zarr_bench.analysis.changes import release_evidence
from cryoet_zarr_bench.analysis.changes.release_evidence import (
    ANCHORED,
    COUNTED,
    EXACT,
    REPEATS,
    VERDICT,
    read_evidence,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import read_verdicts
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.verdicts.change_rule import INCONCLUSIVE, NO_CHANGE, REGRESSION

GETS = "shards.ShardRequests.track_xy_slice_gets"
SHARDED = Cell("blosc-zstd-5-shuffle", "16x16x16 in 64x64x64", 3)
GRID = Cell(pairs.PLAIN.codec, pairs.PLAIN.chunks, pairs.PLAIN.zarr_format)


def judged(tmp_path, *cells, parent="zarr-3.3.0", release="zarr-3.4.0", **more):
    line = made_up.step(release, parent, list(cells), **more)
    made_up.write_lines(tmp_path / "verdicts.jsonl", [line])
    (tmp_path / "m").mkdir(exist_ok=True)
    (tmp_path / "verdicts.jsonl").rename(tmp_path / "m" / "verdicts.jsonl")
    return read_verdicts(tmp_path)


def with_figures(**figures):
    return dataclasses.replace(storage.release({}), **figures)


def test_two_releases_are_compared_over_their_anchor():
    known = pairs.evidence(pairs.two_releases())
    said = {each.benchmark: each for each in known.statements("zarr-3.3.0", "zarr-3.4.2")}
    assert said[pairs.SLICE].word == REGRESSION and said[pairs.SLICE].source == ANCHORED
    assert said[pairs.SLICE].ratio == pytest.approx(1.2)
    assert said[pairs.SLICE].is_candidate
    back = known.statement("zarr-3.4.2", "zarr-3.3.0", f"{pairs.SLICE}_cpu", GRID)
    assert back.ratio == pytest.approx(1 / 1.2) and back.direction == -1


def test_a_direct_verdict_on_neighbours_stands_before_the_anchors(tmp_path):
    lines = [
        pairs.beside_anchor("zarr-3.3.0", {pairs.PLAIN: 1.0}),
        pairs.beside_anchor("zarr-3.4.0", {pairs.PLAIN: 1.2}),
    ]
    cell = made_up.cell(pairs.SLICE, "none 32x32x32 2")
    for draws, word, source in ((True, NO_CHANGE, VERDICT), (False, REGRESSION, ANCHORED)):
        steps = judged(tmp_path, cell, draws_layout=draws)
        known = pairs.evidence(lines, steps=steps)
        said = known.statement("zarr-3.3.0", "zarr-3.4.0", pairs.SLICE, GRID)
        assert (said.word, said.source) == (word, source)
        # Only of these two, and in this direction.
        other = known.statement("zarr-3.4.0", "zarr-3.3.0", pairs.SLICE, GRID)
        assert other.source == ANCHORED


def test_times_of_one_release_by_itself_say_nothing():
    name = f"{pairs.SLICE}_cpu"
    measured = {
        "zarr-3.3.0": with_figures(figures={name: {GRID: 1.0}}),
        "zarr-3.4.2": with_figures(figures={name: {GRID: 9.0}}),
    }
    known = pairs.evidence(measured=measured)
    assert known.statements("zarr-3.3.0", "zarr-3.4.2") == []
    assert known.statement("zarr-3.3.0", "zarr-3.4.2", name, GRID) is None


def test_exact_figures_are_compared_by_equality_within_one_profile():
    name = "storage.Storage.track_stored_bytes"
    before = with_figures(figures={GETS: {SHARDED: 71.0}, name: {GRID: 100.0}})
    after = with_figures(figures={GETS: {SHARDED: 11.0}, name: {GRID: 101.0}})
    known = pairs.evidence(measured={"zarr-3.2.1": before, "zarr-3.3.0": after})
    gets, stored = known.statements("zarr-3.2.1", "zarr-3.3.0")
    assert (gets.before, gets.after, gets.direction, gets.source) == (71.0, 11.0, -1, EXACT)
    assert stored.direction == 1 and not stored.is_candidate
    other = dataclasses.replace(after, profile="full")
    known = pairs.evidence(measured={"zarr-3.2.1": before, "zarr-3.3.0": other})
    assert known.statements("zarr-3.2.1", "zarr-3.3.0") == []


def test_peak_memory_is_known_within_the_range_of_repeats(tmp_path):
    name = "write.Write.peakmem_write"
    measured = {
        "zarr-3.3.0": with_figures(figures={name: {GRID: 60e6}}),
        "zarr-3.4.2": with_figures(figures={name: {GRID: 63e6}}),
    }
    assert pairs.evidence(measured=measured).statements("zarr-3.3.0", "zarr-3.4.2") == []
    repeats = [
        dataclasses.replace(made_up_repeat(), figures={name: {GRID: bytes_}})
        for bytes_ in (60e6, 61e6, 66e6)
    ]
    known = pairs.evidence(measured=measured, noise=repeats)
    (said,) = known.statements("zarr-3.3.0", "zarr-3.4.2")
    assert (said.word, said.source) == (INCONCLUSIVE, REPEATS)
    assert said.low < 1 < said.ratio == pytest.approx(1.05)


def made_up_repeat():
    from cryoet_zarr_bench.analysis.repeat_noise import Repeat

    return Repeat("zarr-3.1.6", None, pairs.PYTHON, pairs.TOMOGRAM, 0, None, None, {})


def test_all_of_it_is_read_from_the_results_of_one_series(tmp_path):
    pairs.write_history(tmp_path, *pairs.two_releases())
    pairs.write_history(tmp_path, *pairs.two_releases(), machine="other")
    known = read_evidence(tmp_path, pairs.MACHINE, pairs.TOMOGRAM, pairs.PYTHON)
    assert known.releases == {"zarr-3.1.6", "zarr-3.3.0", "zarr-3.4.2"}
    assert read_evidence(tmp_path, pairs.MACHINE, "another", pairs.PYTHON).releases == set()


def test_instructions_change_beyond_what_their_repeats_differ_by():
    name, differ = (
        f"instructions.Instructions.track_{each}" for each in ("open", "repeats_differ")
    )
    before = with_figures(figures={name: {GRID: 1000.0}, differ: {GRID: 0.001}})
    found = {}
    for count, part in ((1004.0, 0.001), (1012.0, 0.001), (1012.0, 0.02), (980.0, 0.001)):
        after = with_figures(figures={name: {GRID: count}, differ: {GRID: part}})
        known = pairs.evidence(measured={"zarr-3.2.1": before, "zarr-3.3.0": after})
        (said,) = known.statements("zarr-3.2.1", "zarr-3.3.0")
        assert (said.source, said.before, said.after) == (COUNTED, 1000.0, count)
        assert said.low < said.ratio < said.high
        found[count, part] = said.word
    assert list(found.values()) == ["equal", "more", "equal", "less"]
    # Without a word on how they repeat nothing is said.
    after = with_figures(figures={name: {GRID: 1200.0}})
    known = pairs.evidence(measured={"zarr-3.2.1": before, "zarr-3.3.0": after})
    assert known.statements("zarr-3.2.1", "zarr-3.3.0") == []


def test_instructions_are_those_of_the_one_machine_that_counted_most(monkeypatch):
    name, differ = (
        f"instructions.Instructions.track_{each}" for each in ("open", "repeats_differ")
    )

    def of(machine, tag, count=None):
        figures = {"storage.Storage.track_stored_bytes": {GRID: 10.0}}
        counts = {} if count is None else {name: {GRID: count}, differ: {GRID: 0.001}}
        return with_figures(
            commit=commit_of(tag),
            machine=machine,
            tomogram=pairs.TOMOGRAM,
            python=pairs.PYTHON,
            figures={**figures, **counts},
        )

    measured = [
        *(of(pairs.MACHINE, tag) for tag in ("zarr-3.2.1", "zarr-3.3.0")),
        of(pairs.MACHINE, "zarr-3.4.2", 1.0),
        *(of("other", tag, count) for tag, count in (("zarr-3.2.1", 1e3), ("zarr-3.3.0", 2e3))),
    ]
    monkeypatch.setattr(release_evidence, "read_results", lambda results: measured)
    known = read_evidence(Path("none"), pairs.MACHINE, pairs.TOMOGRAM, pairs.PYTHON)
    assert known.counted.machine == "other"
    assert set(known.counted.releases) == {"zarr-3.2.1", "zarr-3.3.0"}
    said = {each.source: each for each in known.statements("zarr-3.2.1", "zarr-3.3.0")}
    assert said[COUNTED].ratio == 2.0 and said[EXACT].ratio == 1.0
    # A count of one machine is never held against a count of another.
    assert known.statement("zarr-3.3.0", "zarr-3.4.2", name, GRID) is None
