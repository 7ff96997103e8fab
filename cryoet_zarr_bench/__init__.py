"""A continuous benchmark of how cryo-electron tomograms are stored in Zarr.

    import cryoet_zarr_bench as czb

    tomogram = czb.open("volume.mrc")
    czb.measure(tomogram, ["zstd-5 64x64x64", "blosc-lz4-5-bitshuffle 64x64x64"])

Nothing is imported before it is used: measured environments import parts of this package, and hold
nothing but the release and numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoet_zarr_bench.analysis.changes.release_comparison import (
        ReleaseComparison as ReleaseComparison,
    )
    from cryoet_zarr_bench.analysis.recommending.collection_costs import (
        CollectionCosts as CollectionCosts,
    )
    from cryoet_zarr_bench.analysis.recommending.own_tomogram import OwnAnswer as OwnAnswer
    from cryoet_zarr_bench.analysis.recommending.recommendation import (
        Recommendation as Recommendation,
    )
    from cryoet_zarr_bench.api.comparing import Comparison as Comparison
    from cryoet_zarr_bench.api.comparing import compare as compare
    from cryoet_zarr_bench.api.comparing_releases import compare_releases as compare_releases
    from cryoet_zarr_bench.api.confirming import ConfirmOptions as ConfirmOptions
    from cryoet_zarr_bench.api.confirming import confirm as confirm
    from cryoet_zarr_bench.api.converting import convert as convert
    from cryoet_zarr_bench.api.converting import fetch as fetch
    from cryoet_zarr_bench.api.costing import cost as cost
    from cryoet_zarr_bench.api.inspecting import inspect as inspect
    from cryoet_zarr_bench.api.measuring import measure as measure
    from cryoet_zarr_bench.api.opened_tomogram import Tomogram as Tomogram
    from cryoet_zarr_bench.api.opened_tomogram import open as open
    from cryoet_zarr_bench.api.predicting import predict as predict
    from cryoet_zarr_bench.api.predicting import quick as quick
    from cryoet_zarr_bench.api.reading_results import codec_levels as codec_levels
    from cryoet_zarr_bench.api.reading_results import results as results
    from cryoet_zarr_bench.api.recommending import recommend as recommend
    from cryoet_zarr_bench.api.surveying import survey as survey
    from cryoet_zarr_bench.common.errors import BadInput as BadInput
    from cryoet_zarr_bench.storage.config import StorageConfig as StorageConfig

__version__ = "0.1.0"

_WHERE = {
    "BadInput": "common.errors",
    "CollectionCosts": "analysis.recommending.collection_costs",
    "Comparison": "api.comparing",
    "ConfirmOptions": "api.confirming",
    "OwnAnswer": "analysis.recommending.own_tomogram",
    "Recommendation": "analysis.recommending.recommendation",
    "ReleaseComparison": "analysis.changes.release_comparison",
    "StorageConfig": "storage.config",
    "Tomogram": "api.opened_tomogram",
    "codec_levels": "api.reading_results",
    "compare": "api.comparing",
    "compare_releases": "api.comparing_releases",
    "confirm": "api.confirming",
    "convert": "api.converting",
    "cost": "api.costing",
    "fetch": "api.converting",
    "inspect": "api.inspecting",
    "measure": "api.measuring",
    "open": "api.opened_tomogram",
    "predict": "api.predicting",
    "quick": "api.predicting",
    "recommend": "api.recommending",
    "results": "api.reading_results",
    "survey": "api.surveying",
}

__all__ = [  # noqa: RUF022 - in the order in which they are met
    "open",
    "measure",
    "compare",
    "inspect",
    "convert",
    "fetch",
    "confirm",
    "compare_releases",
    "recommend",
    "quick",
    "predict",
    "cost",
    "results",
    "codec_levels",
    "survey",
    "StorageConfig",
    "Tomogram",
    "Comparison",
    "ConfirmOptions",
    "ReleaseComparison",
    "Recommendation",
    "OwnAnswer",
    "CollectionCosts",
    "BadInput",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
