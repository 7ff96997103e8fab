"""Every benchmark and parameter of the quick profile, in this process, as asv's runner does it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.measured.clocks import BothClocks
from cryoet_zarr_bench.storage.grid import CONVERSION, PROFILES
from cryoet_zarr_bench.storage.object_store.bucket import METADATA_NAMES
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.storage.stores.voxel_entropy import entropy_of

PROJECT = Path(__file__).resolve().parents[2]
UNITS = {
    "convert.Convert.peakmem_from_ome_zarr": "bytes",
    "convert.Convert.peakmem_to_ome_zarr": "bytes",
    "convert.Convert.time_from_ome_zarr": "seconds",
    "convert.Convert.time_from_ome_zarr_cpu": "seconds",
    "convert.Convert.time_to_ome_zarr": "seconds",
    "convert.Convert.time_to_ome_zarr_cpu": "seconds",
    "convert.ConvertReference.peakmem_reference": "bytes",
    "convert.ConvertReference.time_copy": "seconds",
    "read.Open.time_open": "seconds",
    "read.Read.time_read_volume": "seconds",
    "read.Read.time_read_volume_cpu": "seconds",
    "read.Read.time_read_xy_slice": "seconds",
    "read.Read.time_read_xy_slice_cpu": "seconds",
    "storage.Storage.track_bits_above_entropy": "bits per voxel",
    "storage.Storage.track_compression_ratio": "times smaller",
    "storage.Storage.track_file_count": "files",
    "storage.Storage.track_stored_bytes": "bytes",
    "storage.Storage.track_stored_fraction": "of the tomogram in memory",
    "write.Write.peakmem_write": "bytes",
    "write.Write.time_write": "seconds",
    "write.Write.time_write_cpu": "seconds",
    "write.WriteReference.peakmem_reference": "bytes",
}


@pytest.fixture
def suite(discover):
    return discover()


def core(suite):
    """What is written, read, opened and converted; other questions have stores of their own."""
    modules = {name.split(".")[0] for name in UNITS}
    return {name: each for name, each in suite.items() if name.split(".")[0] in modules}


def test_the_suite_is_complete_and_says_its_units(suite):
    assert {name: benchmark.unit for name, benchmark in core(suite).items()} == UNITS
    for benchmark in suite.values():
        assert benchmark.pretty_name and "." not in benchmark.pretty_name
        assert benchmark.param_names == ["codec", "chunks", "zarr_format"]
        assert benchmark.version == "1"


def test_all_share_one_cache_so_that_stores_are_made_once(suite):
    assert len({benchmark.setup_cache_key for benchmark in core(suite).values()}) == 1


def test_wall_and_cpu_twins_differ_in_their_clock_alone(suite):
    import time

    for name, benchmark in suite.items():
        if ".time_" in name and name.endswith("_cpu"):
            twin = suite[name.removesuffix("_cpu")]
            assert benchmark.timer is time.process_time
            assert isinstance(twin.timer, BothClocks)
            assert benchmark.func.__code__.co_code == twin.func.__code__.co_code


def test_importing_the_suite_starts_no_thread(suite):
    """asv forks after importing: a thread would not be there in the child."""
    import subprocess

    program = "import threading, benchmarks.write, benchmarks.read; print(threading.active_count())"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "1"


def test_every_cell_of_the_quick_profile_runs(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    store_set = store_set_of(suite["read.Open.time_open"], tmp_path / "cache")
    assert not store_set.failed
    assert set(store_set.impossible.values()) == {"Zarr format 2 has no shards"}
    voxels = tomogram.load()
    cells: dict[str, int] = {}
    for name, benchmark in core(suite).items():
        codecs, chunks, formats = ([text.strip("'") for text in axis] for axis in benchmark.params)
        for index in range(len(codecs) * len(chunks) * len(formats)):
            benchmark.set_param_idx(index)
            benchmark.set_cache(store_set)
            if benchmark.do_setup():  # asv's word for n/a
                assert benchmark._current_params[1:] == ("32x32x32 in 128x128x128", 2)
                benchmark.do_teardown()
                continue
            result = benchmark.func(*benchmark._build_params())
            instance = benchmark.func.__self__
            if name.startswith("write.Write."):
                back = instance.engine.open(instance.target)[...]
                assert np.array_equal(back, voxels)
            elif "read_volume" in name:
                assert np.array_equal(instance.array[...], voxels)
            elif "read_xy_slice" in name:
                assert np.array_equal(instance.array[instance.middle, :, :], voxels[12])
            elif name.endswith(("to_ome_zarr", "to_ome_zarr_cpu")):
                assert np.array_equal(instance.engine.open(instance.zarr / "0")[...], voxels)
            elif "from_ome_zarr" in name or name.endswith("time_copy"):
                assert np.array_equal(np.load(instance.npy), voxels)
            elif "track_" in name:
                files = [each for each in instance.store.folder.rglob("*") if each.is_file()]
                stored = sum(each.stat().st_size for each in files)
                chunks = sum(
                    each.stat().st_size for each in files if each.name not in METADATA_NAMES
                )
                expected = {
                    "track_bits_above_entropy": 8 * chunks / voxels.size
                    - entropy_of(voxels).memoryless,
                    "track_compression_ratio": voxels.nbytes / stored,
                    "track_stored_fraction": stored / voxels.nbytes,
                    "track_stored_bytes": stored,
                    "track_file_count": len(files),
                }[name.rsplit(".", 1)[1]]
                assert result == pytest.approx(expected, abs=1e-6)
            benchmark.do_teardown()
            cells[name] = cells.get(name, 0) + 1
    grid = len(list(PROFILES["quick"].configs()))
    for name, count in cells.items():
        assert count == (1 if "Reference" in name else 3 if "convert." in name else grid), name
    assert set(cells) == set(UNITS)
    for left in ("written", "converted.zarr", "converted.npy"):
        assert not (tmp_path / "cache" / left).exists()


@pytest.mark.parametrize("direction", ["to", "from"])
def test_a_conversion_that_changes_a_voxel_fails(
    direction, suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    benchmark = suite[f"convert.Convert.time_{direction}_ome_zarr"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    benchmark.set_param_idx(0)
    benchmark.set_cache(store_set)
    benchmark.do_setup()
    benchmark.func(*benchmark._build_params())
    instance = benchmark.func.__self__
    if direction == "from":
        made = np.load(instance.npy, mmap_mode="r+")
    else:
        import zarr

        made = zarr.open_array(instance.zarr / "0", mode="r+")
    made[1, 2, 3] = -made[1, 2, 3]
    if direction == "from":
        made.flush()
    with pytest.raises(StoreMismatch, match=r"1 of 34560 voxels .* \(1, 2, 3\)"):
        benchmark.do_teardown()
    assert not instance.npy.exists() and not instance.zarr.exists()


def test_a_timed_write_that_writes_other_bytes_fails(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    benchmark = suite["write.Write.time_write"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    benchmark.set_param_idx(0)
    benchmark.set_cache(store_set)
    benchmark.do_setup()
    benchmark.func(*benchmark._build_params())
    with (benchmark.func.__self__.target / ".zarray").open("a") as file:
        file.write(" ")
    with pytest.raises(RuntimeError, match="the verified store has"):
        benchmark.do_teardown()


def test_setup_leaves_nothing_of_the_last_call(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    benchmark = suite["write.Write.time_write"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    benchmark.set_param_idx(0)
    benchmark.set_cache(store_set)
    benchmark.do_setup()
    benchmark.func(*benchmark._build_params())
    benchmark.do_setup()
    assert not benchmark.func.__self__.target.exists()


def test_a_record_of_the_verified_stores_is_left(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    store_set_of(suite["read.Open.time_open"], tmp_path / "cache")
    (path,) = (labelled_environment / "records").iterdir()
    record = json.loads(path.read_text())
    assert record["tomogram"]["sha256"] == tomogram.sha256
    wanted = [*PROFILES["quick"].configs(), *CONVERSION.configs()]
    possible = {config.name for config in wanted if config.contradiction is None}
    assert set(record["stores"]) == possible
    assert record["settings"]["threading.max_workers"] == 1
    assert record["imported"]["zarr"]["version"] == record["environment"]["packages"]["zarr"]
    assert str(PROJECT) not in path.read_text() and str(Path.home()) not in path.read_text()


def test_more_codecs_are_measured_as_the_core_is_on_stores_of_their_own(
    suite, tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    own = {name: each for name, each in suite.items() if name.startswith("codecs.")}
    exact = {"track_compression_ratio", "track_stored_bytes", "track_bits_above_entropy"}
    timed = {f"time_{what}{cpu}" for what in ("write", "read_volume") for cpu in ("", "_cpu")}
    assert {name.removeprefix("codecs.Codecs.") for name in own} == exact | timed
    store_set_of(suite["read.Open.time_open"], tmp_path / "core")
    monkeypatch.setenv("CRYOET_EXACT_FIGURES_FOLDER", str(tmp_path))
    store_set = store_set_of(own["codecs.Codecs.time_write"], tmp_path / "codecs")
    names = [config.name for config in PROFILES["quick"].section("codecs").configs()]
    assert list(store_set.stores) == names and not store_set.failed
    voxels = tomogram.load()
    for name, benchmark in own.items():
        of_core = suite[name.replace("codecs.Codecs", f"{CORE_CLASS[name.split('.')[2][:6]]}")]
        assert benchmark.pretty_name == f"More codecs: {of_core.pretty_name}"
        assert benchmark.setup_cache_key != of_core.setup_cache_key
        for index in range(len(names)):
            benchmark.set_param_idx(index)
            benchmark.set_cache(store_set)
            assert not benchmark.do_setup()
            result = benchmark.func(*benchmark._build_params())
            instance = benchmark.func.__self__
            if "write" in name:
                assert np.array_equal(instance.engine.open(instance.target)[...], voxels)
            elif "read" in name:
                assert np.array_equal(instance.array[...], voxels)
            else:
                assert result > 0
            benchmark.do_teardown()
    (path,) = (labelled_environment / "records").iterdir()
    record = json.loads(path.read_text())
    assert list(record["codecs"]["stores"]) == names and record["codecs"]["impossible"] == {}
    assert not set(names) & set(record["stores"])
    assert record["tomogram"]["entropy"]["memoryless"] == entropy_of(voxels).memoryless
    left = json.loads((tmp_path / "codecs.Codecs.json").read_text())
    assert {name.removeprefix("codecs.Codecs.") for name in left} == exact


CORE_CLASS = {"track_": "storage.Storage", "time_w": "write.Write", "time_r": "read.Read"}


def relabel(folder, **changes):
    path = folder / "installed-release.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_wrong_version_on_the_label_gives_no_figure(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    relabel(labelled_environment, packages={"zarr": "2.18.7", "numcodecs": "0.15.1"})
    benchmark = suite["storage.Storage.track_file_count"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    benchmark.set_param_idx(0)
    benchmark.set_cache(store_set)
    with pytest.raises(RuntimeError, match=r"no figure.*but the label says 2\.18\.7"):
        benchmark.do_setup()


def test_a_pair_that_cannot_be_installed_is_not_applicable(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    relabel(labelled_environment, impossible="zarr 2.18.7 wants numcodecs<0.16")
    benchmark = suite["storage.Storage.track_file_count"]
    store_set = store_set_of(benchmark, tmp_path / "cache")
    benchmark.set_param_idx(0)
    benchmark.set_cache(store_set)
    assert benchmark.do_setup() is True  # asv's word for n/a


def test_results_of_another_commit_are_refused(
    suite, tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    monkeypatch.setenv("ASV_COMMIT", "1" * 40)
    with pytest.raises(RuntimeError, match="files results under 11111111"):
        store_set_of(suite["read.Open.time_open"], tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
