"""asv's graphs, list and page of regressions, taken from the evidence and from nothing else."""

import dataclasses
import json
import math
from types import SimpleNamespace

import made_up_evidence as made_up
import made_up_pairs as pairs
import pytest
from asv.graph import Graph
from asv.plugins.regressions import Regressions
from asv.plugins.summarylist import SummaryList

from cryoet_zarr_bench.analysis.changes import release_evidence
from cryoet_zarr_bench.asv_bridge.dashboard import judged_graphs
from cryoet_zarr_bench.asv_bridge.dashboard.judged_graphs import (
    AnchoredFigures,
    JudgedSteps,
    SaidRegressions,
)
from cryoet_zarr_bench.releases.release_commits import commit_of

TAGS = ("zarr-3.2.1", "zarr-3.3.0", "zarr-3.4.0", "numcodecs-0.17.0")
PARAMS = [["'none'"], ["'32x32x32'", "'64x64x64'"], ["2"]]
SLICE, STORED = f"{pairs.SLICE}_cpu", "storage.Storage.track_stored_bytes"


class FakeResults:
    """asv's results of one release, as far as they are changed."""

    def __init__(self, tag, numcodecs=None, **figures):
        self.commit_hash = commit_of(tag)
        self.params = {"machine": pairs.MACHINE, "python": pairs.PYTHON, "numcodecs": numcodecs}
        self.env_vars = {"tomogram": pairs.TOMOGRAM}
        self._results = {name.replace("__", "."): values for name, values in figures.items()}
        self._stats = dict.fromkeys(self._results)
        self._samples = dict.fromkeys(self._results)

    def get_all_result_keys(self):
        return list(self._results)

    def get_result_params(self, name):
        return PARAMS

    def remove_result(self, name):
        del self._results[name]


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    lines = [
        pairs.beside_anchor("zarr-3.2.1", {pairs.PLAIN: 1.0}),
        pairs.beside_anchor("zarr-3.3.0", {pairs.PLAIN: 1.2}),
        pairs.beside_anchor("zarr-3.4.0", {pairs.PLAIN: 1.21}),
        pairs.beside_anchor("numcodecs-0.17.0", {pairs.PLAIN: 1.4}),
    ]
    pairs.write_history(folder, *lines)
    return folder


def raw(tag, numcodecs=None):
    figures = {
        SLICE.replace(".", "__"): [9.0, 9.0],
        pairs.SLICE.replace(".", "__"): [9.0, 9.0],
        "disk__Cold__time_read_cold": [9.0, 9.0],
        "overhead__PerChunk__track_read_us_per_chunk": [9.0, 9.0],
        STORED.replace(".", "__"): [100.0, 90.0],
        "write__Write__peakmem_write": [60e6, 60e6],
    }
    return FakeResults(tag, numcodecs, **figures)


def test_anchored_times_take_the_place_of_all_others(results):
    found = raw("zarr-3.3.0")
    AnchoredFigures(results).put_into(found)
    assert found._results.keys() == {SLICE, STORED, "write.Write.peakmem_write"}
    anchored, unknown = found._results[SLICE]
    assert anchored == pytest.approx(0.012) and math.isnan(unknown)
    assert found._results[STORED] == [100.0, 90.0]


def test_a_column_keeps_only_what_no_clock_made(results):
    found = raw("zarr-3.3.0", numcodecs="0.15.1")
    AnchoredFigures(results).put_into(found)
    assert found._results.keys() == {STORED, "write.Write.peakmem_write"}


def test_without_an_anchored_history_times_are_as_asv_took_them(tmp_path):
    found = raw("zarr-3.3.0")
    AnchoredFigures(tmp_path).put_into(found)
    assert found._results[SLICE] == [9.0, 9.0]


@pytest.fixture
def published(results, tmp_path, monkeypatch):
    """asv's list and page of regressions, of graphs of three benchmarks over four releases."""
    revisions = {commit_of(tag): place for place, tag in enumerate(TAGS)}
    params = {
        "machine": pairs.MACHINE,
        "python": pairs.PYTHON,
        "numcodecs": None,
        "env-tomogram": pairs.TOMOGRAM,
        "branch": "3.x",
    }
    graphs = {}
    for name, values in {
        SLICE: [[0.010, 0.5], [0.012, 0.9], [0.0121, 0.2], [0.014, 0.9]],
        STORED: [[100.0, 90.0], [100.0, 90.0], [102.0, 90.0], [102.0, 45.0]],
        "write.Write.peakmem_write": [[60e6] * 2, [60e6] * 2, [90e6] * 2, [90e6] * 2],
    }.items():
        graphs[name] = Graph(name, params)
        for place, value in enumerate(values):
            graphs[name].add_data_point(place, value, [None, None])
    benchmarks = {
        name: {"name": name, "params": PARAMS, "param_names": ["codec", "chunks", "format"]}
        for name in graphs
    }

    class Graphs(list):
        def get_params(self):
            return {key: {value} for key, value in params.items()}

        def get_graph_group(self, name):
            return [graphs[name]]

    listed = Graphs((f"graphs/{name}", graph) for name, graph in graphs.items())
    kept = (results / pairs.MACHINE / "anchored.jsonl").read_text()
    evidence = pairs.evidence(
        [json.loads(line) for line in kept.splitlines()],
        {
            tag: SimpleNamespace(
                figures={STORED: {}}, profile="quick", figure=figure_of(graphs, place)
            )
            for place, tag in enumerate(TAGS)
        },
    )
    monkeypatch.setattr(release_evidence, "read_evidence", lambda *series: evidence)
    monkeypatch.setattr(Regressions, "_save_feed", classmethod(lambda *every: None))
    html = tmp_path / "html"
    html.mkdir()
    conf = SimpleNamespace(
        results_dir=str(results), html_dir=str(html), regressions_thresholds={}, branches=["3.x"]
    )
    repo = SimpleNamespace(
        get_range_spec=lambda a, b: (a, b),
        get_hashes_from_range=lambda spec: [spec[1]] if next_to(spec, revisions) else list(spec),
    )
    for publisher in (JudgedSteps, SummaryList, Regressions, SaidRegressions):
        publisher.publish(conf, repo, benchmarks, listed, revisions)
    rows = json.loads((html / "regressions.json").read_text())["regressions"]
    (summary,) = [json.loads(path.read_text()) for path in html.rglob("summary.json")]
    return SimpleNamespace(rows=rows, summary=summary, graphs=graphs)


def next_to(spec, revisions):
    return revisions[spec[1]] - revisions[spec[0]] == 1


def figure_of(graphs, place):
    def figure(name, cell):
        if name not in graphs:
            return None
        return graphs[name].data_points[place][0][0 if cell.chunks == "32x32x32" else 1]

    return figure


def test_pieces_end_where_a_release_has_changed(published):
    first, second = published.graphs[SLICE].get_steps()
    assert [(piece[0], piece[1]) for piece in first] == [(0, 1), (1, 3), (3, 4)]
    # Of the other chunks no release was measured beside an anchor: nothing is said of them.
    assert [(piece[0], piece[1]) for piece in second] == [(0, 4)]
    first, second = published.graphs[STORED].get_steps()
    assert [piece[:3] for piece in first] == [(0, 2, 100.0), (2, 4, 102.0)]
    assert [piece[:3] for piece in second] == [(0, 3, 90.0), (3, 4, 45.0)]
    # Peak memory was not repeated: half as much again is no statement yet.
    assert len(published.graphs["write.Write.peakmem_write"].get_steps()[0]) == 1


def test_each_row_of_the_regressions_says_by_what_it_is_known(published):
    cell = "'none', '32x32x32', 2"
    assert [(row[0], row[6][0][1]) for row in published.rows] == [
        (f"{SLICE}({cell}): candidate", 1),
        (f"{SLICE}({cell}): candidate", 3),
        (f"{STORED}({cell}): exact", 2),
    ]
    assert len({json.dumps([row[0], row[6]]) for row in published.rows}) == len(published.rows)


def test_the_list_of_benchmarks_has_the_last_change_of_each(published):
    changed = {(row["name"], row["idx"]): row["change_rev"] for row in published.summary}
    assert changed[SLICE, 0] == [None, 3] and changed[SLICE, 1] is None
    assert changed[STORED, 0] == [None, 2] and changed[STORED, 1] == [None, 3]


def test_a_direct_verdict_makes_a_row_confirmed(tmp_path):
    from cryoet_zarr_bench.analysis.changes.verdict_steps import read_verdicts

    line = made_up.step(
        TAGS[1],
        TAGS[0],
        [made_up.changed(1.3, pairs.SLICE, "none 32x32x32 2")],
        draws_layout=True,
    )
    (tmp_path / "m").mkdir()
    made_up.write_lines(tmp_path / "m" / "verdicts.jsonl", [line])
    known = pairs.evidence(steps=read_verdicts(tmp_path))
    graph = SimpleNamespace(
        benchmark_name=SLICE,
        get_data=lambda: [(0, [], []), (1, [], [])],
        params={"machine": "m", "python": "3.12"},
    )
    cell = judged_graphs.cells_of(PARAMS)[0]
    held = SimpleNamespace(of=lambda *series: known)
    word = SaidRegressions._word(graph, cell, [None, 1, 1.0, 1.3], held, dict(enumerate(TAGS)))
    assert word == "confirmed"
    held = SimpleNamespace(of=lambda *series: dataclasses.replace(known, steps={}))
    word = SaidRegressions._word(graph, cell, [None, 1, 1.0, 1.3], held, dict(enumerate(TAGS)))
    assert word == "candidate"
