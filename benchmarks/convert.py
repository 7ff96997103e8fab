"""Time and memory to convert a tomogram to an OME-Zarr and back."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from benchmarks.declaring import WALL, benchmark
from benchmarks.stored import StoredTomogram
from cryoet_zarr_bench.measured.freed_memory import give_back_freed_memory
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.grid import CONVERSION
from cryoet_zarr_bench.storage.stores.flat_file import create_npy, fill_flat_file
from cryoet_zarr_bench.storage.stores.multiscale import Pyramid, level_shapes, write_multiscale
from cryoet_zarr_bench.storage.stores.store_checks import (
    array_metadata,
    check_bit_equal,
    check_metadata,
)

LEVELS = 3


class Converting(StoredTomogram):
    """The source and the targets of a conversion: the prepared `.npy`, an OME-Zarr, a new `.npy`.

    Files are read from warm page cache and written into it. What a call made is compared with the
    tomogram after the call.
    """

    def begin(self) -> None:
        """Map the tomogram and clear the targets."""
        self.prepared = open_prepared(prepared_tomogram_path())
        self.tomogram = self.prepared.load(mmap=True)
        self.zarr, self.npy = Path.cwd() / "converted.zarr", Path.cwd() / "converted.npy"
        self._clear()

    def end(self) -> None:
        """Fail where the call made something else than the tomogram."""
        try:
            self._check()
        finally:
            self._clear()

    def _clear(self) -> None:
        shutil.rmtree(self.zarr, ignore_errors=True)
        self.npy.unlink(missing_ok=True)

    def _check(self) -> None:
        if self.zarr.exists():
            for level, shape in enumerate(level_shapes(self.tomogram.shape, LEVELS)):
                metadata = array_metadata(self.zarr / str(level), self.config.zarr_format)
                check_metadata(metadata, shape, self.tomogram.dtype, self.config)
            finest = self.engine.open(self.zarr / "0")
            check_bit_equal(self.tomogram, np.asarray(finest[...]))
        if self.npy.exists():
            check_bit_equal(self.tomogram, np.load(self.npy))

    def to_ome_zarr(self) -> None:
        """Write an OME-Zarr of three levels."""
        write_multiscale(
            self.engine,
            self.tomogram,
            self.zarr,
            self.config,
            Pyramid(LEVELS, self.prepared.voxel_spacing, "tomogram"),
        )

    def from_ome_zarr(self) -> None:
        """Write level 0 of an OME-Zarr, which is an array like the verified one, as `.npy`."""
        array = self.engine.open(self.store.folder)
        target = create_npy(self.npy, array.shape, array.dtype)
        for _ in fill_flat_file(target, array, self.config.stored_shape):
            pass


class Convert(Converting):
    """From the prepared `.npy` to an OME-Zarr with its pyramid, and from its level 0 back."""

    params = CONVERSION.params

    @benchmark("Convert to OME-Zarr")
    def time_to_ome_zarr(self) -> None:
        """To an OME-Zarr of three levels."""
        self.to_ome_zarr()

    @benchmark("Convert from OME-Zarr")
    def time_from_ome_zarr(self) -> None:
        """From level 0 to a `.npy` file."""
        self.from_ome_zarr()

    @benchmark("Convert to OME-Zarr")
    def peakmem_to_ome_zarr(self) -> None:
        """Peak memory of the process: interpreter, libraries, the file's mapped pages included."""
        give_back_freed_memory()
        self.to_ome_zarr()

    @benchmark("Convert from OME-Zarr")
    def peakmem_from_ome_zarr(self) -> None:
        """Peak memory of the process: interpreter and libraries included."""
        give_back_freed_memory()
        self.from_ome_zarr()


class ConvertReference(Converting):
    """References for converting: a plain copy of the same bytes, and no conversion at all."""

    params = (["blosc-lz4-5-bitshuffle"], ["64x64x64"], [2])

    @benchmark("Copy the tomogram's file", clocks=(WALL,))
    def time_copy(self) -> None:
        """The prepared `.npy` read and written in pieces of 1 MiB."""
        with self.prepared.path.open("rb") as source, self.npy.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)

    @benchmark("Before converting")
    def peakmem_reference(self) -> None:
        """Interpreter and libraries, nothing converted."""
