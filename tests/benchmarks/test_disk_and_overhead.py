"""Benchmarks of a disk and of overhead, in this process, as asv's runner does it."""

import itertools
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from asv_runner.benchmarks.time import TimeBenchmark

from cryoet_zarr_bench.measured import page_cache
from cryoet_zarr_bench.measured.clocks import CPU_TIMES_FILE
from cryoet_zarr_bench.measured.process_inputs import DISK_STORES
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch

PROJECT = Path(__file__).resolve().parents[2]
STATES = {
    "time_read_warm": "disk.Warm",
    "time_read_cold": "disk.Cold",
    "time_write_buffered": "disk.Buffered",
    "time_write_durable": "disk.Durable",
}


@pytest.fixture
def suite(discover):
    return discover(modules=("disk", "overhead"))


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A folder on a disk from which pages can be dropped."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (reason := page_cache.why_never_cold(folder, file_system_of(folder))) is not None:
        pytest.skip(reason)
    monkeypatch.setenv(DISK_STORES, str(folder))
    return folder


def with_first_cell(benchmark, store_set):
    benchmark.set_param_idx(0)
    benchmark.set_cache(store_set)
    return benchmark


def test_names_say_the_state_and_nothing_can_be_mixed_up(suite):
    timed = {name for name in suite if name.startswith("disk.")}
    both = itertools.product(STATES.items(), ("", "_cpu"))
    assert timed == {f"{owner}.{method}{twin}" for (method, owner), twin in both}
    names = [suite[name].pretty_name for name in sorted(timed)]
    assert len(set(names)) == len(names)
    words = ("cache warm", "own page cache cold", "left in the page cache", "durable by fsync")
    for (method, owner), word in zip(STATES.items(), words, strict=True):
        assert word in suite[f"{owner}.{method}"].pretty_name


def test_overhead_tracks_both_clocks_and_says_its_units(suite):
    found = {name: each.unit for name, each in suite.items() if name.startswith("overhead.")}
    assert found == {
        f"overhead.{method}{twin}": unit
        for method, unit in (
            ("OverPlainFile.track_read_over_plain_read", "times as long"),
            ("OverPlainFile.track_write_over_copy", "times as long"),
            ("PerChunk.track_read_us_per_chunk", "microseconds per chunk"),
            ("PerChunk.track_write_us_per_chunk", "microseconds per chunk"),
        )
        for twin in ("", "_cpu")
    }
    for name in found:
        assert ("CPU time" in suite[name].pretty_name) == name.endswith("_cpu")


def test_each_call_finds_the_state_that_it_is_named_after(
    suite, tomogram, disk, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    store_set = store_set_of(suite["disk.Cold.time_read_cold"], tmp_path / "cache")
    assert not store_set.failed and store_set.stores
    synchronised = []
    fsync = page_cache._synchronise

    def observe(path):
        synchronised.append(path)
        fsync(path)

    monkeypatch.setattr(page_cache, "_synchronise", observe)
    for name, benchmark in suite.items():
        if not name.startswith("disk."):
            continue
        with_first_cell(benchmark, store_set).do_setup()
        instance = benchmark.func.__self__
        states = []
        call = benchmark.func

        def observed(*parameters, call=call, instance=instance, states=states):
            states.append(page_cache.residency(instance.store.folder))
            result = call(*parameters)
            states.append(result)
            return result

        observed.__self__ = instance
        benchmark.func = observed
        benchmark.repeat, benchmark.number, benchmark.warmup_time = 2, 1, 1e-9
        assert isinstance(benchmark, TimeBenchmark)
        count = len(synchronised)
        found = benchmark.do_run()
        calls = states[::2]
        assert len(calls) == len(found["samples"]) + 1 == 3
        if "_cold" in name:
            assert calls == [0, 0, 0], name
        if "_warm" in name:
            assert calls == [1, 1, 1], name
        files = [each for each in instance.store.folder.rglob("*")]
        # Each file and folder of the store, the store itself and the folder around it.
        expected = 3 * (len(files) + 2) if "_durable" in name else 0
        assert len(synchronised) - count == expected, name
        if "_write_" in name:
            back = instance.engine.open(instance.target)[...]
            assert np.array_equal(back, tomogram.load())
        benchmark.do_teardown()
        assert not (disk / "stores" / "written").exists()


def test_on_tmpfs_cold_and_durable_are_not_applicable(
    suite, tomogram, labelled_environment, tmp_path, monkeypatch, capsys, store_set_of
):
    memory = Path("/dev/shm")
    if file_system_of(memory) != "tmpfs":
        pytest.skip("no tmpfs here")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        monkeypatch.setenv(DISK_STORES, folder)
        store_set = store_set_of(suite["disk.Warm.time_read_warm"], tmp_path / "cache")
        assert not store_set.failed
        skipped = {
            method: with_first_cell(suite[f"{owner}.{method}"], store_set).do_setup()
            for method, owner in STATES.items()
        }
        for method, owner in STATES.items():
            suite[f"{owner}.{method}"].do_teardown()
    assert [method for method, is_skipped in skipped.items() if is_skipped] == [
        "time_read_cold",
        "time_write_durable",
    ]
    said = capsys.readouterr().out
    assert "none of them is ever cold" in said and "nothing on it is durable" in said


def test_without_a_folder_on_a_disk_nothing_is_applicable(
    suite, tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    monkeypatch.delenv(DISK_STORES, raising=False)
    store_set = store_set_of(suite["disk.Warm.time_read_warm"], tmp_path / "cache")
    assert with_first_cell(suite["disk.Warm.time_read_warm"], store_set).do_setup() is True


@pytest.mark.parametrize("state", ["Buffered.time_write_buffered", "Durable.time_write_durable"])
def test_a_write_that_leaves_other_bytes_fails(
    state, suite, tomogram, disk, labelled_environment, tmp_path, store_set_of
):
    benchmark = suite[f"disk.{state}"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    with_first_cell(benchmark, store_set).do_setup()
    benchmark.func(*benchmark._build_params())
    instance = benchmark.func.__self__
    with (instance.target / ".zarray").open("a") as file:
        file.write(" ")
    with pytest.raises(RuntimeError, match="the verified store has"):
        benchmark.do_teardown()
    assert not instance.target.exists()


def test_a_durable_write_that_changes_a_voxel_fails(
    suite, tomogram, disk, labelled_environment, tmp_path, store_set_of
):
    import zarr

    benchmark = suite["disk.Durable.time_write_durable"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    with_first_cell(benchmark, store_set).do_setup()
    benchmark.func(*benchmark._build_params())
    made = zarr.open_array(benchmark.func.__self__.target, mode="r+")
    made[1, 2, 3] = -made[1, 2, 3]
    with pytest.raises(StoreMismatch, match=r"1 of 34560 voxels .* \(1, 2, 3\)"):
        benchmark.do_teardown()


def test_a_disk_that_keeps_its_pages_gives_no_cold_figure(
    suite, tomogram, disk, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    benchmark = suite["disk.Cold.time_read_cold"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    with_first_cell(benchmark, store_set)
    assert benchmark.do_setup() is False
    # Later than the first call asv would go on after what is n/a.
    monkeypatch.setattr(page_cache.os, "posix_fadvise", lambda *arguments: None)
    with pytest.raises(RuntimeError, match="stayed in the page cache"):
        benchmark.do_setup()


def test_the_record_says_where_the_stores_lay(
    suite, tomogram, disk, labelled_environment, tmp_path, store_set_of
):
    for name in ("disk.Cold.time_read_cold", "overhead.PerChunk.track_read_us_per_chunk"):
        store_set_of(suite[name], tmp_path / "cache")
    (path,) = (labelled_environment / "records").iterdir()
    record = json.loads(path.read_text())
    assert record["disk"]["file_system"] == file_system_of(disk)
    assert len(record["disk"]["stores"]) == 1 and len(record["overhead"]["stores"]) == 3
    assert not record["disk"]["failed"] and not record["overhead"]["failed"]


def test_each_figure_of_overhead_is_of_its_calls_and_leaves_its_twin_theirs(
    suite, tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    times = tmp_path / "times.json"
    monkeypatch.setenv(CPU_TIMES_FILE, str(times))
    tracked = {name for name in suite if name.startswith("overhead.")}
    store_set = store_set_of(suite[min(tracked)], tmp_path / "cache")
    assert not store_set.failed
    for name in tracked:
        benchmark = with_first_cell(suite[name], store_set)
        assert benchmark.do_setup() is False
        times.unlink(missing_ok=True)
        found = benchmark.do_run()
        benchmark.do_teardown()
        assert found["number"] == 1 and len(found["samples"]) >= 3
        assert np.isfinite(found["samples"]).all()
        if name.endswith("_cpu"):
            assert not times.exists() and name.removesuffix("_cpu") in tracked
        else:
            assert len(json.loads(times.read_text())) == len(found["samples"]) + 1
            assert f"{name}_cpu" in tracked
    assert not {"written", "copied-voxels"} & {each.name for each in Path.cwd().iterdir()}


def test_overhead_of_a_write_that_leaves_bytes_out_has_no_figure(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    benchmark = suite["overhead.PerChunk.track_write_us_per_chunk"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    with_first_cell(benchmark, store_set).do_setup()
    instance = benchmark.func.__self__

    class Forgetful:
        open = instance.engine.open

        @staticmethod
        def write(voxels, target, config):
            shutil.copytree(instance.stores[-1].folder, target)
            (target / ".zarray").unlink()

    instance.engine = Forgetful
    with pytest.raises(RuntimeError, match="the verified store has"):
        benchmark.do_run()
