"""Work is counted where valgrind is, and only called changed where repeats agree better."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.measured.callgrind import COUNTED_ALIKE, callgrind_command, read_counts
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.instruction_counts import (
    LESS_WORK,
    MORE_WORK,
    SAME_WORK,
    WorkAnswer,
    find_valgrind,
)

CELL = ComparedCell("write.Write.time_write", "zstd-5", "64x64x64", 3)
needs_valgrind = pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind here")

PROGRAM = """
import sys, zlib
from cryoet_zarr_bench.measured.callgrind import counted, counting, is_counting
data = bytes(range(256)) * 1024
print(is_counting())
for name, times in (("warm", 1), ("once", 1), ("three times", 3)):
    with counting(), counted(name):
        for _ in range(times):
            zlib.compress(data, 1)
"""


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [
        ((1000, 1000), (1004, 1004), SAME_WORK),
        ((1000, 1001), (1050, 1051), MORE_WORK),
        ((1000, 1001), (950, 951), LESS_WORK),
        ((1000, 1040), (1090, 1130), SAME_WORK),
    ],
)
def test_a_difference_counts_beyond_what_repeats_differ_by(a, b, word):
    assert WorkAnswer(CELL, "write", a, b).word == word


@given(st.lists(st.integers(10**4, 10**12), min_size=2, max_size=2))
def test_the_same_counts_are_the_same_work(counts):
    assert WorkAnswer(CELL, "write", tuple(counts), tuple(counts)).word == SAME_WORK


def test_dumps_are_found_by_the_names_that_were_given(tmp_path):
    (tmp_path / "counts.1").write_text(
        "version: 1\ndesc: Trigger: Client Request: a call\nsummary: 7\ntotals: 1234\n"
    )
    (tmp_path / "counts").write_text("desc: Trigger: Program termination\ntotals: 99\n")
    (tmp_path / "counts.2").write_text("desc: Trigger: Client Request: cut short")
    assert read_counts(tmp_path) == {"a call": 1234}


def test_without_valgrind_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadInput, match="valgrind is not installed"):
        find_valgrind()


def test_outside_of_valgrind_nothing_is_counted():
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stdout == "False\n"


@needs_valgrind
def test_a_call_made_three_times_is_three_times_the_work(tmp_path):
    program = [sys.executable, "-c", PROGRAM]
    command = callgrind_command(find_valgrind(), tmp_path, program, core=0)
    subprocess.run(command, env={**os.environ, **COUNTED_ALIKE}, capture_output=True, check=True)
    counts = read_counts(tmp_path)
    assert counts["three times"] / counts["once"] == pytest.approx(3, rel=0.02)


@pytest.mark.long
@needs_valgrind
@pytest.mark.slow
def test_confirm_counts_the_same_work_in_a_release_against_itself(workplace):
    answer = workplace.folder / "answer.json"
    found = workplace.run(
        "cryoet_zarr_bench",
        *("confirm", "zarr-3.1.6", "zarr-3.1.6", "--instructions"),
        *("--benchmark", "time_read_volume", "--config", "zstd-5 64x64x64 format 3"),
        *("--json", str(answer)),
        CRYOET_TOMOGRAM="synthetic:10A@64",
    )
    assert found.returncode == 0, found.stdout + found.stderr
    calls = {each["call"]: each for each in json.loads(answer.read_text())["calls"]}
    assert set(calls) == {"read", "decode"}
    assert calls["decode"]["work"] == calls["read"]["work"] == SAME_WORK
    assert calls["read"]["instructions_a"][0] > calls["decode"]["instructions_a"][0]
    assert "slower" not in found.stdout
    read = calls["read"]
    assert read["page_faults_a"] is not None and calls["decode"]["page_faults_a"] is None
    if shutil.which("strace"):
        assert read["system_calls_a"] == read["system_calls_b"] > 0
