"""The process that stores voxels and reads slices of them, one store after the other."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.prediction import slice_worker
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.verdicts.process_answers import end_group, how_it_ended

TIMES = 7
"""Times that each slice is read; the median counts."""


@dataclass(frozen=True)
class SlicedStore:
    """What the process said of a store: seconds of writing it, of opening it, and of slices.

    `slices` are by the axis that they stand on, opening included; `sizes` the bytes of each file.
    """

    writing: float
    opening: float
    slices: Mapping[int, float]
    sizes: Mapping[str, int]


class SliceProcess:
    """A process with the library's own threads; it and what it started ends with the block.

    Starting one takes longer than reading a slice many times, so one reads many stores. `cold` says
    whether each read is from the disk, with nothing of the store in the page cache.
    """

    def __init__(self, cold: bool) -> None:
        self.cold = cold
        self._open = ExitStack()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._errors = self._open.enter_context(tempfile.TemporaryFile())
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", str(slice_worker.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            end_group(self._process)
            for pipe in (self._process.stdin, self._process.stdout):
                # What was not told to a process that ended cannot be told any more.
                with suppress(BrokenPipeError):
                    pipe.close()  # type: ignore[union-attr]
        self._open.close()

    def sliced(
        self, voxels: Path | np.ndarray, config: StorageConfig, store: Path, axes: tuple[int, ...]
    ) -> SlicedStore:
        """Store voxels and read slices of them.

        Args:
            voxels: an array with the axes z, y, x, or the `.npy` file that has it.
            config: how they are stored.
            store: a folder that is not there yet.
            axes: those that slices stand on.

        Raises:
            BadInput: the process could not do it, as where the disk is full.
        """
        path = voxels if isinstance(voxels, Path) else store.with_suffix(".npy")
        if not isinstance(voxels, Path):
            np.save(path, voxels)
        said = self._ask(
            {
                "voxels": str(path),
                "store": str(store),
                "config": config.text,
                "cold": self.cold,
                "axes": list(axes),
                "times": TIMES,
            }
        )
        return SlicedStore(
            said["writing"],
            statistics.median(said["opening"]),
            {axis: statistics.median(said["slices"][str(axis)]) for axis in axes},
            {
                str(file.relative_to(store)): file.stat().st_size
                for file in sorted(store.rglob("*"))
                if file.is_file()
            },
        )

    def _ask(self, told: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            how = how_it_ended(process.wait())
            raise refused(told["config"], f"its process {how}; {self._last()}", "try again")
        return dict(json.loads(answer))

    def _last(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"the last it printed: {lines[-1][:150] if lines else 'nothing'}"
