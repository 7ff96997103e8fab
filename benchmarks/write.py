"""How long, and in how much memory, is a tomogram written?"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from benchmarks.stored import StoredTomogram
from cryoet_zarr_bench.measured.freed_memory import give_back_freed_memory
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.storage.grid import REFERENCE


class Writing(StoredTomogram):
    """What classes that write the whole tomogram share: a target, which is compared and removed."""

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Clear the target; the tomogram is read once per process."""
        super().setup(store_set, codec, chunks, zarr_format)
        if not hasattr(self, "tomogram"):
            self.tomogram = open_prepared(prepared_tomogram_path()).load()
            if file_system_of(Path.cwd()) != "tmpfs":
                # What earlier cells wrote is not to be written back while this one is timed.
                os.sync()
        self.target = self.place() / "written"
        shutil.rmtree(self.target, ignore_errors=True)

    def place(self) -> Path:
        """The folder that is written into."""
        return Path.cwd()

    def check(self) -> None:
        """Fail where the timed call wrote other bytes than the verified store has."""
        self.store.refuse_other_bytes(self.target)

    def teardown(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Fail where the timed call wrote something else than the verified store has."""
        super().teardown(store_set, codec, chunks, zarr_format)
        # asv calls this where setup said n/a, too.
        if not hasattr(self, "target") or not self.target.exists():
            return
        try:
            self.check()
        finally:
            shutil.rmtree(self.target)


class Write(Writing):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    version = "1"

    def time_write(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Wall time."""
        self.engine.write(self.tomogram, self.target, self.config)

    time_write.pretty_name = "Write the tomogram, buffered (wall time)"  # type: ignore[attr-defined]

    def time_write_cpu(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """CPU time of the process, all threads, user and system."""
        self.engine.write(self.tomogram, self.target, self.config)

    time_write_cpu.pretty_name = "Write the tomogram, buffered (CPU time)"  # type: ignore[attr-defined]
    time_write_cpu.timer = time.process_time  # type: ignore[attr-defined]

    def peakmem_write(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Peak memory of the process: interpreter, libraries and tomogram included."""
        give_back_freed_memory()
        self.engine.write(self.tomogram, self.target, self.config)

    peakmem_write.pretty_name = "Write the tomogram (peak memory)"  # type: ignore[attr-defined]


class WriteReference(Write):
    """What `peakmem_write` would show if writing took no memory at all."""

    params = REFERENCE.params
    time_write = time_write_cpu = peakmem_write = None  # type: ignore[assignment]

    def peakmem_reference(
        self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Interpreter, libraries and tomogram, nothing written."""

    peakmem_reference.pretty_name = "Before writing (peak memory)"  # type: ignore[attr-defined]
