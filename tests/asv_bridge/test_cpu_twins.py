"""The CPU figure of a cell is of the calls its wall figure is of, or of calls of its own."""

import json
import os

import pytest
from asv.runner import BenchmarkResult

from cryoet_zarr_bench.asv_bridge.cells.cpu_twins import CpuTwins
from cryoet_zarr_bench.measured.clocks import CPU_TIMES_FILE

NAMES = ("read.Read.time_read_volume", "read.Read.time_read_volume_cpu", "read.Open.time_open")
CALL = NAMES[0]


@pytest.fixture
def twins(tmp_path, monkeypatch):
    monkeypatch.setenv(CPU_TIMES_FILE, "")
    return CpuTwins(dict.fromkeys(NAMES), tmp_path)


def leave(*times):
    with open(os.environ[CPU_TIMES_FILE], "w") as file:
        json.dump(times, file)


def result(samples, number=1, errcode=0):
    return BenchmarkResult(
        result=[True], samples=[samples], number=[number], errcode=errcode, stderr="", profile=None
    )


def test_the_twin_gets_the_last_calls_without_those_that_warmed_up(twins):
    leave(9.0, 1.0, 2.0, 3.0)
    twins.take(CALL, 4, result([1.1, 2.1, 3.1]))
    given = twins.give(f"{CALL}_cpu", 4)
    assert given.samples == [[1.0, 2.0, 3.0]]
    assert (given.number, given.errcode, given.result) == ([1], 0, [True])


def test_it_is_given_once_and_to_its_own_cell_alone(twins):
    leave(9.0, 1.0)
    twins.take(CALL, 4, result([1.1]))
    assert twins.give(f"{CALL}_cpu", 5) is None
    assert twins.give(CALL, 4) is None
    assert twins.give(f"{CALL}_cpu", 4) is not None
    assert twins.give(f"{CALL}_cpu", 4) is None


def test_what_an_earlier_cell_left_is_not_taken(twins):
    leave(9.0, 1.0)
    twins.forget_last()
    twins.take(CALL, 4, result([1.1]))
    assert twins.give(f"{CALL}_cpu", 4) is None


@pytest.mark.parametrize(
    "found",
    [
        result([1.1, 2.1]),  # as many samples as calls: none can have been for warming up
        result([1.1], number=2),
        result(None, errcode=1),
        BenchmarkResult(
            result=[float("nan")], samples=[None], number=[None], errcode=0, stderr="", profile=None
        ),
    ],
)
def test_where_calls_and_samples_do_not_match_asv_runs_the_twin_itself(twins, found):
    leave(9.0, 1.0)
    twins.take(CALL, 4, found)
    assert twins.give(f"{CALL}_cpu", 4) is None


def test_a_benchmark_without_a_twin_leaves_nothing(twins):
    leave(9.0, 1.0)
    twins.take(NAMES[2], 4, result([1.1]))
    assert twins.give(f"{NAMES[2]}_cpu", 4) is None
