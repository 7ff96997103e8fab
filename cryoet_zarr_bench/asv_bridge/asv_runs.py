"""Drive asv over a list of releases, with progress, and go on after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cryoet_zarr_bench.asv_bridge.cells.reported_progress import PROGRESS
from cryoet_zarr_bench.asv_bridge.release_steps import Place, Progression, Step
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.interruption import uninterrupted
from cryoet_zarr_bench.common.processes import end_session
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.machine.scratch_folders import clear_scratch_folders
from cryoet_zarr_bench.measured.process_inputs import ASV_PROCESS


@contextmanager
def _shown_progress(console: Console) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[now]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress


def measure(
    steps: list[Step],
    place: Place,
    progression: Progression,
    console: Console,
    measured: Callable[[Step], None] = lambda step: None,
    is_waiting: Callable[[Step], bool] = lambda step: False,
    before: Callable[[], object] = lambda: None,
) -> list[Step]:
    """Measure the steps that are not done yet, one call of asv each; return those with a failure.

    `measured` is called after each step, before it counts as done. Where `is_waiting` says that a
    step was measured by a run that was killed before this, it is not measured again. `before` is
    called just before each measurement, and may wait.

    asv's own output goes to the log. A failing cell fails its step but stops nothing; where asv
    cannot even begin, BadInput says so with its last line. An interruption by Ctrl-C is passed on
    once asv has stopped.
    """
    failed: list[Step] = []
    with alone(WORK), _shown_progress(console) as progress:
        place.folder.mkdir(parents=True, exist_ok=True)
        place.log.write_text("")
        whole = progress.add_task("all releases", total=len(steps), now="")
        for step in steps:
            if progression.is_done(step):
                console.print(f"{for_markup(step.title)}: measured before the interruption")
            else:
                if not is_waiting(step):
                    before()
                    if not _run_asv(step, place, progress, console):
                        failed.append(step)
                measured(step)
                progression.add(step)
            progress.advance(whole)
    progression.forget()
    return failed


def _run_asv(step: Step, place: Place, progress: Progress, console: Console) -> bool:
    at = place.for_repeats if step.again else place
    configuration = at.write_configuration([step.numcodecs])
    command = [sys.executable, "-m", "asv", "run", "--config", str(configuration)]
    # The rounds of a cell lie apart in time, so that a burst of other work hits one of them.
    command += ["--no-pull", "--show-stderr", "--record-samples", "--interleave-rounds"]
    command += ["--machine", place.machine] if place.machine else []
    command += [f"{step.release.tag}^!"]
    code = run_watched(
        command, place.log, lambda reports: _show(reports, step.title, progress, console)
    )
    if code not in (0, 2):
        raise BadInput(f"asv stopped at {step.title}: {last_line(place.log)} (see {place.log})")
    return code == 0


def run_watched(
    command: list[str], log: Path, watch: Callable[[Iterable[str]], None] = lambda reports: None
) -> int:
    """Run asv, its output added to `log` and its reports of progress given to `watch`.

    Returns its exit code. Interrupted, asv is stopped first; it ends too where this is killed.
    """
    process: subprocess.Popen[bytes] | None = None
    receiver, sender = os.pipe()
    try:
        # Interrupted in the midst of this, asv would go on and nobody know of it.
        with uninterrupted(), log.open("a") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, PROGRESS: str(sender), ASV_PROCESS: str(os.getpid())},
                pass_fds=[sender],
                # By its session all that it starts is found again.
                start_new_session=True,
            )
            os.close(sender)
        with os.fdopen(receiver) as reports:
            watch(reports)
            for _ in reports:  # or asv would wait where nobody reads
                pass
        return process.wait()
    except BaseException:
        if process is not None:
            _stop(process)
        raise
    finally:
        with uninterrupted():
            if process is not None:
                # A fork server that was told nothing yet waits for ever.
                end_session(process.pid)
                process.wait()
            clear_scratch_folders()


def _show(reports: Iterable[str], title: str, progress: Progress, console: Console) -> None:
    """Show each cell as it is measured, until asv ends; on a plain screen a line per benchmark."""
    title = for_markup(title)
    task = progress.add_task(title, total=None, now="preparing its environment")
    shown = ""
    for report in reports:
        done, total, benchmark = report.split()
        benchmark = for_markup(benchmark)
        progress.update(task, completed=int(done), total=int(total), now=benchmark)
        if benchmark != shown and not console.is_terminal:
            console.print(f"{title}  {int(done):4d}/{total}  {benchmark}", highlight=False)
        shown = benchmark
    progress.remove_task(task)


def last_line(log: Path) -> str:
    """The last line that asv printed: the reason, if it stopped by itself."""
    lines = [
        line.strip(" ·")
        for line in log.read_text(errors="replace").splitlines()
        if line.strip(" ·")
    ]
    return lines[-1] if lines else "no output"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let asv stop by itself, as it does at Ctrl-C; end it where it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def publish(place: Place) -> None:
    """Publish the results of a place as a dashboard; BadInput if asv cannot."""
    configuration = place.write_configuration([None])
    with place.log.open("a") as log:
        published = subprocess.run(
            [sys.executable, "-m", "asv", "publish", "--config", str(configuration), "--no-pull"],
            stdout=log,
            stderr=subprocess.STDOUT,
            # asv lists regressions in the order of a set: the same results make the same pages.
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
    if published.returncode:
        raise BadInput(f"asv could not publish: {last_line(place.log)} (see {place.log})")
