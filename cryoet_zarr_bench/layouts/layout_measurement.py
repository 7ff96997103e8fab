"""A layout of a tomogram measured: written once, then read, changed and cropped, each by itself.

Writing and crops are timed, and nothing else runs meanwhile. What is counted takes all cores.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.errors import ReleaseUnusable
from cryoet_zarr_bench.layouts import layout_worker, library_writers
from cryoet_zarr_bench.layouts.changing_figures import CHANGES
from cryoet_zarr_bench.layouts.crop_memory import STORE_CLASSES
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.library_environments import interpreter_with
from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS, PREFIX, Layout
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import PLACES
from cryoet_zarr_bench.layouts.referenced_planes import levels_of
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel, footprint_of
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.measured.cpu_cores import cores_in_use
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.verdicts.process_answers import ask

MAPPED = "mapped"
"""The class of store of an MRC: its file is mapped."""


@dataclass(frozen=True)
class MeasuredLayout:
    """What is measured: a layout of a tomogram, in an empty folder of this process's own.

    `python` is the version that libraries with environments of their own run in. `advance` is told
    what is done now.
    """

    layout: Layout
    tomogram: PreparedTomogram
    folder: Path
    python: str
    advance: Callable[[str], None] = lambda what: None

    @property
    def store(self) -> Path:
        """Where it is written."""
        return self.folder / ("tomogram.mrc" if self.layout.is_file else "tomogram.zarr")

    @property
    def _spacing(self) -> float:
        spacing = self.tomogram.voxel_spacing
        return 1.0 if spacing is None else float(spacing[0] or 1.0)

    def measure(self) -> LayoutLine:
        """Measure all of it. BadInput if a library cannot be installed."""
        line: dict[str, Any] = self._described()
        try:
            self.advance("write")
            line["write"] = self._write()
            levels = levels_of(self.store, self.tomogram.load(mmap=True))
            found = footprint_of(self.store)
            line |= {
                "stored_bytes": found.bytes,
                "files": found.files,
                "inodes": found.inodes,
                "levels": [_as_line(level) for level in levels],
            }
            for store_class in (MAPPED,) if self.layout.is_file else STORE_CLASSES:
                self.advance(f"crop through {store_class}")
                found_here = self._ask(task="crop", store_class=store_class)
                line["crops"][store_class] = {**found_here, "cpu": None}
            self._count(line)
        except ReleaseUnusable as error:
            line["reason"] = str(error)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return LayoutLine.model_validate(line)

    def _described(self) -> dict[str, Any]:
        writer = self.layout.library
        here = f"zarr {importlib.metadata.version('zarr')}"
        return {
            "layout": self.layout.name,
            "tomogram": self.tomogram.name.replace(" ", "-"),
            "writer": here if writer is None else f"{writer.package} {writer.version}",
            "reader": here,
            **stamp(),
            "file_system": file_system_of(self.folder),
            "places": list(PLACES),
            "reason": None,
            "raw_bytes": self.tomogram.load(mmap=True).nbytes,
            **dict.fromkeys(("stored_bytes", "files", "inodes"), 0),
            "levels": [],
            "write": None,
            **{what: {} for what in ("reading", "changing", "crops")},
        }

    def _write(self) -> dict[str, Any]:
        library = self.layout.library
        if library is None:
            return self._ask(task="write", layout=_asked_for(self.layout), spacing=self._spacing)
        python = interpreter_with(library, self.python)
        program = [str(python), "-P", "-W", "ignore", str(library_writers.__file__)]
        given = [str(self.tomogram.path), str(self.store), str(self._spacing)]
        return self._answer([*program, library.package, *given], "")

    def _count(self, line: dict[str, Any]) -> None:
        tasks: dict[tuple[str, str], dict[str, Any]] = {
            ("reading", name): {"task": "read", "pattern": name} for name in PATTERNS
        }
        for name in CHANGES:
            changed = str(self.folder / f"changed-{name}")
            tasks["changing", name] = {"task": "change", "change": name, "folder": changed}

        def count(key: tuple[str, str]) -> None:
            self.advance(f"{key[0]}: {key[1]}")
            line[key[0]][key[1]] = self._ask(**tasks[key])

        with ThreadPoolExecutor(cores_in_use() or 1) as executor:
            list(executor.map(count, tasks))
        for what, names in (("reading", PATTERNS), ("changing", CHANGES)):
            line[what] = {name: line[what][name] for name in names}

    def _ask(self, **request: Any) -> dict[str, Any]:
        told = {**request, "store": str(self.store), "tomogram": str(self.tomogram.path)}
        worker = [sys.executable, "-P", "-W", "ignore", str(layout_worker.__file__)]
        return self._answer(worker, json.dumps(told) + "\n")

    def _answer(self, command: list[str], told: str) -> dict[str, Any]:
        who = f"layout {self.layout.name}"
        return ask(who, command, os.environ, told, self.folder, 1)[-1]


def _asked_for(layout: Layout) -> str:
    return f"{PREFIX}{layout.name}" if layout.name in LAYOUTS else layout.name


def _as_line(level: StoredLevel) -> dict[str, Any]:
    return {
        "shape": list(level.shape),
        "chunks": list(level.chunks),
        "shards": None if level.shards is None else list(level.shards),
        "codecs": level.codecs,
        "zarr_format": level.zarr_format,
        "dtype": level.dtype,
        "padded_voxels": level.padded_voxels,
    }
