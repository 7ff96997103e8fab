"""`results/benchmarks.json`: what asv knows of benchmarks, which never gets less by a run.

asv writes into it what it finds in the suite under the profile of the run, and publishes nothing
but what is in it. A run with a smaller profile would so take published figures away.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asv.benchmarks import Benchmarks
from asv.util import UserError

from cryoet_zarr_bench.analysis.result_files import parameters_of, result_paths
from cryoet_zarr_bench.common.json_lines import UNUSABLE, in_short
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.common.whole_files import write_whole

_OF_THE_FILE = "version"
"""The one entry that is no benchmark: which form of the file it is."""


def keep_known_benchmarks() -> None:
    """Make asv merge what a run finds with what is known; its plugin interface has no place for it.

    The file is there whole or not at all. What is published has every cell that results have.
    """

    def save(self: Any) -> None:
        path = Path(self.get_benchmark_file_path(self._conf.results_dir))
        found = merged(known_benchmarks(path), self._all_benchmarks)
        # As asv writes it: a smaller file would be another one to git.
        text = json.dumps({**found, _OF_THE_FILE: self.api_version}, indent=4, sort_keys=True)
        write_whole(path, text)

    def load(cls: Any, conf: Any, regex: Any = None) -> Any:
        path = Path(cls.get_benchmark_file_path(conf.results_dir))
        known = known_benchmarks(path)
        if not known:
            raise UserError(
                f"{path} lists no benchmarks: run `asv run --bench just-discover` to make it anew"
            )
        return cls(conf, with_cells_of(known, Path(conf.results_dir)).values(), regex=regex)

    Benchmarks.save = save
    Benchmarks.load = classmethod(load)


def with_cells_of(known: dict[str, dict[str, Any]], results: Path) -> dict[str, dict[str, Any]]:
    """The known benchmarks, with the parameters of every figure that the results have of them.

    Of benchmarks that are not known, figures cannot be shown: that is said.
    """
    together, unknown = dict(known), set()
    for path in result_paths(results):
        for name, version, axes in parameters_of(path):
            if name not in together:
                unknown.add(name)
            else:
                of_result = {**together[name], "version": version, "params": axes}
                together |= merged({name: of_result}, {name: together[name]})
    if unknown:
        names = ", ".join(sorted(unknown))
        leave_out(results, f"{len(unknown)} benchmarks are not in benchmarks.json: {names}")
    return together


def known_benchmarks(path: Path) -> dict[str, dict[str, Any]]:
    """The benchmarks that a file lists, by their names; none where there is no usable file."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: each for name, each in content.items() if _is_benchmark(name, each)}
    except (OSError, *UNUSABLE) as error:
        leave_out(path, f"cannot be read ({in_short(error)})")
        return {}


def _is_benchmark(name: str, each: Any) -> bool:
    return (
        name != _OF_THE_FILE
        and isinstance(each, dict)
        and each.get("name") == name
        and isinstance(each.get("params"), list)
        and all(isinstance(axis, list) for axis in each["params"])
    )


def merged(
    known: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """All benchmarks known and found; of both, as found now, with the parameters of both.

    A benchmark of another `version` measures something else: of it nothing is taken over.
    """
    together = {**known, **found}
    for name in known.keys() & found.keys():
        before, now = known[name], found[name]
        if before.get("version") == now.get("version") and _are_alike(before, now):
            axes = [one_axis(*each) for each in zip(before["params"], now["params"], strict=True)]
            together[name] = {**now, "params": axes}
    return together


def _are_alike(before: dict[str, Any], now: dict[str, Any]) -> bool:
    same_names = before.get("param_names") == now.get("param_names")
    return same_names and len(before["params"]) == len(now["params"])


def one_axis(before: list[str], now: list[str]) -> list[str]:
    """The values of both, in the order of the longer list: that is how the dashboard shows them."""
    first, second = (now, before) if len(now) >= len(before) else (before, now)
    return [*first, *(value for value in second if value not in first)]
