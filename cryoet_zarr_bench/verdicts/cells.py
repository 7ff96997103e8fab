"""The calls of the suite that two releases are compared by."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.grid import Profile

TIMED = (
    "write.Write.time_write",
    "read.Read.time_read_volume",
    "read.Read.time_read_xy_slice",
    "read.Open.time_open",
)
"""Compared by time. Both clocks are read around each call, so their CPU twins are not needed."""

MEMORY = "write.Write.peakmem_write"
"""Compared by the peak memory of a process that does nothing else."""


@dataclass(frozen=True)
class ComparedCell:
    """A benchmark at one config of the grid."""

    benchmark: str
    codec: str
    chunks: str
    zarr_format: int

    @property
    def name(self) -> str:
        """A text that is unique to the cell, for journals, filters and tables."""
        return f"{self.benchmark} {self.codec} {self.chunks} format {self.zarr_format}"

    @property
    def config(self) -> str:
        """The name of its storage config."""
        return StorageConfig.of(self.codec, self.chunks, self.zarr_format).name

    @property
    def short_config(self) -> str:
        """Its storage config as tables show it, such as `zstd-5 64x64x64 v3`."""
        return f"{self.codec} {self.chunks} v{self.zarr_format}"

    @property
    def is_timed(self) -> bool:
        """Whether clocks are read; else peak memory is."""
        return self.benchmark != MEMORY


def all_cells(profile: Profile) -> list[ComparedCell]:
    """Every call that can be compared, over the grid of a profile."""
    return [
        ComparedCell(benchmark, codec, chunks, zarr_format)
        for benchmark in (*TIMED, MEMORY)
        for codec, chunks, zarr_format in itertools.product(
            profile.codecs, profile.chunks, profile.zarr_formats
        )
    ]


def choose_cells(profile: Profile, benchmark: str | None, config: str | None) -> list[ComparedCell]:
    """The cells whose benchmark and config match the regular expressions.

    Peak memory, which takes a process a figure, is compared only where `benchmark` asks for it.
    Raises BadInput where nothing matches, or what was given is no regular expression.
    """
    try:
        of_benchmark, of_config = re.compile(benchmark or "time_"), re.compile(config or "")
    except re.error as error:
        raise BadInput(f"{error.pattern!r} is no regular expression: {error}") from error
    cells = [
        cell
        for cell in all_cells(profile)
        if of_benchmark.search(cell.benchmark) and of_config.search(cell.name)
    ]
    if not cells:
        raise BadInput(
            f"no cell of profile {profile.name} matches --benchmark {benchmark or ''!r} and "
            f"--config {config or ''!r}; one is called {all_cells(profile)[0].name!r}"
        )
    return cells
