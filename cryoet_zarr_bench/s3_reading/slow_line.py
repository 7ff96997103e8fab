"""A line between a reader and a server on this machine, as slow as that to a place far away.

It passes on what either says, later: a request and its answer take half of the latency each. Bytes
of the answers come at the rate of their connection, and all connections share the line. It is a
program of its own, so that it has no part in the reader's work: `python slow_line.py PORT SERVER
LATENCY CONNECTION LINE`, seconds and bytes a second.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

PIECE = 1 << 16
"""Bytes that are passed on at a time."""


class Line:
    """What all connections share: after each piece, the next has to wait until it went through."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._free_at = 0.0

    def through(self, count: int, now: float) -> float:
        """When so many bytes, which come now, have gone through."""
        self._free_at = max(self._free_at, now) + count / self._rate
        return self._free_at


async def pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    delay: float,
    lines: tuple[Line, ...],
) -> None:
    """Pass on all that comes, each piece when it went through the lines and the delay is over."""
    waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue(maxsize=64)

    async def send() -> None:
        while (piece := await waiting.get()) is not None:
            due, content = piece
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            writer.write(content)
            await writer.drain()

    sender = asyncio.create_task(send())
    try:
        while content := await reader.read(PIECE):
            now = time.monotonic()
            through = max((line.through(len(content), now) for line in lines), default=now)
            await waiting.put((through + delay, content))
        await waiting.put(None)
        await sender
    except (ConnectionError, asyncio.CancelledError):
        sender.cancel()
    finally:
        writer.close()


def connection(
    server: int, latency: float, of_connection: float, line: Line
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """What is done with each connection of a reader."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", server)
        own = Line(of_connection)
        await asyncio.gather(
            pass_on(reader, requests, latency / 2, ()),
            pass_on(answers, writer, latency / 2, (own, line)),
        )

    return serve


async def main() -> None:
    """Listen until this is ended."""
    port, server, latency, of_connection, line = sys.argv[1:]
    shared = Line(float(line))
    each = connection(int(server), float(latency), float(of_connection), shared)
    listening = await asyncio.start_server(each, "127.0.0.1", int(port), backlog=1024)
    async with listening:
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
