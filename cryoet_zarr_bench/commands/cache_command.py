"""The cache of prepared tomograms, shown and cleared."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.commands.fetch_command import add_row
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.tomograms.cache.cache_bound import (
    LIMIT_VARIABLE,
    MOST_TOMOGRAMS,
    cache_limit,
    clear_cache,
)
from cryoet_zarr_bench.tomograms.cache.cache_entries import cache_directory
from cryoet_zarr_bench.tomograms.cache.cache_items import CacheItem, cache_items


def show_cache(console: Console) -> None:
    """Print what the cache holds, the one used longest ago first, its total and its bound.

    Raises:
        BadInput: the bound cannot be understood.
    """
    limit, items = cache_limit(), cache_items()
    table = Table("tomogram", "source", "MB", "last used", title="Cache")
    for item in items:
        add_row(table, item.name, item.source, f"{item.size / 1e6:.1f}", _last_used(item))
    console.print(table)
    total = sum(item.size for item in items)
    for line in (
        f"in {cache_directory()}",
        f"{len(items)} of at most {MOST_TOMOGRAMS}, {total / 1e6:.1f} of at most "
        f"{limit / 1e6:.1f} MB ({LIMIT_VARIABLE}); what was used longest ago goes first",
    ):
        console.print(Text(line), soft_wrap=True)


def run_clear(console: Console, older_than: float) -> None:
    """Remove what no process uses and was not used for so many days, and say what that was."""
    cleared = clear_cache(older_than)
    size = sum(item.size for item in cleared.removed)
    console.print(
        Text(
            for_terminal(
                f"removed {len(cleared.removed)}, {size / 1e6:.1f} MB, from {cache_directory()}"
            )
        ),
        soft_wrap=True,
    )
    for item in cleared.in_use:
        console.print(
            Text(f"kept, it is in use or cannot be removed: {for_terminal(item.name)}"),
            soft_wrap=True,
        )


def _last_used(item: CacheItem) -> str:
    if item.is_in_use():
        return "in use"
    used = datetime.fromtimestamp(item.last_used).astimezone()
    return f"{used:%Y-%m-%d %H:%M}" + ("" if item.finished else ", unfinished")
