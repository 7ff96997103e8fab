"""asv's graphs: of the tomograms that have a history to follow, one line per machine.

asv's plugins get the graphs when they are made; what goes into them is decided by
`Publish.iter_results`, which is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asv.results
from asv.commands.publish import Publish

from cryoet_zarr_bench.analysis.changes.counted_releases import read_counted
from cryoet_zarr_bench.analysis.result_files import described_machine
from cryoet_zarr_bench.analysis.result_reader import HISTORY_LENGTH, published_machine
from cryoet_zarr_bench.asv_bridge.dashboard.judged_graphs import AnchoredFigures
from cryoet_zarr_bench.measured.exact_figures import is_counted


def draw_histories_alone() -> None:
    """Make asv leave out of its graphs the tomograms that are beside a machine's history.

    Of those the newest release alone was measured: a graph would be one point. The first page and
    the documents show them. Where a machine has no history of any tomogram, all are drawn.

    The results of one machine are one line, whatever kernel and memory it had at the time: asv
    would draw a line of each. The record beside each result has what it was.

    Times are those of the anchored history where there is one; see `judged_graphs`. Instructions
    that another machine counted are drawn in the history: a machine that has nothing else would
    be a line in no other graph, and asv's pages would ask for those in vain.
    """

    def iter_results(conf: Any, repo: Any, range_spec: Any = None) -> Iterator[Any]:
        beside = _beside_histories(Path(conf.results_dir))
        described = _described_machines(Path(conf.results_dir))
        anchored = AnchoredFigures(Path(conf.results_dir))
        counter, history = _counter_and_history(Path(conf.results_dir))
        for results in _iter_results(conf, repo, range_spec):
            machine, tomogram = results.params["machine"], results.env_vars.get("tomogram", "")
            if (machine, tomogram) not in beside:
                results.params.update(described.get(machine, {}))
                if machine == counter and all(map(is_counted, results.get_all_result_keys())):
                    results.params.update(history)
                anchored.put_into(results)
                yield results

    Publish.iter_results = staticmethod(iter_results)


_iter_results = Publish.iter_results


def _beside_histories(results: Path) -> set[tuple[str, str]]:
    """Machine and tomogram of what has one release on a machine that has a history of another."""
    commits: dict[tuple[str, str], set[str]] = {}
    for _, name, machine in asv.results.iter_results_paths(str(results)):
        commit, _, environment = Path(name).stem.partition("-")
        tomogram = environment.partition("-tomogram")[2]
        commits.setdefault((machine, tomogram), set()).add(commit)
    with_history = {machine for (machine, _), own in commits.items() if len(own) >= HISTORY_LENGTH}
    return {each for each, own in commits.items() if len(own) == 1 and each[0] in with_history}


def _counter_and_history(results: Path) -> tuple[str | None, dict[str, str]]:
    """The machine that counted the instructions of another's history, and asv's words for that.

    None, and no words, where the history's machine counted them, or nothing was counted.
    """
    counter, history = read_counted(results).machine, published_machine(results)
    if counter is None or history is None or counter == history:
        return None, {}
    described = described_machine(results / history)
    return (counter, described) if described else (None, {})


def _described_machines(results: Path) -> dict[str, dict[str, str]]:
    """By its name, what of a machine changes from day to day, as it was described last."""
    found: dict[str, dict[str, str]] = {}
    for path in results.glob("*/machine.json"):
        described = described_machine(path.parent) or {}
        found[path.parent.name] = {
            name: described[name] for name in ("os", "ram") if name in described
        }
    return found
