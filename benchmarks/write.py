"""Time and memory to write a tomogram."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.declaring import benchmark
from benchmarks.stored import StoredTomogram
from cryoet_zarr_bench.measured.freed_memory import give_back_freed_memory
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.storage.grid import REFERENCE


class Writing(StoredTomogram):
    """Base of the classes that write the whole tomogram: a target, which is checked and removed."""

    def begin(self) -> None:
        """Clear the target; the tomogram is read once per process."""
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

    def write(self) -> None:
        """Create the array and write the whole tomogram from memory."""
        self.engine.write(self.tomogram, self.target, self.config)

    def check(self) -> None:
        """Fail where the timed call wrote other bytes than the verified store has."""
        self.store.refuse_other_bytes(self.target)

    def end(self) -> None:
        """Fail where the timed call wrote something else than the verified store has."""
        if not self.target.exists():
            return
        try:
            self.check()
        finally:
            shutil.rmtree(self.target)


class Write(Writing):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    @benchmark("Write the tomogram, buffered")
    def time_write(self) -> None:
        """Write it, and leave the files to the page cache."""
        self.engine.write(self.tomogram, self.target, self.config)

    @benchmark("Write the tomogram")
    def peakmem_write(self) -> None:
        """Peak memory of the process: interpreter, libraries and tomogram included."""
        give_back_freed_memory()
        self.engine.write(self.tomogram, self.target, self.config)


class WriteReference(Writing):
    """Peak memory of `peakmem_write` if writing took no memory at all."""

    params = REFERENCE.params

    @benchmark("Before writing")
    def peakmem_reference(self) -> None:
        """Interpreter, libraries and tomogram, nothing written."""
