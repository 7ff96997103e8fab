"""Wait until a shared machine is as quick as it was when it measured before."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from cryoet_zarr_bench.machine.canary import NOISY, run_canary

CANARIES = 9
"""Of which the median is taken: a burst of other work hits fewer than half of them."""

SECONDS_BETWEEN_LOOKS = 20.0


def pace_now(usual: float) -> float:
    """Time of a canary now, as a multiple of `usual` (CPU seconds)."""
    return statistics.median(run_canary()[0] for _ in range(CANARIES)) / usual


def wait_for_usual_pace(
    usual: float,
    minutes: float,
    say: Callable[[str], None],
    look: Callable[[float], float] = pace_now,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until a canary takes no more than 10 % longer than usual; False if it never did.

    `usual` is in CPU seconds. It is looked for again and again for `minutes`; `say` is told when
    waiting begins and how it ends.
    """
    pace = look(usual)
    if pace <= 1 + NOISY:
        return True
    say(f"the machine takes {pace:.2f} times as long as usual: waiting up to {minutes:g} minutes")
    for _ in range(round(60 * minutes / SECONDS_BETWEEN_LOOKS)):
        sleep(SECONDS_BETWEEN_LOOKS)
        pace = look(usual)
        if pace <= 1 + NOISY:
            say("it has its usual pace again")
            return True
    say(f"it still takes {pace:.2f} times as long; measuring, which the record will tell")
    return False
