"""What releases changed in what is counted."""

import dataclasses
import math

import made_up_storage as storage

from cryoet_zarr_bench.analysis.changes.exact_changes import (
    ExactChange,
    exact_changes,
    exact_report,
)
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of

GETS = "shards.ShardRequests.track_inner_chunk_gets"
BYTES = "storage.Storage.track_stored_bytes"
ONE, OTHER = Cell("none", "64x64x64", 3), Cell("zstd-5", "64x64x64", 3)
CATALOGUE = load_catalogue()
BEFORE, AFTER = "zarr-3.2.1", "zarr-3.3.0"


def measured(tag, figures, **more):
    return dataclasses.replace(storage.release(figures), commit=commit_of(tag), **more)


def changes(before, after, **more):
    assert CATALOGUE.predecessor(CATALOGUE.find(AFTER)).tag == BEFORE
    return exact_changes([measured(BEFORE, before), measured(AFTER, after, **more)], CATALOGUE)


def test_a_change_is_counted_with_the_cell_that_changed_most():
    found = changes({GETS: {ONE: 2.0, OTHER: 4.0}}, {GETS: {ONE: 1.0, OTHER: 1.0}})
    assert found == {AFTER: [ExactChange(AFTER, GETS, 2, 2, 0, 0, OTHER, 4.0, 1.0)]}


def test_from_nothing_to_something_is_the_farthest():
    (found,) = changes({GETS: {ONE: 0.0, OTHER: 1.0}}, {GETS: {ONE: 1.0, OTHER: 100.0}})[AFTER]
    assert found.most == ONE and found.distance == math.inf


def test_what_one_release_alone_can_do_is_told_from_a_change():
    (found,) = changes({GETS: {ONE: 2.0}}, {GETS: {OTHER: 2.0}})[AFTER]
    assert (found.changed, found.compared, found.appeared, found.gone) == (0, 0, 1, 1)
    assert found.most is None and found.distance == 0


def test_bytes_of_metadata_and_times_are_no_changes():
    time = "write.Write.time_write"
    before = {BYTES: {ONE: 100_000.0}, time: {ONE: 1.0}, "overhead.A.track_b": {ONE: 1.0}}
    after = {BYTES: {ONE: 100_999.0}, time: {ONE: 2.0}, "overhead.A.track_b": {ONE: 2.0}}
    assert changes(before, after) == {AFTER: []}


def test_another_profile_is_not_compared():
    assert changes({GETS: {ONE: 2.0}}, {GETS: {ONE: 1.0}}, profile="full") == {}


def test_the_page_lists_the_releases_that_changed_something(tmp_path, monkeypatch):
    from cryoet_zarr_bench.analysis.changes import exact_changes as module

    figures = [f"shards.ShardRequests.track_{name}_gets" for name in "abcdef"]
    own = [
        measured(BEFORE, {name: {ONE: 1.0} for name in figures}),
        measured(AFTER, {name: {ONE: 2.0 + place} for place, name in enumerate(figures)}),
        measured("zarr-3.4.0", {name: {ONE: 2.0 + place} for place, name in enumerate(figures)}),
    ]
    monkeypatch.setattr(module, "read_results", lambda results: own)
    page = exact_report(tmp_path, storage.MACHINE)
    rows = [line for line in page.splitlines() if line.startswith("| zarr-")]
    assert len(rows) == module.MOST_FIGURES + 1
    assert rows[0] == f"| {AFTER} | {figures[-1]} | 1 of 1 |  |  | 1 | 7 | none 64x64x64 v3 |"
    assert "and 2 more figures" in rows[-1] and "zarr-3.4.0" not in page
    assert "2 releases were compared" in page
