"""Exact figures of a whole class, left for the host by the process that made the class's stores.

asv runs a process for every `track_` cell, which costs far more than looking its figure up. A class
whose figures need no clock says so in one line, at the end of the `setup_cache` that made its
stores:

    leave_exact_figures(Storage, store_set)

The host then takes each cell from what was left. A cell that was not left is run by asv.
"""

from __future__ import annotations

import itertools
import json
import os
import traceback
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.whole_files import write_whole

EXACT_FIGURES_FOLDER = "CRYOET_EXACT_FIGURES_FOLDER"
"""Environment variable: where a process leaves the exact figures of each class, a file a class."""

_MEASURED_MODULE, _COUNTED_MODULE = "overhead.", "instructions."


def is_exact(benchmark: str) -> bool:
    """True if figures of that name are counted or computed: bytes, files, ratios; no clock.

    Those are the `track_` of every module but `overhead`, which tracks what it makes of times, and
    `instructions`, whose counts repeat nearly.
    """
    return needs_no_clock(benchmark) and not is_counted(benchmark)


def is_counted(benchmark: str) -> bool:
    """True for instructions: counted, and the same each time but for some tenths of a percent."""
    return benchmark.startswith(_COUNTED_MODULE)


def needs_no_clock(benchmark: str) -> bool:
    """True for exact and counted figures: the process that makes the stores leaves them."""
    method = benchmark.rsplit(".", 1)[-1]
    return method.startswith("track_") and not benchmark.startswith(_MEASURED_MODULE)


def leave_exact_figures(benchmark_class: Any, store_set: Any) -> None:
    """Leave the exact figures of a class at all of its parameters, where the host asks for them.

    Each cell is what a process of its own would have made of it: `setup` with the stores and the
    parameters, the `track_` method, `teardown`, on a new instance. What `setup` calls n/a and what
    fails is left as such. The methods look up what is in the set of stores already.
    """
    folder = os.environ.get(EXACT_FIGURES_FOLDER)
    if not folder:
        return
    module = benchmark_class.__module__.partition(".")[2]
    owner = f"{module}.{benchmark_class.__name__}"
    methods = [
        name
        for name in dir(benchmark_class)
        if needs_no_clock(f"{owner}.{name}") and callable(getattr(benchmark_class, name))
    ]
    parameters = list(itertools.product(*benchmark_class.params))
    cells = {
        f"{owner}.{method}": {
            cell_key(repr(each) for each in values): _cell(
                benchmark_class, method, store_set, values
            )
            for values in parameters
        }
        for method in methods
    }
    write_whole(Path(folder) / f"{owner}.json", json.dumps(cells))


def cell_key(parameters: Any) -> str:
    """The text by which a cell is found again: its parameters as asv writes them, with quotes."""
    return json.dumps(list(parameters))


def _cell(benchmark_class: Any, method: str, store_set: Any, parameters: Any) -> dict[str, Any]:
    """One of `figure`, `skipped` with asv's word for why, or `failed` with the traceback."""
    instance = benchmark_class()
    try:
        try:
            instance.setup(store_set, *parameters)
            # asv calls a setup of the method's own after that of its class.
            if (own := getattr(getattr(instance, method), "setup", None)) is not None:
                own(store_set, *parameters)
        except NotImplementedError as reason:
            found = {"skipped": repr(reason)}
        else:
            # As it comes out of JSON, or it is no figure asv could take.
            figure = getattr(instance, method)(store_set, *parameters)
            found = {"figure": json.loads(json.dumps(figure))}
        instance.teardown(store_set, *parameters)
        return found
    except Exception:  # one cell that fails is no reason for the others to be missing
        return {"failed": traceback.format_exc()}
