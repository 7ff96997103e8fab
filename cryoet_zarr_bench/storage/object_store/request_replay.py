"""How long the requests of a trace would take elsewhere: another latency, more connections.

Which requests are made, and which of them has to wait for the answer to which, is a matter of the
store and the library; it was recorded once. How long that takes follows from three numbers of the
place, and the line that all connections share. Decoding is left out.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

from cryoet_zarr_bench.storage.object_store.bucket import Request


@dataclass(frozen=True)
class Place:
    """Where an object store is read from.

    Each request waits `seconds_per_request`, then its bytes come: over one connection at most
    `connection_bytes_per_second`, over all together at most `line_bytes_per_second`. So many
    `connections` are open; more requests wait for one that is free. The reader sends one request
    after the other, and takes `seconds_to_ask` for each.
    """

    seconds_per_request: float
    connections: int
    connection_bytes_per_second: float
    line_bytes_per_second: float = math.inf
    seconds_to_ask: float = 0.0

    def bytes_per_second(self, transfers: int) -> float:
        """What each of so many transfers at a time gets."""
        return min(self.connection_bytes_per_second, self.line_bytes_per_second / transfers)


def replayed_seconds(requests: Iterable[Request], place: Place) -> float:
    """The seconds that the requests of a trace take at a place, one step after the other.

    They are answered in the order they were made, as far as those are answered that they wait for.
    """
    kept = list(requests)
    numbered = list(enumerate(kept))
    return sum(
        _seconds_of_step(list(step), place)
        for _, step in itertools.groupby(numbered, lambda each: each[1].step)
    )


def _seconds_of_step(step: list[tuple[int, Request]], place: Place) -> float:
    """The seconds of requests that are made at once, or when the one they wait for is answered."""
    known = {number for number, _ in step}
    waiting: dict[int, list[tuple[int, Request]]] = {}
    ready: list[tuple[int, int]] = []  # number, bytes: in the order they were made
    for number, request in step:
        if request.after in known:
            waiting.setdefault(request.after or 0, []).append((number, request))
        else:
            heapq.heappush(ready, (number, request.moved))
    free, now, sent = place.connections, 0.0, 0.0
    asked: list[tuple[float, int, int]] = []  # when the first byte comes, number, bytes
    # All transfers get the same rate, so each ends when the bytes that one has got since the
    # beginning, `share`, are as many as its own more than when it began.
    coming: list[tuple[float, int]] = []  # at which share it ends, number
    share = 0.0
    while ready or asked or coming:
        while ready and free:
            number, moved = heapq.heappop(ready)
            sent = max(sent, now) + place.seconds_to_ask
            heapq.heappush(asked, (sent + place.seconds_per_request, number, moved))
            free -= 1
        rate = place.bytes_per_second(len(coming)) if coming else math.inf
        ends = now + (coming[0][0] - share) / rate if coming else math.inf
        begins = asked[0][0] if asked else math.inf
        share += rate * (min(ends, begins) - now) if coming else 0.0
        now = min(ends, begins)
        if begins <= ends:
            _, number, moved = heapq.heappop(asked)
            heapq.heappush(coming, (share + moved, number))
        else:
            share, number = heapq.heappop(coming)
            free += 1
            for later, request in waiting.pop(number, ()):
                heapq.heappush(ready, (later, request.moved))
    return now
