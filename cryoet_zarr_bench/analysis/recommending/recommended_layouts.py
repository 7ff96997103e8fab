"""Recommendations and costs from committed results, and what cannot be asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import (
    TODAY,
    ComparedLayouts,
    published_layouts,
)
from cryoet_zarr_bench.analysis.recommending.collection_costs import (
    Collection,
    CollectionCosts,
    collection_costs,
)
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation, recommend
from cryoet_zarr_bench.analysis.recommending.storage_prices import PriceList
from cryoet_zarr_bench.analysis.recommending.storage_purposes import StoragePurpose
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.named_layouts import PREFIX
from cryoet_zarr_bench.layouts.reading_places import PLACES, USUAL


def measured_layouts(results: Path, like: str | None = None) -> ComparedLayouts:
    """The layouts of the tomogram that was measured with most of them, or of the one named `like`.

    Raises:
        BadInput: no layouts were measured, or none of that tomogram.
    """
    found = published_layouts(results)
    if not found:
        raise refused(results, "has no layouts", "measure them: cryoet-zarr-bench layouts")
    if like is None:
        return found[0]
    named = next((each for each in found if each.tomogram == like), None)
    if named is None:
        known = ", ".join(each.tomogram for each in found)
        raise refused(like, "is no tomogram whose layouts were measured", f"use one of {known}")
    return named


def recommend_from(
    results: Path,
    purpose: StoragePurpose,
    place: str = USUAL,
    like: str | None = None,
    today: str = TODAY,
    readers: Sequence[str] = (),
) -> Recommendation:
    """What is recommended for a purpose at a place, by the layouts that were measured.

    Args:
        results: the folder of all machines' results.
        purpose: what counts.
        place: a key of `reading_places.PLACES`.
        like: the tomogram, as results name it; the one with most layouts without it.
        today: the layout that the answer is held against, with or without `layout:`, or a config.
        readers: beginnings of engines' names that have to be able to read it, as `tensorstore`.

    Raises:
        BadInput: there is no such place or tomogram, that layout was not measured, or nothing that
            was measured can be read by all of the readers.
    """
    if place not in PLACES:
        raise refused(place, "is no place that is known", f"use one of {'; '.join(PLACES)}")
    compared = measured_layouts(results, like)
    name = _measured(today, compared)
    found = recommend(compared, purpose, place, name, readers)
    if found is None:
        raise refused(
            ", ".join(readers), "read none of the layouts that were measured", "ask for fewer"
        )
    return found


def costs_from(
    results: Path,
    collection: Collection,
    prices: PriceList,
    like: str | None = None,
    today: str = TODAY,
) -> CollectionCosts:
    """What a collection costs in each layout that was measured; `like` and `today` as above.

    Raises:
        BadInput: no layouts were measured of that tomogram, or not that layout.
    """
    compared = measured_layouts(results, like)
    return collection_costs(compared, _measured(today, compared), collection, prices)


def _measured(layout: str, compared: ComparedLayouts) -> str:
    """The name of a layout without its prefix; BadInput if it was not measured."""
    name = layout.removeprefix(PREFIX)
    if compared.of(name) is None:
        known = ", ".join(line.layout for line in compared.lines)
        raise refused(layout, "is no layout that was measured", f"use one of {known}")
    return name
