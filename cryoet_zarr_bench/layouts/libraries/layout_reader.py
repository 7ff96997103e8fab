"""A process in a measured environment that reads a box of an array which another library wrote.

It is told which by one JSON object on standard input, and answers by one on standard output: for
every engine of the environment an empty text where it read the same bits, else the reason why not.
What a library prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Read the box through each engine."""
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers.write(json.dumps(_readings(json.loads(sys.stdin.readline()))) + "\n")
    answers.flush()


def _readings(request: dict[str, Any]) -> dict[str, str]:
    from cryoet_zarr_bench.common.shown_text import on_one_line
    from cryoet_zarr_bench.storage.engines import (
        ENGINES,
        EngineMissing,
        engine_called,
        engine_version,
    )

    found = {}
    for name in ENGINES:
        try:
            engine = engine_called(name)
        except EngineMissing:
            continue
        try:
            _read_by(engine, request)
            reason = ""
        except Exception as error:  # whatever it was, it is why this engine cannot read it
            reason = f"{type(error).__name__}: {error}".replace(request["array"], "array")
            reason = on_one_line(reason)
        found[f"{name} {engine_version(name)}"] = reason
    return found


def _read_by(engine: Any, request: dict[str, Any]) -> None:
    """Raises StoreMismatch if other voxels are read, and what the engine raises."""
    import numpy as np

    from cryoet_zarr_bench.storage.engines import take_over
    from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

    take_over(engine)
    expected = np.load(request["expected"])
    box = tuple(slice(start, stop) for start, stop in request["box"])
    read = np.asarray(
        engine.open(Path(request["array"]))[(slice(0, 1),) * request["leading"] + box]
    )
    check_bit_equal(expected, read.reshape(expected.shape))


if __name__ == "__main__":
    main()
