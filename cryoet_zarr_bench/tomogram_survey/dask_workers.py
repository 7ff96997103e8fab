"""Work done side by side by Dask: on this machine's cores, or by a scheduler that is there already.

Only so much is handed out at a time: a list of a hundred thousand tomograms takes no more memory
than one of ten. A worker that is killed gets its work done by another.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from multiprocessing import resource_tracker
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.common.available_memory import tightest_bound
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.interruption import uninterrupted
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.machine.measuring_lock import beside_no_measurement

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

KILLED_AT_MOST = 5
"""Workers that a piece of work may lose before it is taken to be its fault."""

IN_FLIGHT = 3
"""Pieces of work handed out for each worker: one that is done, and two so that none waits."""

ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Environment variables of a worker, which is one of several on a machine. Dask would also have the
system take back each freed array; to be given it again took over a third of a worker's time."""

NEEDED = ("dask", "distributed", "pyarrow")

_STARTS = 3
"""Times that the start of workers is tried: one may be killed before it is ready."""

_PART_OF_MEMORY = 0.8


class WorkersLost(Exception):
    """The scheduler is gone, and with it what was handed out."""


@dataclass(frozen=True)
class WorkerChoice:
    """The workers that are asked for.

    `scheduler` is the address of one that is there already, such as `tcp://10.0.0.5:8786`; without
    it `workers` processes are started here, one a core if None, each with its part of the memory.
    """

    workers: int | None = None
    scheduler: str | None = None


@dataclass(frozen=True)
class Piece:
    """A piece of work: a function that is called with its arguments in a worker.

    `about` is the tomogram that it is of.
    """

    about: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass
class Done:
    """A piece that is done: its `result`, or the `reason` why there is none."""

    piece: Piece
    result: Any = None
    reason: str | None = None
    more: list[Piece] = field(default_factory=list)
    """What is to be done because of it; who is given this puts it here."""


def require_survey_packages() -> None:
    """Raise BadInput if a package is missing that only surveys and batches need."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise refused("survey", f"needs {', '.join(missing)}", "install cryoet-zarr-bench[survey]")


@contextmanager
def workers_of(choice: WorkerChoice, *, timed: bool = False) -> Iterator[Client]:
    """Start workers, or find those that are there, while the block lasts.

    Where they are started here, no run measures beside them. `timed` is for a run that measures
    the workers, and sees to that itself.

    Raises:
        BadInput: Dask is not installed, there is no such scheduler, or a run is measuring here.
    """
    require_survey_packages()
    import dask
    from distributed import Client

    settings = {
        "distributed.scheduler.allowed-failures": KILLED_AT_MOST,
        "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
        # What would be spilled to the disk is small; what is large is in one piece and cannot be.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.comm.timeouts.connect": "10s",
        # What functions a worker was in, second by second, is kept for hours: some MB a minute.
        "distributed.worker.profile.enabled": False,
    }
    with dask.config.set(settings):
        if choice.scheduler is not None:
            with _found(choice.scheduler) as client:
                yield client
            return
        count = choice.workers or os.cpu_count() or 1
        memory = int(_PART_OF_MEMORY * tightest_bound().bytes / count)
        with (
            nullcontext() if timed else beside_no_measurement(WORK),
            TemporaryDirectory(prefix="cryoet-zarr-bench-workers-") as folder,
            _cluster(count, memory, folder) as cluster,
            Client(cluster) as client,
        ):
            yield client


@contextmanager
def _cluster(count: int, memory: int, folder: str) -> Iterator[LocalCluster]:
    started: list[LocalCluster] = []
    try:
        # One that was interrupted while it started cannot be closed.
        with uninterrupted():
            started.append(_started(count, memory, folder))
        yield started[0]
    finally:
        for each in started:
            each.close()


def _started(count: int, memory: int, folder: str) -> LocalCluster:
    """Workers on this machine, each a process; started again where one was killed meanwhile."""
    from distributed import LocalCluster

    for left in reversed(range(_STARTS)):
        try:
            with _deaf_to_ctrl_c():
                return LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    memory_limit=memory,
                    local_directory=folder,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    silence_logs=50,
                )
        except RuntimeError as error:
            if not left:
                said = f"could not be started {_STARTS} times ({error})"
                raise refused("the workers", said, "give fewer by --workers") from error
    raise AssertionError("the last start returns or raises")


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let threads and processes that are started meanwhile never see Ctrl-C.

    A terminal sends it to workers as well, and each would print where it was. This thread hears of
    it at the end of the block. Blocked signals are inherited; what starts workers again later is a
    thread that was started here.
    """
    # Python lets Ctrl-C through again in the thread that begins this.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _found(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address)
    except (OSError, ValueError) as error:
        raise refused(address, f"no scheduler answers ({error})", "check --scheduler") from error
    with client:
        yield client


def done_by(client: Client, pieces: Iterable[Piece]) -> Iterator[Done]:
    """Have pieces done by workers; each is given back when it is done, in no order.

    What is put into `Done.more` before the next is asked for is done first.

    Raises:
        WorkersLost: the scheduler is gone.
    """
    from distributed import as_completed
    from distributed.client import ClosedClientError

    first, coming = deque[Piece](), iter(pieces)
    running: dict[Future, Piece] = {}
    finished = as_completed()

    def hand_out() -> None:
        while len(running) < IN_FLIGHT * max(len(client.ncores()), 1):
            piece = first.popleft() if first else next(coming, None)
            if piece is None:
                return
            future = client.submit(piece.function, *piece.arguments, pure=False)
            running[future] = piece
            finished.add(future)

    try:
        hand_out()
        for future in finished:
            done = Done(running.pop(future))
            if future.status == "finished":
                done.result = future.result()
            elif future.status == "error":
                done.reason = _reason(future.exception())
            else:
                raise WorkersLost("the scheduler of the workers is gone")
            future.release()
            yield done
            first.extend(done.more)
            hand_out()
    except OSError as error:
        raise WorkersLost(f"the scheduler of the workers is gone ({error})") from error
    finally:
        # Of a scheduler that is gone nothing is running any more.
        with suppress(OSError, ClosedClientError):
            client.cancel(list(running))


def _reason(error: BaseException | None) -> str:
    """Why a piece failed, on one line."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return f"{KILLED_AT_MOST} workers were killed at it, as happens where memory is short"
    if isinstance(error, BadInput):
        return str(error)
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}"
