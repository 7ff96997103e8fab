"""What is known of benchmarks, and what was measured, does not get less by a smaller run."""

import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from asv.benchmarks import Benchmarks
from asv.util import UserError
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.asv_bridge.cells.earlier_cells import with_earlier_cells, with_earlier_stores
from cryoet_zarr_bench.asv_bridge.known_benchmarks import (
    keep_known_benchmarks,
    merged,
    one_axis,
)
from cryoet_zarr_bench.common.left_out_notices import leave_out

PROJECT = Path(__file__).resolve().parents[2]
COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_q_25", "samples"]


def benchmark(*axes, version="1", name="a.B.track_c"):
    names = ["codec", "chunks", "zarr_format"][: len(axes)]
    return {name: {"name": name, "version": version, "params": list(axes), "param_names": names}}


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A function that saves benchmarks as a run of asv does, and gives what is listed then."""
    for name in ("save", "load"):
        monkeypatch.setattr(Benchmarks, name, Benchmarks.__dict__[name])
    keep_known_benchmarks()
    leave_out.cache_clear()
    configuration = SimpleNamespace(results_dir=str(tmp_path), benchmark_dir="")

    def save(found):
        Benchmarks(configuration, found.values()).save()
        return dict(Benchmarks.load(configuration)._all_benchmarks)

    return save


LARGE = benchmark(["'a'", "'b'", "'c'"], ["'1'", "'2'"], ["2", "3"])
SMALL = benchmark(["'b'"], ["'2'"], ["2"])
OTHER = benchmark(["'x'"], name="d.E.track_f")


def test_a_smaller_run_lists_what_the_larger_one_found(listed):
    assert listed({**LARGE, **OTHER}) == {**LARGE, **OTHER}
    assert listed(SMALL) == {**LARGE, **OTHER}


def test_a_larger_run_adds_to_what_is_listed(listed):
    listed(SMALL)
    assert listed({**LARGE, **OTHER}) == {**LARGE, **OTHER}


def test_another_version_of_a_benchmark_takes_the_place_of_the_one_before(listed):
    listed(LARGE)
    newer = benchmark(["'b'"], ["'2'"], ["2"], version="2")
    assert listed(newer) == newer


@pytest.mark.parametrize("content", [b"", b"null", b"[1]", b"\xff", b"[" * 100_000])
def test_a_list_that_cannot_be_read_is_made_anew(listed, tmp_path, content):
    (tmp_path / "benchmarks.json").write_bytes(content)
    assert listed(SMALL) == SMALL


@pytest.mark.parametrize("content", [None, b"null", b'{"a": 3}', b'{"version": 2}'])
def test_without_a_list_asv_says_how_to_make_it(listed, tmp_path, content):
    if content is not None:
        (tmp_path / "benchmarks.json").write_bytes(content)
    configuration = SimpleNamespace(results_dir=str(tmp_path), benchmark_dir="")
    with pytest.raises(UserError, match="just-discover"):
        Benchmarks.load(configuration)


def test_cells_that_only_results_have_are_published_too(listed, tmp_path, capfd):
    """As where the list came from another checkout than the results."""
    machine = PROJECT / "results" / "epyc-2-cores"
    result = min(machine.glob("*-py3.12-tomogramsynthetic-10A-*.json"))
    (tmp_path / machine.name).mkdir()
    for path in (result, machine / "machine.json"):
        shutil.copy(path, tmp_path / machine.name)
    name = "read.Read.time_read_volume"
    everything = json.loads((machine.parent / "benchmarks.json").read_text())
    small = {**everything[name], "params": [["'none'"], ["'64x64x64'"], ["2"]]}
    found = listed({name: small})
    assert [set(axis) for axis in found[name]["params"]] == [
        set(axis) for axis in everything[name]["params"]
    ]
    assert "benchmarks are not in benchmarks.json" in capfd.readouterr().err


axes = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(axes, axes)
def test_an_axis_has_every_value_once(before, now):
    together = one_axis(before, now)
    assert sorted(together) == sorted({*before, *now})
    longer = now if len(now) >= len(before) else before
    assert together[: len(longer)] == longer


def test_of_both_lists_the_newest_description_is_taken():
    before = {"n": {**LARGE["a.B.track_c"], "unit": "old"}}
    now = {"n": {**SMALL["a.B.track_c"], "unit": "new"}}
    together = merged(before, now)["n"]
    assert together["unit"] == "new" and together["params"] == LARGE["a.B.track_c"]["params"]


def result(rows):
    return {"result_columns": COLUMNS, "results": rows, "commit_hash": "a"}


def test_a_smaller_run_keeps_the_cells_of_the_larger_one():
    earlier = result(
        {
            "one": [
                [1.0, 2.0, math.nan, 4.0],
                [["a", "b"], ["2", "3"]],
                "1",
                5,
                0.5,
                [1, 2, None, 4],
                None,
            ],
            "only earlier": [[7.0], [["a"], ["2"]], "1"],
            "other version": [[8.0, 9.0], [["a", "b"], ["2"]], "1"],
        }
    )
    new = result(
        {
            "one": [[20.0, 50.0], [["b", "c"], ["2"]], "1", 6, 0.25, [20, 50], [[20.0], [50.0]]],
            "other version": [[10.0], [["a"], ["2"]], "2"],
        }
    )
    together = with_earlier_cells(new, earlier)["results"]
    values, params, *_ = together["one"]
    assert params == [["b", "c", "a"], ["2", "3"]]
    assert str(values) == "[20.0, 4.0, 50.0, nan, 1.0, 2.0]"
    row = dict(zip(COLUMNS, together["one"], strict=True))
    assert row["stats_q_25"] == [20, 4, 50, None, 1, 2]
    assert row["samples"] == [[20.0], None, [50.0], None, None, None]
    assert (row["version"], row["started_at"], row["duration"]) == ("1", 6, 0.25)
    assert together["only earlier"] == earlier["results"]["only earlier"]
    assert together["other version"][:3] == new["results"]["other version"]


def test_a_larger_run_takes_the_place_of_a_smaller_one():
    earlier = result({"one": [[1.0], [["a"], ["2"]], "1"]})
    new = result({"one": [[2.0, 3.0], [["a", "b"], ["2"]], "1"]})
    assert with_earlier_cells(new, earlier)["results"] == new["results"]


def test_what_is_said_of_a_config_is_said_once():
    earlier = {
        "stores": {"a": 1, "b": 1},
        "failed": {"c": "why"},
        "disk": {"stores": {"a": 1}, "impossible": {"d": "so"}, "failed": {}},
        "profile": "standard",
    }
    new = {"stores": {"c": 2}, "failed": {"a": "now"}, "disk": {"stores": {"d": 2}}}
    assert with_earlier_stores(new, earlier) == {
        "stores": {"b": 1, "c": 2},
        "failed": {"a": "now"},
        "disk": {"stores": {"a": 1, "d": 2}, "impossible": {}, "failed": {}},
        "profile": "standard",
    }
