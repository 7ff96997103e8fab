"""What strace wrote is counted between the marks of a call, and told where it differs."""

import shutil
import subprocess
import sys

import pytest

from cryoet_zarr_bench.verdicts.kernel_work import KernelWork, differences, read_trace

TRACE = """\
7  openat(AT_FDCWD, "before", O_RDONLY) = 3
7  access("/no-folder-of-this-name/0/-1/begin", F_OK) = -1 ENOENT (No such file or directory)
7  read(3, "warm", 4) = 4
7  access("/no-folder-of-this-name/0/-1/end", F_OK) = -1 ENOENT (No such file or directory)
7  faccessat2(AT_FDCWD, "/no-folder-of-this-name/0/0/begin", F_OK, 0) = -1 ENOENT (No such file)
8  pread64(3,  <unfinished ...>
7  futex(0x1, FUTEX_WAIT <unfinished ...>
8  <... pread64 resumed>"bytes", 5, 0) = 5
7  pread64(3, "/no-folder-of-this-name", 5, 5) = 5
7  access("/no-folder-of-this-name/0/0/end", F_OK) = -1 ENOENT (No such file or directory)
7  write(1, "after", 5) = 5
"""


def test_calls_between_the_marks_count_and_none_that_waits(tmp_path):
    (tmp_path / "trace").write_text(TRACE)
    assert read_trace(tmp_path / "trace") == {0: [{"pread64": 2}]}


PROGRAM = """
import os
for number in (-1, 0, 1):
    os.access(f"/no-folder-of-this-name/3/{number}/begin", os.F_OK)
    for _ in range(5 + number):
        os.stat("/")
    os.access(f"/no-folder-of-this-name/3/{number}/end", os.F_OK)
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
def test_strace_itself_shows_what_a_program_does(tmp_path):
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-o", str(trace), sys.executable, "-c", PROGRAM]
    found = subprocess.run(command, capture_output=True, text=True)
    if "Operation not permitted" in found.stderr:
        pytest.skip("no process may be traced here")
    assert found.returncode == 0, found.stderr
    first, second = read_trace(trace)[3]
    assert sum(first.values()) == 5 and sum(second.values()) == 6


def test_what_differs_is_told_the_most_first():
    a = KernelWork(100, {"pread64": 71, "openat": 3, "close": 3, "mmap": 1})
    b = KernelWork(103, {"pread64": 11, "openat": 3, "close": 4, "brk": 9})
    assert differences(a, b) == ["pread64 71 -> 11", "brk 0 -> 9", "close 3 -> 4", "mmap 1 -> 0"]
    assert differences(a, a) == []
    assert differences(KernelWork(2, None), KernelWork(9, None)) == []
    assert differences(KernelWork(100, None), KernelWork(200, None)) == ["page faults 100 -> 200"]
