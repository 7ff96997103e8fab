"""What a survey asks: which configs, all of each tomogram or a sample; kept beside its rows."""

from __future__ import annotations

import importlib.metadata
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.json_lines import UNUSABLE
from cryoet_zarr_bench.layouts.named_layouts import layout_called
from cryoet_zarr_bench.prediction.sampled_chunks import ChunkGrid
from cryoet_zarr_bench.storage.config import StorageConfig, chunks_name
from cryoet_zarr_bench.storage.engines import installed_engine

CONFIGS = (
    "layout:portal-2024",
    "layout:copick-2026",
    "layout:64",
    "blosc-zstd-1-bitshuffle 16x256x256",
    "blosc-zstd-5-bitshuffle 64x64x64",
    "blosc-zstd-5-bitshuffle 128x128x128",
    "blosc-zstd-5-bitshuffle 16x128x128",
    "blosc-lz4-5-bitshuffle 128x128x128",
    "shuffle+zstd-1 128x128x128",
    "shuffle+zstd-3 64x64x64",
)
"""What is surveyed where nothing else is asked for: what the field stores, and what `recommend`
answers; their chunks fit together every 256 voxels, as long as a chunk of the portal's."""

MOST_VOXELS = 2**26
"""Of a region: 256 MiB of float32, so that a worker's memory is bounded whatever the tomogram."""

MEASURED_WITH = ("zarr", "numcodecs", "numpy")


@dataclass(frozen=True)
class SurveyQuestion:
    """Configs as `layout_called` takes them, and of how many regions a sample is; None is all."""

    configs: tuple[str, ...] = CONFIGS
    sample: int | None = None
    seed: int = 0

    def configs_for(self, shape: tuple[int, int, int], dtype: np.dtype) -> dict[str, StorageConfig]:
        """The configs of a tomogram of that shape and dtype, by the text that asks for them.

        Raises:
            BadInput: one is unknown, cannot be written here, or is no rule.
        """
        found, engine = {}, installed_engine()
        for text in self.configs:
            rule = layout_called(text).rule
            if rule is None:
                raise BadInput(
                    f"{text} is written by its own library, not by a rule: give its chunks and "
                    "codec, such as 'zstd-3 64x64x64'"
                )
            config = rule(shape, dtype)
            if config.is_scaled:
                raise BadInput(f"{text} depends on all values of a tomogram, which no part has")
            if (reason := engine.why_impossible(config)) is not None:
                raise BadInput(f"{text}: {reason}")
            found[text] = config
        return found

    def regions_of(self, shape: tuple[int, int, int], dtype: np.dtype) -> ChunkGrid:
        """The regions of a tomogram of that shape and dtype; BadInput as `region_shape`."""
        return ChunkGrid(shape, region_shape([*self.configs_for(shape, dtype).values()]))

    def asked_of(self, regions: ChunkGrid) -> int:
        """About how many of a tomogram's regions are read."""
        return regions.total if self.sample is None else min(self.sample, regions.total)

    def check(self) -> None:
        """Raise BadInput if the configs cannot be surveyed together, whatever the tomogram."""
        self.regions_of((512, 512, 512), np.dtype("float32"))

    def as_json(self) -> str:
        """The question and the versions that answer it, for `survey.json`."""
        versions = {name: importlib.metadata.version(name) for name in MEASURED_WITH}
        return json.dumps({**asdict(self), "versions": versions}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> tuple[SurveyQuestion, dict[str, Any]]:
        """The question that `as_json` wrote, and its versions; ValueError for any other text."""
        from pydantic import TypeAdapter

        try:
            found = json.loads(text)
            return TypeAdapter(cls).validate_python(found), dict(found["versions"])
        except UNUSABLE as error:
            raise ValueError(f"it is no question of a survey ({error})") from error


def region_shape(configs: Sequence[StorageConfig]) -> tuple[int, int, int]:
    """The smallest box (z, y, x) in voxels that is of whole chunks of every config.

    A region of such boxes has the very bytes that it has in the whole tomogram.

    Raises:
        BadInput: it is larger than a worker may hold.
    """
    z, y, x = (math.lcm(*lengths) for lengths in zip(*(c.chunks for c in configs), strict=True))
    if z * y * x > MOST_VOXELS:
        raise BadInput(
            f"the chunks of these configs fit together only every {chunks_name((z, y, x))} voxels, "
            f"more than the {MOST_VOXELS} that a worker holds: survey them one after the other"
        )
    return z, y, x
