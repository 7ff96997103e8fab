"""A line between a reader and a server on this machine, as slow as that to a place far away.

It passes on what either says, later: a request and its answer take half of the latency each. Bytes
of the answers come at the rate of their connection, and all connections share the line. It is a
program of its own, so that it has no part in the reader's work: `python slow_line.py PORT SERVER
LATENCY CONNECTION LINE`, seconds and bytes a second.

It mends one thing: rclone answers a request for a range with status 200, S3 with 206, and obstore
takes nothing else.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

PIECE = 1 << 16
"""Bytes that are passed on at a time."""


_OK, _PARTIAL = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 206 Partial Content\r\n"


def mended(answer: bytes) -> bytes:
    """The beginning of an answer, with the status that S3 gives a part of an object."""
    head, _, _ = answer.partition(b"\r\n\r\n")
    if not head.startswith(_OK) or b"\r\ncontent-range:" not in head.lower():
        return answer
    return _PARTIAL + answer.removeprefix(_OK)


class Line:
    """What all connections share: a piece goes through when those before it went through."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._free_at = 0.0

    def through(self, count: int, now: float) -> float:
        """When so many bytes, which come now, have gone through."""
        self._free_at = max(self._free_at, now) + count / self._rate
        return self._free_at


class OwnRate:
    """What one connection gets, if the others leave it room: a rate from the first byte on."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._due = 0.0

    def due(self, count: int, now: float, begins: bool) -> float:
        """When so many bytes of an answer may go on; `begins` where they are its first.

        A piece that went late does not hold up those behind it: sleeping is never exact.
        """
        if begins:
            self._due = now
        self._due += count / self._rate
        return self._due


async def _sleep_until(due: float) -> None:
    if (early := due - time.monotonic()) > 0:
        await asyncio.sleep(early)


class Conversation:
    """Tells where answers begin: each is awaited before the next request of its connection."""

    def __init__(self) -> None:
        self._asked = False

    def request(self, content: bytes) -> bytes:
        """What of a request is passed on: all of it."""
        self._asked = True
        return content

    def answer(self, content: bytes) -> tuple[bool, bytes]:
        """Whether an answer begins here, and what is passed on: its status is mended then."""
        begins, self._asked = self._asked, False
        return begins, mended(content) if begins else content


Piece = tuple[float, bytes]
"""When it is to be passed on, and what."""


async def _pass_on(
    come: Callable[[asyncio.Queue[Piece | None]], Awaitable[None]], writer: asyncio.StreamWriter
) -> None:
    """Write every piece that comes when it is due, until no more come or either side is gone."""
    waiting: asyncio.Queue[Piece | None] = asyncio.Queue()

    async def send() -> None:
        while (piece := await waiting.get()) is not None:
            due, content = piece
            await _sleep_until(due)
            writer.write(content)
            await writer.drain()

    sender = asyncio.create_task(send())
    try:
        await come(waiting)
        await waiting.put(None)
        await sender
    except (ConnectionError, asyncio.CancelledError):
        sender.cancel()
    finally:
        writer.close()


def connection(
    server: int, latency: float, of_connection: float, line: Line
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """What is done with each connection of a reader.

    A piece of an answer goes into the line at the connection's own rate, so that pieces of several
    connections go through it in turn: the line is shared fairly.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", server)
        own, said = OwnRate(of_connection), Conversation()

        async def asked(waiting: asyncio.Queue[Piece | None]) -> None:
            while content := await reader.read(PIECE):
                await waiting.put((time.monotonic() + latency / 2, said.request(content)))

        async def answered(waiting: asyncio.Queue[Piece | None]) -> None:
            while content := await answers.read(PIECE):
                begins, passed = said.answer(content)
                await _sleep_until(own.due(len(content), time.monotonic(), begins))
                through = line.through(len(content), time.monotonic())
                await waiting.put((through + latency / 2, passed))

        await asyncio.gather(_pass_on(asked, requests), _pass_on(answered, writer))

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
