"""Both clocks are read around the same calls, and nothing else is taken for a call."""

import json
import time

from cryoet_zarr_bench.measured.clocks import CPU_TIMES_FILE, BothClocks


def test_it_is_a_wall_clock_for_asv():
    clock = BothClocks()
    before = time.perf_counter()
    reading = clock()
    assert before <= reading <= time.perf_counter()


def test_each_call_has_its_cpu_time(monkeypatch):
    readings = iter([1.0, 1.5, 10.0, 12.0, 20.0])
    monkeypatch.setattr(time, "process_time", lambda: next(readings))
    clock = BothClocks()
    for _ in range(4):
        clock()
    assert clock.cpu_times() == [0.5, 2.0]
    clock()  # a call that has begun and not ended is none
    assert clock.cpu_times() == [0.5, 2.0]


def test_the_host_is_left_what_it_asked_for(tmp_path, monkeypatch):
    clock = BothClocks()
    clock(), clock()
    monkeypatch.delenv(CPU_TIMES_FILE, raising=False)
    clock.leave()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(CPU_TIMES_FILE, str(tmp_path / "times.json"))
    clock.leave()
    assert json.loads((tmp_path / "times.json").read_text()) == clock.cpu_times()
