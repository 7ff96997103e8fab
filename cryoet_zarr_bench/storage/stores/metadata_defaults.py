"""Defaults of a metadata document, written out."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np


def spelled_out(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata document of an array, with what Zarr format 3 lets it leave out.

    tensorstore leaves out that the index is at the end of a shard, which is the default, and the
    size of Blosc's items where they are not shuffled, which it then does not matter. Sources:
    https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/ and .../codecs/blosc/
    """
    if metadata.get("zarr_format") != 3:
        return metadata
    metadata = copy.deepcopy(metadata)
    _spell_out(metadata.get("codecs", []), metadata.get("data_type"))
    return metadata


def _spell_out(codecs: Any, data_type: Any) -> None:
    for codec in codecs if isinstance(codecs, list) else []:
        name = codec.get("name") if isinstance(codec, dict) else None
        if name == "sharding_indexed":
            codec["configuration"].setdefault("index_location", "end")
            _spell_out(codec["configuration"].get("codecs"), data_type)
        if name == "blosc" and codec["configuration"].get("shuffle") == "noshuffle":
            codec["configuration"].setdefault("typesize", np.dtype(data_type).itemsize)
