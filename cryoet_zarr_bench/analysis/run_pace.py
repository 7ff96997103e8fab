"""Speed of the machine while each release was measured, from the same fixed work each time."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease
from cryoet_zarr_bench.machine.canary import NOISY


def usual_canary(measured: Iterable[MeasuredRelease]) -> float | None:
    """The median of the canaries' CPU seconds of these releases; None if none has canaries."""
    known = [result.canary for result in measured if result.canary is not None]
    return statistics.median(known) if known else None


def pace_of(result: MeasuredRelease, usual: float | None) -> float | None:
    """Time of the canary while a release was measured, as a multiple of its usual time.

    1.6 says that times of that release are about that much longer for a reason of the machine;
    None if either is not known.
    """
    return None if result.canary is None or usual is None else result.canary / usual


def is_slow(pace: float | None) -> bool:
    """True if the work took more than 10 % longer than usual."""
    return pace is not None and pace > 1 + NOISY


def other_paces(measured: Iterable[MeasuredRelease]) -> list[tuple[MeasuredRelease, float]]:
    """The releases that were measured at an unusual speed of the machine, and that speed.

    Between one of them and the next release a step in time may be the machine's.
    """
    known = list(measured)
    usual = usual_canary(known)
    paces = ((result, pace_of(result, usual)) for result in known)
    return [
        (result, pace)
        for result, pace in paces
        if pace is not None and (is_slow(pace) or is_slow(1 / pace))
    ]
