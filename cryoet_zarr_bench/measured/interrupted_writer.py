"""A process in a measured environment that writes and reads an array, and can be killed meanwhile.

It is told what to do by JSON objects on standard input, a line each, and answers each by one on
standard output; what a library prints goes to standard error.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

SHAPE = (64, 64, 64)
"""Of the array that is written, z, y, x: one shard, or eight chunks."""

CHUNK = 32
"""Voxels along each axis of a chunk, of a shard an inner one."""


def main() -> None:
    """Do what each line of standard input says, until there is no more."""
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from cryoet_zarr_bench.storage.engines import engine_called, engine_version, take_over

    told = json.loads(sys.stdin.readline())
    engine = engine_called(told["engine"])
    take_over(engine)
    answers.write(json.dumps({"version": engine_version(told["engine"])}) + "\n")
    answers.flush()
    tasks = {
        "begin": _begin,
        "create": _create,
        "write": _write,
        "grow": _grow,
        "read": _read,
        "loop": _loop,
    }
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = tasks[request["task"]](engine, request, answers)
        except Exception as error:  # of whatever library: it is the answer
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        resource.setrlimit(resource.RLIMIT_FSIZE, (_unlimited(), _unlimited()))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def voxels_of(generation: int) -> Any:
    """The voxels of a generation, float32 noise: no two are equal, and none has the fill value."""
    import numpy as np

    return np.random.default_rng(generation).normal(size=SHAPE).astype(np.float32)


def _unlimited() -> int:
    return resource.getrlimit(resource.RLIMIT_FSIZE)[1]


def _limit_files(request: dict[str, Any]) -> None:
    """Let no file grow beyond a limit: who tries is killed there, or is told that it failed."""
    if request.get("limit") is None:
        return
    # Python would keep what it compiles cut off, and fail to import it ever after.
    sys.dont_write_bytecode = True
    kills = request["when_full"] == "killed"
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kills else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], _unlimited()))


def _opened(engine: Any, request: dict[str, Any]) -> Any:
    """The array, to be written to; tensorstore has but one way of opening."""
    return getattr(engine, "open_to_change", engine.open)(Path(request["store"]))


def _create(engine: Any, request: dict[str, Any], answers: Any) -> dict[str, Any]:
    import numpy as np

    from cryoet_zarr_bench.storage.config import StorageConfig

    config = StorageConfig.parse(request["config"])
    reason = engine.why_impossible(config)
    if reason is not None:
        return {"impossible": reason}
    array = engine.create(Path(request["store"]), SHAPE, np.dtype("f4"), config)
    array[...] = voxels_of(request["generation"])
    return {"done": True}


def _begin(engine: Any, request: dict[str, Any], answers: Any) -> dict[str, Any]:
    """Create the array, write its first half, say so, and wait to be killed."""
    import numpy as np

    from cryoet_zarr_bench.storage.config import StorageConfig

    config = StorageConfig.parse(request["config"])
    array = engine.create(Path(request["store"]), SHAPE, np.dtype("f4"), config)
    half = SHAPE[0] // 2
    array[0:half, 0 : SHAPE[1], 0 : SHAPE[2]] = voxels_of(request["generation"])[:half]
    answers.write(json.dumps({"half": True}) + "\n")
    answers.flush()
    signal.pause()
    return {}


def _write(engine: Any, request: dict[str, Any], answers: Any) -> dict[str, Any]:
    """Write planes of a generation along z, no earlier than at a moment of the monotonic clock."""
    start, stop = request.get("planes", (0, SHAPE[0]))
    part = voxels_of(request["generation"])[start:stop]
    array = _opened(engine, request)
    _limit_files(request)
    while time.monotonic() < request.get("at", 0.0):
        pass  # both writers begin within microseconds
    array[start:stop, 0 : SHAPE[1], 0 : SHAPE[2]] = part
    return {"done": True}


def _loop(engine: Any, request: dict[str, Any], answers: Any) -> dict[str, Any]:
    """Write generation after generation, and say each that is done, until killed."""
    array = _opened(engine, request)
    for generation in itertools.count(request["generation"]):
        values = voxels_of(generation)
        answers.write(json.dumps({"writing": generation}) + "\n")
        answers.flush()
        array[...] = values
    return {}


def _grow(engine: Any, request: dict[str, Any], answers: Any) -> dict[str, Any]:
    """Let the array grow along z, which changes its metadata alone."""
    array = _opened(engine, request)
    _limit_files(request)
    array.resize((2 * SHAPE[0], *SHAPE[1:]))
    return {"done": True}


def _read(engine: Any, request: dict[str, Any], answers: Any) -> dict[str, Any]:
    """Read all voxels and say which generation they are of, chunk by chunk.

    `wrong` counts voxels that are of none, `torn` chunks that have voxels of two.
    """
    import numpy as np

    array = engine.open(Path(request["store"]))
    found = np.asarray(array[0 : SHAPE[0], 0 : SHAPE[1], 0 : SHAPE[2]])
    wanted = {generation: voxels_of(generation) for generation in request["generations"]}
    wrong = torn = 0
    seen: set[int] = set()
    for corner in itertools.product(*(range(0, length, CHUNK) for length in SHAPE)):
        box = tuple(slice(start, start + CHUNK) for start in corner)
        equal = {each: found[box] == wanted[each][box] for each in wanted}
        whole = [each for each, same in equal.items() if same.all()]
        if whole:
            seen.add(whole[0])
            continue
        of_none = int((~np.logical_or.reduce(list(equal.values()))).sum())
        wrong += of_none
        torn += not of_none
    return {"wrong": wrong, "torn": torn, "seen": sorted(seen)}


if __name__ == "__main__":
    main()
