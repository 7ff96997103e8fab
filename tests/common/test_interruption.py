"""Ctrl-C waits where it has to."""

import os
import signal
import subprocess
import sys

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


# As logging does with its locks, something runs in the parent after each fork.
FORKS = """
import os, signal, sys
from cryoet_zarr_bench.common.interruption import interrupt_until_it_is_had
if "tried again" in sys.argv:
    interrupt_until_it_is_had()
parent = os.getpid()
def interrupted():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(parent, signal.SIGINT)
os.register_at_fork(after_in_parent=interrupted)
if os.fork() == 0:
    os._exit(0)
print("lost", flush=True)
signal.sigtimedwait([signal.SIGUSR1], 3)
print("went on")
"""


@pytest.mark.parametrize("is_tried_again", [False, True])
def test_ctrl_c_that_comes_around_a_fork_is_not_lost(is_tried_again):
    arguments = ["tried again"] if is_tried_again else []
    ended = subprocess.run(
        [sys.executable, "-c", FORKS, *arguments], capture_output=True, text=True
    )
    assert ended.stdout.splitlines() == (["lost"] if is_tried_again else ["lost", "went on"])
    assert (ended.returncode == 0) != is_tried_again
    assert "KeyboardInterrupt" in ended.stderr
