"""A codec as the numcodecs objects that format 2 takes."""

from __future__ import annotations

import importlib
from typing import Any

import numcodecs
import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.format_placement import format_2_codecs

CHANGES_WHAT_IT_ROUNDS = numcodecs.__version__.startswith("0.13.")
"""numcodecs 0.13 has a BitRound that rounds the very array it is given."""


def filters_and_compressor(config: StorageConfig, dtype: np.dtype) -> tuple[list[Any], Any]:
    """The filters and the compressor for voxels of a dtype; None is no compressor.

    Raises ValueError if this release of numcodecs has no such codec.
    """
    filters, compressor = format_2_codecs(config, dtype)
    return [_made(each) for each in filters], compressor and _made(compressor)


def needs_a_copy(config: StorageConfig) -> bool:
    """True if this release would change the voxels it is given."""
    changing = any(family.changes_its_input for family in config.codec.families)
    return changing and CHANGES_WHAT_IT_ROUNDS


def _made(config: dict[str, Any]) -> Any:
    if config["id"] in ("pcodec", "zfpy"):
        # Or numcodecs would not know that these exist, which have packages of their own.
        importlib.import_module(f"numcodecs.{config['id']}")
    return numcodecs.get_codec(dict(config))
