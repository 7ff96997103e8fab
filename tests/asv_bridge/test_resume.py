"""The journal of measured cells: what was kept comes back, what was cut short does not."""

import math

from asv.runner import BenchmarkResult
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.asv_bridge.cells.cell_journal import CellJournal, journal_path

BENCHMARK = {"name": "write.Write.time_write", "version": "1", "params": [["'none'"], ["2", "3"]]}
PURPOSE = {"tomogram": "abc"}


def measured(value, errcode=0):
    return BenchmarkResult([value], [[value, value]], [1], errcode, "", None)


def test_cells_come_back_each_round_apart(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    for value in (1.0, 2.0):
        journal.keep(journal.key(BENCHMARK, 0), measured(value))
    again = CellJournal(path, PURPOSE)
    assert again.taken_over == 2
    assert again.find(again.key(BENCHMARK, 0)).result == [1.0]
    assert again.find(again.key(BENCHMARK, 0)).samples == [[2.0, 2.0]]
    assert again.find(again.key(BENCHMARK, 0)) is None
    assert again.find(again.key(BENCHMARK, 1)) is None


def test_what_is_not_applicable_comes_back_as_such(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    not_applicable = BenchmarkResult([math.nan], [None], [None], 0, "", None)
    journal.keep(journal.key(BENCHMARK, 0), not_applicable)
    again = CellJournal(path, PURPOSE)
    assert math.isnan(again.find(again.key(BENCHMARK, 0)).result[0])


def test_failures_are_tried_again(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    journal.keep(journal.key(BENCHMARK, 0), measured(None, errcode=1))
    assert CellJournal(path, PURPOSE).taken_over == 0


def test_another_tomogram_version_or_grid_takes_nothing_over(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    journal.keep(journal.key(BENCHMARK, 0), measured(1.0))
    for other in ({**BENCHMARK, "version": "2"}, {**BENCHMARK, "params": [["'none'"], ["3", "2"]]}):
        again = CellJournal(path, PURPOSE)
        assert again.find(again.key(other, 0)) is None
    assert CellJournal(path, {"tomogram": "def"}).taken_over == 0


def test_notes_come_back_in_order_beside_the_cells(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    journal.note({"sample": [1, None]})
    journal.keep(journal.key(BENCHMARK, 0), measured(1.0))
    journal.note({"sample": [2, 0.5]})
    for _ in range(2):  # the journal is written anew each time
        again = CellJournal(path, PURPOSE)
        assert again.notes == [{"sample": [1, None]}, {"sample": [2, 0.5]}]
        assert again.taken_over == 1
        assert again.find(again.key(BENCHMARK, 0)).result == [1.0]
    assert CellJournal(path, {"tomogram": "def"}).notes == []


@given(cut=st.integers(0, 2000), count=st.integers(1, 6))
def test_a_kill_at_any_byte_loses_at_most_the_note_being_written(tmp_path_factory, cut, count):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    sizes = [path.stat().st_size]
    for number in range(count):
        journal.note({"sample": number})
        sizes.append(path.stat().st_size)
    path.write_bytes(path.read_bytes()[: min(cut, sizes[-1])])
    whole = sum(min(cut, sizes[-1]) >= size - 1 for size in sizes[1:])
    assert CellJournal(path, PURPOSE).notes == [{"sample": number} for number in range(whole)]


@settings(max_examples=60)
@given(cut=st.integers(0, 4000), values=st.lists(st.floats(0, 1e3), min_size=1, max_size=8))
def test_a_kill_at_any_byte_loses_at_most_the_cell_being_written(tmp_path_factory, cut, values):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = CellJournal(path, PURPOSE)
    sizes = [path.stat().st_size]
    for value in values:
        journal.keep(journal.key(BENCHMARK, 0), measured(value))
        sizes.append(path.stat().st_size)
    cut = min(cut, sizes[-1])
    path.write_bytes(path.read_bytes()[:cut])
    # The newline that ends a line may be what the kill took; the line is whole all the same.
    whole = sum(cut >= size - 1 for size in sizes[1:])
    again = CellJournal(path, PURPOSE)
    found = [again.find(again.key(BENCHMARK, 0)) for _ in values]
    assert [each.result[0] for each in found if each is not None] == values[:whole]
    again.keep("one more", measured(5.0))
    assert CellJournal(path, PURPOSE).taken_over == whole + 1


def test_each_result_file_has_its_own_journal(tmp_path):
    one = journal_path(tmp_path, "vm/a.json", None)
    assert one != journal_path(tmp_path, "vm/b.json", None)
    assert one != journal_path(tmp_path, "vm/a.json", [1])
