"""Any two releases: the sentence says what the statements say, the surest first."""

import dataclasses
import itertools

import made_up_pairs as pairs
import made_up_storage as storage
import pytest

from cryoet_zarr_bench.analysis.changes.comparison_sentence import (
    TOLD_EXACT,
    TOLD_TIMES,
    exact_in_words,
)
from cryoet_zarr_bench.analysis.changes.release_comparison import (
    compare_measured,
    comparison,
    published_evidence,
)
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell

FETCHED, GETS = (
    f"shards.ShardRequests.track_xy_slice_{name}" for name in ("bytes_fetched", "gets")
)
SMALL, LARGE = (
    Cell("blosc-zstd-5-shuffle", f"{chunk} in {shard}", 3)
    for chunk, shard in (("16x16x16", "64x64x64"), ("32x32x32", "128x128x128"))
)


def measured(figures):
    return dataclasses.replace(storage.release({}), figures=figures)


def test_the_sentence_has_times_then_requests_then_the_rest():
    quiet = ComparedCell("write.Write.time_write", "none", "32x32x32", 2)
    lines = [
        pairs.beside_anchor("zarr-3.1.5", {pairs.OPENED: 1.0, pairs.PLAIN: 1.0, quiet: 1.0}),
        pairs.beside_anchor("zarr-3.4.2", {pairs.OPENED: 1.4, pairs.PLAIN: 0.5, quiet: 1.01}),
    ]
    figures = {
        "zarr-3.1.5": measured({FETCHED: {SMALL: 100.0, LARGE: 100.0}, GETS: {SMALL: 71.0}}),
        "zarr-3.4.2": measured({FETCHED: {SMALL: 340.0, LARGE: 343.0}, GETS: {SMALL: 11.0}}),
    }
    found = comparison(pairs.evidence(lines, figures), "zarr-3.1.5", "zarr-3.4.2")
    assert found.sentence == (
        "zarr 3.4.2 against zarr 3.1.5: reads XY slices 2.00x faster, opens 1.40x slower, "
        "an XY slice of shards fetches 3.4x the bytes in 11 instead of 71 requests "
        "(16x16x16 in 64x64x64), 1 other time is within 4 %."
    )
    assert [each.direction != 0 for each in found.statements] == [True] * 5 + [False]
    assert found.command == "cryoet-zarr-bench confirm zarr-3.1.5 zarr-3.4.2"


def test_a_change_in_some_cells_says_in_how_many():
    cells = [ComparedCell(pairs.SLICE, "none", f"{n}x{n}x{n}", 2) for n in (16, 32, 64)]
    lines = [
        pairs.beside_anchor("zarr-3.1.5", dict.fromkeys(cells, 1.0)),
        pairs.beside_anchor("zarr-3.4.2", dict(zip(cells, (1.3, 1.2, 1.0), strict=True))),
    ]
    found = comparison(pairs.evidence(lines), "zarr-3.1.5", "zarr-3.4.2")
    assert "reads XY slices 1.20 to 1.30x slower in 2 of 3 cells" in found.sentence


def test_what_is_left_out_of_the_sentence_is_counted():
    many = 6
    cells = [ComparedCell(f"x.Y.time_{n}", "none", "32x32x32", 2) for n in "abcdef"]
    lines = [
        pairs.beside_anchor("zarr-3.1.5", dict.fromkeys(cells, 1.0)),
        pairs.beside_anchor("zarr-3.4.2", {cell: 1.2 + n / 10 for n, cell in enumerate(cells)}),
    ]
    gets = [f"access.Requests.track_{n}_gets" for n in "abcdef"]
    figures = {
        "zarr-3.1.5": measured({name: {SMALL: 2.0} for name in gets}),
        "zarr-3.4.2": measured({name: {SMALL: 4.0} for name in gets}),
    }
    found = comparison(pairs.evidence(lines, figures), "zarr-3.1.5", "zarr-3.4.2").sentence
    assert f"{many - TOLD_TIMES} smaller changes" in found
    assert f"{many - TOLD_EXACT} other exact changes" in found
    assert found.count("slower") == TOLD_TIMES


def test_an_exact_change_below_one_percent_is_not_told():
    name = "storage.Storage.track_stored_bytes"
    figures = {
        "zarr-3.1.5": measured({name: {SMALL: 1000.0}}),
        "zarr-3.4.2": measured({name: {SMALL: 1001.0}}),
    }
    found = comparison(pairs.evidence((), figures), "zarr-3.1.5", "zarr-3.4.2")
    assert found.changed and not found.told and exact_in_words(found.statements) == []


@pytest.mark.parametrize("machine", ["epyc-2-cores"])
def test_committed_releases_compared_both_ways_say_the_opposite(machine):
    evidence = published_evidence(PROJECT / "results", machine)
    tags = sorted(evidence.anchored.releases)[-4:]
    assert len(tags) == 4
    for a, b in itertools.combinations(tags, 2):
        there = {(s.benchmark, s.cell): s for s in evidence.statements(a, b)}
        back = {(s.benchmark, s.cell): s for s in evidence.statements(b, a)}
        assert there.keys() >= back.keys() and there
        for key, said in back.items():
            if there[key].source == said.source:
                assert there[key].direction == -said.direction, (a, b, key)


def test_a_release_against_itself_has_not_changed():
    known = pairs.evidence(pairs.two_releases())
    found = comparison(known, "zarr-3.4.2", "zarr-3.4.2")
    assert found.statements and not found.changed
    assert "2 other times are within 0 %" in found.sentence


@pytest.mark.parametrize("name", ["3.9.9", "zarr-9.0.0", "nothing", "[red]x"])
def test_an_unknown_release_is_refused(name):
    with pytest.raises(BadInput, match="no release is tagged"):
        compare_measured(PROJECT / "results", "3.1.6", name)


def test_a_machine_without_results_is_refused():
    with pytest.raises(BadInput, match="no results of nowhere"):
        compare_measured(PROJECT / "results", "3.1.6", "3.4.2", "nowhere")
