"""The verdicts on steps of the catalogue, as runs of `verdicts` leave them in `verdicts.jsonl`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.json_lines import read_lines_as
from cryoet_zarr_bench.verdicts.change_rule import IMPROVEMENT, INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.comparison_setup import NO_FIGURE, NOT_AVAILABLE
from cryoet_zarr_bench.verdicts.judgement import reach_between

VERDICTS_FILE = "verdicts.jsonl"
"""In a machine's folder of results: a line for each release. asv reads no such file."""

FOUR = (REGRESSION, IMPROVEMENT, NO_CHANGE, INCONCLUSIVE)
"""The verdicts; a cell that has another word was not judged."""

BENCHMARKS = {
    "write.Write.time_write": "write",
    "read.Read.time_read_volume": "read all",
    "read.Read.time_read_xy_slice": "read XY slice",
    "read.Open.time_open": "open",
    "write.Write.peakmem_write": "peak memory",
}
"""What steps are judged by: asv's name of a benchmark -> the heading of its column."""

JUDGED_IN_ONE_LAYOUT = "judged before each process got a memory layout of its own"
"""What is said of steps that have cells but not `draws_layout`."""

LAYOUT_CAVEAT = (
    f"{JUDGED_IN_ONE_LAYOUT}. Calls that copy much data, such as "
    "writing, can seem up to 10 % faster or slower for that reason alone: do not trust a small "
    "change there."
)
"""What is to be told of steps that have cells but not `draws_layout`."""

PEAK_MEMORY = "peak memory"
WALL_TIME = "wall time"


@dataclass(frozen=True)
class Ratio:
    """The ratio of a release's figure to its predecessor's, with its 99 % interval.

    Above 1 is slower, or more memory. `figure` is CPU time, wall time or peak memory; the numbers
    are None if the pairs allow no estimate.
    """

    figure: str
    ratio: float | None
    low: float | None
    high: float | None
    pairs: int

    @property
    def reach(self) -> float | None:
        """Half the width of the interval, as a part: 0.08 where the ratio is known to 8 %."""
        return reach_between(self.low, self.high) if self.low and self.high else None

    @property
    def distance(self) -> float:
        """Distance from no change, the same for half as much and twice as much."""
        return abs(math.log(self.ratio)) if self.ratio else 0.0

    def __str__(self) -> str:
        if self.ratio is None or self.low is None or self.high is None:
            return "no estimate"
        return f"{self.ratio:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class JudgedCell:
    """The verdict on one cell of a step.

    `measured` is CPU time or peak memory, `wall` wall time. `reason` says why there is no figure;
    `why` the cell was chosen (candidate, sentinel or announced); `screened` is the ratio of asv's
    own figures, which named the candidates.
    """

    benchmark: str
    codec: str
    chunks: str
    zarr_format: int
    verdict: str
    measured: Ratio
    wall: Ratio
    reason: str | None
    why: str | None
    screened: float | None

    @property
    def config(self) -> str:
        """Its storage config, as shown; after the benchmark where a column has several."""
        config = self.compared.short_config
        return config if self.benchmark in BENCHMARKS else f"{heading(self.benchmark)}, {config}"

    @property
    def compared(self) -> ComparedCell:
        """The cell as `confirm` was asked about it."""
        return ComparedCell(self.benchmark, self.codec, self.chunks, self.zarr_format)

    @property
    def is_judged(self) -> bool:
        """True if it has one of the four verdicts."""
        return self.verdict in FOUR

    @property
    def is_timed(self) -> bool:
        """True if clocks were read; False if peak memory was."""
        return self.measured.figure != PEAK_MEMORY

    @property
    def deciding(self) -> Ratio:
        """The ratio that its verdict is of: wall time's where CPU time does not bear a change."""
        own = self.measured
        if self.verdict == REGRESSION and self.wall.low is not None:
            return own if own.low is not None and own.low > 1 else self.wall
        if self.verdict == IMPROVEMENT and self.wall.high is not None:
            return own if own.high is not None and own.high < 1 else self.wall
        return own

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs: as in `verdicts.jsonl`, and by which figure it was decided."""
        return {
            "benchmark": self.benchmark,
            "codec": self.codec,
            "chunks": self.chunks,
            "zarr_format": self.zarr_format,
            "verdict": self.verdict,
            "decided_by": self.deciding.figure,
            "figure": self.measured.figure,
            **_ratio_as_json("", self.measured),
            **_ratio_as_json("wall_", self.wall),
            "reason": self.reason,
            "why": self.why,
            "screened": self.screened,
        }


@dataclass(frozen=True)
class JudgedStep:
    """A release against the one just before it: one line of `verdicts.jsonl`.

    `differences` maps the name of a config to what is not the same on the disk, of the
    `configs_compared` configs that both wrote. `reason` says why a step without cells has none.
    `draws_layout` is whether each process had its memory laid out anew, as `heap_layout` does.
    """

    release: str
    parent: str
    machine: str
    tomogram: str
    profile: str
    python: str
    seed: int
    measured_at: str
    configs_compared: int
    differences: dict[str, dict[str, str]]
    cells: tuple[JudgedCell, ...]
    reason: str | None = None
    draws_layout: bool = False

    @property
    def series(self) -> tuple[str, str, str]:
        """The properties that verdicts in one table must share.

        A profile only decides which cells could be judged.
        """
        return self.machine, self.tomogram, self.python


def distance_of(cell: JudgedCell) -> float:
    """Distance of a cell from no change."""
    return cell.deciding.distance


def reach_of(cell: JudgedCell) -> float:
    """Uncertainty of a cell's ratio: infinity if nothing is known."""
    reach = cell.deciding.reach
    return math.inf if reach is None else reach


def heading(benchmark: str) -> str:
    """A benchmark, or a column of `column_of`, in few words."""
    if benchmark in BENCHMARKS or "." not in benchmark:
        return BENCHMARKS.get(benchmark, benchmark)
    place, method = benchmark.rsplit(".", 1)
    return f"{place} {method.removeprefix('time_').replace('_', ' ')}"


def column_of(benchmark: str) -> str:
    """The column of a table that a benchmark's verdicts stand in: one for all of another file.

    Beside those of `BENCHMARKS`, which every step has, there are a few candidates at some steps.
    """
    return benchmark if benchmark in BENCHMARKS else benchmark.split(".", 1)[0]


def read_verdicts(results: Path) -> list[JudgedStep]:
    """The steps judged on every machine under `results`; a broken line is left out, and said to be.

    Of a step that was judged again on the same tomogram and Python, the last is taken.
    """
    found: dict[tuple[str, ...], JudgedStep] = {}
    for path in sorted(results.glob(f"*/{VERDICTS_FILE}")):
        for step in read_lines_as(path, partial(_step, path.parent.name)):
            key = (step.release, *step.series)
            if key not in found or found[key].measured_at <= step.measured_at:
                found[key] = step
    return list(found.values())


def _step(machine: str, line: dict[str, Any]) -> JudgedStep:
    return JudgedStep(
        release=str(line["release"]),
        parent=str(line["parent"]),
        machine=machine,
        # As asv's results have it: the name of an environment has no spaces.
        tomogram=str(line["tomogram"]).replace(" ", "-"),
        profile=str(line["profile"]),
        python=str(line["python"]),
        seed=int(line["seed"]),
        measured_at=str(line["measured_at"]),
        configs_compared=int(line["configs_compared"]),
        differences={
            str(config): {str(what): str(how) for what, how in unlike.items()}
            for config, unlike in line["differences"].items()
        },
        cells=tuple(_judged(cell) for cell in line["cells"]),
        reason=_text(line.get("reason")),
        draws_layout=line.get("draws_layout") is True,
    )


def _judged(cell: dict[str, Any]) -> JudgedCell:
    verdict = cell["verdict"]
    if verdict not in (*FOUR, NOT_AVAILABLE, NO_FIGURE):
        raise ValueError(f"no verdict is called {verdict!r}")
    return JudgedCell(
        benchmark=str(cell["benchmark"]),
        codec=str(cell["codec"]),
        chunks=str(cell["chunks"]),
        zarr_format=int(cell["zarr_format"]),
        verdict=verdict,
        measured=_ratio(str(cell["figure"]), cell, ""),
        wall=_ratio(WALL_TIME, cell, "wall_"),
        reason=_text(cell.get("reason")),
        why=_text(cell.get("why")),
        screened=_positive(cell.get("screened")),
    )


def _ratio(figure: str, cell: dict[str, Any], prefix: str) -> Ratio:
    ratio, low, high = (_positive(cell.get(prefix + name)) for name in ("ratio", "low", "high"))
    pairs = int(cell.get(f"{prefix}pairs") or 0)
    if low is None or high is None:
        return Ratio(figure, ratio, None, None, pairs)
    return Ratio(figure, ratio, low, high, pairs)


def _positive(value: Any) -> float | None:
    return None if value is None or not 0 < float(value) < math.inf else float(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _ratio_as_json(prefix: str, found: Ratio) -> dict[str, Any]:
    return {
        f"{prefix}ratio": found.ratio,
        f"{prefix}low": found.low,
        f"{prefix}high": found.high,
        f"{prefix}pairs": found.pairs,
    }
