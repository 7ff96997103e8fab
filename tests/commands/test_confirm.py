"""`confirm` as users run it: two real releases, real processes, real kills."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cryoet_zarr_bench.measured.page_cache import why_never_cold
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.releases.catalogue import load_catalogue

PROJECT = Path(__file__).resolve().parents[2]

QUESTION = ("confirm", "zarr-3.1.5", "zarr-3.1.6", "--config", "blosc-lz4-5-shuffle 32x32x32")


def confirm(workplace, *arguments, **more):
    more = {"CRYOET_TOMOGRAM": "synthetic:10A@64", **more}
    return workplace.run("cryoet_zarr_bench", "confirm", *arguments, **more)


def kept_comparisons(workplace):
    """The whole lines of the journal: (cell, pair) -> its comparison."""
    found = {}
    for path in (workplace.work / "confirm").glob("*.jsonl"):
        for line in path.read_text().split("\n")[1:-1]:
            kept = json.loads(line)
            found[kept["cell"], kept["pair"]] = kept
    return found


@pytest.mark.long
@pytest.mark.slow
def test_two_releases_are_compared_in_a_table_json_and_csv(workplace):
    json_file, csv_file = workplace.folder / "answer.json", workplace.folder / "answer.csv"
    found = confirm(
        workplace,
        *("zarr-2.18.7", "zarr==3.0.8,numcodecs==0.15.1"),
        *("--config", "blosc-zstd-5-shuffle 64x64x64", "--benchmark", "read_volume|open"),
        *("--json", str(json_file), "--csv", str(csv_file)),
    )
    answer = json.loads(json_file.read_text())
    assert found.returncode == answer["exit_code"] in (0, 1, 3), found.stderr
    assert "99 % int." in found.stdout
    verdicts = {(each["benchmark"], each["zarr_format"]): each for each in answer["cells"]}
    assert verdicts["read.Open.time_open", 3]["verdict"] == "n/a"
    assert "cannot write Zarr format 3" in verdicts["read.Open.time_open", 3]["reason"]
    # Opening takes several times longer since zarr 3; no noise hides that.
    opened = verdicts["read.Open.time_open", 2]
    assert opened["verdict"] == "regression"
    assert opened["low"] < opened["ratio"] < opened["high"]
    assert len(opened["measured"]) == opened["pairs"] >= 8
    assert all(len(pair["calls"]) >= 12 for pair in opened["measured"])
    with csv_file.open() as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == [
            each["verdict"] for each in answer["cells"]
        ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("zarr-3.1.60", "zarr-3.1.6"), "zarr-3.1.6"),
        (("zarr-3.1.6", "zarr-3.1.6", "--pairs", "9"), "8, 12, 16, 20"),
        (("zarr-3.1.6", "zarr-3.1.6", "--config", "("), "no regular expression"),
        (("zarr-3.1.6", "zarr-3.1.6", "--json", "/no/such/folder/a.json"), "make it first"),
        pytest.param(
            ("zarr-3.1.6", "zarr==2.18.7,numcodecs==0.17.1"),
            "cannot be installed",
            marks=pytest.mark.long,
        ),
    ],
)
def test_bad_input_ends_in_one_line_and_exit_code_2(workplace, arguments, says):
    found = confirm(workplace, *arguments)
    assert found.returncode == 2
    assert len(found.stderr.strip().splitlines()) == 1
    assert says in found.stderr


@pytest.mark.long
@pytest.mark.slow
def test_ctrl_c_says_what_can_be_concluded_and_the_next_run_goes_on(workplace):
    process = start(workplace)
    wait_until(lambda: len(kept_comparisons(workplace)) >= 8, process)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 130
    assert "Interrupted: this is what can be concluded so far" in said
    assert "inconclusive" in said
    kept = kept_comparisons(workplace)
    finished = workplace.run("cryoet_zarr_bench", *QUESTION, CRYOET_TOMOGRAM="synthetic:10A@64")
    assert f"{len(kept)} comparisons were made before the interruption" in finished.stdout
    assert finished.returncode in (0, 1, 3)
    assert kept_comparisons(workplace) == {}


@pytest.mark.long
def test_stores_on_a_disk_are_compared_each_on_its_own(workplace):
    """The newest release against itself: warm, cold, buffered and durable all get their pairs."""
    folder = workplace.folder / "disk"
    folder.mkdir()
    if (reason := why_never_cold(folder, file_system_of(folder))) is not None:
        pytest.skip(reason)
    answer = workplace.folder / "answer.json"
    newest = load_catalogue().newest("3.x").tag
    found = confirm(
        workplace,
        *(newest, newest, "--benchmark", "disk", "--pairs", "8", "--json", str(answer)),
        CRYOET_DISK_FOLDER=str(folder),
    )
    assert found.returncode in (0, 1, 3), found.stderr
    cells = json.loads(answer.read_text())["cells"]
    assert {cell["benchmark"] for cell in cells} == {
        "disk.Warm.time_read_warm",
        "disk.Cold.time_read_cold",
        "disk.Buffered.time_write_buffered",
        "disk.Durable.time_write_durable",
    }
    assert all(len(cell["measured"]) >= 4 for cell in cells)
    assert not list(folder.glob("*/*"))


@pytest.mark.long
def test_killed_ten_times_it_loses_no_finished_pair(workplace):
    rng = random.Random(7)
    kept, kills = {}, 0
    while kills < 10:
        process = start(workplace)
        wait_until(lambda kept=kept: len(kept_comparisons(workplace)) > len(kept), process)
        time.sleep(rng.random())
        process.kill()
        process.wait()
        kills += 1
        now = kept_comparisons(workplace)
        assert kept.items() <= now.items(), f"kill {kills} lost a comparison"
        assert workers_left() == []
        kept = now
    answer = workplace.folder / "answer.json"
    finished = workplace.run(
        "cryoet_zarr_bench",
        *(*QUESTION, "--json", str(answer)),
        CRYOET_TOMOGRAM="synthetic:10A@64",
    )
    assert finished.returncode in (0, 1, 3), finished.stderr
    measured = {
        (pair["cell"], pair["pair"]): pair
        for cell in json.loads(answer.read_text())["cells"]
        for pair in cell["measured"]
    }
    assert kept.items() <= measured.items()


def start(workplace):
    return subprocess.Popen(
        [sys.executable, "-m", "cryoet_zarr_bench", *QUESTION],
        cwd=PROJECT,
        env=workplace.variables(CRYOET_TOMOGRAM="synthetic:10A@64"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def workers_left(seconds=60):
    """Processes of `confirm_worker.py` that outlive the one that started them by `seconds`.

    A call that a worker is at ends first.
    """
    end = time.monotonic() + seconds
    while (found := orphaned_workers()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def orphaned_workers():
    found = []
    for folder in os.scandir("/proc"):
        if folder.name.isdigit():
            try:
                with open(f"/proc/{folder.name}/cmdline", "rb") as file:
                    command = file.read()
                with open(f"/proc/{folder.name}/stat") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if b"measured/confirm_worker.py" in command and parent == 1:
                found.append(command)
    return found
