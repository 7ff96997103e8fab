"""A release under test whose process does not answer: one line, and no process is left."""

import os
import sys
import time
from pathlib import Path

import pytest

from cryoet_zarr_bench.common.errors import BadInput, ReleaseUnusable
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.compared_releases import Side
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest, Worker

CELL = ComparedCell("read.Read.time_read_volume", "none", "32x32x32", 2)

ENDS = {
    "os._exit(0)": "ended with exit code 0 before it had answered; the last it printed: nothing",
    "os._exit(7)": "its process ended with exit code 7; the last it printed: nothing",
    "sys.exit('enough')": "ended with exit code 1; the last it printed: enough",
    "os.kill(os.getpid(), signal.SIGSEGV)": "was ended by SIGSEGV",
    "print('{}')": "its process did not tell of its stores",
    "print('hello'); print('{}')": "said what is no answer; the last it printed: {}",
    "print('[' * 10**6)": "said what is no answer",
    "print('\\x1b[31m' + 'x' * 10**6)": "said what is no answer",
    "print([])": "said what is no answer; the last it printed: []",
    "\nwhile True: print('again' * 1000)": "printed more than 1 MiB and was ended",
    "time.sleep(600)": "did not end in 3 s and was ended",
}


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A function that makes a release whose process does what a program says."""
    release = ReleaseUnderTest(Side("A wheel", "1", "1", (), "wheel"), tmp_path, tmp_path, "3.12")
    monkeypatch.setattr(release, "install", lambda held: None)
    monkeypatch.setattr(release, "variables", lambda tomogram: dict(os.environ))
    monkeypatch.setattr("cryoet_zarr_bench.verdicts.process_answers.MOST_BYTES", 1 << 20)
    monkeypatch.setattr("cryoet_zarr_bench.verdicts.process_answers.PATIENCE", 3.0)

    def made(program):
        command = [sys.executable, "-c", f"import os, signal, subprocess, sys, time; {program}"]
        monkeypatch.setattr(release, "command", lambda task, folder=None: command)
        return release

    return made


@pytest.mark.parametrize("program", ENDS, ids=ascii)
def test_a_release_that_ends_its_process_is_refused_in_one_line(program, release):
    # `verdicts` files this as what is to be said of the release.
    with pytest.raises(ReleaseUnusable) as refusal:
        release(program).prepare({}, None, [CELL])
    said = str(refusal.value)
    assert said.startswith("A wheel: ") and ENDS[program] in said
    assert len(said) < 500 and said.isprintable()


@pytest.mark.parametrize(
    "program",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "sys.exit('OSError: [Errno 28] No space left on device')",
    ],
)
def test_what_happened_to_a_process_from_outside_is_not_said_of_its_release(program, release):
    with pytest.raises(BadInput) as refusal:
        release(program).prepare({}, None, [CELL])
    assert not isinstance(refusal.value, ReleaseUnusable)


def test_what_it_started_is_gone_as_well(release, tmp_path):
    note = tmp_path / "note"
    program = (
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(note)!r}, 'w').write(str(child.pid)); os._exit(7)"
    )
    with pytest.raises(BadInput, match="exit code 7"):
        release(program).prepare({}, None, [CELL])
    assert is_gone(int(note.read_text()))


def is_gone(number):
    for _ in range(100):
        try:
            status = Path(f"/proc/{number}/stat").read_text()
        except OSError:
            return True
        if status.rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("input(); os._exit(3)", "ended with exit code 3"),
        ("input(); os.abort()", "was ended by SIGABRT"),
        ("input(); print('hello', flush=True); time.sleep(600)", "no answer: 'hello"),
        ("input(); print('[]', flush=True); time.sleep(600)", "no answer: '[]"),
    ],
)
def test_a_call_that_ends_or_garbles_has_its_reason(program, says, tmp_path):
    command = [sys.executable, "-c", f"import os, time; {program}"]
    with Worker(command, dict(os.environ)) as worker:
        answer = worker.call(CELL, tmp_path)
    assert set(answer) == {"error"}
    assert says in answer["error"]


def test_what_follows_a_garbled_answer_is_not_taken_for_the_next(tmp_path):
    program = "input(); print('hello'); print('{\"wall\": 1}', flush=True); time.sleep(600)"
    with Worker([sys.executable, "-c", f"import time; {program}"], dict(os.environ)) as worker:
        first, second = worker.call(CELL, tmp_path), worker.call(CELL, tmp_path)
    assert (
        first
        == second
        == {"error": "the process of this release said what is no answer: 'hello\\n'"}
    )
