import importlib.metadata

import numpy as np
import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.api.tomogram_inputs import prepared
from cryoet_zarr_bench.measurement import fresh_processes, measured_environments
from cryoet_zarr_bench.measurement.fresh_processes import measure_configs
from cryoet_zarr_bench.measurement.measured_environments import MeasuredEnvironment, environment_of


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "cache"))
    # Or a test that runs beside this one would be another run on this machine.
    monkeypatch.setattr(fresh_processes, "WORK", tmp_path / "work")
    monkeypatch.setattr(measured_environments, "WORK", tmp_path / "work")


@pytest.fixture(scope="module")
def voxels():
    return np.random.default_rng(2).normal(size=(40, 48, 56)).astype("float32")


CONFIGS = (
    "zstd-5 16x16x16",
    "blosc-lz4-5-bitshuffle 64x64x64 v2",
    "shuffle+zstd-3 8x16x16 in 40x48x64",
)


def test_a_row_for_each_config_with_both_clocks_and_exact_figures(voxels):
    told = []
    found = czb.measure(
        voxels,
        CONFIGS,
        patterns=("write", "read", "slice", "open"),
        repeat=2,
        progress=lambda *done: told.append(done),
    )
    assert list(found.config) == list(CONFIGS)
    assert list(found.reason) == [""] * 3
    times = [f"{name}_{end}" for name in ("write", "read", "slice") for end in ("s", "cpu_s")]
    assert (found[times] > 0).all(axis=None)
    assert (found.filter(like="_spread") >= 0).all(axis=None)
    # Chunks or a shard, and one document, in format 2 two.
    assert list(found.files) == [3 * 3 * 4 + 1, 1 + 2, 1 + 1]
    # 3 x 4 chunks, one, and an index with at least one part of its shard.
    of_chunks = found.gets - found.open_gets
    assert list(of_chunks)[:2] == [12, 1] and of_chunks[2] >= 2
    assert found.stored_bytes[0] == pytest.approx(voxels.nbytes / found.ratio[0], rel=1e-3)
    assert told == [(1, 3), (2, 3), (3, 3)]
    zarr = importlib.metadata.version("zarr")
    assert (found.attrs["zarr"], found.attrs["processes"]) == (zarr, 2)


def test_configs_as_objects_and_other_patterns(voxels):
    config = czb.StorageConfig.parse("none 16x16x16")
    found = czb.measure(voxels, config, patterns=("xz_slice", "particles", "open"), repeat=1)
    assert list(found.config) == ["none 16x16x16"]
    assert {"xz_slice_s", "particles_cpu_s", "open_s", "particles_gets"} <= set(found.columns)
    assert "write_s" not in found.columns


def test_a_config_that_cannot_be_written_has_its_reason_and_stops_no_other(voxels):
    found = czb.measure(voxels, ["zstd-5 8x8x8 in 40x48x56 v2", "zstd-5 64x64x64"], repeat=1)
    assert found.reason[0] == "Zarr format 2 has no shards"
    assert found.iloc[0].drop(["config", "reason"]).isna().all()
    assert found.reason[1] == "" and found.write_s[1] > 0


def test_a_config_that_is_named_twice_has_one_row(voxels):
    names = ["zstd-5 64x64x64", " zstd-5  64x64x64", "zstd-5 64x64x64 v3"]
    found = czb.measure(voxels, names, patterns=("open",), repeat=1)
    assert list(found.config) == ["zstd-5 64x64x64"] and found.open_s[0] > 0


def test_another_release_is_measured_in_an_environment_of_its_own(voxels):
    found = czb.measure(voxels, "zstd-5 64x64x64 v2", zarr="2.18.7", repeat=1)
    assert found.attrs["zarr"] == "2.18.7"
    assert found.reason[0] == "" and found.files[0] == 2


def test_a_release_that_is_not_the_one_on_the_label_has_no_figures(voxels):
    here = environment_of(None, None)
    wrong = MeasuredEnvironment(here.python, {**here.packages, "zarr": "9.9.9"})
    configs = {"a": czb.StorageConfig.parse("zstd-5 64x64x64")}
    with prepared(voxels) as ready, pytest.raises(czb.BadInput, match="ReleaseMismatch"):
        measure_configs(ready, configs, ["write"], wrong, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"configs": []}, "configs: is empty"),
        ({"configs": ["zstd-5"]}, "is no storage config"),
        ({"configs": ["nothing-5 64x64x64"]}, "no codec is called"),
        ({"patterns": ["sideways"]}, "'sideways'"),
        ({"patterns": []}, "has nothing"),
        ({"repeat": 0}, "repeat=0"),
        ({"numcodecs": "0.16.1"}, "give both"),
        ({"zarr": "1.0"}, "is not in the catalogue"),
    ],
)
def test_what_cannot_be_measured_is_one_line(voxels, arguments, said):
    with pytest.raises(czb.BadInput) as refusal:
        czb.measure(voxels, **{"configs": "zstd-5 64x64x64", "repeat": 1, **arguments})
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((4, 4), "float32"), ((4, 4, 4), "float64"), ((0, 4, 4), "int8")]
)
def test_an_array_that_is_no_tomogram_is_refused(shape, dtype):
    with pytest.raises(czb.BadInput):
        czb.measure(np.zeros(shape, dtype), "zstd-5 4x4x4", repeat=1)


@pytest.mark.parametrize(
    "text",
    ["zstd-5 64x64x64", "zstd-5 64x64x64 v2", "shuffle+zstd-3 128x128x128 in 256x640x640"],
)
def test_a_config_is_written_as_it_is_read(text):
    config = czb.StorageConfig.parse(text)
    assert config.text == text
    assert czb.StorageConfig.parse(f"  {text.replace(' ', '  ')} ") == config
