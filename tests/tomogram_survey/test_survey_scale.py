"""What trials of a survey's scale say, and that each is kept once."""

import io
import os

import pytest
from rich.console import Console

from cryoet_zarr_bench.commands.surveying import survey_scale_command as command
from cryoet_zarr_bench.tomogram_survey.survey_scale import (
    SurveyScaleLine,
    keep_survey_scale,
    read_survey_scale,
    survey_scale,
)

MEGAVOXEL = 1_000_000


def line(trial, turn=0, workers=1, tomograms=1, megavoxels=10, seconds=10.0, peak=300):
    return SurveyScaleLine(
        trial=trial,
        turn=turn,
        workers=workers,
        tomograms=tomograms,
        voxels=megavoxels * MEGAVOXEL,
        voxels_of_one=megavoxels * MEGAVOXEL // tomograms,
        rows=60,
        seconds=seconds,
        peak_memory=2 * peak,
        own_memory=peak,
        sample=None,
        measured_at="2026-11-28T12:00:00+00:00",
    )


TRIALS = [
    *(line("workers", turn, 1, 16, 120, seconds) for turn, seconds in enumerate((100, 110, 120))),
    *(line("workers", turn, 2, 16, 120, seconds) for turn, seconds in enumerate((50, 55, 80))),
    *(line("tomogram", turn, 1, 1, 70, 50.0, peak) for turn, peak in enumerate((600, 650))),
    line("tomogram", 0, 1, 1, 580, 400.0, 660),
    line("collection", 0, 2, 25, 22, 12.0),
    line("collection", 0, 2, 200, 176, 100.0),
]


def test_the_speed_up_is_taken_turn_by_turn():
    found = survey_scale(TRIALS)
    assert found.speed_ups == pytest.approx((2.0, 2.0, 1.5))
    assert found.speed_up == pytest.approx(2.0)
    assert found.megavoxels_a_second == pytest.approx(120 / 110)
    assert found.memory == {70 * MEGAVOXEL: 625, 580 * MEGAVOXEL: 660}
    assert found.seconds_each == pytest.approx({25: 0.48, 200: 0.5})
    assert found.of_largest == pytest.approx(580 / 400)
    assert found.worker_hours(3600, 145) == pytest.approx(100)
    assert found.apart == ()


def test_processes_that_share_the_machine_alone_are_held_against_one_by_their_work():
    alone = [line("apart", turn, 1, 1, 7, 7.0) for turn in range(2)]
    both = [line("apart", turn, 2, 2, 14, seconds) for turn, seconds in enumerate((8.0, 10.0))]
    assert survey_scale([*TRIALS, *alone, *both]).apart == pytest.approx((14 / 8, 14 / 10))


def test_nothing_is_said_without_one_of_the_kinds():
    assert survey_scale([each for each in TRIALS if each.trial != "collection"]) is None
    assert survey_scale([]) is None


@pytest.mark.long
def test_each_trial_is_kept_at_once_and_timed_once(tmp_path, monkeypatch):
    trials = [
        command._Trial(trial, 0, workers, (command._drawn((24,) * 3, 0),) * workers)
        for trial, workers in (("workers", 1), ("apart", 1), ("apart", 2))
    ]
    monkeypatch.setattr(command, "_trials", lambda: trials[:2])
    monkeypatch.setattr(command, "PROJECT", tmp_path)
    monkeypatch.setattr(command, "WORK", tmp_path / "work")
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    told = io.StringIO()
    command.run_survey_scale(Console(file=told, width=120), "here", again=False)
    first = read_survey_scale(tmp_path / "results", "here")
    assert [(each.trial, each.workers, each.voxels) for each in first] == [
        ("workers", 1, 24**3),
        ("apart", 1, 24**3),
    ]
    # Dask's workers and the process without it make the same rows.
    assert first[0].rows == first[1].rows > 0
    assert all(each.seconds > 0 and each.peak_memory > each.own_memory > 30e6 for each in first)
    monkeypatch.setattr(command, "_trials", lambda: trials)
    command.run_survey_scale(Console(file=told, width=120), "here", again=False)
    second = read_survey_scale(tmp_path / "results", "here")
    assert second[:2] == first
    assert [(each.workers, each.voxels) for each in second[2:]] == [(2, 2 * 24**3)]
    assert len(told.getvalue().splitlines()) == 3


def test_processes_without_dask_have_the_environment_of_its_workers(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with command._environment_of_workers():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_one_process_and_two_encode_the_same_tomogram():
    apart = [each for each in command._trials() if each.trial == "apart"]
    assert {len(each.sources) for each in apart} == {1, 2}
    assert len({source for each in apart for source in each.sources}) == 1


def test_lines_come_back_as_they_were_kept(tmp_path):
    keep_survey_scale(tmp_path, "here", TRIALS)
    assert read_survey_scale(tmp_path, "here") == TRIALS
