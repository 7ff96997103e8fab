"""The decorator that declares a benchmark: its title, its unit, the clocks that time it.

    class Write(Writing):
        @benchmark("Write the tomogram")
        def time_write(self) -> None:
            self.engine.write(self.tomogram, self.target, self.config)

The first word of the method's name says what asv does with it. `time_` is timed by both clocks: the
method gets a twin that ends in `_cpu`. `track_` returns a figure in `unit`. `peakmem_` is asked for
its peak memory. asv gives each benchmark the stores and its parameters; the class's `setup` keeps
them, so that a benchmark takes `self` alone.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from cryoet_zarr_bench.measured.clocks import TWIN
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.patterns.access_figures import FigureKind

WALL, CPU = "wall time", "CPU time"
BOTH = (WALL, CPU)

_ENDINGS = {WALL: "", CPU: TWIN}
_TIMERS = {CPU: time.process_time}
"""Wall time is read by the timer of the class, which notes CPU time beside it."""

Needs = Callable[[Any, StorageConfig], object]
"""Raises where a benchmark is n/a or has failed, from the stores and a config."""


class benchmark:
    """Declare a method to be a benchmark of its class.

    Args:
        title: what tables and graphs call it; the clock, or "peak memory", is added.
        unit: of the figure that a `track_` method returns.
        clocks: those that time a `time_` method.
        needs: looks whether there is anything to measure, before the call.
    """

    def __init__(
        self,
        title: str,
        *,
        unit: str = "",
        clocks: tuple[str, ...] = BOTH,
        needs: Needs | None = None,
    ) -> None:
        self._title, self._unit, self._clocks, self._needs = title, unit, clocks, needs

    def __call__(self, work: Callable[[Any], Any]) -> benchmark:
        """Take the method that is to be measured."""
        self._work = work
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        self.add_to(owner, name)

    def add_to(self, owner: type, name: str) -> None:
        """Give a class the benchmark under a name, with its twin if it has one."""
        kind = name.partition("_")[0]
        if kind == "time":
            for clock in self._clocks:
                attributes = {"timer": _TIMERS[clock]} if clock in _TIMERS else {}
                title = f"{self._title} ({clock})"
                self._add(owner, f"{name}{_ENDINGS[clock]}", title, attributes)
        elif kind == "track":
            self._add(owner, name, self._title, {"unit": self._unit})
        else:
            self._add(owner, name, f"{self._title} (peak memory)", {})

    def _add(self, owner: type, name: str, title: str, attributes: dict[str, Any]) -> None:
        work = self._work

        # asv keeps the attributes of a benchmark on its function, so that each needs its own.
        @functools.wraps(work)
        def call(self: Any, *given: Any) -> Any:
            return work(self)

        call.__name__, call.__qualname__ = name, f"{owner.__qualname__}.{name}"
        if self._needs is not None:
            attributes = {**attributes, "setup": _setup_of(self._needs)}
        for attribute, value in {"pretty_name": title, **attributes}.items():
            setattr(call, attribute, value)
        setattr(owner, name, call)


def add_exact_figure(owner: type, name: str, title: str, kind: FigureKind) -> None:
    """Give a class the benchmark that looks up an exact figure computed with the stores."""
    figure = f"{name}_{kind.name}"

    def track(self: Any) -> float:
        found: float = self.store_set.figure(self.config, figure)
        return found

    benchmark(f"{title}: {kind.title}", unit=kind.unit)(track).add_to(owner, f"track_{figure}")


def _setup_of(needs: Needs) -> Callable[..., None]:
    """The setup of a benchmark's own, which asv calls after that of its class."""

    def setup(store_set: Any, codec: str, chunks: str, zarr_format: int) -> None:
        needs(store_set, StorageConfig.of(codec, chunks, zarr_format))

    return setup
