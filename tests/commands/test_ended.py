"""What a command leaves where it is told to end, or the system lets it write no more: nothing."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from memory_left import left_in_memory

PROJECT = Path(__file__).resolve().parents[2]
MARK = f"by {os.getpid()}"

LATE = """
import sys, threading, time
from pathlib import Path
from cryoet_zarr_bench.common.staged_outputs import staged
target = Path(sys.argv[1])
failed = threading.Event()
def write_late(folder):
    failed.wait()
    (folder / "0").mkdir(parents=True, exist_ok=True)
    (folder / "0" / "chunk").write_text("late")
try:
    with staged(target, overwrite=False) as product:
        thread = threading.Thread(target=write_late, args=(product,))
        thread.start()
        raise OSError("no room")
except OSError:
    failed.set()
    thread.join()
    assert product.exists()
"""


def test_what_a_thread_writes_after_a_failure_is_gone_at_the_end(tmp_path):
    """As threads of zarr may, which nobody can stop."""
    subprocess.run([sys.executable, "-c", LATE, str(tmp_path / "a.zarr")], check=True, cwd=PROJECT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.zarr", "a.mrc", "a.tif", "a.ome.tif", "other.npy"])
@pytest.mark.parametrize("kilobytes", [1, pytest.param(50, marks=pytest.mark.long)])
def test_where_no_file_may_be_so_large_nothing_is_left(tmp_path, name, kilobytes):
    np.save(tmp_path / "source.npy", np.random.default_rng(0).standard_normal((20, 100, 100)))
    voxels = np.random.default_rng(0).standard_normal((20, 100, 100)).astype(np.float32)
    np.save(tmp_path / "source.npy", voxels)
    folder = tmp_path / "made"
    folder.mkdir()
    program = (
        "import resource, sys; from cryoet_zarr_bench.entry import main\n"
        "sys.dont_write_bytecode = True  # it would be cut off\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes} << 10, {kilobytes} << 10))\n"
        "main()"
    )
    command = [sys.executable, "-c", program, "convert", str(tmp_path / "source.npy")]
    answer = subprocess.run(
        [*command, str(folder / name)], cwd=PROJECT, capture_output=True, text=True
    )
    assert answer.returncode == 2
    (line,) = answer.stderr.splitlines()
    assert "File too large" in line
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def temporary():
    """A folder for temporary files."""
    # Within the test's folder the path of asv's socket would be too long.
    folder = Path(tempfile.mkdtemp(prefix="ended-"))
    yield folder
    for number in of_the_test():
        os.kill(number, signal.SIGKILL)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def started(own_workplace, temporary):
    """A function that starts a command, which may be at any point when it is ended."""

    def start(*command):
        return subprocess.Popen(
            [sys.executable, "-m", "cryoet_zarr_bench", *command],
            cwd=PROJECT,
            env=own_workplace.variables(
                TMPDIR=str(temporary), CRYOET_TOMOGRAM="synthetic:10A@16", ENDED_TEST=MARK
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture(scope="module")
def running(started, temporary):
    """A function that starts a command, `bench` by itself, and gives it when it has stores."""

    def start(*command):
        before = set(temporary.glob("cryoet-zarr-bench-*/*/*/*"))
        process = started(*(command or ["bench"]))
        while not set(temporary.glob("cryoet-zarr-bench-*/*/*/*")) - before:
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        return process

    return start


@pytest.mark.long
def test_a_folder_too_deep_for_sockets_is_refused_in_one_line(own_workplace):
    deep = own_workplace.folder / ("deep" * 20)
    deep.mkdir()
    variables = {"TMPDIR": str(deep), "CRYOET_TOMOGRAM": "synthetic:10A@16"}
    answer = own_workplace.run("cryoet_zarr_bench", "bench", **variables)
    assert answer.returncode == 2
    (line,) = answer.stderr.splitlines()
    assert "too long a path for a socket; set TMPDIR" in line


def of_the_test():
    """The processes that `running` started, and what they started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"ENDED_TEST={MARK}".encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


@pytest.mark.long
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_bench_that_is_told_to_end_leaves_no_stores_and_no_process(running, temporary, ending):
    process = running()
    process.send_signal(ending)
    said, _ = process.communicate()
    assert process.returncode == 130, said
    assert said.splitlines()[-1].startswith("interrupted: ")
    assert_nothing_is_left(temporary)


@pytest.mark.long
@pytest.mark.parametrize("pause", [0.01, 0.5])
def test_told_twice_a_bench_leaves_no_stores_and_no_process(running, temporary, pause):
    """As by a terminal that goes, by `timeout`, or by who has no patience."""
    process = running()
    process.send_signal(signal.SIGTERM)
    time.sleep(pause)
    process.send_signal(signal.SIGHUP)
    said, _ = process.communicate()
    assert process.returncode == 130, said
    assert_nothing_is_left(temporary)


def assert_nothing_is_left(temporary):
    """Neither files, of whatever name, nor processes."""
    assert list(temporary.rglob("*")) == [temporary / f"cryoet-zarr-bench-{os.getuid()}"]
    wait_until_all_have_ended()


@pytest.mark.long
def test_what_a_bench_that_was_killed_left_is_removed_by_the_next(running, temporary):
    process = running()
    process.kill()
    process.wait()
    left = set(temporary.glob("cryoet-zarr-bench-*/*"))
    assert left
    process = running()
    assert not left & set(temporary.glob("cryoet-zarr-bench-*/*"))
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert list(temporary.glob("cryoet-zarr-bench-*/*")) == []


CONFIRM = ("confirm", "zarr-3.1.5", "zarr-3.1.6", "--config", "blosc-lz4-5-shuffle 32x32x32")


@pytest.mark.long
@pytest.mark.parametrize("at", ["stores", "pairs"])
@pytest.mark.parametrize("again", ["never", "soon", "when it has said so"])
def test_a_confirm_that_is_told_to_end_leaves_no_stores_and_no_process(
    running, temporary, at, again
):
    process = running(*CONFIRM)
    while at == "pairs" and not list(temporary.glob("cryoet-zarr-bench-*/*/*/copied/*")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    if again == "soon":
        process.send_signal(signal.SIGHUP)
    elif again == "when it has said so":
        while not (line := process.stdout.readline()).lower().startswith("interrupted: "):
            assert line, "it did not say so"
        process.send_signal(signal.SIGHUP)
    said, _ = process.communicate()
    # Python takes its handlers away shortly before it is gone: then the signal itself ends it.
    late = {-signal.SIGHUP} if again == "when it has said so" else set()
    assert process.returncode in {130} | late, said
    assert_nothing_is_left(temporary)


RANDOM = random.Random(8)
MOMENTS = 20


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("command", "longest"), [(("bench",), 25.0), ((*CONFIRM, "--pairs", "8"), 15.0)]
)
def test_ended_at_random_moments_the_next_one_goes_on(
    started, temporary, own_workplace, command, longest
):
    """Nothing in memory, on the disk or running stays; of a kill the next one clears it."""
    before = left_in_memory()
    endings = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    for moment in range(MOMENTS):
        ending = endings[moment % len(endings)]
        process = started(*command)
        time.sleep(RANDOM.uniform(0.1, longest))
        process.send_signal(ending)
        said, _ = process.communicate()
        if ending == signal.SIGKILL:
            continue
        # Python itself ends by SIGINT, which a shell calls 130 too, where the interruption came
        # while it ran a text as code, as dataclasses do; and by any signal in its first moments.
        # What was not interrupted any more has its own answer, as 3 for an open one.
        assert process.returncode in (0, 1, 3, 130, -signal.SIGINT, -ending), said
        assert "Traceback" not in said
        # What a kill before left is the next one's to clear, if it comes so far.
        assert list(temporary.glob(f"cryoet-zarr-bench-*/{process.pid}*")) == []
        wait_until_all_have_ended()
    process = started(*command)
    said, _ = process.communicate()
    assert process.returncode in (0, 1, 3), said  # 1 and 3 are answers of `confirm`
    assert_nothing_is_left(temporary)
    assert left_in_memory() <= before
    for result in own_workplace.folder.rglob("results/*/*.json"):
        json.loads(result.read_text())


def wait_until_all_have_ended():
    for _ in range(600):
        if not of_the_test():
            break
        time.sleep(0.1)
    assert of_the_test() == []


@pytest.mark.long
def test_a_confirm_beside_a_bench_is_refused_and_the_bench_goes_on(started, running, temporary):
    first = running()
    second = started(*CONFIRM)
    said, _ = second.communicate()
    assert second.returncode == 2
    assert "another run" in said.splitlines()[-1]
    assert first.poll() is None, "the first goes on"
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert_nothing_is_left(temporary)
