"""Every benchmark of access patterns and of shards, in this process, as asv's runner does it."""

import itertools
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.measured.exact_figures import EXACT_FIGURES_FOLDER
from cryoet_zarr_bench.storage.grid import SECTIONS
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS, SEED
from cryoet_zarr_bench.storage.patterns.request_counts import other_voxels
from cryoet_zarr_bench.storage.patterns.shard_access import SHARD_READS
from cryoet_zarr_bench.storage.stores.multiscale import halved
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.tomograms.preparation import prepare

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tomogram(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRYOET_CACHE_DIR", str(tmp_path_factory.mktemp("tomograms")))
        return prepare("synthetic:10A@24x72x40", None)


@pytest.fixture
def suite(monkeypatch, tomogram, labelled_environment, tmp_path, discover):
    """A function that gives the benchmarks of a profile, in a folder of their own."""
    monkeypatch.setenv("CRYOET_PREPARED_TOMOGRAM", str(tomogram.path))
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.chdir(cache)
    return lambda profile: discover(profile, ("access", "shards"))


def set_cell(benchmark, index, store_set):
    benchmark.set_param_idx(index)
    benchmark.set_cache(store_set)
    return benchmark.do_setup()


def cells(section):
    return list(enumerate(itertools.product(*section.params)))


def test_quick_has_every_exact_figure_and_no_clock(suite):
    found = suite("quick")
    methods = {name.split(".", 1)[1] for name in found}
    kinds = {"gets", "ranged_gets", "bytes_fetched", "modelled_seconds", "overread"}
    for pattern in ACCESS_PATTERNS.values():
        expected = kinds if pattern.reads_voxels else kinds - {"overread"}
        assert {f"Requests.track_{pattern.name}_{kind}" for kind in expected} <= methods
    for name in SHARD_READS:
        assert {f"ShardRequests.track_{name}_{kind}" for kind in kinds - {"overread"}} <= methods
    assert not [name for name in methods if ".time_" in name]
    for benchmark in found.values():
        assert benchmark.type == "track" and benchmark.unit and benchmark.version == "1"
        assert benchmark.pretty_name and benchmark.param_names == ["codec", "chunks", "zarr_format"]
    pretty = [benchmark.pretty_name for benchmark in found.values()]
    assert len(set(pretty)) == len(pretty)


def test_exact_figures_are_looked_up_and_left_for_the_host(suite, tmp_path, monkeypatch):
    monkeypatch.setenv(EXACT_FIGURES_FOLDER, str(tmp_path))
    found = suite("quick")
    store_sets = {}
    for name, benchmark in found.items():
        key = benchmark.setup_cache_key
        if key not in store_sets:
            store_sets[key] = pickle.loads(pickle.dumps(benchmark.do_setup_cache()))
            assert not store_sets[key].failed
            assert benchmark.setup_cache_timeout == 7200
        assert not set_cell(benchmark, 0, store_sets[key])
        figure = benchmark.func(*benchmark._build_params())
        benchmark.do_teardown()
        left = json.loads((tmp_path / f"{name.rpartition('.')[0]}.json").read_text())
        ((_, cell),) = left[name].items()
        assert cell == {"figure": figure}
        assert figure >= 0 and (figure > 0 or name.endswith("ranged_gets"))
    assert len(store_sets) == 2
    (record,) = (tmp_path / "records").iterdir()
    for question in ("access", "shards"):
        stores = json.loads(record.read_text())[question]["stores"]
        names = [config.name for config in SECTIONS[question]["quick"].configs()]
        assert list(stores) == names


def test_each_pattern_reads_its_boxes(suite, tomogram):
    voxels = tomogram.load()
    levels = {0: voxels, 2: halved(halved(voxels))}
    found = {name: each for name, each in suite("standard").items() if ".Access." in name}
    assert len(found) == 2 * len(ACCESS_PATTERNS)
    store_set = next(iter(found.values())).do_setup_cache()
    for name, benchmark in found.items():
        for index, _ in cells(SECTIONS["access"]["standard"])[::5]:
            assert not set_cell(benchmark, index, store_set)
            instance = benchmark.func.__self__
            read = []
            instance.arrays = {
                level: Noting(array, read) for level, array in instance.arrays.items()
            }
            assert benchmark.func(*benchmark._build_params()) is None
            pattern = ACCESS_PATTERNS[name.rpartition("time_")[2].removesuffix("_cpu")]
            expected = pattern.boxes(levels[pattern.level].shape, SEED)
            assert [box for box, _ in read] == expected[: pattern.timed]
            for box, part in read:
                assert np.array_equal(part, levels[pattern.level][box])
            benchmark.do_teardown()


class Noting:
    """An array that notes what is read of it."""

    def __init__(self, array, read):
        self.array, self.read, self.shape = array, read, array.shape

    def __getitem__(self, box):
        self.read.append((box, self.array[box]))


def test_shards_are_written_read_and_changed(suite, tomogram, tmp_path):
    voxels = tomogram.load()
    found = {name: each for name, each in suite("standard").items() if "shards." in name}
    store_set = next(iter(found.values())).do_setup_cache()
    timed = {name: each for name, each in found.items() if each.type == "time"}
    assert len(timed) == 2 * (len(SHARD_READS) + 2)
    for name, benchmark in timed.items():
        for index, _ in cells(SECTIONS["shards"]["standard"]):
            assert not set_cell(benchmark, index, store_set)
            assert benchmark.func(*benchmark._build_params()) is None
            instance = benchmark.func.__self__
            if ".WriteShards." in name:
                assert np.array_equal(instance.engine.open(instance.target)[...], voxels)
            elif ".ChangeShards." in name:
                changed = instance.engine.open(instance.copy)[...]
                assert np.array_equal(changed[instance.box], other_voxels(voxels[instance.box]))
            benchmark.do_teardown()
    assert not (tmp_path / "cache" / "written").exists()
    assert not (tmp_path / "cache" / "changed").exists()


def test_a_change_that_is_not_made_or_harms_its_neighbours_fails(suite):
    found = suite("standard")
    benchmark = found["shards.ChangeShards.time_rewrite_chunk"]
    store_set = benchmark.do_setup_cache()
    assert not set_cell(benchmark, 0, store_set)
    with pytest.raises(StoreMismatch, match="read back with other bits"):
        benchmark.do_teardown()
    assert not set_cell(benchmark, 0, store_set)
    benchmark.func(*benchmark._build_params())
    benchmark.func.__self__.array[0, 0, 0] += 1
    with pytest.raises(StoreMismatch, match=r"1 of .* \(0, 0, 0\)"):
        benchmark.do_teardown()


def test_a_write_of_other_bytes_fails(suite):
    benchmark = suite("standard")["shards.WriteShards.time_write"]
    store_set = benchmark.do_setup_cache()
    assert not set_cell(benchmark, 0, store_set)
    benchmark.func(*benchmark._build_params())
    with (benchmark.func.__self__.target / "zarr.json").open("a") as file:
        file.write(" ")
    with pytest.raises(RuntimeError, match="the verified store has"):
        benchmark.do_teardown()
