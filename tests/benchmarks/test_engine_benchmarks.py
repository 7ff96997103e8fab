"""The comparison of engines and the matrix of who reads whose stores, as asv's runner runs them."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.measured.prepared_stores.portability_stores import KEPT_WRITERS
from cryoet_zarr_bench.storage.engines import ENGINES, installed_engine, take_over
from cryoet_zarr_bench.storage.grid import SECTIONS

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_engine():
    yield
    take_over(installed_engine())


def run(benchmark, store_set, index=0):
    """What a cell gives, None where it is n/a, and the instance that it was run on."""
    benchmark.set_param_idx(index)
    benchmark.set_cache(store_set)
    if benchmark.do_setup():
        benchmark.do_teardown()
        return None, None
    return benchmark.func(*benchmark._build_params()), benchmark.func.__self__


def test_names_tell_the_engine_and_its_threads(discover):
    names = set(discover("standard", ("engines",)))
    for engine in ("ZarrPython", "FusedPipeline", "TensorStore", "Zarrs"):
        for threads in ("OneThread", "DefaultThreads"):
            assert f"engines.{engine}{threads}.time_read_volume_cpu" in names
    synced = {name for name in names if "synced" in name}
    assert synced == {
        f"engines.TensorStoreOneThread.time_write_synced{end}" for end in ("", "_cpu")
    }
    assert len(discover("quick", ("engines",))) == 2 * len(ENGINES)


def test_every_call_does_what_it_says(
    tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of, discover
):
    benchmarks = discover("standard", ("engines",))
    section = SECTIONS["engines"]["standard"]
    store_set = store_set_of(next(iter(benchmarks.values())), tmp_path / "cache")
    voxels = tomogram.load()
    monkeypatch.setattr(
        importlib.import_module("benchmarks.engines"), "file_system_of", lambda folder: "ext4"
    )
    for name, benchmark in benchmarks.items():
        if name.endswith("_cpu"):
            continue
        for index in range(len(list(section.configs()))):
            # asv has a process for each; here all are in one.
            benchmark.func.__self__.__dict__.clear()
            _, instance = run(benchmark, store_set, index)
            assert instance.engine.name == instance.engine_name
            if "write" in name:
                assert np.array_equal(instance.engine.open(instance.target)[...], voxels)
            else:
                assert np.array_equal(instance.array[...], voxels)
            benchmark.do_teardown()
            assert not instance.target.exists()
    (record,) = (labelled_environment / "records").iterdir()
    engines = json.loads(record.read_text())["engines"]
    assert engines["missing"] == {} and set(ENGINES) < set(engines)
    assert engines["tensorstore"]["settings"]["one thread"]["file_io_sync"] is False
    content = [next(iter(engines[name]["content"].values())) for name in ENGINES]
    assert len(set(content)) == 1  # unsharded chunks are the same whoever wrote them


def test_what_an_engine_wrote_differently_fails(
    tomogram, labelled_environment, tmp_path, store_set_of, discover
):
    benchmarks = discover("standard", ("engines",))
    benchmark = benchmarks["engines.TensorStoreOneThread.time_write"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    _, instance = run(benchmark, store_set)
    with (instance.target / "zarr.json").open("a") as file:
        file.write(" ")
    with pytest.raises(RuntimeError, match="the verified store has"):
        benchmark.do_teardown()


def test_syncing_in_memory_is_not_applicable(
    tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of, discover
):
    benchmarks = discover("standard", ("engines",))
    benchmark = benchmarks["engines.TensorStoreOneThread.time_write_synced"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    module = importlib.import_module("benchmarks.engines")
    monkeypatch.setattr(module, "file_system_of", lambda folder: "tmpfs")
    assert run(benchmark, store_set) == (None, None)


def test_what_cannot_be_read_is_not_applicable_and_what_is_misread_fails(
    tomogram, labelled_environment, tmp_path, store_set_of, discover
):
    benchmarks = discover("standard", ("engines",))
    read = benchmarks["engines.ZarrsOneThread.time_read_volume"]
    store_set = store_set_of(read, tmp_path / "cache")
    name = next(SECTIONS["engines"]["standard"].configs()).name
    store_set.unreadable["zarrs"][name] = "no such codec"
    assert run(read, store_set) == (None, None)
    _, instance = run(benchmarks["engines.ZarrsOneThread.time_write"], store_set)
    assert instance.target.exists()
    store_set.unreadable["zarrs"] = {}
    store_set.misread["zarrs"][name] = "1 of 9 voxels"
    with pytest.raises(RuntimeError, match=r"no figure for .*: 1 of 9 voxels"):
        run(read, store_set)


def test_the_matrix_has_a_figure_for_each_pair(
    tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of, discover
):
    figures = tmp_path / "figures"
    monkeypatch.setenv("CRYOET_EXACT_FIGURES_FOLDER", str(figures))
    benchmarks = discover("quick", ("portability",))
    assert len(benchmarks) == len(ENGINES) ** 2 + len(KEPT_WRITERS)
    store_set = store_set_of(next(iter(benchmarks.values())), tmp_path / "cache")
    left = json.loads((figures / "portability.Portability.json").read_text())
    assert set(left) == set(benchmarks)
    section = SECTIONS["portability"]["quick"]
    for name, benchmark in benchmarks.items():
        cells = list(left[name].values())
        for index, config in enumerate(section.configs()):
            result, _ = run(benchmark, store_set, index)
            assert cells[index].get("figure") == result
            is_kept_2 = name.endswith("zarr_2_18_7") and config.zarr_format == 3
            assert result == (None if is_kept_2 else 0)
            assert ("skipped" in cells[index]) == is_kept_2
