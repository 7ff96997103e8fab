"""The calls of the suite that two releases are compared by."""

from __future__ import annotations

import functools
import itertools
import os
import re
import sys
from dataclasses import dataclass
from typing import Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.measured import confirm_worker
from cryoet_zarr_bench.measured.clocks import TWIN
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.grid import Profile
from cryoet_zarr_bench.verdicts.process_answers import ask

OPEN = "read.Open.time_open"

TIMED = (
    "write.Write.time_write",
    "read.Read.time_read_volume",
    "read.Read.time_read_xy_slice",
    OPEN,
)
"""Compared by time where no others are asked for. Both clocks are read around each call, so their
CPU twins are not needed."""

MEMORY = "write.Write.peakmem_write"
"""Compared by the peak memory of a process that does nothing else."""

_REFERENCE = "Reference"
"""The end of the name of a class that others are held against: it calls no library."""


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
    def short_benchmark(self) -> str:
        """Its benchmark as tables show it: `read_volume`, or `convert.Convert to_ome_zarr`."""
        place, method = self.benchmark.rsplit(".", 1)
        method = method.removeprefix("time_")
        return method if self.benchmark in (*TIMED, MEMORY) else f"{place} {method}"

    @property
    def process(self) -> str:
        """Timed cells of which this is the same are called in one process.

        A class may choose an engine and its threads, which can be done once in a process.
        """
        return "" if self.benchmark in TIMED else self.benchmark.rsplit(".", 1)[0]

    @property
    def is_timed(self) -> bool:
        """True if clocks are read; False if peak memory is."""
        return not is_of_memory(self.benchmark)


def method_of(benchmark: str) -> str:
    """The name of a benchmark without its module and class."""
    return benchmark.rsplit(".", 1)[-1]


def is_of_memory(benchmark: str) -> bool:
    """True if a benchmark, by its name, is of peak memory."""
    return method_of(benchmark).startswith("peakmem_")


@functools.cache
def suite(profile: str) -> dict[str, list[list[Any]]]:
    """Benchmarks by which two releases can be compared: a name -> its parameters' values.

    asv's own discovery finds them, in a process that has the profile: the grid is chosen when the
    suite is imported. The core comes first.
    """
    (said,) = ask(
        f"the benchmarks of profile {profile} could not be listed",
        [sys.executable, "-P", "-W", "ignore", str(confirm_worker.__file__), "suite", str(PROJECT)],
        {**os.environ, "CRYOET_PROFILE": profile},
        "",
        None,
        1,
    )
    listed = {each["name"]: each for each in said["benchmarks"]}
    core = [name for name in (*TIMED, MEMORY) if name in listed]
    return {
        name: listed[name]["params"]
        for name in dict.fromkeys([*core, *listed])
        if _is_compared(name, listed[name]["type"], listed)
    }


def _is_compared(name: str, kind: str, listed: dict[str, Any]) -> bool:
    if name.split(".")[-2].endswith(_REFERENCE) or kind not in ("time", "peakmemory"):
        return False
    return not (name.endswith(TWIN) and name.removesuffix(TWIN) in listed)


def all_cells(profile: Profile) -> list[ComparedCell]:
    """Every call that can be compared, over the grid of a profile, those of the core first."""
    return [
        ComparedCell(benchmark, *parameters)
        for benchmark, params in suite(profile.name).items()
        for parameters in itertools.product(*params)
    ]


def choose_cells(profile: Profile, benchmark: str | None, config: str | None) -> list[ComparedCell]:
    """The cells whose benchmark and config match the regular expressions.

    Without `benchmark` they are those of `TIMED`. Peak memory, which takes a process a figure, and
    the suite's other questions are compared only where `benchmark` asks for them. Raises BadInput
    where nothing matches, or what was given is no regular expression.
    """
    try:
        of_benchmark, of_config = re.compile(benchmark or ""), re.compile(config or "")
    except re.error as error:
        raise BadInput(f"{error.pattern!r} is no regular expression: {error}") from error
    cells = [
        cell
        for cell in all_cells(profile)
        if (of_benchmark.search(cell.benchmark) if benchmark else cell.benchmark in TIMED)
        and of_config.search(cell.name)
    ]
    if not cells:
        raise BadInput(
            f"no cell of profile {profile.name} matches --benchmark {benchmark or ''!r} and "
            f"--config {config or ''!r}; one is called {all_cells(profile)[0].name!r}"
        )
    return cells
