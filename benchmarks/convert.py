"""How long, and in how much memory, is a tomogram converted to an OME-Zarr and back?"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np

from benchmarks.stored import StoredTomogram
from cryoet_zarr_bench.measured.freed_memory import give_back_freed_memory
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.grid import CONVERSION
from cryoet_zarr_bench.storage.stores.flat_file import create_npy, fill_flat_file
from cryoet_zarr_bench.storage.stores.multiscale import level_shapes, write_multiscale
from cryoet_zarr_bench.storage.stores.store_checks import (
    array_metadata,
    check_bit_equal,
    check_metadata,
)

LEVELS = 3


class Convert(StoredTomogram):
    """From the prepared `.npy` to an OME-Zarr with its pyramid, and from its level 0 back.

    Files are read from warm page cache and written into it. What a call made is compared with the
    tomogram after the call.
    """

    version = "1"
    params = CONVERSION.params

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Map the tomogram and clear the targets."""
        super().setup(store_set, codec, chunks, zarr_format)
        self.prepared = open_prepared(prepared_tomogram_path())
        self.tomogram = self.prepared.load(mmap=True)
        self.zarr, self.npy = Path.cwd() / "converted.zarr", Path.cwd() / "converted.npy"
        self._clear()

    def teardown(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Fail where the call made something else than the tomogram."""
        super().teardown(store_set, codec, chunks, zarr_format)
        # asv calls this where setup said n/a, too.
        if hasattr(self, "zarr"):
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

    def _to_ome_zarr(self) -> None:
        write_multiscale(
            self.engine,
            self.tomogram,
            self.zarr,
            self.config,
            levels=LEVELS,
            voxel_spacing=self.prepared.voxel_spacing,
            name="tomogram",
        )

    def _from_ome_zarr(self) -> None:
        # Level 0 of an OME-Zarr is an array like the verified one.
        array = self.engine.open(self.store.folder)
        target = create_npy(self.npy, array.shape, array.dtype)
        for _ in fill_flat_file(target, array, self.config.stored_shape):
            pass

    def time_to_ome_zarr(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """To an OME-Zarr of three levels: wall time."""
        self._to_ome_zarr()

    time_to_ome_zarr.pretty_name = "Convert to OME-Zarr (wall time)"  # type: ignore[attr-defined]

    def time_to_ome_zarr_cpu(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """To an OME-Zarr of three levels: CPU time of the process, all threads."""
        self._to_ome_zarr()

    time_to_ome_zarr_cpu.pretty_name = "Convert to OME-Zarr (CPU time)"  # type: ignore[attr-defined]
    time_to_ome_zarr_cpu.timer = time.process_time  # type: ignore[attr-defined]

    def time_from_ome_zarr(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """From level 0 to a `.npy` file: wall time."""
        self._from_ome_zarr()

    time_from_ome_zarr.pretty_name = "Convert from OME-Zarr (wall time)"  # type: ignore[attr-defined]

    def time_from_ome_zarr_cpu(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """From level 0 to a `.npy` file: CPU time of the process, all threads."""
        self._from_ome_zarr()

    time_from_ome_zarr_cpu.pretty_name = "Convert from OME-Zarr (CPU time)"  # type: ignore[attr-defined]
    time_from_ome_zarr_cpu.timer = time.process_time  # type: ignore[attr-defined]

    def peakmem_to_ome_zarr(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Peak memory of the process: interpreter, libraries, the file's mapped pages included."""
        give_back_freed_memory()
        self._to_ome_zarr()

    peakmem_to_ome_zarr.pretty_name = "Convert to OME-Zarr (peak memory)"  # type: ignore[attr-defined]

    def peakmem_from_ome_zarr(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Peak memory of the process: interpreter and libraries included."""
        give_back_freed_memory()
        self._from_ome_zarr()

    peakmem_from_ome_zarr.pretty_name = "Convert from OME-Zarr (peak memory)"  # type: ignore[attr-defined]


class ConvertReference(Convert):
    """What converting is held against: a plain copy of the same bytes, and no conversion at all."""

    params = (["blosc-lz4-5-bitshuffle"], ["64x64x64"], [2])
    time_to_ome_zarr = time_to_ome_zarr_cpu = peakmem_to_ome_zarr = None  # type: ignore[assignment]
    time_from_ome_zarr = time_from_ome_zarr_cpu = None  # type: ignore[assignment]
    peakmem_from_ome_zarr = None  # type: ignore[assignment]

    def time_copy(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """The prepared `.npy` read and written in pieces of 1 MiB: wall time."""
        with self.prepared.path.open("rb") as source, self.npy.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)

    time_copy.pretty_name = "Copy the tomogram's file (wall time)"  # type: ignore[attr-defined]

    def peakmem_reference(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Interpreter and libraries, nothing converted."""

    peakmem_reference.pretty_name = "Before converting (peak memory)"  # type: ignore[attr-defined]
