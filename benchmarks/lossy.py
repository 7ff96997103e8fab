"""What do codecs that lose something save and cost, and how much do they damage a tomogram?

They have stores and classes of their own, so that no table has them beside lossless ones.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import read, stored, write
from cryoet_zarr_bench.storage.exact_figures import leave_exact_figures
from cryoet_zarr_bench.storage.lossy_shelf import LossyShelf, prepare_lossy_shelf
from cryoet_zarr_bench.storage.session import prepared_tomogram_path
from cryoet_zarr_bench.storage.stores import StoreShelf
from cryoet_zarr_bench.tomograms.prepared import open_prepared

SECTION = stored.GRID.section("lossy")


class LossyTomogram(stored.StoredTomogram):
    """What the lossy benchmarks share: their section of the grid, and stores of their own."""

    params = SECTION.params
    # JPEG 2000 takes long to write.
    repeat = (2, 12, 0.06)

    def setup_cache(self) -> LossyShelf:
        """Write every config's store, verify it, and measure the damage in what is read back."""
        tomogram = open_prepared(prepared_tomogram_path())
        shelf = prepare_lossy_shelf(tomogram, Path.cwd(), list(SECTION.configs()))
        leave_exact_figures(LossyStorage, shelf)
        # Or the kernel would write these stores back in the midst of what is timed.
        os.sync()
        return shelf

    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """As for all benchmarks; the config then has the settings that belong to the tomogram."""
        super().setup(shelf, codec, chunks, zarr_format)
        self.config = self.store.config


class LossyStorage(LossyTomogram):
    """What is stored, and what is lost. Exact figures, no clock.

    Damage is defined in `cryoet_zarr_bench.storage.damage`; figures by shell are inside the
    measured wedge. What has no figure is n/a: the PSNR of what was not damaged at all is infinite.
    """

    version = "1"

    def setup(  # type: ignore[override]
        self, shelf: LossyShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Pick the store and the damage in it."""
        super().setup(shelf, codec, chunks, zarr_format)
        self.damage = shelf.damage_in(self.config)


Figure = Callable[[LossyStorage, LossyShelf], float | None]


def _tracked(name: str, unit: str, title: str, figure: Figure) -> None:
    """Give `LossyStorage` the benchmark `track_NAME`, of a function from its instance."""

    def track(
        self: LossyStorage, shelf: LossyShelf, codec: str, chunks: str, zarr_format: int
    ) -> float:
        found = figure(self, shelf)
        if found is None or math.isinf(found):
            return math.nan
        # So much is the same on every machine.
        return float(f"{found:.9g}")

    track.__name__ = f"track_{name}"
    track.__doc__ = f"{title}."
    track.__qualname__ = f"LossyStorage.track_{name}"
    track.unit = unit  # type: ignore[attr-defined]
    track.pretty_name = f"Lossy: {title}"  # type: ignore[attr-defined]
    setattr(LossyStorage, track.__name__, track)


FIGURES: tuple[tuple[str, str, str, Figure], ...] = (
    (
        "compression_ratio",
        "times smaller",
        "compression ratio",
        lambda self, shelf: self.store.compression_ratio,
    ),
    ("stored_bytes", "bytes", "bytes stored", lambda self, shelf: self.store.stored_bytes),
    ("mse", "squared densities", "mean squared error", lambda self, shelf: self.damage.mse),
    ("psnr", "dB", "PSNR", lambda self, shelf: self.damage.psnr),
    ("ssim", "of 1", "SSIM in 3-D", lambda self, shelf: self.damage.ssim),
    (
        "maximum_error",
        "density",
        "maximum absolute error",
        lambda self, shelf: self.damage.maximum_error,
    ),
    (
        "maximum_error_in_sigma",
        "sigma",
        "maximum absolute error, in sigma",
        lambda self, shelf: self.damage.maximum_error_in_sigma,
    ),
    (
        "worst_noise_to_signal",
        "of the shell's power",
        "noise to signal of the worst shell",
        lambda self, shelf: self.damage.worst_noise_to_signal,
    ),
    (
        "worst_resolution",
        "angstrom",
        "resolution of the worst shell",
        lambda self, shelf: self.damage.worst_resolution,
    ),
    ("smallest_fsc", "of 1", "smallest FSC", lambda self, shelf: self.damage.smallest_fsc),
    (
        "within_bound",
        "1 is yes, 0 is no",
        "worst shell within the bound",
        lambda self, shelf: _as_number(self.damage.within(shelf.bound)),
    ),
)
"""Name, unit, title, and the figure of a `LossyStorage` and its shelf."""


def _as_number(answer: bool | None) -> int | None:
    return None if answer is None else int(answer)


for each in FIGURES:
    _tracked(*each)


class LossyWrite(LossyTomogram, write.Write):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    version = "1"
    peakmem_write = None  # type: ignore[assignment]

    def time_write(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Wall time."""
        self.engine.write(self.tomogram, self.target, self.config)

    time_write.pretty_name = "Lossy: write the tomogram, buffered (wall time)"  # type: ignore[attr-defined]

    def time_write_cpu(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """CPU time of the process, all threads, user and system."""
        self.engine.write(self.tomogram, self.target, self.config)

    time_write_cpu.pretty_name = "Lossy: write the tomogram, buffered (CPU time)"  # type: ignore[attr-defined]
    time_write_cpu.timer = time.process_time  # type: ignore[attr-defined]


class LossyRead(LossyTomogram, read.Read):
    """Read from an array that is open already, from warm page cache."""

    version = "1"
    time_read_xy_slice = time_read_xy_slice_cpu = None  # type: ignore[assignment]

    def time_read_volume(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The full volume: wall time."""
        self.array[...]

    time_read_volume.pretty_name = "Lossy: read the full volume, warm (wall time)"  # type: ignore[attr-defined]

    def time_read_volume_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The full volume: CPU time of the process, all threads."""
        self.array[...]

    time_read_volume_cpu.pretty_name = "Lossy: read the full volume, warm (CPU time)"  # type: ignore[attr-defined]
    time_read_volume_cpu.timer = time.process_time  # type: ignore[attr-defined]


if not SECTION.timed:
    # asv finds no benchmark in a class that is not there.
    del LossyWrite, LossyRead
