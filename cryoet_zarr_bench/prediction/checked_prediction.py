"""A predicted layout written whole on this disk, and whether the prediction held."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryoet_zarr_bench.common.writable_folders import require_room
from cryoet_zarr_bench.prediction.predicted_layout import SLICES, PredictedLayout
from cryoet_zarr_bench.prediction.slice_process import SliceProcess


@dataclass(frozen=True)
class CheckedPrediction:
    """What was predicted of a layout, and what it then took.

    `seconds` are by the name of the slice, as those of the prediction.
    """

    predicted: PredictedLayout
    stored_bytes: int
    files: int
    writing: float
    seconds: Mapping[str, float]

    @property
    def stored_held(self) -> bool:
        """True if the bytes lie in the interval that was predicted."""
        return self.predicted.stored.holds(self.stored_bytes)


def checked_prediction(
    predicted: PredictedLayout,
    voxels: Path,
    shape: tuple[int, ...],
    folder: Path,
    process: SliceProcess,
) -> CheckedPrediction:
    """Write a layout's finest level, read slices of it, and remove it.

    Args:
        predicted: what is checked.
        voxels: all of the tomogram, a `.npy` file with the axes z, y, x.
        shape: its voxels along z, y, x.
        folder: a folder on the disk that the prediction is of.
        process: what reads them.

    Raises:
        BadInput: there is no room, or the process could not do its work.
    """
    itemsize = predicted.raw_bytes // math.prod(shape)
    needed = predicted.config.most_bytes(shape, itemsize)
    require_room(folder, needed, "the check", "give another folder, or check a crop")
    with TemporaryDirectory(prefix="cryoet-zarr-bench-check-", dir=folder) as place:
        store, axes = Path(place) / "whole.zarr", tuple(SLICES.values())
        found = process.sliced(voxels, predicted.config, store, axes)
    return CheckedPrediction(
        predicted,
        sum(found.sizes.values()),
        len(found.sizes),
        found.writing,
        {name: found.slices[axis] for name, axis in SLICES.items()},
    )
