"""The lossy benchmarks, in this process, as asv's runner does it."""

import json
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.fidelity.codec_damage import measure_damage
from cryoet_zarr_bench.storage import grid
from cryoet_zarr_bench.storage.grid import PROFILES, SECTIONS, Section

PROJECT = Path(__file__).resolve().parents[2]
UNITS = {
    "lossy.LossyRead.time_read_volume": "seconds",
    "lossy.LossyRead.time_read_volume_cpu": "seconds",
    "lossy.LossyStorage.track_compression_ratio": "times smaller",
    "lossy.LossyStorage.track_maximum_error": "density",
    "lossy.LossyStorage.track_maximum_error_in_sigma": "sigma",
    "lossy.LossyStorage.track_mse": "squared densities",
    "lossy.LossyStorage.track_psnr": "dB",
    "lossy.LossyStorage.track_smallest_fsc": "of 1",
    "lossy.LossyStorage.track_ssim": "of 1",
    "lossy.LossyStorage.track_stored_bytes": "bytes",
    "lossy.LossyStorage.track_within_bound": "1 is yes, 0 is no",
    "lossy.LossyStorage.track_worst_noise_to_signal": "of the shell's power",
    "lossy.LossyStorage.track_worst_resolution": "angstrom",
    "lossy.LossyWrite.time_write": "seconds",
    "lossy.LossyWrite.time_write_cpu": "seconds",
}
# One that numpy can foretell, a serializer, and one that the tomogram's values go into.
CODECS = ("bitround-5+zstd-1", "zfp-rate-8", "int8+zstd-1")


@pytest.fixture
def suite(monkeypatch, discover):
    monkeypatch.delenv("CRYOET_LOSS_BOUND", raising=False)
    monkeypatch.setitem(grid.SECTIONS["lossy"], "quick", Section(CODECS, ("32x32x32",), (2, 3)))
    return discover(modules=("lossy",))


def figures(suite, store_set, index):
    """Every exact figure of a cell, by its name."""
    found = {}
    for name, benchmark in suite.items():
        if "track_" in name:
            benchmark.set_param_idx(index)
            benchmark.set_cache(store_set)
            assert not benchmark.do_setup()
            found[name.partition("track_")[2]] = benchmark.func(*benchmark._build_params())
            benchmark.do_teardown()
    return found


def test_the_classes_are_complete_and_have_one_cache_that_is_not_the_lossless_one(suite):
    assert {name: benchmark.unit for name, benchmark in suite.items()} == UNITS
    keys = {benchmark.setup_cache_key for benchmark in suite.values()}
    assert len(keys) == 1 and "lossy" in keys.pop()
    for name, benchmark in suite.items():
        assert benchmark.pretty_name.startswith("Lossy: ") and "." not in benchmark.pretty_name
        assert benchmark.param_names == ["codec", "chunks", "zarr_format"]
        if name.endswith("_cpu"):
            twin = suite[name.removesuffix("_cpu")]
            assert benchmark.func.__code__.co_code == twin.func.__code__.co_code


def test_every_cell_runs_and_has_the_damage_that_is_there(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    store_set = store_set_of(suite["lossy.LossyWrite.time_write"], tmp_path / "cache")
    assert not store_set.failed and not store_set.impossible
    voxels = tomogram.load()
    for index in range(2 * len(CODECS)):
        for name in ("lossy.LossyWrite.time_write", "lossy.LossyRead.time_read_volume"):
            benchmark = suite[name]
            benchmark.set_param_idx(index)
            benchmark.set_cache(store_set)
            assert not benchmark.do_setup()
            benchmark.func(*benchmark._build_params())
            instance = benchmark.func.__self__
            if "Write" in name:
                written = instance.engine.open(instance.target)[...]
            else:
                assert np.array_equal(instance.array[...], written)
            benchmark.do_teardown()
        assert not np.array_equal(written, voxels)
        found = figures(suite, store_set, index)
        expected = measure_damage(voxels, written, tomogram.voxel_spacing)
        for name in set(found) - {"compression_ratio", "stored_bytes", "within_bound"}:
            assert found[name] == pytest.approx(getattr(expected, name), rel=1e-8), name
        files = [each for each in instance.store.folder.rglob("*") if each.is_file()]
        assert found["stored_bytes"] == sum(each.stat().st_size for each in files)
        assert found["within_bound"] == int(expected.worst_noise_to_signal <= 0.001)
        assert found["worst_resolution"] > 2 * 10
    assert not (tmp_path / "cache" / "written").exists()


@pytest.mark.parametrize(("bound", "answers"), [("1", {1}), ("1e-9", {0})])
def test_the_bound_that_is_set_is_passed_or_failed(
    bound, answers, suite, tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    monkeypatch.setenv("CRYOET_LOSS_BOUND", bound)
    store_set = store_set_of(suite["lossy.LossyWrite.time_write"], tmp_path / "cache")
    monkeypatch.setenv("CRYOET_LOSS_BOUND", "0.5")  # what counts is what was set then
    found = [figures(suite, store_set, index) for index in range(2 * len(CODECS))]
    assert {each["within_bound"] for each in found} == answers
    (path,) = (labelled_environment / "records").iterdir()
    record = json.loads(path.read_text())["damage"]
    assert record["bound"] == float(bound)
    assert {each["within_bound"] for each in record["found"]} == {bool(answers & {1})}


def test_a_bad_bound_is_refused_before_anything_is_written(
    suite, tomogram, labelled_environment, tmp_path, monkeypatch, store_set_of
):
    monkeypatch.setenv("CRYOET_LOSS_BOUND", "some")
    with pytest.raises(BadInput, match="CRYOET_LOSS_BOUND=some"):
        store_set_of(suite["lossy.LossyWrite.time_write"], tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_the_record_has_the_damage_once_and_stays_beside_that_of_the_others(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    records = labelled_environment / "records"
    records.mkdir()
    path = records / f"{'0' * 40}.testing.json"
    path.write_text(json.dumps({"stores": {"other_v2": {}}, "access": 1}))
    store_set = store_set_of(suite["lossy.LossyWrite.time_write"], tmp_path / "cache")
    record = json.loads(path.read_text())
    assert record["access"] == 1 and record["stores"] == {"other_v2": {}}
    found = record["damage"]["found"]
    told = [name for each in found for name in each["configs"]]
    assert sorted(told) == sorted(store_set.stores) == sorted(record["lossy"]["stores"])
    assert len(found) == len(CODECS)  # the same in both formats
    assert all(len(each["one_minus_fsc"]) == 12 for each in found)


def test_what_was_not_damaged_has_no_psnr(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    store_set = store_set_of(suite["lossy.LossyWrite.time_write"], tmp_path / "cache")
    voxels = tomogram.load()
    name = next(iter(store_set.damage))
    store_set.damage[name] = measure_damage(voxels, voxels, tomogram.voxel_spacing)
    found = figures(suite, store_set, 0)
    assert np.isnan(found["psnr"]) and found["mse"] == 0 and found["within_bound"] == 1


def test_a_pair_that_cannot_be_installed_is_not_applicable(
    suite, tomogram, labelled_environment, tmp_path, store_set_of
):
    path = labelled_environment / "installed-release.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "impossible": "no such pair"}))
    store_set = store_set_of(suite["lossy.LossyWrite.time_write"], tmp_path / "cache")
    for benchmark in suite.values():
        benchmark.set_param_idx(0)
        benchmark.set_cache(store_set)
        assert benchmark.do_setup() is True  # asv's word for n/a


def test_no_lossy_codec_is_in_a_lossless_part_of_the_grid_and_none_lossless_in_the_lossy_one():
    for profile in PROFILES.values():
        assert all(config.codec.lossless for config in profile.configs())
        for question, sections in SECTIONS.items():
            lossless = {config.codec.lossless for config in sections[profile.name].configs()}
            assert lossless == {question != "lossy"}
