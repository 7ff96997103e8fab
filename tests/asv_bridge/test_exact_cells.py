"""An exact figure that was left is what asv makes of a process of its own, n/a and failures too."""

import dataclasses
import math
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from asv.runner import Spawner, _run_benchmark_single_param

from cryoet_zarr_bench.asv_bridge.cells.exact_cells import BY_PROCESS, ExactCells
from cryoet_zarr_bench.measured.exact_figures import (
    EXACT_FIGURES_FOLDER,
    is_exact,
    leave_exact_figures,
)
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore

PROJECT = Path(__file__).resolve().parents[2]
CALL = "storage.Storage.track_compression_ratio"


@pytest.fixture
def suite(discover):
    return {
        name: {"name": name, "params": each.params, "timeout": 60}
        for name, each in discover().items()
    }


@pytest.fixture
def exact(suite, tmp_path, monkeypatch):
    monkeypatch.delenv(BY_PROCESS, raising=False)
    monkeypatch.setenv(EXACT_FIGURES_FOLDER, "")
    return ExactCells(suite, tmp_path)


class Environment:
    """asv's environment, as far as its runner asks: this interpreter."""

    env_vars: dict[str, str] = {}  # noqa: RUF012

    def run(self, arguments, cwd, env, **options):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.stdout, "", done.returncode


def store_of(number):
    """A store of so many bytes; nothing else of it is looked up here."""
    unknown = dict.fromkeys(field.name for field in dataclasses.fields(VerifiedStore))
    return VerifiedStore(**{**unknown, "raw_bytes": 8 * 2**20, "stored_bytes": 3 * number + 1})


def test_each_outcome_is_that_of_a_process(suite, exact, tmp_path, monkeypatch):
    from benchmarks.storage import Storage

    store_set = StoreSet(
        stores={"none_32x32x32_v3": store_of(12345)},
        impossible={"none_64x64x64_v2": "this release 'cannot'\nwrite it"},
        failed={"none_64x64x64_v3": "StoreMismatch: 1 of 9 voxels differ"},
    )
    leave_exact_figures(Storage, store_set)
    (tmp_path / "cache.pickle").write_bytes(pickle.dumps(store_set))
    spawner = Spawner(Environment(), PROJECT / "benchmarks")
    for index in (1, 2, 3):
        cell = {"profile": False, "extra_params": {}, "cwd": str(tmp_path)}
        wanted = _run_benchmark_single_param(suite[CALL], spawner, index, **cell)
        given = exact.give(CALL, index)
        if wanted.errcode:
            # The frames differ, what was wrong does not.
            assert given.stderr.splitlines()[:2] == wanted.stderr.splitlines()[:2]
            assert given.stderr.splitlines()[-1] == wanted.stderr.splitlines()[-1]
            wanted = wanted._replace(stderr=given.stderr)
        # NaN is not equal to itself.
        assert repr(given) == repr(wanted)
    assert exact.give(CALL, 1).result == [round(8 * 2**20 / 37036, 6)]
    assert math.isnan(exact.give(CALL, 2).result[0])
    assert exact.give(CALL, 3).errcode == 1


def test_every_cell_of_every_benchmark_of_the_class_is_left(suite, exact):
    from benchmarks.storage import Storage

    leave_exact_figures(Storage, StoreSet())
    for name, benchmark in suite.items():
        cells = math.prod(len(axis) for axis in benchmark["params"])
        given = [exact.give(name, index) for index in range(cells)]
        if name.startswith("storage.Storage."):
            assert None not in given
        else:
            assert given == [None] * cells


def test_one_figure_that_json_does_not_take_fails_alone(exact):
    class Mixed:
        params = (["a", "b"], [2])
        __module__ = "benchmarks.storage"

        def setup(self, store_set, letter, number):
            self.figure = {"a": 1, "b": object()}[letter]

        def teardown(self, store_set, letter, number):
            pass

        def track_figure(self, store_set, letter, number):
            return self.figure

    Mixed.__name__ = "Mixed"
    leave_exact_figures(Mixed, None)
    exact._benchmarks["storage.Mixed.track_figure"] = {"params": [["'a'", "'b'"], ["2"]]}
    good, bad = (exact.give("storage.Mixed.track_figure", index) for index in (0, 1))
    assert (good.result, good.errcode, good.stderr) == ([1], 0, "")
    assert (bad.result, bad.errcode) == ([None], 1)
    assert "not JSON serializable" in bad.stderr


def test_what_an_earlier_release_left_is_not_given(suite, exact, tmp_path):
    from benchmarks.storage import Storage

    leave_exact_figures(Storage, StoreSet(stores={"none_32x32x32_v2": store_of(1)}))
    assert exact.give(CALL, 0) is not None
    assert ExactCells(suite, tmp_path).give(CALL, 0) is None


@pytest.mark.parametrize("variable", ["1", None])
def test_nothing_is_left_where_nobody_asks(suite, exact, tmp_path, monkeypatch, variable):
    from benchmarks.storage import Storage

    if variable:
        monkeypatch.setenv(BY_PROCESS, variable)
        exact = ExactCells(suite, tmp_path)
    else:
        monkeypatch.delenv(EXACT_FIGURES_FOLDER)
    leave_exact_figures(Storage, StoreSet())
    assert not list((tmp_path / "exact-figures").iterdir())
    assert exact.give(CALL, 0) is None


def test_figures_of_a_clock_are_not_exact():
    assert is_exact(CALL)
    assert not is_exact("overhead.PerChunk.track_read_us_per_chunk")
    assert not is_exact("read.Read.time_read_volume")
    assert not is_exact("write.Write.peakmem_write")
