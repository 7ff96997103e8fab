"""Benchmarks that are made of a table, one method for each entry, or of those of another class."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import FunctionType
from typing import Any

from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.storage.patterns.access_figures import FigureKind


def add_timed(cls: type, name: str, title: str, call: Callable[[Any], None]) -> None:
    """Add a benchmark of wall time to a class, and its twin of CPU time.

    `call` is given the instance, after `setup`, and is what is timed.
    """

    def wall(self: Any, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        call(self)

    def cpu(self: Any, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        call(self)

    _add(cls, f"time_{name}", wall, pretty_name=f"{title} (wall time)")
    _add(cls, f"time_{name}_cpu", cpu, pretty_name=f"{title} (CPU time)", timer=time.process_time)


def add_exact(cls: type, name: str, title: str, kind: FigureKind) -> None:
    """Add a benchmark that looks up the exact figure `name` with the ending of its kind."""
    figure = f"{name}_{kind.name}"
    add_tracked(
        cls,
        figure,
        f"{title}: {kind.title}",
        kind.unit,
        lambda self, store_set: store_set.figure(self.config, figure),
    )


def add_tracked(
    cls: type, name: str, title: str, unit: str, figure: Callable[[Any, Any], Any]
) -> None:
    """Add a benchmark of a figure; `figure` computes it from the instance and its stores."""

    def track(self: Any, store_set: Any, codec: str, chunks: str, zarr_format: int) -> Any:
        return figure(self, store_set)

    _add(cls, f"track_{name}", track, pretty_name=title, unit=unit)


def again(benchmark: Any, pretty_name: str) -> Any:
    """A benchmark as one of another class, told apart by its name in tables and graphs.

    A function of its own, since asv's attributes of a benchmark are those of the function.
    """
    own: Any = FunctionType(benchmark.__code__, benchmark.__globals__, benchmark.__name__)
    own.__dict__.update(benchmark.__dict__)
    own.__doc__ = benchmark.__doc__
    own.pretty_name = pretty_name
    return own


def _add(cls: type, name: str, function: Any, **attributes: Any) -> None:
    function.__name__, function.__qualname__ = name, f"{cls.__name__}.{name}"
    for attribute, value in attributes.items():
        setattr(function, attribute, value)
    setattr(cls, name, function)
