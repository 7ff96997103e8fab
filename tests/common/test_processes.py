"""Processes that have ended count as such, and those that are ended write no more."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from cryoet_zarr_bench.common.processes import end_session, is_alive

WRITING = """
import os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
for _ in range(3):
    os.fork()
number = 0
while number < 10_000:
    number += 1
    (folder / f"{os.getpid()}-{number}").mkdir()
    if number % 20 == 0 and os.fork():
        os._exit(0)
"""
"""Eight at a time, each of which is followed by the next."""


def state_of(process):
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_whose_exit_code_nobody_asked_for_has_ended():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid)
    process.kill()
    while state_of(process.pid) != "Z":
        time.sleep(0.01)
    os.kill(process.pid, 0)  # it still has its number
    assert not is_alive(process.pid)
    process.communicate()
    assert not is_alive(process.pid)


def test_nothing_of_a_session_writes_once_it_is_ended(tmp_path):
    """Of processes that make folders, and each another process, while they are killed."""
    folder = tmp_path / "written"
    folder.mkdir()
    process = subprocess.Popen([sys.executable, "-c", WRITING, folder], start_new_session=True)
    try:
        while sum(1 for _ in folder.iterdir()) < 100:
            time.sleep(0.01)
    finally:
        end_session(process.pid)
    assert process.wait() in (0, -signal.SIGKILL)
    shutil.rmtree(folder)  # fails where something is made in it meanwhile
    assert not folder.exists()
