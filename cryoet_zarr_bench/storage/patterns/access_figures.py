"""The exact figures of every access pattern in one store: what it asks of an object store."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine
from cryoet_zarr_bench.storage.object_store.bucket import Trace
from cryoet_zarr_bench.storage.patterns.access_patterns import (
    ACCESS_PATTERNS,
    COARSE_LEVEL,
    SEED,
    SLICES,
)
from cryoet_zarr_bench.storage.patterns.request_counts import (
    count_reading,
    count_writing,
    over_read,
)
from cryoet_zarr_bench.storage.stores.metadata_defaults import spelled_out
from cryoet_zarr_bench.storage.stores.multiscale import Pyramid, halved, write_multiscale
from cryoet_zarr_bench.storage.stores.store_checks import array_metadata, check_metadata
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore


@dataclass(frozen=True)
class FigureKind:
    """A kind of exact figure: its name, what tables call it, its unit."""

    name: str
    title: str
    unit: str


GETS = FigureKind("gets", "GETs", "requests")
RANGED_GETS = FigureKind("ranged_gets", "ranged GETs", "requests")
BYTES_FETCHED = FigureKind("bytes_fetched", "bytes fetched", "bytes")
PUTS = FigureKind("puts", "PUTs", "requests")
BYTES_PUT = FigureKind("bytes_put", "bytes put", "bytes")
MODELLED_SECONDS = FigureKind("modelled_seconds", "modelled time on S3", "seconds")
OVER_READ = FigureKind("overread", "over-read", "times the bytes used")

OF_READING = (GETS, RANGED_GETS, BYTES_FETCHED, MODELLED_SECONDS)
OF_WRITING = (PUTS, BYTES_PUT, MODELLED_SECONDS)
OF_CHANGING = (GETS, BYTES_FETCHED, PUTS, BYTES_PUT, MODELLED_SECONDS)

WORST_SLICE = "worst_slice"
MEAN_SLICE = "mean_slice"


def figures_of(trace: Trace, name: str, kinds: tuple[FigureKind, ...]) -> dict[str, float]:
    """The figures of a trace, by the name of what was done and the name of the figure."""
    found = {
        GETS: trace.gets,
        RANGED_GETS: trace.ranged_gets,
        BYTES_FETCHED: trace.bytes_fetched,
        PUTS: trace.puts,
        BYTES_PUT: trace.bytes_put,
        MODELLED_SECONDS: round(trace.seconds, 6),
    }
    return {f"{name}_{kind.name}": found[kind] for kind in kinds}


def pyramid_of(store: VerifiedStore) -> Path:
    """The folder beside a store that has the same tomogram with its pyramid of levels."""
    return store.folder.with_name(f"{store.folder.name}-pyramid")


def array_of_level(store: VerifiedStore, level: int) -> Path:
    """The folder of the array that has a level of the pyramid; level 0 is the store itself."""
    return pyramid_of(store) / str(level) if level else store.folder


def access_figures(
    engine: CountedEngine, tomogram: np.ndarray, config: StorageConfig, store: VerifiedStore
) -> dict[str, float]:
    """Every figure of every access pattern, of slices together, and of writing.

    Opening the array is a part of each. Over-read is `request_counts.over_read`; the mean over the
    three directions of slices is the geometric one. The coarse level of the pyramid is left beside
    the store, and is checked.

    Raises StoreMismatch if what is read is not the tomogram.
    """
    levels = {0: tomogram, COARSE_LEVEL: _write_pyramid(engine, tomogram, config, store)}
    found: dict[str, float] = {}
    for pattern in ACCESS_PATTERNS.values():
        expected = levels[pattern.level]
        boxes = pattern.boxes(expected.shape, SEED)
        array = array_of_level(store, pattern.level)
        trace = count_reading(engine, array, boxes, expected)
        found |= figures_of(trace, pattern.name, OF_READING)
        if pattern.reads_voxels:
            found[f"{pattern.name}_{OVER_READ.name}"] = round(over_read(boxes, config.chunks), 6)
    for kind in (OVER_READ, BYTES_FETCHED, MODELLED_SECONDS):
        of_slices = [found[f"{name}_{kind.name}"] for name in SLICES]
        found[f"{WORST_SLICE}_{kind.name}"] = max(of_slices)
        mean = math.prod(of_slices) ** (1 / len(of_slices))
        found[f"{MEAN_SLICE}_{kind.name}"] = round(mean, 6)
    beside = store.folder.with_name(f"{store.folder.name}-written")
    trace = count_writing(engine, tomogram, beside, config)
    return found | figures_of(trace, "write", OF_WRITING)


def _write_pyramid(
    engine: CountedEngine, tomogram: np.ndarray, config: StorageConfig, store: VerifiedStore
) -> np.ndarray:
    """Write the pyramid, and give the voxels that its coarse level has to have."""
    folder = pyramid_of(store)
    write_multiscale(
        engine,
        tomogram,
        folder,
        config,
        Pyramid(COARSE_LEVEL + 1, None, "tomogram"),
    )
    coarse = tomogram
    for finer in range(COARSE_LEVEL):
        coarse = halved(coarse)
        shutil.rmtree(folder / str(finer))
    metadata = array_metadata(folder / str(COARSE_LEVEL), config.zarr_format)
    check_metadata(spelled_out(metadata), coarse.shape, coarse.dtype, config)
    return coarse
