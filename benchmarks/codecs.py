"""Which lossless codecs are there beside those of the core, and how do they compare?"""

from __future__ import annotations

import os
from pathlib import Path
from types import FunctionType
from typing import Any

from benchmarks import read, storage, write
from benchmarks.stored import GRID
from cryoet_zarr_bench.storage.exact_figures import leave_exact_figures
from cryoet_zarr_bench.storage.session import prepared_tomogram_path
from cryoet_zarr_bench.storage.shelf import prepare_shelf
from cryoet_zarr_bench.storage.stores import StoreShelf
from cryoet_zarr_bench.tomograms.prepared import open_prepared

SECTION = GRID.section("codecs")


def _here(benchmark: Any) -> Any:
    """A benchmark of the core as one of this class, told apart by its name in tables and graphs."""
    own: Any = FunctionType(benchmark.__code__, benchmark.__globals__, benchmark.__name__)
    own.__dict__.update(benchmark.__dict__)
    own.__doc__ = benchmark.__doc__
    own.pretty_name = f"More codecs: {benchmark.pretty_name}"
    return own


class Codecs(write.Write, read.Read, storage.Storage):
    """Written, read and counted as in the core, on stores of their own."""

    version = "1"
    params = SECTION.params
    # Some take long to write.
    repeat = (2, 12, 0.08)

    def setup_cache(self) -> StoreShelf:
        """Write and verify every config of the section."""
        tomogram = open_prepared(prepared_tomogram_path())
        shelf = prepare_shelf(tomogram, Path.cwd(), list(SECTION.configs()), "codecs")
        leave_exact_figures(Codecs, shelf)
        # Or the kernel would write these stores back in the midst of what is timed.
        os.sync()
        return shelf

    time_write = _here(write.Write.time_write)
    time_write_cpu = _here(write.Write.time_write_cpu)
    time_read_volume = _here(read.Read.time_read_volume)
    time_read_volume_cpu = _here(read.Read.time_read_volume_cpu)
    track_compression_ratio = _here(storage.Storage.track_compression_ratio)
    track_stored_bytes = _here(storage.Storage.track_stored_bytes)
    track_bits_above_entropy = _here(storage.Storage.track_bits_above_entropy)
    peakmem_write = time_read_xy_slice = time_read_xy_slice_cpu = None  # type: ignore[assignment]
    track_stored_fraction = track_file_count = None  # type: ignore[assignment]
