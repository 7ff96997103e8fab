"""asv's graphs and what asv says of them, taken from the evidence.

asv by itself draws the time that each release took when it was measured, hours apart, and fits
steps to those. Here graphs draw the anchored times, and a step is where a release has changed by
`change_rule`. asv's list of benchmarks, its page of regressions and its feed are made of the steps.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asv.plugins.regressions import Regressions
from asv.publishing import OutputPublisher

from cryoet_zarr_bench.analysis.changes.counted_releases import DIFFERENCE, read_counted
from cryoet_zarr_bench.analysis.changes.published_times import (
    anchored_histories,
    is_raw_time,
    published_times,
)
from cryoet_zarr_bench.analysis.changes.release_evidence import (
    COUNTED,
    EXACT,
    VERDICT,
    EvidenceOfSeries,
    ReleaseEvidence,
    Statement,
)
from cryoet_zarr_bench.analysis.result_reader import Cell, cells_of
from cryoet_zarr_bench.measured.exact_figures import is_counted, is_exact
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import is_release, tag_of
from cryoet_zarr_bench.verdicts.change_rule import BEYOND, HIGHER_IS_BETTER, TOLD_FROM
from cryoet_zarr_bench.verdicts.compared_cells import OPEN

SAID_BY = {VERDICT: "confirmed", EXACT: "exact", COUNTED: "counted"}
"""What a row of the page of regressions says of its change; any other is a candidate."""

CANDIDATE = "candidate"

Piece = tuple[int, int, float, float, float]
"""A step as asv has it: first and one past the last revision, value, least value, error."""


class AnchoredFigures:
    """Puts the anchored times into asv's results, in place of those each release took by itself."""

    def __init__(self, results: Path) -> None:
        self._histories = anchored_histories(results)

    def put_into(self, results: Any) -> None:
        """Change the results of one release on one machine, as asv has loaded them.

        Where the machine has an anchored history of the tomogram, all times that are not of it go.
        """
        series = (
            results.params["machine"],
            results.env_vars.get("tomogram", ""),
            str(results.params["python"]),
        )
        history = self._histories.get(series)
        if history is None or not is_release(results.commit_hash):
            return
        own_pair = not results.params.get("numcodecs")
        times = published_times(history, tag_of(results.commit_hash)) if own_pair else {}
        for name in [each for each in results.get_all_result_keys() if is_raw_time(each)]:
            if name not in times:
                results.remove_result(name)
                continue
            cells = cells_of(results.get_result_params(name))
            known = [times[name].get(cell) for cell in cells]
            results._results[name] = [each.seconds if each else math.nan for each in known]
            results._stats[name] = results._samples[name] = None


class JudgedSteps(OutputPublisher):
    """Ends the pieces of each graph where a release has changed, before asv makes pages of them."""

    name = "judgedsteps"
    button_label = ""
    description = ""
    order = -2

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Replace the steps that asv has fitted, and set what it is to call a regression."""
        evidence = EvidenceOfSeries(Path(conf.results_dir))
        tags = {rev: tag_of(commit) for commit, rev in revisions.items() if is_release(commit)}
        for _, graph in graphs:
            if "summary" not in graph.params and graph.benchmark_name in benchmarks:
                params = benchmarks[graph.benchmark_name]["params"]
                graph._steps = _pieces(graph, params, evidence, tags)
        if OPEN in benchmarks and anchored_histories(Path(conf.results_dir)):
            # Its times are published as CPU times, of which it has no benchmark of its own.
            title = benchmarks[OPEN]["pretty_name"]
            benchmarks[OPEN]["pretty_name"] = title.replace("(wall time)", "(CPU time)")
        counter = read_counted(Path(conf.results_dir)).machine
        for name in benchmarks if counter else ():
            if is_counted(name):
                # Graphs name the machine of the history, which may be another.
                benchmarks[name]["pretty_name"] += f" (counted on {counter})"
        # A jump that later releases took back, but for less than what is told, is none.
        conf.regressions_thresholds = {
            r".*\.time_": BEYOND - 1,
            r".*\.track_": TOLD_FROM,
        }
        # asv takes lower for better; what is the other way round, and memory, it leaves out.
        conf.regressions_first_commits = {
            **{rf".*{end}\b": None for end in HIGHER_IS_BETTER},
            r".*\.peakmem_": None,
            re.escape(DIFFERENCE): None,
        }


def _evidence_of(graph: Any, every: EvidenceOfSeries) -> ReleaseEvidence | None:
    """The evidence for a graph; None for a column, of whose times there is none."""
    if graph.params.get("numcodecs"):
        return None
    return every.of(
        str(graph.params["machine"]),
        str(graph.params.get("env-tomogram") or ""),
        str(graph.params["python"]),
    )


def _pieces(
    graph: Any, params: list[list[str]], evidence: EvidenceOfSeries, tags: dict[int, str]
) -> list[list[Piece]]:
    data = graph.get_data()
    if not data:
        return [[]] * graph.n_series
    if graph.scalar_series:
        return [_one_piece([(rev, value) for rev, value, _ in data])]
    if len(params) != 3:
        # Of a benchmark that somebody added, which measures no storage config.
        series = range(graph.n_series)
        return [_one_piece([(rev, values[k]) for rev, values, _ in data]) for k in series]
    known = _evidence_of(graph, evidence)
    found = []
    for place, cell in enumerate(cells_of(params)):
        points = [
            (rev, values[place])
            for rev, values, _ in data
            if values[place] is not None and not math.isnan(values[place])
        ]
        found.append(list(_split(graph.benchmark_name, cell, points, known, tags)))
    return found


def _one_piece(points: list[tuple[int, float]]) -> list[Piece]:
    values = [value for _, value in points if value is not None and not math.isnan(value)]
    if not values:
        return []
    return [(points[0][0], points[-1][0] + 1, statistics.median(values), min(values), 0.0)]


def _split(
    benchmark: str,
    cell: Cell,
    points: list[tuple[int, float]],
    evidence: ReleaseEvidence | None,
    tags: dict[int, str],
) -> Iterator[Piece]:
    begin = 0
    for place in range(1, len(points)):
        said = _said(benchmark, cell, points[place - 1][0], points[place][0], evidence, tags)
        if said is not None and said.direction:
            yield from _one_piece(points[begin:place])
            begin = place
    yield from _one_piece(points[begin:])


def _said(
    benchmark: str,
    cell: Cell,
    before: int,
    after: int,
    evidence: ReleaseEvidence | None,
    tags: dict[int, str],
) -> Statement | None:
    if evidence is None or before not in tags or after not in tags:
        return None
    return evidence.statement(tags[before], tags[after], benchmark, cell)


class SaidRegressions(OutputPublisher):
    """Says in each row of asv's page of regressions by what the change is known."""

    name = "saidregressions"
    button_label = ""
    description = ""
    order = 4

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Write `regressions.json` and the feed anew, a row for each change of a cell."""
        html = Path(conf.html_dir)
        evidence = EvidenceOfSeries(Path(conf.results_dir))
        tags = {rev: tag_of(commit) for commit, rev in revisions.items() if is_release(commit)}
        hashes = {rev: commit for commit, rev in revisions.items()}
        of_path = {f"{graph.path}.json": graph for _, graph in graphs}
        listed = json.loads((html / "regressions.json").read_text())["regressions"]
        rows = []
        for name, path, params, place, last, best, jumps in listed:
            graph = of_path[path]
            cell = cells_of(benchmarks[graph.benchmark_name]["params"])[place]
            for jump in jumps:
                word = cls._word(graph, cell, jump, evidence, tags)
                rows.append([f"{name}: {word}", path, params, place, last, best, [jump]])
        Regressions._save(conf, {"regressions": rows})
        Regressions._save_feed(conf, benchmarks, rows, revisions, hashes)
        if not rows:
            # asv dates an empty feed by the clock: each publication would be another.
            feed, newest = html / "regressions.xml", load_catalogue().releases[-1].date
            dated = rf"\g<1>{newest:%Y-%m-%dT%H:%M:%SZ}\g<2>"
            text = re.sub(r"(updated>)[^<]*(</)", dated, feed.read_text(), count=1)
            feed.write_text(text)

    @classmethod
    def _word(
        cls,
        graph: Any,
        cell: Cell,
        jump: list[Any],
        evidence: EvidenceOfSeries,
        tags: dict[int, str],
    ) -> str:
        if is_exact(graph.benchmark_name):
            return SAID_BY[EXACT]
        known = _evidence_of(graph, evidence)
        before = max((rev for rev, _, _ in graph.get_data() if rev < jump[1]), default=jump[1])
        said = _said(graph.benchmark_name, cell, before, jump[1], known, tags)
        return SAID_BY.get(said.source, CANDIDATE) if said else CANDIDATE
