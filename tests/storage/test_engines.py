"""Every engine writes what was asked for and reads what the others wrote."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorstore
import zarr

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import (
    ENGINES,
    EngineMissing,
    engine_called,
    installed_engine,
    settings_in_force,
    take_over,
)
from cryoet_zarr_bench.storage.stores.metadata_defaults import spelled_out
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.storage.stores.verified_store import write_verified

CODECS = ("none", "blosc-lz4-5-shuffle", "blosc-zstd-5-bitshuffle", "zstd-5", "gzip-5")
CONFIGS = [
    StorageConfig.of(codec, chunks, zarr_format)
    for codec in CODECS
    for chunks, zarr_format in (("8x8x8", 2), ("8x8x8", 3), ("8x8x8 in 16x16x16", 3))
]


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    take_over(installed_engine())


def noise(dtype="float32"):
    return np.random.default_rng(0).normal(0, 30, (20, 24, 28)).astype(dtype)


@pytest.mark.parametrize("name", ENGINES)
def test_what_it_writes_is_verified_and_the_same_for_all(name, tmp_path):
    own = engine_called("zarr-python")
    engine = engine_called(name)
    for config in CONFIGS:
        take_over(own)
        expected = write_verified(own, noise(), tmp_path / "own", config)
        take_over(engine)
        store = write_verified(engine, noise(), tmp_path / "its", config)
        # Each has a gzip of its own. In shards the order of chunks may be another one.
        if config.codec.name != "gzip-5":
            assert store.chunk_bytes == expected.chunk_bytes
            assert config.shards or store.content == expected.content
        assert np.array_equal(engine.open(expected.folder)[...], noise())
        assert np.array_equal(engine.open(expected.folder)[5:6, 2:9, :], noise()[5:6, 2:9, :])


@pytest.mark.parametrize("name", ENGINES)
def test_a_chunk_of_the_fill_value_is_stored_but_by_zarrs(name, tmp_path):
    voxels = noise()
    voxels[:8, :8, :8] = 0
    engine = engine_called(name)
    take_over(engine)
    for zarr_format in (2, 3):
        config = StorageConfig.of("none", "8x8x8", zarr_format)
        store = write_verified(engine, voxels, tmp_path, config)
        chunks = 3 * 3 * 4 - (name == "zarrs")
        assert store.chunk_bytes == chunks * 8**3 * 4


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "float16"])
@pytest.mark.parametrize("name", ENGINES)
def test_every_kind_of_voxel(name, dtype, tmp_path):
    engine = engine_called(name)
    take_over(engine)
    for zarr_format in (2, 3):
        config = StorageConfig.of("blosc-zstd-5-shuffle", "8x8x8", zarr_format)
        write_verified(engine, noise(dtype), tmp_path, config)


def test_a_pipeline_that_is_not_at_work_is_noticed(tmp_path):
    config = StorageConfig.of("zstd-5", "8x8x8", 3)
    for name in ("zarr-python-fused", "zarrs"):
        take_over(engine_called("zarr-python"))
        with pytest.raises(RuntimeError, match="BatchedCodecPipeline is at work"):
            engine_called(name).write(noise(), tmp_path / name, config)


def test_zarrs_hands_nothing_on_in_silence(tmp_path):
    """By itself it leaves to zarr-python what it cannot do, and the figure would be of that."""
    own, zarrs = engine_called("zarr-python"), engine_called("zarrs")
    take_over(own)
    own.write(noise(), tmp_path / "lz4", StorageConfig.of("lz4-1", "8x8x8", 2))
    own.write(noise(), tmp_path / "zstd", StorageConfig.of("zstd-5", "8x8x8", 3))
    take_over(zarrs)
    with pytest.raises(Exception, match=r"^$"):
        zarrs.open(tmp_path / "lz4")[...]
    array = zarrs.open(tmp_path / "zstd")
    assert np.array_equal(array[5:6, :, :], noise()[5:6])
    with pytest.raises(Exception, match=r"\(8,\) != \(8, 8\)"):
        array[5, :, :]


def test_one_thread_is_one_and_default_is_what_the_library_has(tmp_path):
    """In a process of its own: zarr-python's number of threads is set once."""
    program = """
import json, os, sys
import numpy as np
import numcodecs.blosc
import zarr
before = [zarr.config.get("threading.max_workers"), numcodecs.blosc.use_threads]
sys.path.append(sys.argv[1])
from pathlib import Path
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import engine_called, installed_engine, take_over
from cryoet_zarr_bench.storage.engines import settings_in_force
installed_engine()
engine = engine_called(sys.argv[3])
take_over(engine, sys.argv[4] == "one")
config = StorageConfig.of("zstd-1", "8x8x8", 3)
engine.write(np.ones((64, 64, 64), "f4"), Path(sys.argv[2]), config)
import threading
print(json.dumps({
    "before": before, "settings": settings_in_force(engine),
    "own": sum(each.name.startswith("asyncio") for each in threading.enumerate()),
    "fused": sum(each.name.startswith("ThreadPool") for each in threading.enumerate()),
}))
"""
    project = Path(__file__).resolve().parents[2]
    found = {}
    for name, threads in (
        ("zarr-python", "default"),  # that one thread is one, test_stores.py has
        ("zarr-python-fused", "one"),
        ("zarr-python-fused", "default"),
    ):
        store = tmp_path / f"{name}-{threads}"
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program, project, store, name, threads],
            capture_output=True,
            text=True,
        )
        assert answer.returncode == 0, answer.stderr
        found[name, threads] = json.loads(answer.stdout)
    own = found["zarr-python", "default"]
    assert own["settings"]["threading"]["max_workers"] is own["before"][0] is None
    assert own["settings"]["blosc.use_threads"] is own["before"][1]
    assert own["own"] > 1
    one, default = found["zarr-python-fused", "one"], found["zarr-python-fused", "default"]
    assert one["settings"]["codec_pipeline"]["max_workers"] == 1
    assert default["settings"]["codec_pipeline"]["max_workers"] is None
    assert one["fused"] == 0
    assert default["fused"] == (os.cpu_count() if os.cpu_count() > 1 else 0)


def test_tensorstore_syncs_only_where_asked():
    engine = engine_called("tensorstore")
    take_over(engine)
    assert engine.settings()["file_io_sync"] is False
    assert engine.synced.settings() == {**engine.settings(), "file_io_sync": True}
    take_over(engine, one_thread=False)
    assert "data_copy_concurrency" not in engine.synced.settings()
    # What has to be said, since it is not what the library does by itself.
    assert tensorstore.Context()["file_io_sync"].to_json() is True


def test_taking_over_leaves_nothing_of_the_last_engine():
    take_over(engine_called("zarr-python"), one_thread=False)
    begun = settings_in_force(engine_called("zarr-python"))
    for name in ENGINES:
        take_over(engine_called(name))
    take_over(engine_called("zarr-python"), one_thread=False)
    assert settings_in_force(engine_called("zarr-python")) == begun
    assert zarr.config.get("array.write_empty_chunks") is False


def test_an_engine_that_is_not_installed_is_missing_with_the_reason(monkeypatch):
    for name in ("tensorstore", "zarrs"):
        module = f"cryoet_zarr_bench.storage.engines.{ENGINES[name]}"
        monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(EngineMissing, match=f"{name} is not in this environment"):
            engine_called(name)


def test_left_out_defaults_are_spelled_out_and_others_are_not(tmp_path):
    engine = engine_called("tensorstore")
    take_over(engine)
    config = StorageConfig.of("blosc-zstd-5-noshuffle", "8x8x8 in 16x16x16", 3)
    engine.write(noise(), tmp_path / "store", config)
    written = json.loads((tmp_path / "store" / "zarr.json").read_text())
    (sharding,) = written["codecs"]
    assert "index_location" not in sharding["configuration"]
    (spelled,) = spelled_out(written)["codecs"]
    assert spelled["configuration"]["index_location"] == "end"
    assert spelled["configuration"]["codecs"][-1]["configuration"]["typesize"] == 4
    assert sharding["configuration"].get("index_location") is None  # the document is as it was
    sharding["configuration"]["index_location"] = "start"
    assert spelled_out(written)["codecs"][0]["configuration"]["index_location"] == "start"


def test_tensorstore_that_writes_another_level_is_noticed(tmp_path, monkeypatch):
    engine = engine_called("tensorstore")
    take_over(engine)
    config = StorageConfig.of("zstd-5", "8x8x8", 3)
    right = engine.create

    def another_level(store, shape, dtype, config, dimension_names=None):
        return right(store, shape, dtype, StorageConfig.of("zstd-1", "8x8x8", 3))

    monkeypatch.setattr(engine, "create", another_level)
    with pytest.raises(StoreMismatch, match="codecs"):
        write_verified(engine, noise(), tmp_path, config)
    shutil.rmtree(tmp_path)
