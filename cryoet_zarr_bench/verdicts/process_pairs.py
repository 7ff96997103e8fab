"""Two releases side by side: pairs of fresh processes whose calls alternate."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import math
import os
import random
import shutil
import statistics
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryoet_zarr_bench.common.errors import BadInput, ReleaseUnusable
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused, shown
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.measured import confirm_worker
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.measured.process_inputs import PREPARED_TOMOGRAM
from cryoet_zarr_bench.measured.process_record import RECORD_FOLDER
from cryoet_zarr_bench.releases.installation import (
    InstallationFailed,
    install_labelled,
    is_made,
    make_environment,
)
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.compared_releases import Side
from cryoet_zarr_bench.verdicts.process_answers import ask, end_group, how_it_ended

QUARTETS = (3, 40)
"""How many times `A B B A` is run in a pair, at least and at most: 12 to 160 calls. In each half
the neighbours are an A and a B, and a steady drift hits both alike. Every other pair runs B A A B:
who comes first has the other's data in the caches."""

ENOUGH_SECONDS = 0.25
"""Quick calls are repeated until a pair has taken this long, or the most quartets are run."""

TURN_SECONDS = 0.003
"""Calls quicker than this are made several times in a turn, 50 at most: after each turn of the
other side the caches are cold, and opening an array may take a twentieth of a millisecond."""

NO_COMMIT = "0" * 40

_LONGEST_ANSWER = 1 << 20

_SAID = {"stores", "impossible", "failed", "store_sets"}
"""What `confirm_worker` says of the stores of a release."""


class ReleaseUnderTest:
    """A release in an environment of its own, with the verified stores that its calls need.

    `environments` is the folder that holds environments, `folder` is where its stores go, `on_disk`
    where those go that have to lie on a disk, `python` the version it runs in.
    """

    def __init__(
        self, side: Side, environments: Path, folder: Path, python: str, on_disk: Path | None = None
    ) -> None:
        self.side = side
        self._folder, self._on_disk = folder, on_disk
        self._environment = environments / f"{side.key}_python-{python}"
        self._python = python

    def prepare(
        self, held: Mapping[str, str], tomogram: PreparedTomogram, cells: Iterable[ComparedCell]
    ) -> dict[str, Any]:
        """Install the release, write and verify the cells' stores; return what its process says.

        `held` maps packages that are the same in all releases to their versions. Raises BadInput
        where the release cannot be installed, or writes nothing.
        """
        self.install(held)
        self.make_room()
        said = ask(
            f"{self.side.name}: its stores could not be written",
            self.command("stores", self._written),
            self.variables(tomogram),
            json.dumps({"cells": [[cell.benchmark, cell.config] for cell in cells]}) + "\n",
            None,
            1,
        )
        if len(said) != 1 or not said[0].keys() >= _SAID:
            problem = "its process did not tell of its stores"
            raise ReleaseUnusable(str(refused(self.side.name, problem, "check its build")))
        return said[0]

    def make_room(self) -> Path:
        """An empty folder for its stores, with a link to the one on the disk if there is one."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._written.mkdir(parents=True)
        if self._on_disk is not None:
            shutil.rmtree(self._on_disk, ignore_errors=True)
            self._on_disk.mkdir()
            (self._written / confirm_worker.ON_DISK).symlink_to(self._on_disk)
        return self._written

    def install(self, held: Mapping[str, str]) -> None:
        """Make its environment, or step it to this release; BadInput if that cannot be."""
        interpreter = find_interpreter(self._python)
        if interpreter is None:
            raise BadInput(f"no CPython {self._python} found; install one")
        rest = [f"{name}=={version}" for name, version in held.items()]
        rest.append(f"asv_runner=={importlib.metadata.version('asv_runner')}")
        try:
            if not is_made(self._environment):
                make_environment(interpreter, self._environment)
            outcome = install_labelled(
                self._environment,
                self.side.name,
                NO_COMMIT,
                self.side.versions,
                list(self.side.requirements),
                rest,
            )
        except InstallationFailed as error:
            raise BadInput(f"{self.side.name} could not be installed: {error}") from error
        if outcome.impossible:
            raise ReleaseUnusable(f"{self.side.name} cannot be installed: {outcome.impossible}")

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._environment / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Folder of its installed packages."""
        return self._environment / "lib" / f"python{self._python}" / "site-packages"

    @property
    def _written(self) -> Path:
        return self._folder / "written"

    @property
    def copied_stores(self) -> Path:
        """Folder of the copies of its stores, for the calls of a pair."""
        return self._folder / "copied"

    def drop_copies(self) -> None:
        """Give the room back that the last pair's copies of the stores took."""
        shutil.rmtree(self.copied_stores, ignore_errors=True)
        if self._on_disk is not None:
            shutil.rmtree(_copied(self._on_disk), ignore_errors=True)

    def copy_stores(self) -> None:
        """Copy the verified stores, for the calls of the next pair."""
        no_link = shutil.ignore_patterns(confirm_worker.ON_DISK)
        shutil.copytree(self._written, self.copied_stores, ignore=no_link)
        if self._on_disk is not None:
            shutil.copytree(self._on_disk, _copied(self._on_disk))
            (self.copied_stores / confirm_worker.ON_DISK).symlink_to(_copied(self._on_disk))
            # Or the kernel would write the copies back in the midst of what is timed.
            os.sync()

    def start(self, tomogram: PreparedTomogram) -> Worker:
        """A fresh process that waits for calls."""
        return Worker(self.command("calls", self.copied_stores), self.variables(tomogram))

    def command(self, task: str, folder: Path | None = None) -> list[str]:
        """The command of a process of `confirm_worker`, by default on the stores as written."""
        # -P: the modules beside confirm_worker.py are not to be found by their bare names.
        command = [str(self.python), "-P", "-W", "ignore", str(confirm_worker.__file__), task]
        return [*command, str(folder or self._written)]

    def variables(self, tomogram: PreparedTomogram) -> dict[str, str]:
        """Its environment variables: as asv would set them, nothing recorded."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {
            **kept,
            "ASV": "true",
            "ASV_ENV_DIR": str(self._environment),
            "ASV_COMMIT": NO_COMMIT,
            PREPARED_TOMOGRAM: str(tomogram.path),
            RECORD_FOLDER: "",
        }


def _copied(on_disk: Path) -> Path:
    # Beside it: what lies in one folder, a file system keeps together on the disk.
    return on_disk.with_name(f"{on_disk.name}-copied")


class Worker:
    """A process of `confirm_worker`; it is gone when the `with` ends."""

    def __init__(self, command: list[str], variables: dict[str, str]) -> None:
        self._garbled = ""
        self._process = subprocess.Popen(
            command,
            env=variables,
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            # Ctrl-C is for us: a call that it cut short would look like a failure.
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end_group(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def call(self, cell: ComparedCell, stores: Path, times: int = 1) -> dict[str, Any]:
        """Let it make a call so many `times`, which reads from a store in `stores` if it reads.

        Returns mean seconds `cpu` and `wall` and bytes `memory`, or an `error`.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        wanted = {
            "benchmark": cell.benchmark,
            "parameters": [cell.codec, cell.chunks, cell.zarr_format],
            "stores": str(stores),
            "times": times,
        }
        if self._garbled:
            return {"error": self._garbled}
        try:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline(_LONGEST_ANSWER)
        except BrokenPipeError:
            line = ""
        if not line:
            how = how_it_ended(self._process.wait())
            return {"error": f"the process of this release ended by itself: it {how}"}
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            # What comes next would be taken for the answer to another call.
            end_group(self._process)
            self._garbled = f"the process of this release said what is no answer: {shown(line)}"
            return {"error": self._garbled}
        return answer


def run_pair(
    sides: dict[str, ReleaseUnderTest],
    tomogram: PreparedTomogram,
    cells: list[ComparedCell],
    same: Collection[ComparedCell],
    seed: int,
    number: int,
    keep: Callable[[ComparedCell, dict[str, Any]], None],
) -> None:
    """Compare all cells once, in an order that `seed` and the pair's `number` decide.

    `sides` has the two releases as A and B; in the cells of `same` both read one store. Timed cells
    of the core share one pair of processes, those of another class one too; peak memory takes a
    pair of its own for each cell. `keep` is given each comparison as it is made.
    """
    order = cells.copy()
    random.Random(f"{seed} {number}").shuffle(order)
    sides = _in_turn(sides, number)
    # Where the pages of a store lie in memory made a difference of 5 % in reading, the same in
    # every pair. Where both cannot read from one place, stores change places from pair to pair.
    # So do the folders on a disk that are written into.
    for side in sides.values():
        side.drop_copies()
    for side in sides.values():
        side.copy_stores()

    def stores_of(name: str, cell: ComparedCell) -> Path:
        return sides["A" if cell in same else name].copied_stores

    timed: dict[str, list[ComparedCell]] = {}
    for cell in order:
        if cell.is_timed:
            timed.setdefault(cell.process, []).append(cell)
    for together in timed.values():
        with ExitStack() as stack:
            workers = {
                name: stack.enter_context(side.start(tomogram)) for name, side in sides.items()
            }
            for cell in together:
                keep(cell, _compare_times(workers, cell, stores_of))
    for cell in order:
        if not cell.is_timed:
            keep(cell, _compare_memory(sides, tomogram, cell, stores_of))


StoresOf = Callable[[str, ComparedCell], Path]
"""From a side's name and a cell to the folder of the stores it reads from."""


def _in_turn(sides: dict[str, ReleaseUnderTest], number: int) -> dict[str, ReleaseUnderTest]:
    """A before B in one pair, B before A in the next."""
    return dict(sorted(sides.items(), reverse=number % 2 == 1))


def _compare_times(
    workers: dict[str, Worker], cell: ComparedCell, stores_of: StoresOf
) -> dict[str, Any]:
    first, second = workers
    longest = 0.0
    for name in workers:  # one call to warm up, as in the suite
        warm = workers[name].call(cell, stores_of(name, cell))
        if "wall" not in warm:
            return {**warm, "side": name}
        longest = max(longest, warm["wall"])
    times = min(50, max(1, round(TURN_SECONDS / longest)))
    fewest, most = QUARTETS
    quartets = min(most, max(fewest, math.ceil(ENOUGH_SECONDS / (4 * times * longest))))
    calls: list[tuple[str, float, float]] = []
    for name in (first, second, second, first) * quartets:
        answer = workers[name].call(cell, stores_of(name, cell), times)
        if "wall" not in answer:
            return {**answer, "side": name}
        calls.append((name, answer["cpu"], answer["wall"]))
    return {
        "cpu": median_log_ratio([(name, cpu) for name, cpu, _ in calls]),
        "wall": median_log_ratio([(name, wall) for name, _, wall in calls]),
        "times": times,
        "calls": [[name, round(cpu, 7), round(wall, 7)] for name, cpu, wall in calls],
    }


def median_log_ratio(calls: list[tuple[str, float]]) -> float:
    """The median over adjacent calls of log(B / A); NaN if a clock said zero."""
    ratios = []
    for pair in itertools.batched(calls, 2):
        seconds = dict(pair)
        if min(seconds.values()) <= 0:
            return math.nan
        ratios.append(math.log(seconds["B"] / seconds["A"]))
    return statistics.median(ratios)


def _compare_memory(
    sides: dict[str, ReleaseUnderTest],
    tomogram: PreparedTomogram,
    cell: ComparedCell,
    stores_of: StoresOf,
) -> dict[str, Any]:
    most: dict[str, int] = {}
    with ExitStack() as stack:
        # At once: what else runs makes a call slower, not larger.
        processes = {
            name: stack.enter_context(side.start(tomogram)) for name, side in sides.items()
        }
        for name, process in processes.items():
            answer = process.call(cell, stores_of(name, cell))
            if "memory" not in answer:
                return {**answer, "side": name}
            most[name] = answer["memory"]
    return {"memory": math.log(most["B"] / most["A"]), "calls": sorted(most.items())}
