"""asv's own pages: the tomograms with a history, in files that stay small."""

import json
from types import SimpleNamespace

import pytest
from asv.commands.publish import Publish

from cryoet_zarr_bench.asv_bridge.dashboard import history_graphs
from cryoet_zarr_bench.asv_bridge.dashboard.history_graphs import draw_histories_alone
from cryoet_zarr_bench.asv_bridge.dashboard.short_pages import ShortPages


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """A function that gives the machines, tomograms and releases that asv draws of some results."""
    monkeypatch.setattr(Publish, "iter_results", Publish.iter_results)

    def of(*measured):
        for machine, tomogram, releases in measured:
            folder = tmp_path / machine
            folder.mkdir(exist_ok=True)
            described = {"machine": machine, "version": 1}
            (folder / "machine.json").write_text(json.dumps(described))
            for number in range(releases):
                (folder / f"{number:08d}-virtualenv-py3.12-tomogram{tomogram}.json").touch()
        found = [
            SimpleNamespace(
                params={"machine": machine, "python": "3.12"}, env_vars={"tomogram": tomogram}
            )
            for machine, tomogram, releases in measured
            for _ in range(releases)
        ]
        monkeypatch.setattr(history_graphs, "_iter_results", lambda conf, repo, spec: iter(found))
        draw_histories_alone()
        drawn = Publish.iter_results(SimpleNamespace(results_dir=str(tmp_path)), None)
        return {(each.params["machine"], each.env_vars["tomogram"]) for each in drawn}

    return of


def test_a_tomogram_beside_a_history_is_not_drawn(drawn):
    assert drawn(("a", "followed", 5), ("a", "beside-it-8x8x8", 1), ("b", "of another", 1)) == {
        ("a", "followed"),
        ("b", "of another"),
    }


def test_without_a_history_everything_is_drawn(drawn):
    """As `bench` leaves it: the newest release of each branch."""
    everything = {("a", "one"), ("a", "other")}
    assert drawn(("a", "one", 2), ("a", "other", 1)) == everything


def test_two_releases_of_a_tomogram_are_drawn_beside_a_history(drawn):
    assert drawn(("a", "followed", 6), ("a", "second", 2)) == {("a", "followed"), ("a", "second")}


@pytest.mark.parametrize(("keys", "machine"), [(["O"], "timer"), (["O", "T"], "counter")])
def test_counts_alone_are_drawn_in_the_history(tmp_path, monkeypatch, keys, machine):
    """Those of a machine that measured something else, too, are its own."""
    names = {"O": "instructions.Instructions.track_open", "T": "read.Read.time_read_volume"}
    monkeypatch.setattr(Publish, "iter_results", Publish.iter_results)
    for name in ("timer", "counter"):
        (tmp_path / name).mkdir()
        described = {"machine": name, "cpu": f"cpu of {name}", "version": 1}
        (tmp_path / name / "machine.json").write_text(json.dumps(described))
    found = SimpleNamespace(
        params={"machine": "counter", "cpu": "cpu of counter", "python": "3.12"},
        env_vars={"tomogram": "a"},
        commit_hash="0" * 40,
        get_all_result_keys=lambda: [names[each] for each in keys],
    )
    monkeypatch.setattr(history_graphs, "_iter_results", lambda conf, repo, spec: iter([found]))
    counted = SimpleNamespace(machine="counter")
    monkeypatch.setattr(history_graphs, "read_counted", lambda results: counted)
    monkeypatch.setattr(history_graphs, "published_machine", lambda results: "timer")
    draw_histories_alone()
    (drawn,) = Publish.iter_results(SimpleNamespace(results_dir=str(tmp_path)), None)
    assert (drawn.params["machine"], drawn.params["cpu"]) == (machine, f"cpu of {machine}")


def test_another_kernel_of_one_machine_is_no_other_line(tmp_path, monkeypatch):
    monkeypatch.setattr(Publish, "iter_results", Publish.iter_results)
    (tmp_path / "a").mkdir()
    described = {"machine": "a", "version": 1, "os": "Linux 2", "ram": "8", "cpu": "quick"}
    (tmp_path / "a" / "machine.json").write_text(json.dumps(described))
    measured = [
        SimpleNamespace(
            params={"machine": "a", "os": f"Linux {number}", "ram": "7", "python": "3.12"},
            env_vars={},
        )
        for number in (1, 2)
    ]
    monkeypatch.setattr(history_graphs, "_iter_results", lambda conf, repo, spec: iter(measured))
    draw_histories_alone()
    drawn = Publish.iter_results(SimpleNamespace(results_dir=str(tmp_path)), None)
    expected = {"machine": "a", "os": "Linux 2", "ram": "8", "python": "3.12"}
    assert [each.params for each in drawn] == [expected] * 2


def test_pages_lose_digits_and_rows_without_a_figure(tmp_path):
    graphs = tmp_path / "graphs" / "machine-a"
    graphs.mkdir(parents=True)
    rows = [{"idx": 0, "last_value": 0.123456789}, {"idx": 1, "last_value": None}]
    (graphs / "summary.json").write_text(json.dumps(rows))
    (graphs / "time_it.json").write_text(json.dumps([[3, [0.00123456789, None, 8388608.0]]]))
    (tmp_path / "regressions.json").write_text(json.dumps({"regressions": [["it", 1.23456789]]}))
    ShortPages.publish(SimpleNamespace(html_dir=str(tmp_path)), None, None, None, None)
    assert json.loads((graphs / "summary.json").read_text()) == [{"idx": 0, "last_value": 0.12346}]
    assert (graphs / "time_it.json").read_text() == "[[3,[0.0012346,null,8388608.0]]]"
    assert json.loads((tmp_path / "regressions.json").read_text()) == {
        "regressions": [["it", 1.2346]]
    }
