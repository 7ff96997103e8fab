"""A region of a tomogram, read once and encoded with every config: exact bytes, verified."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cryoet_zarr_bench.fidelity.codec_damage import measure_damage
from cryoet_zarr_bench.prediction.sampled_chunks import ChunkGrid, Index
from cryoet_zarr_bench.storage.boxes import Box, middle_cube
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine, installed_engine
from cryoet_zarr_bench.storage.object_store.bucket import METADATA_NAMES
from cryoet_zarr_bench.storage.stores.verified_store import write_verified
from cryoet_zarr_bench.tomogram_survey.opened_source import OpenedSource

DAMAGE_EDGE = 128
"""Voxels along each side of the cube in the middle of a region that damage is judged by: transforms
of a whole region would take five times its memory."""


@dataclass(frozen=True)
class EncodedRegion:
    """A region in one config: a row of a survey.

    `z`, `y`, `x` are its place among regions. `stored_bytes` are those of its chunks; what a store
    has beside them, metadata and the indices of shards, is none of it. `chunks` are those written,
    which all 0 are not. `psnr` in dB and `noise_to_signal` of the worst shell are of the cube in
    its middle, None of what loses nothing. `seconds` is how long it took under the survey's load,
    for planning; it is no figure of the codec.
    """

    tomogram: str
    config: str
    z: int
    y: int
    x: int
    voxels: int
    raw_bytes: int
    stored_bytes: int
    chunks: int
    psnr: float | None
    noise_to_signal: float | None
    seconds: float


def encode_regions(
    opened: OpenedSource,
    tomogram: str,
    configs: Mapping[str, StorageConfig],
    regions: ChunkGrid,
    places: Sequence[Index],
) -> list[dict[str, Any]]:
    """Encode regions of an opened tomogram, one in memory at a time; a row for each config of each.

    Raises:
        BadInput: the tomogram cannot be read there.
        StoreMismatch: what was stored is not what the config says, or not read back as it was.
    """
    engine = installed_engine()
    found = []
    for place in places:
        voxels = np.ascontiguousarray(opened.read(regions.box(place)))
        for name, config in configs.items():
            found.append(asdict(_encoded(engine, voxels, (tomogram, name), config, place)))
    return found


def _encoded(
    engine: CountedEngine,
    voxels: np.ndarray,
    named: tuple[str, str],
    config: StorageConfig,
    place: Index,
) -> EncodedRegion:
    alone = StorageConfig(config.codec, config.chunks, config.zarr_format)
    begin = time.perf_counter()
    psnr = noise_to_signal = None
    with TemporaryDirectory(prefix="cryoet-zarr-bench-region-") as folder:
        store = write_verified(engine, voxels, Path(folder), alone)
        seconds = time.perf_counter() - begin
        chunks = _chunk_files(store.folder)
        if not alone.codec.lossless:
            cube = middle_cube(voxels.shape, DAMAGE_EDGE)
            read = np.asarray(engine.open(store.folder)[cube])
            psnr, noise_to_signal = _damage(voxels, read, cube)
    z, y, x = place
    return EncodedRegion(
        *named,
        z,
        y,
        x,
        voxels.size,
        voxels.nbytes,
        store.chunk_bytes,
        chunks,
        psnr,
        noise_to_signal,
        seconds,
    )


def _chunk_files(folder: Path) -> int:
    return sum(each.is_file() and each.name not in METADATA_NAMES for each in folder.rglob("*"))


def _damage(voxels: np.ndarray, read: np.ndarray, cube: Box) -> tuple[float | None, float | None]:
    found = measure_damage(voxels[cube], read)
    figures = (found.psnr, found.worst_noise_to_signal)
    psnr, noise = (figure if math.isfinite(figure) else None for figure in figures)
    return psnr, noise
