"""A survey of real tomograms by real workers: its rows are exact, and survive what may happen."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.stores.verified_store import write_verified
from cryoet_zarr_bench.tomogram_survey.dask_workers import (
    Piece,
    WorkerChoice,
    WorkersLost,
    done_by,
    workers_of,
)
from cryoet_zarr_bench.tomogram_survey.findings.tomogram_bytes import tomogram_bytes
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import listed_tomograms
from cryoet_zarr_bench.tomogram_survey.row_files import ROWS, TOMOGRAMS, read_table
from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion
from cryoet_zarr_bench.tomogram_survey.survey_run import part_of, run_survey

PROJECT = Path(__file__).resolve().parents[2]
CONFIGS = ("zstd-3 32x32x32", "shuffle+zstd-3 64x64x64 v2", "layout:64")
QUESTION = SurveyQuestion(CONFIGS)
FOUR = ("synthetic:10A@70x96x64", "synthetic:denoised@64", "synthetic:int16@64", "synthetic:5A@40")


@pytest.fixture(scope="module")
def client():
    """One worker for all: starting one takes longer than what it has to do."""
    with workers_of(WorkerChoice(1)) as client:
        yield client


@pytest.fixture(scope="module")
def surveyed(client, tmp_path_factory):
    """A function that surveys tomograms into a folder of that name; the outcome, the folder."""
    base = tmp_path_factory.mktemp("survey")

    def run(*sources, out="rows", question=QUESTION, **options):
        folder = base / out
        listed = listed_tomograms([str(source) for source in sources])
        return run_survey(client, listed, question, folder, **options), folder

    return run


@pytest.fixture(scope="module")
def whole(surveyed):
    """The folder of a survey of four tomograms."""
    outcome, folder = surveyed(*FOUR)
    assert (outcome.done, outcome.failed) == (4, [])
    return folder


def rows_of(folder):
    """All figures of a survey in one order, without what differs each time."""
    table = read_table(folder, ROWS).drop(columns="seconds")
    return table.sort_values(["tomogram", "config", "z", "y", "x"]).reset_index(drop=True)


def test_its_bytes_are_those_of_the_whole_store(whole, tmp_path):
    """A region of whole chunks has the bytes that it has in a store of all of the tomogram."""
    found = tomogram_bytes(whole).set_index(["tomogram", "config"])
    for number, source in enumerate(FOUR):
        voxels = np.asarray(czb.open(source))
        for text, config in QUESTION.configs_for(voxels.shape, voxels.dtype).items():
            store = write_verified(installed_engine(), voxels, tmp_path / str(number), config)
            row = found.loc[source, text]
            assert row.stored_bytes == row.low == row.high == store.chunk_bytes
            assert row.raw_bytes == voxels.nbytes


def test_the_command_says_what_the_tomograms_say_together(own_workplace, whole):
    found = own_workplace.run("cryoet_zarr_bench", "survey", "--out", str(whole))
    assert found.returncode == 0, found.stderr
    assert re.search(r"4 tomograms of 1 dataset\s*$", found.stdout, re.MULTILINE), found.stdout
    assert "smallest" in found.stdout


def test_kinds_are_told_apart_by_the_spectrum(whole):
    traits = read_table(whole, TOMOGRAMS).set_index("tomogram")
    assert traits.processing["synthetic:denoised@64"] == "denoised"
    assert traits.processing["synthetic:10A@70x96x64"] == "raw"
    assert traits.source_precision["synthetic:int16@64"].startswith("16-bit integers")


def test_parts_without_dask_between_them_are_the_whole(client, whole, tmp_path):
    listed = listed_tomograms(list(FOUR))
    for part in (1, 2, 3):
        own = part_of(listed, part, 3)
        run_survey(client, own, QUESTION, tmp_path, writer=f"part-{part}-of-3", resume=True)
    pd.testing.assert_frame_equal(rows_of(tmp_path), rows_of(whole))
    assert len(list((tmp_path / ROWS).iterdir())) == 3


def test_a_bad_tomogram_is_listed_with_its_reason_and_only_it_is_tried_again(surveyed, tmp_path):
    bad = tmp_path / "bad.mrc"
    bad.write_bytes(b"no tomogram" * 200)
    outcome, folder = surveyed("synthetic:5A@40", bad, out="bad")
    assert outcome.done == 1 and [each for each, _ in outcome.failed] == [str(bad)]
    (line,) = (folder / "failed-all.csv").read_text().splitlines()[1:]
    assert line.startswith(str(bad))
    before = rows_of(folder)
    np.save(tmp_path / "good.npy", np.asarray(czb.open("synthetic:10A@40")))
    bad.unlink()
    czb.convert(tmp_path / "good.npy", bad)
    outcome, _ = surveyed("synthetic:5A@40", bad, out="bad", resume=True)
    assert (outcome.done, outcome.failed) == (2, [])
    assert not (folder / "failed-all.csv").exists()
    after = rows_of(folder)
    others = after[after.tomogram != str(bad)].reset_index(drop=True)
    assert len(after) > len(before)
    pd.testing.assert_frame_equal(others, before)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("nonsense 64x64x64", "nonsense"),
        ("layout:iohub-2026", "written by its own library"),
        ("int8+zstd-5 64x64x64", "depends on all values"),
        ("zstd-3 1021x1021x1021", "survey them one after the other"),
    ],
)
def test_a_question_that_cannot_be_is_refused_before_anything_is_made(tmp_path, config, said):
    with pytest.raises(BadInput, match=said):
        czb.survey(FOUR[0], tmp_path / "rows", config, workers=1)
    assert not (tmp_path / "rows").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--part", "4/3"), "--part 4/3: give i/n"),
        # Dask gives one ten seconds to answer.
        pytest.param(
            ("--scheduler", "tcp://127.0.0.1:9"), "no scheduler answers", marks=pytest.mark.long
        ),
    ],
)
def test_bad_input_gets_one_line(own_workplace, tmp_path, arguments, said):
    command = ("survey", FOUR[0], "--out", str(tmp_path / "rows"), *arguments)
    found = own_workplace.run("cryoet_zarr_bench", *command)
    (line,) = found.stderr.splitlines()
    assert (found.returncode, said in line) == (2, True), found.stderr


def test_another_question_or_a_second_run_does_not_mix_with_a_survey(surveyed, whole):
    with pytest.raises(BadInput, match="give --resume"):
        surveyed(*FOUR)
    with pytest.raises(BadInput, match="another question"):
        surveyed(*FOUR, question=SurveyQuestion(CONFIGS, 2), resume=True)
    outcome, _ = surveyed(*FOUR, resume=True)
    assert (outcome.done, outcome.rows) == (4, 0)


def test_where_a_file_of_rows_was_removed_no_other_one_is_replaced(surveyed):
    for number, source in enumerate(("synthetic:5A@40", "synthetic:10A@40", "synthetic:10A@32")):
        _, folder = surveyed(source, out="removed", resume=number > 0)
    before = rows_of(folder)
    first, *others = sorted((folder / ROWS).glob("*.parquet"))
    kept = {path: path.read_bytes() for path in others}
    first.unlink()
    outcome, _ = surveyed("synthetic:5A@40", "synthetic:10A@40", out="removed", resume=True)
    assert outcome.rows > 0
    assert {path: path.read_bytes() for path in others} == kept
    pd.testing.assert_frame_equal(rows_of(folder), before)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"configs": 3, "sample": "x", "seed": 0}', "nonsense"]
)
def test_a_question_that_is_none_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "survey.json").write_text(text)
    with pytest.raises(BadInput, match="is no folder of a survey"):
        tomogram_bytes(tmp_path)


@pytest.mark.long
def test_a_sample_reads_less_and_its_interval_holds_the_whole(surveyed):
    source = "synthetic:10A@192x256x256"
    _, folder = surveyed(source, out="sample", question=SurveyQuestion(CONFIGS, 8))
    _, all_of_it = surveyed(source, out="all of it")
    assert len(rows_of(folder)) == 8 * 3 and len(rows_of(all_of_it)) == 48 * 3
    few = tomogram_bytes(folder).set_index("config")
    every = tomogram_bytes(all_of_it).set_index("config")
    for config in CONFIGS:
        row, truth = few.loc[config], every.loc[config].stored_bytes
        assert row.low < row.stored_bytes < row.high
        assert row.low <= truth <= row.high


def test_a_folder_that_takes_no_more_is_said_and_what_was_kept_counts(surveyed):
    _, folder = surveyed("synthetic:5A@40", out="full")
    shutil.rmtree(folder / ROWS)
    (folder / ROWS).write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        surveyed("synthetic:5A@40", out="full", resume=True)


def worker_processes(parent):
    """The processes that a survey's workers run in."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if b"spawn_main" in (path / "cmdline").read_bytes() and _below(path, parent):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def _below(path, parent):
    number = int(path.name)
    while number > 1:
        if number == parent:
            return True
        number = int(
            (Path("/proc") / str(number) / "stat").read_text().rpartition(")")[2].split()[1]
        )
    return False


def started(own_workplace, folder, sources):
    configs = [part for config in CONFIGS for part in ("--config", config)]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "cryoet_zarr_bench", "survey", *sources, *configs),
            *("--out", str(folder), "--workers", "2", "--resume"),
        ],
        cwd=PROJECT,
        env=own_workplace.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.long
def test_workers_killed_at_random_change_no_row(own_workplace, tmp_path):
    sources = [f"synthetic:{kind}@96#{seed}" for kind in ("10A", "int16") for seed in range(8)]
    undisturbed = started(own_workplace, tmp_path / "undisturbed", sources)
    said, _ = undisturbed.communicate()
    assert undisturbed.returncode == 0, said
    process = started(own_workplace, tmp_path / "killed", sources)
    chance, killed = random.Random(0), 0
    while process.poll() is None:
        time.sleep(chance.uniform(0.5, 1.5))
        workers = worker_processes(process.pid)
        # Who is killed again and again while it starts never will.
        begun = (tmp_path / "killed" / "survey.json").exists()
        if begun and len(workers) > 1 and killed < 8:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed += 1
    said = process.stdout.read()
    assert process.returncode == 0, said
    assert killed >= 2
    pd.testing.assert_frame_equal(rows_of(tmp_path / "killed"), rows_of(tmp_path / "undisturbed"))


@pytest.mark.long
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_at_random_moments_it_goes_on_and_keeps_each_row_once(
    own_workplace, tmp_path, ending
):
    sources = [f"synthetic:10A@64#{seed}" for seed in range(12)]
    whole = started(own_workplace, tmp_path / "whole", sources)
    said, _ = whole.communicate()
    assert whole.returncode == 0, said
    chance, folder = random.Random(int(ending)), tmp_path / "ended"
    for _ in range(4):
        process = started(own_workplace, folder, sources)
        time.sleep(chance.uniform(1, 8))
        if ending == signal.SIGINT:
            # A terminal tells the workers too.
            os.killpg(process.pid, ending)
        else:
            process.send_signal(ending)
        said, _ = process.communicate()
        assert process.returncode in (0, 130, -ending), said
        assert "Traceback" not in said
        if process.returncode == 130:
            assert "--resume goes on" in said or "nothing was begun" in said
    last = started(own_workplace, folder, sources)
    said, _ = last.communicate()
    assert last.returncode == 0, said
    found = rows_of(folder)
    assert not found.duplicated(["tomogram", "config", "z", "y", "x"]).any()
    pd.testing.assert_frame_equal(found, rows_of(tmp_path / "whole"))


def slow(seconds):
    """Work for a worker."""
    time.sleep(seconds)
    return seconds


def test_a_scheduler_that_is_lost_ends_the_work_and_is_said():
    with pytest.raises(WorkersLost), workers_of(WorkerChoice(1)) as client:
        closing = threading.Timer(1.0, client.cluster.close)
        closing.start()
        for _ in done_by(client, (Piece(str(n), slow, (0.2,)) for n in range(100))):
            pass


def test_what_a_worker_raises_is_a_reason_and_the_rest_is_done(client):
    pieces = [Piece(str(n), slow, ("no number" if n == 1 else 0.0,)) for n in range(3)]
    found = {done.piece.about: done for done in done_by(client, pieces)}
    assert found["1"].reason.startswith("TypeError") and found["1"].result is None
    assert [found[n].result for n in "02"] == [0.0, 0.0]


def test_only_so_much_is_handed_out_at_a_time(client):
    asked = []

    def endless():
        for number in range(10**9):
            asked.append(number)
            yield Piece(str(number), slow, (0.0,))

    for count, _ in enumerate(done_by(client, endless()), 1):
        if count == 20:
            break
    assert len(asked) < 40


def history_of_worker(dask_worker):
    return len(dask_worker.profile_history)


def test_a_worker_keeps_nothing_of_the_seconds_that_it_worked(client):
    """Dask's profile of a worker grows by some MB a minute, as long as it works."""
    list(done_by(client, [Piece("busy", slow, (2.5,))]))
    assert list(client.run(history_of_worker).values()) == [0]


def test_a_worker_uses_one_thread_and_keeps_what_memory_it_freed(client):
    """Dask has the system take back each array that is freed: page faults, a third of the time."""
    (found,) = client.run(lambda: dict(os.environ)).values()
    assert found["OMP_NUM_THREADS"] == found["OPENBLAS_NUM_THREADS"] == "1"
    assert "MALLOC_TRIM_THRESHOLD_" not in found


BLOCKED = """
import os
from pathlib import Path
from cryoet_zarr_bench.tomogram_survey.dask_workers import WorkerChoice, workers_of

if __name__ == "__main__":
    with workers_of(WorkerChoice(1)) as client:
        (worker,) = client.run(os.getpid).values()
        lines = Path(f"/proc/{worker}/status").read_text().splitlines()
        print(next(line.split()[1] for line in lines if line.startswith("SigBlk")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_terminal_that_tells_the_workers_too_is_not_heard_by_them(tmp_path):
    """Even by the first that a program starts, after which Python lets Ctrl-C through."""
    program = tmp_path / "first.py"
    program.write_text(BLOCKED)
    done = subprocess.run(
        [sys.executable, str(program)], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout, 16) & (1 << (signal.SIGINT - 1))
