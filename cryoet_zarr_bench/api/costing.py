"""`cost`: what a collection of tomograms costs a year, by the layouts that were measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import TERABYTE, TODAY
from cryoet_zarr_bench.analysis.recommending.collection_costs import Collection, CollectionCosts
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import costs_from
from cryoet_zarr_bench.analysis.recommending.storage_prices import USUAL_PRICES, price_list
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused


def cost(
    terabytes: float,
    reads: Mapping[str, float] | None = None,
    *,
    share_out: float = 1.0,
    prices: str | Mapping[str, float] = USUAL_PRICES,
    today: str = TODAY,
    like: str | None = None,
    folder: str | Path | None = None,
) -> CollectionCosts:
    """Say what a collection costs a year in each layout, without measuring anything.

    Args:
        terabytes: bytes of all tomograms in memory, finest level, in 10^12.
        reads: how often a year each tomogram is read, by pattern: `{"volume": 2, "xy_slice": 500}`.
        share_out: the part of the bytes read that leaves the region, 0 to 1.
        prices: a list of prices, `s3-standard`, `s3-infrequent` or `s3-glacier-instant`; or prices
            of your own in dollars, such as `{"gigabyte_month": 0.02}`, the rest of the first list.
        today: the layout that the collection is stored in, such as `layout:portal-2024`.
        like: the measured tomogram that yours are like; the one with most layouts without it.
        folder: a folder of results; the committed ones without it.

    Returns:
        `CollectionCosts`: `sentence` says it, `layouts` has every layout, the cheapest first, each
        with its `cost` in dollars a year, what it saves against today's, and what changing costs.

    Raises:
        BadInput: there is no such pattern, price, layout, tomogram or folder, or a number is out of
            its bounds.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> found = czb.cost(100, {"volume": 1})
        >>> found.cheapest.cost.total <= found.today.cost.total
        True
    """
    results = PROJECT / "results" if folder is None else Path(folder)
    if not results.is_dir():
        raise refused(results, "is no folder", "give a folder of asv's results")
    collection = Collection(terabytes * TERABYTE, dict(reads or {}), share_out)
    own = {} if isinstance(prices, str) else dict(prices)
    chosen = price_list(prices if isinstance(prices, str) else USUAL_PRICES, own)
    return costs_from(results, collection, chosen, like, today)
