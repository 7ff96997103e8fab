"""Positions of a codec's steps in the metadata of each Zarr format, and in the engines' calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.codecs.codec_families import Step
from cryoet_zarr_bench.storage.config import StorageConfig


def format_2_codecs(
    config: StorageConfig, dtype: np.dtype
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The filters and the compressor of Zarr format 2, each as numcodecs' config of it.

    The compressor is the last step, unless that is one that compresses nothing.
    """
    configs = [step.config for step in config.steps(dtype)]
    families = config.codec.families
    if not families or families[-1].place == "filter" or families[-1].before_compressor:
        return configs, None
    return configs[:-1], configs[-1]


@dataclass(frozen=True)
class PlacedSteps:
    """The steps of a codec by their place in Zarr format 3; `dtype` is behind the filters.

    `serializer` is None if voxels become bytes as they are.
    """

    filters: tuple[Step, ...]
    serializer: Step | None
    compressors: tuple[Step, ...]
    dtype: np.dtype


def format_3_steps(config: StorageConfig, dtype: np.dtype) -> PlacedSteps:
    """The steps of a config's codec by their place in Zarr format 3."""
    steps = config.steps(dtype)
    placed = list(zip(config.codec.families, steps, strict=True))
    filters = tuple(step for family, step in placed if family.place == "filter")
    serializers = [step for family, step in placed if family.place == "serializer"]
    compressors = tuple(step for family, step in placed if family.place == "compressor")
    return PlacedSteps(
        filters,
        serializers[0] if serializers else None,
        compressors,
        filters[-1].dtype if filters else dtype,
    )
