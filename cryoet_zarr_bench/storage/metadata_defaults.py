"""What a metadata document says by leaving it out, said."""

from __future__ import annotations

import copy
from typing import Any


def spelled_out(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata document of an array, with the defaults of Zarr format 3 that it leaves out.

    These are the index at the end of a shard, which tensorstore does not write down. Source:
    https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/
    """
    if metadata.get("zarr_format") != 3:
        return metadata
    metadata = copy.deepcopy(metadata)
    for codec in metadata.get("codecs", []):
        if isinstance(codec, dict) and codec.get("name") == "sharding_indexed":
            codec["configuration"].setdefault("index_location", "end")
    return metadata
