"""Ctrl-C waits where it has to."""

import os
import signal

import pytest

from cryoet_zarr_bench.common.interruption import uninterrupted

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def ended_by_exception():
    """As `entry.main` lets signals end a command."""

    def end(number, frame):
        raise KeyboardInterrupt

    before = {ending: signal.signal(ending, end) for ending in ENDINGS}
    yield end
    for ending, handler in before.items():
        signal.signal(ending, handler)


def test_what_has_to_be_done_is_done_however_often_it_is_told_to_end(ended_by_exception):
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        for ending in ENDINGS * 2:
            os.kill(os.getpid(), ending)
            done.append(ending)
    assert done == list(ENDINGS * 2)
    assert [signal.getsignal(ending) for ending in ENDINGS] == [ended_by_exception] * 3


def test_what_is_ignored_from_the_start_stays_so(ended_by_exception):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with uninterrupted():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
