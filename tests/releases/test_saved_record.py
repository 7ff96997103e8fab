"""The record beside a result: what the measured process left, and the conditions."""

import json
from types import SimpleNamespace

import pytest

from cryoet_zarr_bench.releases.cells import _notes_of_earlier_rounds, _save_record
from cryoet_zarr_bench.releases.watch import Watch

LEFT = {"commit": "abc", "imported": {"zarr": {"version": "3.4.2"}}}


@pytest.fixture
def results(tmp_path):
    notes = [{"begun": {"time": 1}}, {"sample": [1, 0.02, 0.02, None, None, None]}]
    return SimpleNamespace(
        commit_hash="abc",
        watch=Watch(lambda note: None, notes),
        record_path=tmp_path / "result.record.jsonl",
    )


def saved(results):
    return json.loads(results.record_path.read_text())


def test_the_conditions_join_what_the_measured_process_left(tmp_path, results):
    left = tmp_path / "left.json"
    left.write_text(json.dumps(LEFT))
    _save_record(results, left, results.record_path)
    record = saved(results)
    assert {key: record[key] for key in LEFT} == LEFT
    assert record["conditions"]["samples"] == [[1, 0.02, 0.02, None, None, None]]
    assert not left.exists()


def test_where_no_process_left_anything_the_conditions_are_kept_alone(tmp_path, results):
    _save_record(results, tmp_path / "nowhere.json", results.record_path)
    record = saved(results)
    assert set(record) == {"commit", "conditions", "profile"}
    assert record["commit"] == "abc" and record["profile"] == "quick"


def test_what_an_earlier_process_left_stays(tmp_path, results):
    results.record_path.write_text(json.dumps(LEFT))
    _save_record(results, tmp_path / "nowhere.json", results.record_path)
    record = saved(results)
    assert record["imported"] == LEFT["imported"]
    assert record["conditions"]["begun"] == {"time": 1}


def test_where_nothing_was_watched_the_record_is_as_it_was_left(tmp_path, results):
    del results.watch
    _save_record(results, tmp_path / "nowhere.json", results.record_path)
    assert not results.record_path.exists()
    left = tmp_path / "left.json"
    left.write_text(json.dumps(LEFT))
    _save_record(results, left, results.record_path)
    assert saved(results) == {**LEFT, "profile": "quick"}


def test_samples_that_are_appended_to_keep_their_canaries(tmp_path, results):
    assert _notes_of_earlier_rounds(results, {"append_samples": True}) == []
    results.record_path.write_text(json.dumps(LEFT))
    assert _notes_of_earlier_rounds(results, {"append_samples": True}) == []
    _save_record(results, tmp_path / "nowhere.json", results.record_path)
    notes = _notes_of_earlier_rounds(results, {"append_samples": True})
    assert notes == [{"begun": {"time": 1}}, {"sample": [1, 0.02, 0.02, None, None, None]}]
    assert _notes_of_earlier_rounds(results, {"append_samples": False}) == []
