"""After `asv run`: what is new is measured beside its anchor, where the machine has a history."""

import subprocess
import sys
from types import SimpleNamespace

import made_up_pairs as pairs
import pytest
from asv.commands.run import Run

from cryoet_zarr_bench.asv_bridge import anchored_runs
from cryoet_zarr_bench.asv_bridge.anchored_runs import measure_beside_anchors, new_releases
from cryoet_zarr_bench.asv_bridge.cells.reported_progress import PROGRESS
from cryoet_zarr_bench.releases.release_commits import commit_of


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(anchored_runs, "PROJECT", tmp_path)
    monkeypatch.setattr(anchored_runs, "tomogram_label", lambda: pairs.TOMOGRAM)
    pairs.write_history(tmp_path / "results", *pairs.two_releases())
    return tmp_path / "results"


def commits(*tags):
    return {commit_of(tag) for tag in tags} | {"0" * 40}


def test_new_are_those_that_the_history_lacks(results):
    measured = commits("zarr-3.1.6", "zarr-3.3.0", "zarr-3.4.1", "zarr-3.2.1")
    assert new_releases(results, pairs.MACHINE, measured) == ["zarr-3.2.1", "zarr-3.4.1"]


def test_a_machine_without_a_history_begins_none(results, tmp_path):
    assert new_releases(results, "another", commits("zarr-3.4.1")) == []
    elsewhere = tmp_path / "local"
    pairs.write_history(elsewhere, *pairs.two_releases())
    assert new_releases(elsewhere, pairs.MACHINE, commits("zarr-3.4.1")) == []


@pytest.mark.parametrize(
    ("watched", "options", "expected"),
    [
        (False, {}, ["zarr-3.4.1"]),
        (True, {}, []),
        (False, {"dry_run": True}, []),
    ],
)
def test_asv_run_goes_on_with_what_it_has_measured(
    results, monkeypatch, watched, options, expected
):
    states = iter([commits("zarr-3.3.0"), commits("zarr-3.3.0", "zarr-3.4.1")])
    asked = []
    monkeypatch.setattr(Run, "run", Run.__dict__["run"])
    monkeypatch.setattr(anchored_runs, "_run", lambda cls, conf, **given: 0)
    monkeypatch.setattr(anchored_runs, "_measured", lambda conf, machine: next(states))
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, cwd: asked.append(command) or SimpleNamespace(returncode=0),
    )
    monkeypatch.delenv(PROGRESS, raising=False)
    if watched:
        monkeypatch.setenv(PROGRESS, "1")
    measure_beside_anchors()
    conf = SimpleNamespace(results_dir=str(results))
    assert Run.run(conf=conf, machine=pairs.MACHINE, **options) == 0
    command = [sys.executable, "-m", "cryoet_zarr_bench", "anchored", "--machine", pairs.MACHINE]
    assert asked == [[*command, "--release", tag] for tag in expected]
