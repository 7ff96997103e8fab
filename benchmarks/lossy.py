"""Savings and cost of lossy codecs, and the damage they do to a tomogram.

They have stores and classes of their own, so that no table has them beside lossless ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from benchmarks.declaring import benchmark
from benchmarks.read import Reading
from benchmarks.stored import GRID, StoredTomogram
from benchmarks.write import Writing
from cryoet_zarr_bench.measured.prepared_stores.lossy_stores import (
    LossyStores,
    prepare_lossy_stores,
)
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path

SECTION = GRID.section("lossy")


class LossyTomogram(StoredTomogram):
    """Base of the lossy benchmarks: their section of the grid, and stores of their own."""

    params = SECTION.params
    # JPEG 2000 takes long to write.
    repeat = (2, 12, 0.06)
    store_set: LossyStores

    def setup_cache(self) -> LossyStores:
        """Write every config's store, verify it, and measure the damage in what is read back."""
        tomogram = open_prepared(prepared_tomogram_path())
        return self.left(prepare_lossy_stores(tomogram, Path.cwd(), list(SECTION.configs())))

    def pick_store(self) -> None:
        """As for all benchmarks; the config then has the settings that belong to the tomogram."""
        super().pick_store()
        self.config = self.store.config


class LossyStorage(LossyTomogram):
    """Bytes stored and damage done. Exact figures, no clock.

    Damage is defined in `cryoet_zarr_bench.fidelity.codec_damage`; figures by shell are inside the
    measured wedge. What has no figure is n/a: the PSNR of what was not damaged at all is infinite.
    """

    def begin(self) -> None:
        """Pick the damage in the store."""
        self.damage = self.store_set.damage_in(self.config)


Figure = Callable[[LossyStorage], float | None]


def _without_infinity(figure: Figure) -> Callable[[LossyStorage], float]:
    def found(self: LossyStorage) -> float:
        value = figure(self)
        if value is None or math.isinf(value):
            return math.nan
        # So much is the same on every machine.
        return float(f"{value:.9g}")

    return found


def _is_within_bound(self: LossyStorage) -> int | None:
    answer = self.damage.within(self.store_set.bound)
    return None if answer is None else int(answer)


FIGURES: tuple[tuple[str, str, str, Figure], ...] = (
    (
        "compression_ratio",
        "times smaller",
        "compression ratio",
        lambda self: self.store.compression_ratio,
    ),
    ("stored_bytes", "bytes", "bytes stored", lambda self: self.store.stored_bytes),
    ("mse", "squared densities", "mean squared error", lambda self: self.damage.mse),
    ("psnr", "dB", "PSNR", lambda self: self.damage.psnr),
    ("ssim", "of 1", "SSIM in 3-D", lambda self: self.damage.ssim),
    (
        "maximum_error",
        "density",
        "maximum absolute error",
        lambda self: self.damage.maximum_error,
    ),
    (
        "maximum_error_in_sigma",
        "sigma",
        "maximum absolute error, in sigma",
        lambda self: self.damage.maximum_error_in_sigma,
    ),
    (
        "worst_noise_to_signal",
        "of the shell's power",
        "noise to signal of the worst shell",
        lambda self: self.damage.worst_noise_to_signal,
    ),
    (
        "worst_resolution",
        "angstrom",
        "resolution of the worst shell",
        lambda self: self.damage.worst_resolution,
    ),
    ("smallest_fsc", "of 1", "smallest FSC", lambda self: self.damage.smallest_fsc),
    ("within_bound", "1 is yes, 0 is no", "worst shell within the bound", _is_within_bound),
)
"""Name, unit, title, and the figure of a `LossyStorage`."""


for _name, _unit, _title, _figure in FIGURES:
    _declared = benchmark(f"Lossy: {_title}", unit=_unit)(_without_infinity(_figure))
    _declared.add_to(LossyStorage, f"track_{_name}")


class LossyWrite(Writing, LossyTomogram):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    @benchmark("Lossy: write the tomogram, buffered")
    def time_write(self) -> None:
        """Write it, and leave the files to the page cache."""
        self.engine.write(self.tomogram, self.target, self.config)


class LossyRead(Reading, LossyTomogram):
    """Read from an array that is open already, from warm page cache."""

    @benchmark("Lossy: read the full volume, warm")
    def time_read_volume(self) -> None:
        """The full volume."""
        self.array[...]


if not SECTION.timed:
    # asv finds no benchmark in a class that is not there.
    del LossyWrite, LossyRead
