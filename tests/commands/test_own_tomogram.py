"""`quick`, `recommend TOMOGRAM`, `prediction-trials`: what they say, keep and refuse."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.answering import prediction_trials_command as trials
from cryoet_zarr_bench.prediction.prediction_trial_lines import (
    keep_prediction_trials,
    read_prediction_trials,
)


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def on_one_line(outcome):
    return " ".join(outcome.output.split())


@pytest.fixture
def volume(tmp_path):
    np.save(tmp_path / "volume.npy", np.asarray(czb.open("synthetic:10A@64")))
    return tmp_path / "volume.npy"


def test_quick_says_the_recommendation_and_what_is_predicted(volume, tmp_path):
    found = run("quick", volume, "--json", tmp_path / "found.json", "--folder", tmp_path)
    assert found.exit_code == 0, found.output
    kept = json.loads((tmp_path / "found.json").read_text())
    assert on_one_line(found).startswith(kept["recommendation"])
    assert kept["recommendation"] == czb.recommend("browsing", "a local disk").sentence
    assert kept["contract"] in on_one_line(found) and kept["here"] in on_one_line(found)
    assert len(kept["layouts"]) > 3
    assert {path.name for path in tmp_path.iterdir()} == {"volume.npy", "found.json"}


def test_a_check_says_of_each_figure_whether_it_held(volume, tmp_path):
    found = run("recommend", volume, "--check", "--purpose", "archive", "--folder", tmp_path)
    assert found.exit_code == 0, found.output
    said = on_one_line(found)
    assert said.count("Checked, ") == 2 and "(held)" in said
    assert [path.name for path in tmp_path.iterdir()] == ["volume.npy"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quick", "nothing.mrc"), "does not exist"),
        (("quick", "synthetic:10A@32", "--purpose", "everything"), "is no purpose"),
        (("quick", "synthetic:10A@32", "--folder", "/nowhere"), "not a folder"),
        (("quick", "synthetic:10A@32", "--today", "layout:nobody"), "was measured"),
        (("recommend", "--check"), "needs a tomogram"),
        (("recommend", "synthetic:10A@32", "--like", "nobody"), "is no tomogram whose layouts"),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments, said):
    found = run(*arguments)
    assert found.exit_code == 2 and found.output.count("\n") == 1
    assert said in on_one_line(found)


@pytest.mark.slow
def test_trials_that_are_there_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "PROJECT", tmp_path)
    monkeypatch.setattr(trials, "WORK", tmp_path / "work")
    monkeypatch.setattr(trials, "LAYOUTS", ("64", "shuffle+zstd-1 64x64x64"))
    (tmp_path / "results").mkdir()
    asked = ("prediction-trials", "--machine", "mine", "--tomogram", "synthetic:10A@80")
    assert run(*asked, "--seeds", 1).exit_code == 0
    first = read_prediction_trials(tmp_path / "results", "mine")
    assert [line.layout for line in first] == ["64", "shuffle+zstd-1 64x64x64"]
    assert all(
        line.stored_bytes > 0 and set(line.seconds) == {"xy_slice", "xz_slice", "yz_slice"}
        for line in first
    )
    keep_prediction_trials(tmp_path / "results", "mine", first[:1])
    assert run(*asked, "--seeds", 1).exit_code == 0
    again = read_prediction_trials(tmp_path / "results", "mine")
    assert again[0] == first[0] and len(again) == 2
