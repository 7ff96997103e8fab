"""What do codecs that lose something save and cost, and how much do they damage a tomogram?

They have stores and classes of their own, so that no table has them beside lossless ones.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from benchmarks import read, stored, write
from benchmarks.generated import add_tracked, again
from cryoet_zarr_bench.measured.exact_figures import leave_exact_figures
from cryoet_zarr_bench.measured.prepared_stores.lossy_stores import (
    LossyStores,
    prepare_lossy_stores,
)
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path

SECTION = stored.GRID.section("lossy")


class LossyTomogram(stored.StoredTomogram):
    """What the lossy benchmarks share: their section of the grid, and stores of their own."""

    params = SECTION.params
    # JPEG 2000 takes long to write.
    repeat = (2, 12, 0.06)

    def setup_cache(self) -> LossyStores:
        """Write every config's store, verify it, and measure the damage in what is read back."""
        tomogram = open_prepared(prepared_tomogram_path())
        store_set = prepare_lossy_stores(tomogram, Path.cwd(), list(SECTION.configs()))
        leave_exact_figures(LossyStorage, store_set)
        # Or the kernel would write these stores back in the midst of what is timed.
        os.sync()
        return store_set

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """As for all benchmarks; the config then has the settings that belong to the tomogram."""
        super().setup(store_set, codec, chunks, zarr_format)
        self.config = self.store.config


class LossyStorage(LossyTomogram):
    """What is stored, and what is lost. Exact figures, no clock.

    Damage is defined in `cryoet_zarr_bench.fidelity.codec_damage`; figures by shell are inside the
    measured wedge. What has no figure is n/a: the PSNR of what was not damaged at all is infinite.
    """

    version = "1"

    def setup(  # type: ignore[override]
        self, store_set: LossyStores, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Pick the store and the damage in it."""
        super().setup(store_set, codec, chunks, zarr_format)
        self.damage = store_set.damage_in(self.config)


Figure = Callable[[LossyStorage, LossyStores], float | None]


def _without_infinity(figure: Figure) -> Callable[[LossyStorage, LossyStores], float]:
    def found(benchmark: LossyStorage, store_set: LossyStores) -> float:
        value = figure(benchmark, store_set)
        if value is None or math.isinf(value):
            return math.nan
        # So much is the same on every machine.
        return float(f"{value:.9g}")

    return found


FIGURES: tuple[tuple[str, str, str, Figure], ...] = (
    (
        "compression_ratio",
        "times smaller",
        "compression ratio",
        lambda self, store_set: self.store.compression_ratio,
    ),
    ("stored_bytes", "bytes", "bytes stored", lambda self, store_set: self.store.stored_bytes),
    ("mse", "squared densities", "mean squared error", lambda self, store_set: self.damage.mse),
    ("psnr", "dB", "PSNR", lambda self, store_set: self.damage.psnr),
    ("ssim", "of 1", "SSIM in 3-D", lambda self, store_set: self.damage.ssim),
    (
        "maximum_error",
        "density",
        "maximum absolute error",
        lambda self, store_set: self.damage.maximum_error,
    ),
    (
        "maximum_error_in_sigma",
        "sigma",
        "maximum absolute error, in sigma",
        lambda self, store_set: self.damage.maximum_error_in_sigma,
    ),
    (
        "worst_noise_to_signal",
        "of the shell's power",
        "noise to signal of the worst shell",
        lambda self, store_set: self.damage.worst_noise_to_signal,
    ),
    (
        "worst_resolution",
        "angstrom",
        "resolution of the worst shell",
        lambda self, store_set: self.damage.worst_resolution,
    ),
    ("smallest_fsc", "of 1", "smallest FSC", lambda self, store_set: self.damage.smallest_fsc),
    (
        "within_bound",
        "1 is yes, 0 is no",
        "worst shell within the bound",
        lambda self, store_set: _as_number(self.damage.within(store_set.bound)),
    ),
)
"""Name, unit, title, and the figure of a `LossyStorage` and its set of stores."""


def _as_number(answer: bool | None) -> int | None:
    return None if answer is None else int(answer)


for _name, _unit, _title, _figure in FIGURES:
    add_tracked(LossyStorage, _name, f"Lossy: {_title}", _unit, _without_infinity(_figure))


class LossyWrite(LossyTomogram, write.Write):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    version = "1"
    peakmem_write = None  # type: ignore[assignment]

    time_write = again(write.Write.time_write, "Lossy: write the tomogram, buffered (wall time)")
    time_write_cpu = again(
        write.Write.time_write_cpu, "Lossy: write the tomogram, buffered (CPU time)"
    )


class LossyRead(LossyTomogram, read.Read):
    """Read from an array that is open already, from warm page cache."""

    version = "1"
    time_read_xy_slice = time_read_xy_slice_cpu = None  # type: ignore[assignment]

    time_read_volume = again(
        read.Read.time_read_volume, "Lossy: read the full volume, warm (wall time)"
    )
    time_read_volume_cpu = again(
        read.Read.time_read_volume_cpu, "Lossy: read the full volume, warm (CPU time)"
    )


if not SECTION.timed:
    # asv finds no benchmark in a class that is not there.
    del LossyWrite, LossyRead
