"""The command that measures releases beside anchors: resumed, honest about what failed."""

import json
from types import SimpleNamespace

import pytest
from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import ANCHORED_FILE, read_anchored
from cryoet_zarr_bench.commands import anchored_command
from cryoet_zarr_bench.common.errors import ReleaseUnusable
from cryoet_zarr_bench.verdicts.anchored_cells import anchored_cells
from cryoet_zarr_bench.verdicts.confirmation import CellAnswer
from cryoet_zarr_bench.verdicts.judgement import estimate

WANTED = ["zarr-3.1.5", "zarr-3.4.2", "zarr-2.18.7"]


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The questions that were asked of a `confirm` that measures nothing."""
    asked = []

    def confirm(question, held, folder, console):
        asked.append((question.a.name, question.b.name))
        if question.b.name == "zarr-3.1.5":
            raise ReleaseUnusable("zarr-3.1.5 cannot be imported")
        pairs = tuple(
            {"pair": n, "cpu": 0.1 + n / 1000, "calls": [["A", 0.002, 0.003], ["B", 0.0022, 0.0]]}
            for n in range(8)
        )
        found = estimate([pair["cpu"] for pair in pairs])
        first, second = question.cells[:2]
        nothing = estimate([])
        cells = (
            CellAnswer(first, "regression", found, found, pairs),
            CellAnswer(second, "n/a", nothing, nothing, reason="B: cannot write it"),
        )
        return SimpleNamespace(complete=True, cells=cells)

    monkeypatch.setattr(anchored_command, "confirm", confirm)
    monkeypatch.setattr(anchored_command, "PROJECT", tmp_path)
    monkeypatch.setattr(anchored_command, "WORK", tmp_path / "work")
    monkeypatch.setattr(anchored_command, "refuse_another_machine", lambda results, machine: None)
    return asked


def test_each_is_measured_once_beside_its_anchor(asked, tmp_path):
    console = Console(quiet=True)
    assert anchored_command.run_anchored(console, "m", WANTED, False, None) == 0
    assert asked == [
        ("zarr-3.1.6", "zarr-2.18.7"),
        ("zarr-3.1.6", "zarr-3.4.2"),
        ("zarr-3.1.6", "zarr-3.1.5"),
    ]
    lines = {line.release: line for line in read_anchored(tmp_path / "results", "m")}
    assert list(lines) == ["zarr-2.18.7", "zarr-3.1.5", "zarr-3.4.2"], "in their order"
    assert lines["zarr-3.1.5"].reason == "zarr-3.1.5 cannot be imported"
    good, missing = lines["zarr-3.4.2"].cells
    assert good.cell in anchored_cells(SimpleNamespace(zarr="3.4.2"))
    assert good.low < good.ratio < good.high and good.anchor_seconds == 0.002
    assert (missing.ratio, missing.reason) == (None, "B: cannot write it")
    asked.clear()
    assert anchored_command.run_anchored(console, "m", WANTED, False, None) == 0
    assert asked == []
    anchored_command.run_anchored(console, "m", ["zarr-3.4.2"], True, None)
    assert asked == [("zarr-3.1.6", "zarr-3.4.2")]


def test_after_its_time_it_begins_no_other(asked):
    assert anchored_command.run_anchored(Console(quiet=True), "m", WANTED, False, -1.0) == 3
    assert asked == []


def test_an_interruption_keeps_what_was_finished(asked, tmp_path, monkeypatch):
    measured = anchored_command.confirm

    def interrupted(question, held, folder, console):
        found = measured(question, held, folder, console)
        return found if question.b.name == "zarr-2.18.7" else SimpleNamespace(complete=False)

    monkeypatch.setattr(anchored_command, "confirm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        anchored_command.run_anchored(
            Console(quiet=True), "m", ["zarr-2.18.7", "zarr-3.4.2"], False, None
        )
    (path,) = tmp_path.rglob(ANCHORED_FILE)
    (kept,) = map(json.loads, path.read_text().splitlines())
    assert kept["release"] == "zarr-2.18.7"
