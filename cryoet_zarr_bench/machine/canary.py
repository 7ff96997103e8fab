"""A fixed piece of work: where its time varies, so does the machine, whatever is measured there."""

from __future__ import annotations

import functools
import random
import statistics
import time
import zlib

NOISY = 0.10
"""The spread of a run's canaries beyond which the run counts as noisy.

Comparing two releases in pairs of processes found a change of 10 % nine times in ten, one of 5 %
half the time at best, so 10 % is the least that is worth telling. Where work that never changes
varies by more, a change of that size between two runs may be the machine's.
"""

_ROUNDS = 4
_COMPRESSED_BYTES = 2**18
_COPIED_BYTES = 2**23
_COPIES = 2
_LOOPS = 30_000


def run_canary() -> tuple[float, float]:
    """Do the fixed work in this thread; return its CPU time and its wall time in seconds.

    It is made of what the timed calls are made of: compressing, moving memory, interpreting. As
    with them, one round to warm up is not counted: it tells of what ran before.
    """
    noise, volume = _material()
    _work(noise, volume)
    wall, cpu = time.perf_counter(), time.thread_time()
    for _ in range(_ROUNDS):
        _work(noise, volume)
    return time.thread_time() - cpu, time.perf_counter() - wall


def _work(noise: bytes, volume: bytes) -> tuple[int, int]:
    stored = zlib.compress(noise, 1)
    for _ in range(_COPIES):
        bytearray(volume)
    total = 0
    for number in range(_LOOPS):
        total += number & 7
    return len(stored), total


@functools.cache
def _material() -> tuple[bytes, bytes]:
    """Bytes that compress as noise of a few bits does, and a volume to copy: always the same."""
    four_bits = bytes(value & 15 for value in range(256))
    noise = random.Random(0).randbytes(_COMPRESSED_BYTES).translate(four_bits)
    return noise, bytes(range(256)) * (_COPIED_BYTES // 256)


def spread(samples: list[float]) -> float | None:
    """Spread of CPU times: from the 10th to the 90th percentile, over the median.

    None for fewer than 5 samples, which tell nothing of a tenth.
    """
    if len(samples) < 5:
        return None
    tenths = statistics.quantiles(samples, n=10, method="inclusive")
    return (tenths[8] - tenths[0]) / statistics.median(samples)
