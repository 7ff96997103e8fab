"""The bound on the cache's size, and removing what goes beyond it."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass

from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.tomograms.cache.cache_entries import cache_directory
from cryoet_zarr_bench.tomograms.cache.cache_items import CacheItem, cache_items
from cryoet_zarr_bench.tomograms.cache.entry_locks import folder_locked

LIMIT_VARIABLE = "CRYOET_CACHE_LIMIT"
DEFAULT_LIMIT = 20 * 10**9
"""Bytes: some ten whole tomograms of the portal, of the size that is usual there."""
MOST_TOMOGRAMS = 1000

_SIZE = re.compile(r"\s*([0-9]{1,18})\s*(B|kB|MB|GB|TB)?\s*", re.ASCII)
_UNITS = {None: 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DAY = 86400
_GIVEN_UP = 30 * _DAY
"""Seconds after which nobody is expected to go on with a fetch that did not end."""


def cache_limit() -> int:
    """The most bytes that the cache keeps: `CRYOET_CACHE_LIMIT`, such as 50GB, else 20 GB.

    Raises:
        BadInput: it is not a number of bytes.
    """
    text = os.environ.get(LIMIT_VARIABLE)
    if not text:
        return DEFAULT_LIMIT
    match = _SIZE.fullmatch(text)
    if match is None:
        raise refused(
            f"{LIMIT_VARIABLE}={shown(text)}",
            "is not a number of bytes",
            "set it to one such as 20000000000, 500MB or 20GB",
        )
    return int(match[1]) * _UNITS[match[2]]


def keep_within_bound() -> None:
    """Remove what was used longest ago until the cache has at most its bytes and its tomograms.

    What a process uses or makes stays, even where the cache is larger than its bound then. A fetch
    that did not end counts, and goes when it was given up. Ended at any point, the next call goes
    on.

    Raises:
        BadInput: the bound cannot be understood.
    """
    limit = cache_limit()
    with suppress(OSError), folder_locked(cache_directory(), exclusive=True):
        items = cache_items()
        size, count = sum(item.size for item in items), len(items)
        for item in items:
            given_up = not item.finished and _age(item) > _GIVEN_UP
            if (size > limit or count > MOST_TOMOGRAMS or given_up) and item.remove():
                size, count = size - item.size, count - 1


@dataclass(frozen=True)
class Cleared:
    """Entries removed from the cache, and those that stay because a process uses them."""

    removed: list[CacheItem]
    in_use: list[CacheItem]


def clear_cache(older_than: float = 0.0) -> Cleared:
    """Remove all of the cache that no process uses.

    Args:
        older_than: only what was not used for so many days.
    """
    cleared = Cleared([], [])
    with folder_locked(cache_directory(), exclusive=True):
        for item in cache_items():
            if _age(item) >= older_than * _DAY:
                (cleared.removed if item.remove() else cleared.in_use).append(item)
    return cleared


def _age(item: CacheItem) -> float:
    """Seconds since it was used; a time that is still to come is now."""
    return max(0.0, time.time() - item.last_used)
