"""Watch a machine while it measures: canaries between the cells, and what it was like then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.machine.canary import NOISY, run_canary, spread
from cryoet_zarr_bench.machine.machine_conditions import (
    Moment,
    describe_machine,
    read_moment,
    steal_fraction,
)

SECONDS_BETWEEN_CANARIES = 3.0
"""Canaries are at least as far apart, so that they add about a hundredth to the time of a run."""


class Watch:
    """Samples of one machine over the time in which one release is measured there.

    A sample is what the machine is like, and one canary: `[time in seconds since 1970, CPU seconds
    and wall seconds of the canary, load average over a minute, fraction of CPU time stolen since
    the sample before, pressure on the CPU in percent]`, with None for what the machine does not
    tell.

    `keep` is given each note as it is made; `notes` are those that were kept of the same run before
    it was interrupted.
    """

    def __init__(
        self, keep: Callable[[dict[str, Any]], None], notes: Iterable[dict[str, Any]] = ()
    ) -> None:
        earlier = list(notes)
        self._keep = keep
        self._begun = next((note["begun"] for note in earlier if "begun" in note), None)
        self._samples = [note["sample"] for note in earlier if "sample" in note]
        self._last: Moment | None = None
        self._looked_at = -float("inf")

    def look(self) -> None:
        """Take a sample now."""
        before, now = self._last, read_moment()
        if self._begun is None:
            self._begun = asdict(now)
            self._keep({"begun": self._begun})
        cpu_seconds, wall_seconds = run_canary()
        steal = None if before is None else steal_fraction(before, now)
        sample = [
            now.time,
            short(cpu_seconds),
            short(wall_seconds),
            now.load and now.load[0],
            short(steal),
            now.cpu_pressure,
        ]
        self._last = now
        self._looked_at = time.monotonic()
        self._samples.append(sample)
        self._keep({"sample": sample})

    def look_if_due(self) -> None:
        """Take a sample where the last one is long enough ago."""
        if time.monotonic() - self._looked_at >= SECONDS_BETWEEN_CANARIES:
            self.look()

    def conditions(self) -> dict[str, Any]:
        """Conditions for the record of the release: the machine, and the time it was measured in.

        `begun` and `ended` are all that was read at the first sample and at the last;
        `canary_spread` and `noisy` are None if there were too few canaries to tell.
        """
        found = spread([cpu_seconds for _, cpu_seconds, *_ in self._samples])
        return {
            "machine": describe_machine(),
            "begun": self._begun,
            "ended": asdict(self._last) if self._last else None,
            "samples": self._samples,
            "canary_spread": short(found),
            "noisy": None if found is None else found > NOISY,
        }
