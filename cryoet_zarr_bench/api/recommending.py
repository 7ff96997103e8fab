"""`recommend`: how a tomogram should be stored, by the layouts that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import TODAY
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import recommend_from
from cryoet_zarr_bench.analysis.recommending.storage_purposes import chosen_purpose
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.reading_places import USUAL


def recommend(
    purpose: str | Mapping[str, float] = "browsing",
    place: str = USUAL,
    *,
    today: str = TODAY,
    readers: Sequence[str] = (),
    like: str | None = None,
    folder: str | Path | None = None,
) -> Recommendation:
    """Recommend a layout for a purpose at a place, without measuring anything.

    Args:
        purpose: `browsing`, `slices`, `picking`, `training`, `archive` or `scratch`; or weights of
            figures, such as `{"xy_slice": 2, "stored": 1}`.
        place: where it is read from, such as `a local disk` or `30 ms, 10 connections, 1 Gbit/s`.
        today: the layout that the answer is held against, such as `layout:portal-2024`.
        readers: what has to be able to read it, such as `tensorstore`; beginnings of names.
        like: the measured tomogram that yours is like; the one with most layouts without it.
        folder: a folder of results; the committed ones without it.

    Returns:
        A `Recommendation`: `sentence` says it, `ranking` has every layout with its loss, `tied`
        those that are as good as the first.

    Raises:
        BadInput: there is no such purpose, place, tomogram or folder, or nothing fits.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> found = czb.recommend("archive", "a local disk")
        >>> found.sentence.startswith("For an archive from a local disk: ")
        True
        >>> found.pick.loss <= found.ranking[-1].loss
        True
    """
    results = PROJECT / "results" if folder is None else Path(folder)
    if not results.is_dir():
        raise refused(results, "is no folder", "give a folder of asv's results")
    return recommend_from(results, chosen_purpose(purpose), place, like, today, readers)
