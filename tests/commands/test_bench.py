"""The main job as a user runs it: from a file to a dashboard and a table."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoet_zarr_bench.analysis.result_reader import read_results

PROJECT = Path(__file__).resolve().parents[2]
BENCH = ("cryoet_zarr_bench", "bench")


@pytest.fixture
def volume(tmp_path):
    path = tmp_path / "my volume.mrc"
    voxels = np.random.default_rng(0).normal(0, 20, (20, 30, 40)).astype("int16")
    with mrcfile.new(path) as file:
        file.set_data(voxels)
        file.voxel_size = 10.0
    return path


def git_status():
    answer = subprocess.run(
        ["git", "status", "--porcelain"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return answer.stdout


@pytest.mark.long
def test_interrupted_and_resumed_it_ends_with_table_and_dashboard(workplace, volume):
    """Ctrl-C in the first release; the next run takes what was measured and finishes."""
    status = git_status()
    process = subprocess.Popen(
        [sys.executable, "-m", *BENCH, "--tomogram", volume.name],
        cwd=volume.parent,
        env=workplace.variables(PYTHONPATH=str(PROJECT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    unfinished = workplace.work / "unfinished"
    while process.poll() is None:
        journals = list(unfinished.glob("*.jsonl"))
        if journals and len(journals[0].read_text().splitlines()) > 30:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert errors.strip().splitlines()[-1].startswith("interrupted: what was measured is kept")

    run = workplace.run(*BENCH, "--tomogram", str(volume))
    assert run.returncode == 0, run.stdout + run.stderr
    log = (workplace.work / "local" / "asv.log").read_text()
    assert re.search(r"\d+ cells were measured before the interruption", log)
    assert "zarr 3.4.2, numcodecs 0.17.1, Zarr format 3" in run.stdout
    assert "zarr 2.18.7, numcodecs 0.15.2, Zarr format 2" in run.stdout
    for heading in ("codec", "chunks", "write ms", "read ms", "ratio", "files"):
        assert heading in run.stdout
    rows = [line for line in run.stdout.splitlines() if re.match(r"\s+(none|blosc|zstd)-?", line)]
    assert len(rows) == 30
    results = read_results(workplace.work / "local" / "results")
    assert {result.tomogram for result in results} == {"my-volume.mrc-20x30x40"}
    assert len(results) == 2
    released = json.loads((workplace.work / "local" / "html" / "releases.json").read_text())
    assert released["figures"]
    assert git_status() == status


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tomogram", "nowhere.mrc"], "nowhere.mrc"),
        (["--tomogram", "synthetic:10A@16", "--crop", "17,1,1"], "17"),
        (["--tomogram", "synthetic:20A@16"], "20A"),
        (["--profile", "quik"], "quick, standard, full"),
        (["--python", "3.99"], "3.99"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(workplace, arguments, said):
    run = workplace.run(*BENCH, *arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("error: ") and said in line
    assert not (workplace.work / "local").exists()
    tomograms = workplace.folder / "tomograms"
    assert not list(tomograms.rglob("*.npy"))


def test_two_runs_at_once_are_refused(workplace):
    import fcntl

    workplace.work.mkdir()
    with (workplace.work / "measuring.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        run = workplace.run(*BENCH, "--tomogram", "synthetic:10A@8")
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("error: another run is measuring")


def test_an_option_that_does_not_exist_is_refused_with_2(workplace):
    run = workplace.run(*BENCH, "--tomogramm", "x.mrc")
    assert run.returncode == 2
    assert "--tomogramm" in run.stderr and "Traceback" not in run.stderr


def test_the_index_out_of_reach_ends_in_one_line(workplace):
    """A machine without network and without anything in its cache."""
    run = workplace.run(
        *BENCH,
        "--tomogram",
        "synthetic:10A@8",
        UV_DEFAULT_INDEX="http://127.0.0.1:9/simple",
        UV_CACHE_DIR=str(workplace.folder / "empty-cache"),
        UV_HTTP_RETRIES="0",
    )
    assert run.returncode == 2
    (line,) = [line for line in run.stderr.splitlines() if line]
    assert line.startswith("error: asv stopped at zarr 3.4.2")
    assert "the package index could not be reached: http://127.0.0.1:9/simple/" in line
    assert "then run the same command again" in line
