"""Writers that are killed in the middle of a write, or write at the same time as another.

Afterwards the array is read anew. What must not be is a voxel that nobody wrote, without an error.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.measured import interrupted_writer
from cryoet_zarr_bench.measured.interrupted_writer import SHAPE
from cryoet_zarr_bench.measurement.measured_environments import MeasuredEnvironment

KILLED, FULL, METADATA, MOMENTS, HALF_WAY, NEIGHBOURS = (
    "killed within a file",
    "no room within a file",
    "killed within the metadata",
    "killed at a random moment",
    "killed half way through a new array",
    "two write neighbouring parts",
)
"""What is done to a writer."""

_PATIENCE = 120.0  # seconds for one answer
_START = 0.02  # seconds until two writers begin together
_OLD, _NEW = 1, 2
_HALVES = 3  # new arrays that are begun
_CUT_AT = (0.1, 0.5, 0.999)  # parts of a file's size


@dataclass
class Outcome:
    """What came of the trials of one kind.

    Each is counted once among `whole`: all chunks are of one generation or another; `torn`: a chunk
    has some old and some new voxels; `error`: reading fails; `wrong`: voxels that nobody wrote,
    without an error. Beside these `lost` counts trials in which a writer said that it was done, and
    what it wrote is not there. `wrong_voxels` and `lost_voxels` count voxels, `messages` are errors
    of readers, one a kind.
    """

    engine: str
    version: str
    config: str
    done: str
    trials: int = 0
    whole: int = 0
    torn: int = 0
    error: int = 0
    wrong: int = 0
    lost: int = 0
    wrong_voxels: int = 0
    lost_voxels: int = 0
    messages: list[str] = field(default_factory=list)

    def count(self, read: dict[str, Any]) -> None:
        """Count what reading the array gave."""
        self.trials += 1
        if "error" in read:
            self.error += 1
            kind = read["error"].partition(":")[0]
            if not any(message.startswith(kind) for message in self.messages):
                self.messages.append(read["error"])
        elif read["wrong"]:
            self.wrong += 1
            self.wrong_voxels += read["wrong"]
        elif read["torn"]:
            self.torn += 1
        else:
            self.whole += 1


class _Writer:
    """A process that writes or reads when it is told to."""

    def __init__(self, environment: MeasuredEnvironment, engine: str) -> None:
        program = str(interrupted_writer.__file__)
        self.process = subprocess.Popen(
            [str(environment.python), "-P", "-W", "ignore", program],
            env=environment.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.tell(engine=engine)
        self.version = str(self.answer().get("version", ""))

    def tell(self, **request: Any) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone, as its answer will say

    def answer(self) -> dict[str, Any]:
        """Its next answer; empty once it has been killed."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line.endswith("\n") else {}
        return found

    def ask(self, **request: Any) -> dict[str, Any]:
        self.tell(**request)
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=_PATIENCE)


@contextmanager
def _writers(environment: MeasuredEnvironment, engine: str) -> Iterator[Callable[[], _Writer]]:
    """Give what starts a writer; none of them is left at the end."""
    with ExitStack() as stack:

        def start() -> _Writer:
            writer = _Writer(environment, engine)
            stack.callback(writer.end)
            return writer

        yield start


def try_engine(
    environment: MeasuredEnvironment,
    engine: str,
    configs: list[str],
    folder: Path,
    trials: int,
    known: frozenset[tuple[str, str]] = frozenset(),
) -> Iterator[Outcome]:
    """Try an engine with each config in every way, and give what came of it.

    Args:
        environment: the release that writes.
        engine: a key of `storage.engines.ENGINES`.
        configs: as `StorageConfig.parse` takes them, of chunks or shards of `SHAPE`.
        folder: an empty folder to write in.
        trials: how many random moments, and how many rounds of two writers.
        known: configs and what is done to them, of which there is an outcome already.
    """
    for config in configs:
        yield from _Trials(environment, engine, config, folder / "store", trials).outcomes(known)


@dataclass(frozen=True)
class _Trials:
    environment: MeasuredEnvironment
    engine: str
    config: str
    store: Path
    trials: int

    def outcomes(self, known: frozenset[tuple[str, str]]) -> Iterator[Outcome]:
        """The outcome of each way that is not known, none if the config cannot be written."""
        ways = {
            KILLED: self._limited,
            FULL: self._limited,
            METADATA: self._grown,
            MOMENTS: self._killed,
            HALF_WAY: self._half_written,
            NEIGHBOURS: self._neighbours,
        }
        wanted = {done: way for done, way in ways.items() if (self.config, done) not in known}
        if not wanted:
            return
        with _writers(self.environment, self.engine) as start:
            version = start().version
            if not version or not self._create(start()):
                return
            for done, way in wanted.items():
                yield way(start, Outcome(self.engine, version, self.config, done))

    def _create(self, writer: _Writer) -> bool:
        shutil.rmtree(self.store, ignore_errors=True)
        answer = writer.ask(
            task="create", store=str(self.store), config=self.config, generation=_OLD
        )
        return answer.get("done", False)

    def _read(self, reader: _Writer, generations: list[int]) -> dict[str, Any]:
        """Open the array anew and read it; a reader that crashed has an error too."""
        read = reader.ask(task="read", store=str(self.store), generations=generations)
        return read or {"error": "the reader crashed"}

    def _limited(self, start: Callable[[], _Writer], outcome: Outcome) -> Outcome:
        """Cut the file that is written at a tenth, a half, and just before its end."""
        reference = start()
        for part in _CUT_AT:
            self._create(reference)
            largest = max(_sizes(self.store))
            when_full = "killed" if outcome.done == KILLED else "refused"
            said = start().ask(
                task="write",
                store=str(self.store),
                generation=_NEW,
                limit=int(largest * part),
                when_full=when_full,
            )
            read = self._read(reference, [_OLD, _NEW])
            outcome.count(read)
            if said.get("done"):
                self._count_lost(outcome, reference, read, _NEW)
        return outcome

    def _count_lost(
        self, outcome: Outcome, reader: _Writer, read: dict[str, Any], generation: int
    ) -> None:
        """Count voxels that should be of a generation, since whoever wrote it said so."""
        missing = self._read(reader, [generation])
        lost = missing.get("wrong", 0) - read.get("wrong", 0)
        if lost:
            outcome.lost += 1
            outcome.lost_voxels += lost

    def _grown(self, start: Callable[[], _Writer], outcome: Outcome) -> Outcome:
        reference = start()
        for part in _CUT_AT:
            self._create(reference)
            document = next(
                self.store / name
                for name in ("zarr.json", ".zarray")
                if (self.store / name).exists()
            )
            limit = int(document.stat().st_size * part)
            start().ask(task="grow", store=str(self.store), limit=limit, when_full="killed")
            outcome.count(self._read(reference, [_OLD]))
        return outcome

    def _killed(self, start: Callable[[], _Writer], outcome: Outcome) -> Outcome:
        """Kill a writer that writes one generation after the other."""
        reader = start()
        self._create(reader)
        generation = _NEW
        for _ in range(self.trials):
            writer = start()
            writer.tell(task="loop", store=str(self.store), generation=generation)
            began = time.monotonic()
            first = writer.answer().get("writing", generation)
            second = writer.answer().get("writing", generation)
            took = time.monotonic() - began
            time.sleep(random.uniform(0, 2 * took))
            writer.process.kill()
            last = second
            while said := writer.answer():
                last = said.get("writing", last)
            known = list(range(max(_OLD, first - 1), last + 1))
            read = self._read(reader, known[-3:])
            outcome.count(read)
            generation = last + 1
            if "error" in read or read["wrong"] or read["torn"]:
                self._create(reader)
                generation = _NEW
        return outcome

    def _half_written(self, start: Callable[[], _Writer], outcome: Outcome) -> Outcome:
        """Kill a writer that has said that it wrote the first half of a new array."""
        reader = start()
        for _ in range(_HALVES):
            shutil.rmtree(self.store, ignore_errors=True)
            writer = start()
            writer.tell(task="begin", store=str(self.store), config=self.config, generation=_NEW)
            said = writer.answer()
            writer.process.kill()
            if said.get("half"):
                outcome.count(self._read(reader, [_NEW]))
        return outcome

    def _neighbours(self, start: Callable[[], _Writer], outcome: Outcome) -> Outcome:
        """Two processes write the halves of the array, which are chunks of their own, at once."""
        one, other, reader = start(), start(), start()
        middle = SHAPE[0] // 2
        for round_ in range(self.trials):
            self._create(reader)
            generation = _NEW + round_
            at = time.monotonic() + _START
            for writer, planes in ((one, [0, middle]), (other, [middle, SHAPE[0]])):
                writer.tell(
                    task="write", store=str(self.store), generation=generation, planes=planes, at=at
                )
            done = [one.answer().get("done"), other.answer().get("done")]
            read = self._read(reader, [_OLD, generation])
            outcome.count(read)
            if all(done):
                self._count_lost(outcome, reader, read, generation)
        return outcome


def _sizes(store: Path) -> list[int]:
    return [path.stat().st_size for path in store.rglob("*") if path.is_file()]


def configs_to_try(zarr: str) -> list[str]:
    """The configs that a release is tried with: chunks as they are, compressed ones, and shards."""
    chunks = [f"{codec} 32x32x32" for codec in ("none", "blosc-lz4-5-shuffle", "zstd-5")]
    shards = ["none 32x32x32 in 64x64x64", "zstd-5 32x32x32 in 64x64x64"]
    return [f"{each} v2" for each in chunks] if zarr.startswith("2.") else [*chunks, *shards]
