"""Watching a machine: a sample when it is due, all kept, the record complete."""

import json

import pytest

from cryoet_zarr_bench.machine import canary_watch
from cryoet_zarr_bench.machine.canary import NOISY
from cryoet_zarr_bench.machine.canary_watch import SECONDS_BETWEEN_CANARIES, Watch


@pytest.fixture
def canaries(monkeypatch):
    """The times that the next canaries take, which are not run."""
    times = []
    monkeypatch.setattr(canary_watch, "run_canary", lambda: (times.pop(0), 1.0))
    return times


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, which a test moves."""
    now = [100.0]
    monkeypatch.setattr(canary_watch.time, "monotonic", lambda: now[0])
    return now


def test_a_sample_is_taken_where_the_last_is_long_enough_ago(canaries, clock):
    canaries += [0.02] * 3
    notes = []
    watcher = Watch(notes.append)
    watcher.look()
    for seconds in (0.0, SECONDS_BETWEEN_CANARIES / 2, SECONDS_BETWEEN_CANARIES / 2, 0.5):
        clock[0] += seconds
        watcher.look_if_due()
    assert sum("sample" in note for note in notes) == 2
    watcher.look()
    assert sum("sample" in note for note in notes) == 3


def test_the_conditions_hold_the_machine_and_every_sample(canaries):
    canaries += [0.02] * 6
    watcher = Watch(lambda note: None)
    for _ in range(6):
        watcher.look()
    conditions = json.loads(json.dumps(watcher.conditions()))
    assert conditions["machine"]["kernel"]
    assert conditions["begun"]["time"] <= conditions["ended"]["time"]
    assert [sample[1:3] for sample in conditions["samples"]] == [[0.02, 1.0]] * 6
    assert {len(sample) for sample in conditions["samples"]} == {6}
    assert conditions["samples"][0][4] is None
    assert conditions["canary_spread"] == 0.0
    assert conditions["noisy"] is False


def test_a_run_whose_canaries_lie_apart_is_noisy(canaries):
    canaries += [0.02, 0.02, 0.02, 0.02 * (1 + 3 * NOISY), 0.02 * (1 + 3 * NOISY)]
    watcher = Watch(lambda note: None)
    for _ in range(5):
        watcher.look()
    assert watcher.conditions()["noisy"] is True


def test_too_few_canaries_say_nothing(canaries):
    canaries += [0.02, 0.04]
    watcher = Watch(lambda note: None)
    watcher.look()
    watcher.look()
    conditions = watcher.conditions()
    assert conditions["canary_spread"] is None
    assert conditions["noisy"] is None


def test_what_was_noted_before_an_interruption_counts(canaries):
    canaries += [0.02, 0.03, 0.04]
    notes = []
    before = Watch(notes.append)
    before.look()
    before.look()
    after = Watch(notes.append, json.loads(json.dumps(notes)))
    after.look()
    conditions = after.conditions()
    assert [sample[1] for sample in conditions["samples"]] == [0.02, 0.03, 0.04]
    assert conditions["begun"] == notes[0]["begun"]
    # How much was stolen while nothing was measured is not asked.
    assert conditions["samples"][2][4] is None
    assert sum("begun" in note for note in notes) == 1
