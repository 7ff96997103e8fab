"""Benchmarks that are made from a table, one method for each entry."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from cryoet_zarr_bench.storage.access_figures import FigureKind
from cryoet_zarr_bench.storage.stores import StoreShelf


def add_timed(cls: type, name: str, title: str, call: Callable[[Any], None]) -> None:
    """Add a benchmark of wall time to a class, and its twin of CPU time.

    `call` is given the instance, after `setup`, and is what is timed.
    """

    def wall(self: Any, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        call(self)

    def cpu(self: Any, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        call(self)

    _add(cls, f"time_{name}", wall, pretty_name=f"{title} (wall time)")
    _add(cls, f"time_{name}_cpu", cpu, pretty_name=f"{title} (CPU time)", timer=time.process_time)


def add_exact(cls: type, name: str, title: str, kind: FigureKind) -> None:
    """Add a benchmark that looks up the exact figure `name` with the ending of its kind."""
    figure = f"{name}_{kind.name}"

    def look_up(self: Any, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> float:
        return shelf.figure(self.config, figure)

    _add(cls, f"track_{figure}", look_up, pretty_name=f"{title}: {kind.title}", unit=kind.unit)


def _add(cls: type, name: str, function: Any, **attributes: Any) -> None:
    function.__name__, function.__qualname__ = name, f"{cls.__name__}.{name}"
    for attribute, value in attributes.items():
        setattr(function, attribute, value)
    setattr(cls, name, function)
