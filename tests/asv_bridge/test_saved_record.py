"""The record beside a result: what the measured process left, and the conditions."""

import json
from types import SimpleNamespace

import pytest
from asv.results import Results

from cryoet_zarr_bench.asv_bridge.cells.kept_cells import _notes_of_earlier_rounds
from cryoet_zarr_bench.asv_bridge.cells.saved_results import (
    remove_samples,
    save_record,
    shorten_samples,
)
from cryoet_zarr_bench.machine.canary_watch import Watch
from cryoet_zarr_bench.storage.grid import selected_profile

LEFT = {"commit": "abc", "imported": {"zarr": {"version": "3.4.2"}}}


@pytest.fixture
def results(tmp_path):
    notes = [{"begun": {"time": 1}}, {"sample": [1, 0.02, 0.02, None, None, None]}]
    return SimpleNamespace(
        commit_hash="abc",
        is_timed=True,
        watch=Watch(lambda note: None, notes),
        record_path=tmp_path / "result.record.jsonl",
    )


def saved(results):
    return json.loads(results.record_path.read_text())


def test_the_conditions_join_what_the_measured_process_left(tmp_path, results):
    left = tmp_path / "left.json"
    left.write_text(json.dumps(LEFT))
    save_record(results, left, results.record_path)
    record = saved(results)
    assert {key: record[key] for key in LEFT} == LEFT
    assert record["conditions"]["samples"] == [[1, 0.02, 0.02, None, None, None]]
    assert not left.exists()


def test_where_no_process_left_anything_the_conditions_are_kept_alone(tmp_path, results):
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    record = saved(results)
    assert set(record) == {"commit", "conditions", "profile"}
    assert record["commit"] == "abc"


def test_what_an_earlier_process_left_stays(tmp_path, results):
    results.record_path.write_text(json.dumps(LEFT))
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    record = saved(results)
    assert record["imported"] == LEFT["imported"]
    assert record["conditions"]["begun"] == {"time": 1}


def test_a_run_that_times_nothing_leaves_the_conditions_of_the_times(tmp_path, results):
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    results.is_timed, results.watch = False, Watch(lambda note: None, [{"begun": {"time": 9}}])
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    assert saved(results)["conditions"]["begun"] == {"time": 1}
    results.is_timed = True
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    assert saved(results)["conditions"]["begun"] == {"time": 9}


def test_where_nothing_was_watched_the_record_is_as_it_was_left(tmp_path, results):
    del results.watch
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    assert not results.record_path.exists()
    left = tmp_path / "left.json"
    left.write_text(json.dumps(LEFT))
    save_record(results, left, results.record_path)
    assert saved(results) == {**LEFT, "profile": selected_profile().name}


def test_samples_that_are_appended_to_keep_their_canaries(tmp_path, results):
    assert _notes_of_earlier_rounds(results, {"append_samples": True}) == []
    results.record_path.write_text(json.dumps(LEFT))
    assert _notes_of_earlier_rounds(results, {"append_samples": True}) == []
    save_record(results, tmp_path / "nowhere.json", results.record_path)
    notes = _notes_of_earlier_rounds(results, {"append_samples": True})
    assert notes == [{"begun": {"time": 1}}, {"sample": [1, 0.02, 0.02, None, None, None]}]
    assert _notes_of_earlier_rounds(results, {"append_samples": False}) == []


def test_stores_that_were_not_made_again_stay_in_the_record(tmp_path, results):
    results.record_path.write_text(json.dumps({**LEFT, "stores": {"a": 1}, "disk": {"stores": {}}}))
    left = tmp_path / "left.json"
    left.write_text(json.dumps({**LEFT, "stores": {"b": 2}}))
    save_record(results, left, results.record_path)
    assert (saved(results)["stores"], saved(results)["disk"]) == ({"b": 2}, {"stores": {}})


@pytest.mark.parametrize(("selected", "left"), [([0], [None, [2]]), ([0, 1, 2], None)])
def test_samples_of_another_grid_are_removed_without_a_fault(selected, left):
    results = Results.unnamed()
    results._results["a.B.track_c"] = [1, 2]
    results._samples["a.B.track_c"] = [[1], [2]]
    remove_samples(results, "a.B.track_c", selected)
    assert results._samples["a.B.track_c"] == left


def test_samples_lose_digits_and_what_is_exact_does_not(tmp_path):
    path = tmp_path / "result.json"
    columns = ["result", "version", "samples", "profile"]
    rows = {
        "timed": [[0.00123456789, None], "1", [[0.00123456789, 0.00123411111], None]],
        "exact": [[1.23456789]],
        "n/a": [None, "1", None],
    }
    path.write_text(json.dumps({"result_columns": columns, "results": rows}))
    shorten_samples(path)
    assert json.loads(path.read_text())["results"] == {
        "timed": [[0.0012346, None], "1", [[0.0012346, 0.0012341], None]],
        "exact": [[1.23456789]],
        "n/a": [None, "1", None],
    }
