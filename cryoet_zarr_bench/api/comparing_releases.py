"""`compare_releases`: any two releases, by what was measured of them."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.changes.release_comparison import (
    ReleaseComparison,
    compare_measured,
)
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused


def compare_releases(
    a: str, b: str, folder: str | Path | None = None, machine: str | None = None
) -> ReleaseComparison:
    """Compare two releases by what was measured of them, without measuring anything.

    Times come from the anchored history: each release was measured side by side with an anchor, and
    the ratios multiply. `confirm` measures two releases directly.

    Args:
        a: the release to compare with: a version of zarr, or a tag such as `numcodecs-0.16.3`.
        b: the release that is compared.
        folder: a folder of results; the committed ones without it.
        machine: only what this machine measured; the machine of the history without it.

    Returns:
        A `ReleaseComparison`: `sentence` sums it up, `table` is a pandas DataFrame with a row for
        each figure, `statements` has the same as objects. A ratio is that of `b` to `a`.

    Raises:
        BadInput: there is no such folder or release, or it was not measured.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> found = czb.compare_releases("2.18.7", "3.1.6")
        >>> found.sentence.startswith("zarr 3.1.6 against zarr 2.18.7: opens ")
        True
        >>> opened = found.table[found.table.benchmark == "read.Open.time_open"]
        >>> bool((opened.low > 1).all())
        True
    """
    place = PROJECT / "results" if folder is None else Path(folder)
    if not place.is_dir():
        raise refused(place, "is no folder", "give a folder of asv's results")
    return compare_measured(place, a, b, machine)
