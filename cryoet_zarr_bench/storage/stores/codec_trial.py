"""Trials of codecs: find what the installed release can do with one, on a few voxels."""

from __future__ import annotations

import shutil
import tempfile
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.storage.codecs.codec_families import Unsuited
from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import Engine
from cryoet_zarr_bench.storage.stores.verified_store import write_verified

_TRIED: dict[tuple[Any, ...], str | None] = {}


def why_codec_impossible(
    engine: Engine, config: StorageConfig, dtype: np.dtype, place: Path
) -> str | None:
    """The reason why this release cannot use a config's codec for such voxels; None if it can.

    Codecs that not every release has are tried: a few voxels are written and verified as a
    tomogram is. What goes wrong there, an error or other voxels in silence, is the reason; so is
    what the tomogram itself rules out. The answer for a release is remembered by this process.

    They lie in `place`, where the stores go: who takes those away after a kill takes these as well.
    """
    codec = config.codec
    if all(family.of_every_release for family in codec.families):
        return None
    try:
        config.steps(dtype)
    except Unsuited as error:
        return f"{codec.name}: {error}"
    sharded = config.shards is not None
    key = (engine, codec, config.zarr_format, sharded, dtype, config.scaling)
    if key not in _TRIED:
        _TRIED[key] = _trial(engine, config, dtype, place)
    return _TRIED[key]


def _trial(engine: Engine, config: StorageConfig, dtype: np.dtype, place: Path) -> str | None:
    # Chunks at the edge, and such as are not contiguous in memory, which some releases refuse.
    tomogram = _few_voxels((6, 8, 12), dtype, config.scaling)
    shards = config.shards and (8, 8, 8)
    small = replace(config, chunks=(4, 4, 8), shards=shards)
    place.mkdir(parents=True, exist_ok=True)  # nothing may have been stored there yet
    folder = Path(tempfile.mkdtemp(prefix="trial-of-codec-", dir=place))
    try:
        write_verified(engine, tomogram, folder, small)
    except Exception as error:  # whatever it was, this release cannot
        said = textwrap.shorten(f"{type(error).__name__}: {error}", _LONGEST_REASON)
        return (
            f"this release cannot use {config.codec.name} in Zarr format "
            f"{config.zarr_format}: {said}"
        )
    finally:
        _remove(folder)
    return None


_LONGEST_REASON = 200  # characters


def _few_voxels(
    shape: tuple[int, int, int], dtype: np.dtype, scaling: Scaling | None
) -> np.ndarray:
    """Noise of a tomogram's spread, on which the integers that its values become depend."""
    random = np.random.default_rng(0)
    if scaling is None:
        return random.normal(0, 30, shape).astype(dtype)
    middle = scaling.lowest / 2 + scaling.highest / 2
    noise = random.normal(middle, scaling.sigma, shape)
    return np.clip(noise, scaling.lowest, scaling.highest).astype(dtype)


def _remove(folder: Path) -> None:
    """Remove a folder into which chunks may still be written, after one of them has failed."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.01)
