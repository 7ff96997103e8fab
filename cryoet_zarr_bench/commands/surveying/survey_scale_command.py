"""`survey-scale`: surveys of drawn tomograms, timed by workers, by size, by how many there are."""

from __future__ import annotations

import functools
import math
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.peak_memory import OwnMemoryFollower, peak_memory
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.tomogram_survey.dask_workers import ENVIRONMENT, WorkerChoice, workers_of
from cryoet_zarr_bench.tomogram_survey.drawn_collection import LARGE_SHAPE
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import ListedTomogram, listed_tomograms
from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion
from cryoet_zarr_bench.tomogram_survey.survey_run import run_survey
from cryoet_zarr_bench.tomogram_survey.survey_scale import (
    SurveyScaleLine,
    Trial,
    keep_survey_scale,
    read_survey_scale,
    survey_scale,
)
from cryoet_zarr_bench.tomogram_survey.survey_work import encode_part, look_at
from cryoet_zarr_bench.tomograms.preparation import prepare
from cryoet_zarr_bench.tomograms.synthetic_profiles import DRAWN
from cryoet_zarr_bench.tomograms.tomogram_sources import SyntheticSource

TURNS = 3

TURNS_OF_WORKERS = 5
"""One worker and two take minutes, in which the machine has other work, too: pairs differ."""


@dataclass(frozen=True)
class _Trial:
    """A survey to be timed."""

    trial: Trial
    turn: int
    workers: int
    sources: tuple[str, ...]


def run_survey_scale(console: Console, machine: str, again: bool) -> None:
    """Time the trials that were not timed yet, and keep each at once.

    Args:
        console: where each trial is told.
        machine: the name of this machine's results.
        again: whether those that are there are timed anew.

    Raises:
        BadInput: another run is measuring, or there is no room.
    """
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    kept = [] if again else read_survey_scale(results, machine)
    known = {(line.trial, line.turn, line.workers, line.voxels, line.tomograms) for line in kept}
    trials = _trials()
    with alone(WORK):
        for source in sorted({source for trial in trials for source in trial.sources}):
            prepare(source, None)
        for trial in trials:
            voxels = sum(_voxels(source) for source in trial.sources)
            if (trial.trial, trial.turn, trial.workers, voxels, len(trial.sources)) in known:
                continue
            found = _timed(trial)
            line = _line(trial, found)
            kept.append(line)
            keep_survey_scale(results, machine, kept)
            console.print(
                f"{line.trial}, turn {line.turn}: {line.workers} workers, {line.tomograms} "
                f"tomograms, {line.voxels / 1e6:.0f} Mvoxel: {line.seconds:.1f} s, "
                f"{found.own_memory / 1e6:.0f} MB"
            )
    scale = survey_scale(kept)
    if scale is not None:
        console.print(f"two workers are {scale.speed_up:.2f} times as fast as one")


def _trials() -> list[_Trial]:
    """Every trial; one worker and two in turns, first the one, then the other."""
    edges = [_drawn((96,) * 3, number) for number in range(200)]
    found = []
    for turn in range(TURNS_OF_WORKERS):
        pair = [_Trial("workers", turn, workers, tuple(_mixed())) for workers in (1, 2)]
        # Both encode the same: another tomogram would take another time.
        apart = [_Trial("apart", turn, count, (_drawn((256,) * 3, 0),) * count) for count in (1, 2)]
        found += [*pair, *apart] if turn % 2 == 0 else [*apart[::-1], *pair[::-1]]
    for turn in range(TURNS):
        for count in (25, 50, 100, 200) if turn == 0 else (25, 100):
            found.append(_Trial("collection", turn, 2, tuple(edges[:count])))
    for turn in range(TURNS):
        for shape in ((128,) * 3, (256,) * 3, (184, 630, 630), LARGE_SHAPE):
            if turn == 0 or shape != LARGE_SHAPE:
                found.append(_Trial("tomogram", turn, 1, (_drawn(shape, 0),)))
    return found


def _mixed() -> list[str]:
    """Tomograms of several sizes, none of which takes a tenth of the time of all: who is done first
    waits for the last piece."""
    return [_drawn((edge,) * 3, number) for number, edge in enumerate((192, 160, 128, 96) * 8)]


def _drawn(shape: tuple[int, int, int], number: int) -> str:
    # Another dataset each time: what is drawn differs.
    return str(SyntheticSource(DRAWN, shape, 10_000 * number))


def _voxels(source: str) -> int:
    shape = source.partition("@")[2].partition("#")[0]
    return math.prod(int(length) for length in shape.split("x"))


@dataclass(frozen=True)
class _Timing:
    """What a trial took, and what it made."""

    seconds: float
    rows: int
    voxels: int
    peak_memory: int
    own_memory: int


def _timed(trial: _Trial) -> _Timing:
    return _apart(trial) if trial.trial == "apart" else _surveyed(trial)


def _line(trial: _Trial, found: _Timing) -> SurveyScaleLine:
    return SurveyScaleLine(
        trial=trial.trial,
        turn=trial.turn,
        workers=trial.workers,
        tomograms=len(trial.sources),
        voxels=found.voxels,
        voxels_of_one=found.voxels // len(trial.sources),
        rows=found.rows,
        seconds=found.seconds,
        peak_memory=found.peak_memory,
        own_memory=found.own_memory,
        sample=None,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _surveyed(trial: _Trial) -> _Timing:
    """Survey the tomograms as the command does."""
    listed: Sequence = listed_tomograms(trial.sources)
    with (
        workers_of(WorkerChoice(trial.workers), timed=True) as client,
        TemporaryDirectory(prefix="cryoet-zarr-bench-scale-") as folder,
    ):
        client.run(_own_memory)
        begin = time.perf_counter()
        outcome = run_survey(client, listed, SurveyQuestion(), Path(folder) / "rows")
        seconds = time.perf_counter() - begin
        peaks, owns = client.run(peak_memory), client.run(_own_memory)
    if outcome.failed:
        raise RuntimeError(f"a drawn tomogram failed: {outcome.failed[0]}")
    return _Timing(seconds, outcome.rows, outcome.voxels, max(peaks.values()), max(owns.values()))


def _apart(trial: _Trial) -> _Timing:
    """The same work without Dask: processes that encode the one tomogram, and know of no other."""
    (listed,) = listed_tomograms(trial.sources)
    with ExitStack() as stack:
        stack.enter_context(_environment_of_workers())
        processes = [
            stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            for _ in range(trial.workers)
        ]
        for ready in [process.submit(_own_memory) for process in processes]:
            ready.result()
        begin = time.perf_counter()
        done = [each.result() for each in [one.submit(_encoded, listed) for one in processes]]
        seconds = time.perf_counter() - begin
    voxels = sum(_voxels(source) for source in trial.sources)
    rows, peaks, owns = zip(*done, strict=True)
    return _Timing(seconds, sum(rows), voxels, max(peaks), max(owns))


@contextmanager
def _environment_of_workers() -> Iterator[None]:
    """Give processes that are started meanwhile the environment variables of Dask's workers."""
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _encoded(listed: ListedTomogram) -> tuple[int, int, int]:
    """In a process of its own: the rows of a whole tomogram; the most memory with mapped pages, and
    without."""
    question = SurveyQuestion()
    _, places = look_at(listed, question)
    return len(encode_part(listed.source, question, places)), peak_memory(), _own_memory()


@functools.cache
def _follower() -> OwnMemoryFollower:
    return OwnMemoryFollower()


def _own_memory() -> int:
    """In a worker: the most memory that it had for itself since it was first asked."""
    return _follower().most
