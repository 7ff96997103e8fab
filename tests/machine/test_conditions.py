"""What is read of a machine, from files as Linux writes them and where there are none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cryoet_zarr_bench.machine import machine_conditions
from cryoet_zarr_bench.machine.machine_conditions import (
    describe_machine,
    read_moment,
    steal_fraction,
)

LINUX = {
    "proc/stat": "cpu  100 20 30 4000 50 6 7 80 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 1\n",
    "proc/pressure/cpu": "some avg10=11.40 avg60=9.59 avg300=8.38 total=7\n"
    "full avg10=1.00 avg60=0.00 avg300=0.00 total=0\n",
    "proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "proc/meminfo": "MemTotal:  8000 kB\nMemFree:  100 kB\nMemAvailable:    4000 kB\n",
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu hypervisor avx2\n\n"
    "processor\t: 1\nmodel name\t: Another\n\n",
    "proc/sys/kernel/randomize_va_space": "2\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    ".dockerenv": "",
}


@pytest.fixture
def linux(tmp_path):
    for name, text in LINUX.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_moment_is_read_from_the_files_of_linux(linux):
    moment = read_moment(linux)
    assert moment.steal_ticks == 80
    assert moment.idle_ticks == 4000
    # Guests' ticks are the user's already.
    assert moment.total_ticks == 100 + 20 + 30 + 4000 + 50 + 6 + 7 + 80
    assert moment.cpu_pressure == 11.4
    assert moment.memory_pressure == 0.0
    assert moment.io_pressure is None
    assert moment.memory_available == 4000 * 1024


def test_a_machine_is_described_from_the_files_of_linux(linux, monkeypatch):
    monkeypatch.setattr(
        "os.environ",
        {"OMP_NUM_THREADS": "3", "BLOSC_NTHREADS": "1", "ZARR_THREADING__MAX_WORKERS": "2"}
        | {"HOME": "/nowhere", "ZARR_TOKEN": "secret"},
    )
    machine = describe_machine(linux)
    assert machine["cpu_model"] == "A CPU"
    assert machine["cpu_flags"] == "fpu hypervisor avx2"
    assert machine["virtual"] is True
    assert machine["container"] == "docker"
    assert machine["governor"] == "powersave"
    assert machine["clock_source"] == "tsc"
    assert machine["transparent_huge_pages"] == "madvise"
    assert machine["address_randomisation"] == "2"
    assert machine["thread_variables"] == {
        "BLOSC_NTHREADS": "1",
        "OMP_NUM_THREADS": "3",
        "ZARR_THREADING__MAX_WORKERS": "2",
    }


def test_an_arm_machine_does_not_say_whether_it_is_virtual(linux):
    (linux / "proc/cpuinfo").write_text("processor\t: 0\nFeatures\t: fp asimd\n\n")
    machine = describe_machine(linux)
    assert machine["cpu_flags"] == "fp asimd"
    assert machine["cpu_model"] is None
    assert machine["virtual"] is None


def test_where_nothing_can_be_read_there_is_none_and_no_error(tmp_path, monkeypatch):
    for name in ("getloadavg", "sched_getaffinity"):
        monkeypatch.delattr(f"os.{name}")
    monkeypatch.setattr("os.environ", {})
    moment = read_moment(tmp_path / "nowhere")
    assert set(vars(replace(moment, time=0)).values()) == {0, None}
    machine = describe_machine(tmp_path / "nowhere")
    told = {name for name, value in machine.items() if value is not None}
    assert told == {"kernel", "cpus", "thread_variables"}


@pytest.mark.parametrize("name", [name for name in LINUX if name != ".dockerenv"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"cpu\nsome avg10=\nMemAvailable: x\n:\n"])
def test_a_file_that_says_something_else_is_no_error(linux, name, content):
    (linux / name).write_bytes(content)
    json.dumps([vars(read_moment(linux)), describe_machine(linux)])


def test_a_file_that_may_not_be_read_is_no_error(linux, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(path)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert read_moment(linux).total_ticks is None
    assert describe_machine(linux)["clock_source"] is None


def test_this_machine_can_be_read_and_written_down():
    assert machine_conditions.read_moment().time > 0
    assert json.loads(json.dumps(describe_machine())) == describe_machine()


def test_the_stolen_fraction_is_of_the_time_between(linux):
    before = read_moment(linux)
    now = replace(before, steal_ticks=90, total_ticks=before.total_ticks + 200)
    assert steal_fraction(before, now) == 10 / 200
    assert steal_fraction(before, before) is None
    assert steal_fraction(replace(before, steal_ticks=None, total_ticks=None), now) is None
    # The machine was started anew in between.
    assert steal_fraction(now, before) is None
