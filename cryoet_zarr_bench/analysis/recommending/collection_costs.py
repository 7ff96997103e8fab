"""What a collection of tomograms costs a year in a layout, and what changing the layout saves.

Bytes, files and requests are exact for the tomogram that was measured; the collection is so many of
it. Cost = bytes kept + requests + bytes retrieved + bytes that leave the region.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cryoet_zarr_bench.analysis.layout_comparison import TERABYTE, ComparedLayouts, title_of
from cryoet_zarr_bench.analysis.recommending.storage_prices import GIGABYTE, PriceList
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS


@dataclass(frozen=True)
class Collection:
    """A collection: `raw_bytes` of all its tomograms in memory, finest level.

    `reads` says how often a year each tomogram is read by a pattern, `share_out` which part of the
    bytes read leaves the region.
    """

    raw_bytes: float
    reads: Mapping[str, float]
    share_out: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.raw_bytes < float("inf"):
            raise refused("the collection", f"has {self.raw_bytes} bytes", "give more than 0")
        if not 0 <= self.share_out <= 1:
            raise refused("the share that leaves", f"is {self.share_out}", "give 0 to 1")
        for name, times in self.reads.items():
            if name not in PATTERNS:
                raise refused(name, "is no pattern of reading", f"use {', '.join(PATTERNS)}")
            if not 0 <= times < float("inf"):
                raise refused(name, f"is read {times} times a year", "give 0 or more")


@dataclass(frozen=True)
class YearlyCost:
    """Dollars a year, by what they are for."""

    keeping: float
    requests: float
    retrieval: float
    egress: float

    @property
    def total(self) -> float:
        """Dollars a year in all."""
        return self.keeping + self.requests + self.retrieval + self.egress


def yearly_cost(line: LayoutLine, collection: Collection, prices: PriceList) -> YearlyCost:
    """What a collection costs a year in a layout."""
    tomograms = collection.raw_bytes / line.raw_bytes
    gets = fetched = 0.0
    for name, times in collection.reads.items():
        reading = line.reading[name]
        gets += times * reading.gets
        fetched += times * reading.bytes_fetched
    gigabytes = tomograms * fetched / GIGABYTE
    return YearlyCost(
        keeping_dollars(line, prices) * tomograms,
        tomograms * gets / 1000 * prices.thousand_gets,
        gigabytes * prices.gigabyte_retrieved,
        gigabytes * collection.share_out * prices.gigabyte_out,
    )


def keeping_dollars(line: LayoutLine, prices: PriceList) -> float:
    """Dollars a year for keeping one tomogram such as was measured."""
    return 12 * line.stored_bytes / GIGABYTE * prices.gigabyte_month


def changing_cost(
    line: LayoutLine, today: LayoutLine, collection: Collection, prices: PriceList
) -> float:
    """Dollars, once, for reading all tomograms in today's layout and writing them in another.

    Nothing leaves the region; decoding, encoding and waiting for neither disk nor line take one
    core each.
    """
    tomograms = collection.raw_bytes / line.raw_bytes
    reading = today.reading["volume"]
    requests = reading.gets / 1000 * prices.thousand_gets
    requests += line.files / 1000 * prices.thousand_puts
    retrieved = reading.bytes_fetched / GIGABYTE * prices.gigabyte_retrieved
    hours = (today.decoding("volume") + encoding_seconds(line)) / 3600
    return tomograms * (requests + retrieved + hours * prices.core_hour)


def encoding_seconds(line: LayoutLine) -> float:
    """CPU seconds of writing one tomogram: wall seconds where no more is known, 0 without any."""
    if line.write is None:
        return 0.0
    return line.write.wall if line.write.cpu is None else line.write.cpu


@dataclass(frozen=True)
class CostedLayout:
    """A layout with what it costs; `changing` is None for today's, and where there is none."""

    line: LayoutLine
    cost: YearlyCost
    changing: float | None
    saved: float | None

    @property
    def pays_after_years(self) -> float | None:
        """Years after which changing the layout has paid; None if it never does."""
        if self.changing is None or self.saved is None or self.saved <= 0:
            return None
        return self.changing / self.saved


@dataclass(frozen=True)
class CollectionCosts:
    """What a collection costs in each layout, the cheapest first; `today` is today's layout."""

    tomogram: str
    machine: str
    collection: Collection
    prices: PriceList
    layouts: tuple[CostedLayout, ...]
    today: CostedLayout | None

    @property
    def cheapest(self) -> CostedLayout:
        """The layout that costs least a year; of equal ones the first by name."""
        return self.layouts[0]

    @property
    def sentence(self) -> str:
        """What it costs today, what it would cost at least, and when changing has paid."""
        best, size = self.cheapest, f"{self.collection.raw_bytes / TERABYTE:g} TB of tomograms"
        if self.today is None:
            return f"{size} cost least as {_called(best)}: {best.cost.total:,.0f} $ a year."
        said = f"{size} as {_called(self.today)} cost {self.today.cost.total:,.0f} $ a year"
        if best is self.today:
            return f"{said}, and in no other layout less."
        after = best.pays_after_years
        pays = "" if after is None else f"; changing has paid after {in_time(after)}"
        return f"{said}; as {_called(best)} {best.cost.total:,.0f} ${pays}."


def in_time(years: float) -> str:
    """A time in years, or in whole days where it is less than one."""
    if years >= 1:
        return f"{years:.1f} years"
    days = math.ceil(365 * years)
    return f"{days} day{'' if days == 1 else 's'}"


def _called(costed: CostedLayout) -> str:
    return title_of(costed.line.layout)


def collection_costs(
    compared: ComparedLayouts, today: str, collection: Collection, prices: PriceList
) -> CollectionCosts:
    """What a collection of tomograms such as the one that was measured costs in each layout.

    `today` is today's layout, by its name or config.
    """
    own = compared.of(today)
    layouts = sorted(
        (_costed(line, own, collection, prices) for line in compared.lines),
        key=lambda each: (each.cost.total, each.line.layout),
    )
    return CollectionCosts(
        compared.tomogram,
        compared.machine,
        collection,
        prices,
        tuple(layouts),
        next((each for each in layouts if each.line is own), None),
    )


def _costed(
    line: LayoutLine, today: LayoutLine | None, collection: Collection, prices: PriceList
) -> CostedLayout:
    cost = yearly_cost(line, collection, prices)
    if today is None or line is today:
        return CostedLayout(line, cost, None, None)
    saved = yearly_cost(today, collection, prices).total - cost.total
    return CostedLayout(line, cost, changing_cost(line, today, collection, prices), saved)
