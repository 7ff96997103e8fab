"""A layout of a tomogram measured: written once, then read, changed and cropped, each by itself.

Writing and decoding are timed, and nothing else runs meanwhile. What is counted, and the memory of
crops, takes all cores.
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

import numpy as np

from cryoet_zarr_bench.common.errors import ReleaseUnusable
from cryoet_zarr_bench.layouts import layout_worker
from cryoet_zarr_bench.layouts.changing_figures import CHANGES
from cryoet_zarr_bench.layouts.crop_memory import STORE_CLASSES
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.libraries import layout_reader, library_writers
from cryoet_zarr_bench.layouts.libraries.library_environments import interpreter_with
from cryoet_zarr_bench.layouts.named_layouts import Layout, asked_for
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import PLACES
from cryoet_zarr_bench.layouts.referenced_planes import levels_of
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel, footprint_of
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.measured.cpu_cores import cores_in_use
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.storage.boxes import middle_cube
from cryoet_zarr_bench.verdicts.process_answers import ask

READ_BY_OTHERS = 32
"""Voxels along an edge of the box that other engines and releases try to read."""

MAPPED = "mapped"
"""The class of store of an MRC: its file is mapped."""

Tasks = dict[tuple[str, str], dict[str, Any]]
"""What a worker is asked, by where the line has the answer."""


@dataclass(frozen=True)
class MeasuredLayout:
    """What is measured: a layout of a tomogram, in an empty folder of this process's own.

    `python` is the version that libraries with environments of their own run in. `readers` are the
    interpreters of the environments whose engines try to read it. `advance` is told what is done
    now.
    """

    layout: Layout
    tomogram: PreparedTomogram
    folder: Path
    python: str
    readers: tuple[Path, ...] = ()
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
            line["write"] = self.written()
            levels = levels_of(self.store, self.tomogram.load(mmap=True))
            found = footprint_of(self.store)
            line |= {
                "stored_bytes": found.bytes,
                "files": found.files,
                "inodes": found.inodes,
                "levels": [_as_line(level) for level in levels],
            }
            self.advance("CPU time of reading")
            line["cpu"] = self._ask(task="time")
            # Memory is that of a process of its own: what runs beside does not move it.
            self._side_by_side(line, {**self._crops(), **self._counts()})
            if not self.layout.is_file:
                self.advance("who can read it")
                line["readers"] = self._read_by_others(levels[0])
        except ReleaseUnusable as error:
            line["reason"] = str(error)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return LayoutLine.model_validate(line)

    def recounted(self, line: LayoutLine) -> LayoutLine:
        """The line with requests, modelled seconds and changes counted anew; its times stay."""
        found = {**line.model_dump(), "places": list(PLACES)}
        try:
            self.written()
            self._side_by_side(found, self._counts())
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return LayoutLine.model_validate(found)

    def _described(self) -> dict[str, Any]:
        writer = self.layout.library
        here = f"zarr {importlib.metadata.version('zarr')}"
        return {
            "layout": self.layout.name,
            "tomogram": self.tomogram.label,
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
            **{what: {} for what in ("reading", "cpu", "changing", "crops", "readers")},
        }

    def written(self) -> dict[str, Any]:
        """Write the store, by a process of its own; what that took, as an `EffortLine` has it."""
        library = self.layout.library
        if library is None:
            return self._ask(
                task="write", layout=asked_for(self.layout.name), spacing=self._spacing
            )
        python = interpreter_with(library, self.python)
        program = [str(python), "-P", "-W", "ignore", str(library_writers.__file__)]
        given = [str(self.tomogram.path), str(self.store), str(self._spacing)]
        return self._answer([*program, library.package, *given], "")

    def _crops(self) -> Tasks:
        classes = (MAPPED,) if self.layout.is_file else STORE_CLASSES
        return {("crops", each): {"task": "crop", "store_class": each} for each in classes}

    def _counts(self) -> Tasks:
        tasks: Tasks = {("reading", name): {"task": "read", "pattern": name} for name in PATTERNS}
        for name in CHANGES:
            changed = str(self.folder / f"changed-{name}")
            tasks["changing", name] = {"task": "change", "change": name, "folder": changed}
        return tasks

    def _side_by_side(self, line: dict[str, Any], tasks: Tasks) -> None:
        """Do tasks that are not timed; each answer goes where the line has it, in their order."""

        def answer(key: tuple[str, str]) -> dict[str, Any]:
            self.advance(f"{key[0]}: {key[1]}")
            return self._ask(**tasks[key])

        with ThreadPoolExecutor(cores_in_use() or 1) as executor:
            answers = list(executor.map(answer, tasks))
        for what in {what for what, _ in tasks}:
            line[what] = {}
        for (what, name), found in zip(tasks, answers, strict=True):
            line[what][name] = found

    def _read_by_others(self, finest: StoredLevel) -> dict[str, str]:
        box = middle_cube(finest.shape, READ_BY_OTHERS)
        expected = self.folder / "expected.npy"
        np.save(expected, self.tomogram.load(mmap=True)[box])
        told = json.dumps(
            {
                "array": str(finest.folder),
                "leading": finest.leading,
                "box": [[side.start, side.stop] for side in box],
                "expected": str(expected),
            }
        )
        found: dict[str, str] = {}
        for python in self.readers:
            reader = [str(python), "-P", "-W", "ignore", str(layout_reader.__file__)]
            found |= self._answer(reader, told + "\n")
        return found

    def _ask(self, **request: Any) -> dict[str, Any]:
        told = {**request, "store": str(self.store), "tomogram": str(self.tomogram.path)}
        worker = [sys.executable, "-P", "-W", "ignore", str(layout_worker.__file__)]
        return self._answer(worker, json.dumps(told) + "\n")

    def _answer(self, command: list[str], told: str) -> dict[str, Any]:
        who = f"layout {self.layout.name}"
        return ask(who, command, os.environ, told, self.folder, 1)[-1]


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
