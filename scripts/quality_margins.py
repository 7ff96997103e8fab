"""Measure what docs/quality.md says: how near good tomograms are to the limits, what is found.

Takes minutes on two cores: .venv/bin/python scripts/quality_margins.py
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing import Pool

import numpy as np
from rich.console import Console
from rich.table import Table

from cryoet_zarr_bench.quality import quality_limits
from cryoet_zarr_bench.quality.inspection import inspect
from cryoet_zarr_bench.quality.quality_limits import Limit
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic import PROFILES, synthesize

TOMOGRAMS = [
    (profile, shape, seed)
    for profile in PROFILES
    for shape, seeds in (((64, 64, 64), 4), ((32, 128, 96), 2), ((128, 128, 128), 1))
    for seed in range(seeds)
]
FLAGGED = ("warn", "fail")

Fault = tuple[str, str, np.ndarray]
"""What was done to a tomogram, the check that should find it, and the tomogram then."""


def of_steps(good: np.ndarray, at: int) -> Iterator[Fault]:
    """Gain, offset and shift from a slice on, or of that slice alone."""
    one, rest = slice(at, at + 1), slice(at, None)
    for gain in (1.05, 1.1, 1.15, 1.2, 1.3):
        for name, part in (("one slice", one), ("the rest", rest)):
            bad = good.copy()
            bad[part] *= np.float32(gain)
            yield f"gain {gain} of {name}", "gain step", bad
    for offset in (0.05, 0.1, 0.15, 0.2, 0.3):
        bad = good.copy()
        bad[rest] += np.float32(offset * good.std())
        yield f"offset {offset} sigma of the rest", "offset step", bad
    for shift in (1, 2, 3, 5, 9, 17):
        for name, part in (("one slice", one), ("the rest", rest)):
            bad = good.copy()
            bad[part] = np.roll(bad[part], shift, 1)
            yield f"shift {shift} of {name}", "shifted slices", bad


def of_copies(good: np.ndarray, at: int) -> Iterator[Fault]:
    """Slices that are there twice."""
    noise = np.random.default_rng(0).normal(0, 0.02 * good.std(), good[at].shape)
    for name, copy in (
        ("of the neighbour", good[at - 1]),
        ("from afar", good[3]),
        ("scaled", good[at - 1] * np.float32(1.3)),
        ("with 2 % noise", good[at - 1] + noise),
    ):
        bad = good.copy()
        bad[at] = copy
        yield f"copy {name}", "duplicated slices", bad


def of_values(good: np.ndarray, at: int) -> Iterator[Fault]:
    """Voxels that were clipped, lost, put on a lattice, or misread."""
    for percent in (0.005, 0.02, 0.1, 0.5, 1):
        top, bottom = np.percentile(good, (100 - percent, percent)).astype("f4")
        yield f"clipped above, {percent} %", "clipping", np.minimum(good, top)
        yield f"clipped below, {percent} %", "clipping", np.maximum(good, bottom)
    for side in (6, 8, 10, 11, 16):
        bad = good.copy()
        bad[at - 3 : at - 3 + side, 5 : 5 + side, 9 : 9 + side] = 0
        yield f"zero cube of {side}", "constant blocks", bad
    for count in (1, 3):
        bad = good.copy()
        bad[at : at + count] = 0
        yield f"{count} zero slices", "constant blocks", bad
    bad = good.copy()
    bad[at, 1, 1] = np.nan
    yield "one NaN", "NaN and infinity", bad
    least, span = float(good.min()), float(np.ptp(good))
    for count in (256, 64, 32, 8):
        step = span / (count - 1)
        bad = (np.round((good - least) / step) * step + least).astype("f4")
        yield f"lattice of {count}", "source precision", bad
        yield f"lattice of {count}", "dynamic range", bad
    bad = good.copy()
    bad.flat[::20011] = np.median(good) + 200 * good.std()
    for check in ("kurtosis", "farthest voxel"):
        yield "hot voxels, 5e-5 at 200 std", check, bad
    swapped = good.byteswap()
    bad = np.where(np.isfinite(swapped) & (np.abs(swapped) < 1e30), swapped, 0).astype("f4")
    for check in ("signal to noise", "farthest voxel", "kurtosis"):
        yield "wrong byte order", check, bad


def of_axes(good: np.ndarray, at: int) -> Iterator[Fault]:
    """Axes in another order."""
    yield "y and z swapped", "missing wedge", np.ascontiguousarray(good.transpose(1, 0, 2))
    yield "x and y swapped", "missing wedge", np.ascontiguousarray(good.transpose(0, 2, 1))


def checks_of(volume: np.ndarray) -> dict[str, tuple[float | None, str]]:
    """Figure and verdict of each check."""
    report = inspect(ArraySlabs(volume, "")).report
    return {check.name: (check.figure, check.verdict) for check in report.checks}


def measure(tomogram: tuple[str, tuple[int, int, int], int]) -> tuple[dict, list]:
    """The checks of a good tomogram, and the one that matters of each faulty one."""
    profile, shape, seed = tomogram
    good = synthesize(profile, shape, seed)
    found = []
    for faults in (of_steps, of_copies, of_values, of_axes):
        for name, check, bad in faults(good, shape[0] // 2):
            found.append((name, check, shape[0], checks_of(bad).get(check, (None, "absent"))))
    return checks_of(good), found


def main() -> None:
    """Measure all tomograms and print two tables."""
    with Pool(2) as pool:
        measured = pool.map(measure, TOMOGRAMS, chunksize=1)
    known_limits = [each for each in vars(quality_limits).values() if isinstance(each, Limit)]
    falling = {each.name for each in known_limits if each.least}
    good = Table("check", "worst of the good", "flagged", title=f"{len(TOMOGRAMS)} good tomograms")
    for check in measured[0][0]:
        figures = [checks[check] for checks, _ in measured if check in checks]
        known = [figure for figure, _ in figures if figure is not None]
        worst = (min if check in falling else max)(known) if known else None
        flagged = sum(verdict in FLAGGED for _, verdict in figures)
        good.add_row(check, "" if worst is None else f"{worst:.3g}", str(flagged))
    faults = defaultdict(list)
    for _, found in measured:
        for name, check, planes, (figure, verdict) in found:
            faults[name, check, planes].append((figure, verdict))
    bad = Table("fault", "check", "planes", "figures", "verdicts", title="Faults")
    for (name, check, planes), seen in faults.items():
        figures = [figure for figure, _ in seen if figure is not None]
        span = f"{min(figures):.3g} to {max(figures):.3g}" if figures else ""
        counts = Counter(verdict for _, verdict in seen).most_common()
        words = ", ".join(f"{count} {verdict}" for verdict, count in counts)
        bad.add_row(name, check, str(planes), span, words)
    console = Console(width=130)
    console.print(good)
    console.print(bad)


if __name__ == "__main__":
    main()
