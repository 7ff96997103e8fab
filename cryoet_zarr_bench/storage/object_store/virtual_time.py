"""An event loop in which waiting takes no time: its clock jumps to when something happens.

What is run in it happens in the same order at the same moments each time, on every machine, since
neither a thread nor the machine's clock has a part in it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _NoWaiting(selectors.DefaultSelector):
    """Instead of waiting tells the loop for how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None]

    def select(self, timeout: float | None = None) -> Any:
        happened = super().select(0)
        if not happened:
            if timeout is None:
                raise RuntimeError("everything waits for something that will never happen")
            self.advance(timeout)
        return happened


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop with a clock of its own, which begins at 0 seconds.

    Work that is meant for threads is done at once, in the thread of the loop.
    """

    def __init__(self) -> None:
        self._now = 0.0
        selector = _NoWaiting()
        selector.advance = self._advance
        super().__init__(selector)

    def _advance(self, seconds: float) -> None:
        self._now += seconds

    def time(self) -> float:
        """Seconds on this loop's clock."""
        return self._now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """Call the function now; a future that is done already has what it gave."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # belongs to whoever waits for it
            future.set_exception(error)
        return future
