"""`cost`: what a collection costs a year in each layout, and what changing the layout saves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.analysis.layout_comparison import TERABYTE, title_of
from cryoet_zarr_bench.analysis.recommending.collection_costs import (
    Collection,
    CollectionCosts,
    CostedLayout,
    in_time,
)
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import costs_from
from cryoet_zarr_bench.analysis.recommending.storage_prices import PriceList, price_list
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import require_file
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS

SHOWN = 6
"""Layouts that the table has, the cheapest ones, beside today's."""


def run_cost(
    console: Console,
    collection: Collection,
    prices: PriceList,
    like: str | None,
    today: str,
    json_file: Path | None,
) -> None:
    """Say what a collection costs in today's layout and in the cheapest, and show a table.

    Raises:
        BadInput: no layouts were measured, or not that one, or the file cannot be written.
    """
    require_file(json_file)
    found = costs_from(PROJECT / "results", collection, prices, like, today)
    console.print(Text(for_terminal(found.sentence), "bold"))
    console.print(_table(found))
    console.print(
        f"Bytes, files and requests are those of {for_terminal(found.tomogram)}, measured on "
        f"{for_terminal(found.machine)}; the collection is so many of it. Prices: {prices.title}, "
        f"{for_terminal(prices.source)}, {prices.as_of}: {_in_words(prices)}. Changing: reading "
        "all of it once in the region, and writing it anew.",
        style="dim",
    )
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(found), indent=1) + "\n")


def collection_of(terabytes: float, reads: Iterable[str], share_out: float) -> Collection:
    """A collection of so many TB in memory, and reads such as `volume=2` a tomogram and year.

    Raises:
        BadInput: there is no such pattern, or a number is none, or out of bounds.
    """
    return Collection(terabytes * TERABYTE, dict(_numbers(reads, "volume=2")), share_out)


def prices_of(name: str, changed: Iterable[str]) -> PriceList:
    """The prices of a list, some of them replaced, such as `gigabyte_month=0.02`.

    Raises:
        BadInput: there is no such list or price, or a price is none.
    """
    return price_list(name, dict(_numbers(changed, "gigabyte_month=0.02")))


def _numbers(given: Iterable[str], example: str) -> Iterable[tuple[str, float]]:
    for each in given:
        name, _, number = each.partition("=")
        try:
            yield name, float(number)
        except ValueError:
            raise refused(each, "has no number", f"write it as {example}") from None


def _table(found: CollectionCosts) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("layout", min_width=24)
    for heading in ("keeping, $", "requests, $", "egress, $", "a year, $", "saved, $"):
        table.add_column(heading, justify="right")
    table.add_column("changing, $", justify="right")
    table.add_column("paid after", justify="right")
    shown = list(found.layouts[:SHOWN])
    if found.today is not None and found.today not in shown:
        shown.append(found.today)
    for each in shown:
        is_today = each is found.today
        name = f"{for_terminal(title_of(each.line.layout))}{' (today)' if is_today else ''}"
        table.add_row(name, *_cells(each), style="bold" if each is found.cheapest else "")
    return table


def _cells(each: CostedLayout) -> list[str]:
    cost, pays = each.cost, each.pays_after_years
    return [
        _dollars(cost.keeping),
        _dollars(cost.requests),
        _dollars(cost.egress + cost.retrieval),
        _dollars(cost.total),
        "" if each.saved is None else _dollars(each.saved),
        "" if each.changing is None else _dollars(each.changing),
        ("" if each.changing is None else "never") if pays is None else in_time(pays),
    ]


def _dollars(amount: float) -> str:
    return f"{amount:,.0f}"


def _in_words(prices: PriceList) -> str:
    return (
        f"{prices.gigabyte_month} $ a GB (2^30 bytes) and month, {prices.thousand_puts} $ for 1000 "
        f"PUTs, {prices.thousand_gets} $ for 1000 GETs, {prices.gigabyte_retrieved} $ a GB "
        f"retrieved, {prices.gigabyte_out} $ a GB that leaves, {prices.core_hour} $ a core-hour"
    )


def as_json(found: CollectionCosts) -> dict[str, Any]:
    """All costs as plain values, in dollars."""
    return {
        "sentence": found.sentence,
        "tomogram": found.tomogram,
        "machine": found.machine,
        "reads": {name: found.collection.reads.get(name, 0.0) for name in PATTERNS},
        "share_out": found.collection.share_out,
        "raw_bytes": found.collection.raw_bytes,
        "prices": vars(found.prices),
        "layouts": [
            {
                "layout": each.line.layout,
                **vars(each.cost),
                "total": each.cost.total,
                "saved": each.saved,
                "changing": each.changing,
                "pays_after_years": each.pays_after_years,
            }
            for each in found.layouts
        ],
    }
