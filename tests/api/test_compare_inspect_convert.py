import json
import math

import numpy as np
import pytest
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

import cryoet_zarr_bench as czb


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def voxels():
    return np.random.default_rng(3).normal(size=(24, 28, 32)).astype("float32")


def test_figures_are_those_of_scikit_image(voxels):
    other = voxels + np.random.default_rng(4).normal(0, 0.2, voxels.shape).astype("float32")
    found = czb.compare(voxels, other)
    span = float(voxels.max() - voxels.min())
    a, b = voxels.astype("float64"), other.astype("float64")
    assert found.mse == pytest.approx(mean_squared_error(a, b))
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(a, b, data_range=span))
    assert found.ssim == pytest.approx(structural_similarity(a, b, data_range=span))
    assert found.fsc.resolution.isna().all() and (found.fsc.fsc > 0.9).all()
    assert repr(found).startswith("Comparison(mse=0.0")


def test_shells_have_resolutions_where_the_spacing_is_known(voxels):
    np.save("a.npy", voxels)
    czb.convert("a.npy", "a.mrc", voxel_spacing=10.0)
    found = czb.compare("a.mrc", voxels).fsc
    assert found.resolution.is_monotonic_decreasing and found.resolution.iloc[-1] < 25


def test_two_shapes_are_refused(voxels):
    with pytest.raises(czb.BadInput, match="have the shapes"):
        czb.compare(voxels, voxels[1:])


def test_inspecting_an_array_a_file_and_the_command_say_the_same(voxels):
    from rich.console import Console

    from cryoet_zarr_bench.commands.qc_command import QualityFiles, run_quality_control

    np.save("a.npy", voxels)
    told = []
    report = czb.inspect("a.npy", progress=lambda *done: told.append(done))
    of_array = czb.inspect(voxels)
    assert report.statistics == of_array.statistics and report.checks == of_array.checks
    assert told[-1][0] == told[-1][1]
    assert run_quality_control(
        Console(quiet=True), "a.npy", None, QualityFiles(_path("a.json"))
    ) in (0, 1)
    said = json.loads(_path("a.json").read_text())
    assert said["verdict"] == report.verdict and said["sha256"] == report.sha256
    assert list(report.to_frame().check) == [check["name"] for check in said["checks"]]


def _path(name):
    from pathlib import Path

    return Path(name)


def test_converting_there_and_back_keeps_all(voxels):
    np.save("a.npy", voxels)
    steps = []
    made = czb.convert(
        "a.npy",
        "a.zarr",
        "zstd-5 16x16x16 v2",
        voxel_spacing=(1.0, 2.0, 3.0),
        progress=lambda step, now, total: steps.append(step),
    )
    assert made.config == czb.StorageConfig.parse("zstd-5 16x16x16 v2")
    assert made.kept_spacing == (1.0, 2.0, 3.0) and "writing level 0" in steps
    back = czb.convert("a.zarr", "b.mrc")
    assert back.config is None and back.kept_spacing == (1.0, 2.0, 3.0)
    assert np.array_equal(czb.open("b.mrc"), voxels)
    with pytest.raises(czb.BadInput, match="exists already"):
        czb.convert("a.npy", "a.zarr")
    assert czb.convert("a.npy", "a.zarr", overwrite=True).shape == voxels.shape
    assert np.array_equal(czb.open("a.zarr::1"), czb.open("a.zarr::1"))


@pytest.mark.parametrize("config", ["zstd-5", "bitround-8 16x16x16", "nothing 16x16x16"])
def test_a_config_that_cannot_be_is_refused(voxels, config):
    np.save("a.npy", voxels)
    with pytest.raises(czb.BadInput):
        czb.convert("a.npy", "a.zarr", config)
    assert not _path("a.zarr").exists()


def test_the_committed_results_are_tidy():
    found = czb.results()
    assert not found.duplicated(
        [column for column in found.columns if column not in ("profile", "value", "spread")]
    ).any()
    assert found.value.notna().all()
    exact = found.benchmark == "storage.Storage.track_stored_bytes"
    assert found[exact].spread.isna().all()
    timed = found.benchmark == "write.Write.time_write"
    assert found[timed].spread.notna().mean() > 0.9 and (found[timed].spread.dropna() >= 0).all()
    (machine,) = set(czb.results(machine=found.machine[0]).machine)
    assert machine == found.machine[0] and not math.isnan(found.value.max())
    with pytest.raises(czb.BadInput, match="is no folder"):
        czb.results("nowhere")
