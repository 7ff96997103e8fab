"""No finished comparison is lost, and none is taken for one of another question."""

import json

import pytest

from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.pair_journal import PairJournal

CELL = ComparedCell("write.Write.time_write", "zstd-5", "64x64x64", 3)
OTHER = ComparedCell("read.Open.time_open", "zstd-5", "64x64x64", 3)
PURPOSE = {"a": "one", "b": "other", "seed": 0}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder" / "journal.jsonl"
    journal = PairJournal(path, PURPOSE)
    journal.keep(CELL, 1, {"cpu": 0.1})
    journal.keep(CELL, 0, {"cpu": 0.2})
    journal.keep(OTHER, 0, {"error": "its process ended", "side": "A"})
    return path


def test_what_was_kept_is_found_in_the_order_of_pairs(path):
    journal = PairJournal(path, PURPOSE)
    assert [each["cpu"] for each in journal.of(CELL)] == [0.2, 0.1]
    assert journal.has(CELL, 1)
    assert not journal.has(CELL, 2)


def test_an_error_is_known_in_its_run_and_tried_again_in_the_next(path):
    assert PairJournal(path, PURPOSE).of(OTHER) == []
    assert PairJournal(path, PURPOSE).count == 2


@pytest.mark.parametrize("length", [1, 5, 20, 40])
def test_a_line_that_a_kill_cut_short_is_left_out(path, length):
    whole = path.read_bytes()
    line = json.dumps({"cell": CELL.name, "pair": 2, "cpu": 0.3})
    path.write_bytes(whole + line[:length].encode())
    journal = PairJournal(path, PURPOSE)
    assert journal.count == 2
    journal.keep(CELL, 2, {"cpu": 0.3})
    assert [each["cpu"] for each in PairJournal(path, PURPOSE).of(CELL)] == [0.2, 0.1, 0.3]


def test_another_question_begins_anew(path):
    assert PairJournal(path, {**PURPOSE, "seed": 1}).count == 0
