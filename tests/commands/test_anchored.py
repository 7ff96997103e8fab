"""The command that measures releases beside anchors: resumed, honest about what failed."""

import json
from types import SimpleNamespace

import made_up_pairs as pairs
import pytest
from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    ANCHORED_FILE,
    AnchoredRelease,
    read_anchored,
    read_repeats,
    repeated_figures,
    repeated_measurements,
)
from cryoet_zarr_bench.commands.comparing import anchored_command
from cryoet_zarr_bench.common.errors import BadInput, ReleaseUnusable
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
        return SimpleNamespace(complete=True, stores={"A": {}, "B": {}}, cells=cells)

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


def test_a_repeat_is_kept_beside_what_is_known(asked, tmp_path):
    console = Console(quiet=True)
    anchored_command.run_anchored(console, "m", ["zarr-3.4.2"], False, None)
    for _ in range(2):
        anchored_command.repeat_anchored(console, "m", ["zarr-3.4.2"])
    results = tmp_path / "results"
    assert len(read_anchored(results, "m")) == 1
    repeats = read_repeats(results, "m")
    assert [line.release for line in repeats] == ["zarr-3.4.2"] * 2
    (found,) = repeated_figures(repeated_measurements(results, "m"))
    # That of the history counts too.
    assert (found.times, found.cells, found.median, found.high) == (3, 1, 1.0, 1.0)
    with pytest.raises(BadInput, match="say which release"):
        anchored_command.repeat_anchored(console, "m", [])


def test_how_far_figures_repeat_is_the_factor_between_the_extremes():
    lines = [
        pairs.beside_anchor("zarr-3.4.2", {pairs.PLAIN: ratio, pairs.OPENED: 1.0})
        | {"measured_at": f"2026-11-28T1{hour}:00:00Z"}
        for hour, ratio in ((0, 1.0), (2, 1.1), (6, 1.05))
    ]
    (found,) = repeated_figures(map(AnchoredRelease.model_validate, lines))
    assert (found.times, found.cells, found.hours) == (3, 2, 6.0)
    assert found.median == pytest.approx(1.05) and found.high == pytest.approx(1.1)
    assert repeated_figures(map(AnchoredRelease.model_validate, lines[:1])) == []
