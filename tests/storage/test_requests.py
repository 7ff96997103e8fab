"""What is counted for layouts whose requests are known, in old releases too, and is exact."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.measured.prepared_stores.core_stores import Figures
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
from cryoet_zarr_bench.releases.installation import install, make_environment
from cryoet_zarr_bench.storage.boxes import shape_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.object_store.bucket import Bucket, Request
from cryoet_zarr_bench.storage.object_store.request_latency import ASSUMED
from cryoet_zarr_bench.storage.patterns.access_figures import access_figures, pyramid_of
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS, SEED
from cryoet_zarr_bench.storage.patterns.request_counts import (
    check_changed,
    count_changing,
    count_reading,
    count_writing,
    other_voxels,
)
from cryoet_zarr_bench.storage.patterns.shard_access import inner_chunk, shard_figures
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.storage.stores.verified_store import write_verified

PROJECT = Path(__file__).resolve().parents[2]
ENGINE = installed_engine()
TOMOGRAM = np.random.default_rng(0).normal(size=(128, 128, 128)).astype("float32")
SMALL = TOMOGRAM[:24, :40, :36]
VOXEL_BYTES = 4


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A function that writes the tomogram, uncompressed, in the chunks named, once for each."""
    folder = tmp_path_factory.mktemp("stores")
    made = {}

    def write(chunks, zarr_format=3):
        config = StorageConfig.of("none", chunks, zarr_format)
        if config not in made:
            made[config] = folder / config.name
            ENGINE.write(TOMOGRAM, made[config], config)
        return made[config]

    return write


def box_of(name):
    (box,) = ACCESS_PATTERNS[name].boxes(TOMOGRAM.shape, SEED)
    return box


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(
    ("chunks", "chunk_gets"),
    [
        ("64x64x64", {"xy_slice": 4, "xz_slice": 4, "yz_slice": 4, "volume": 8}),
        ("16x128x128", {"xy_slice": 1, "xz_slice": 8, "yz_slice": 8, "volume": 8}),
        ("256x256x256", {"xy_slice": 1, "xz_slice": 1, "yz_slice": 1, "volume": 1}),
    ],
)
def test_a_chunk_is_one_get(chunks, chunk_gets, zarr_format, written):
    store = written(chunks, zarr_format)
    chunk_bytes = int(np.prod([int(n) for n in chunks.split("x")])) * VOXEL_BYTES
    for name, expected in chunk_gets.items():
        trace = count_reading(ENGINE, store, [box_of(name)], TOMOGRAM)
        metadata = [each for each in trace.requests if each.is_of_metadata]
        assert trace.metadata_gets == len(metadata) and trace.requests[: len(metadata)] == metadata
        assert trace.gets - trace.metadata_gets == expected
        assert trace.ranged_gets == trace.puts == trace.bytes_put == 0
        fetched = sum(each.moved for each in metadata) + expected * chunk_bytes
        assert trace.bytes_fetched == fetched


def test_boxes_are_read_one_after_the_other(written):
    store = written("64x64x64")
    one = count_reading(ENGINE, store, [box_of("xy_slice")], TOMOGRAM)
    opened = count_reading(ENGINE, store, [], TOMOGRAM)
    three = count_reading(ENGINE, store, [box_of("xy_slice")] * 3, TOMOGRAM)
    assert three.gets - opened.gets == 3 * (one.gets - opened.gets)
    assert three.seconds - opened.seconds == pytest.approx(3 * (one.seconds - opened.seconds))
    assert opened.gets == opened.metadata_gets > 0


def test_a_chunk_in_a_shard_is_two_ranged_gets(written):
    store = written("32x32x32 in 128x128x128")
    index_bytes = 16 * 4**3 + 4
    config = StorageConfig.of("none", "32x32x32 in 128x128x128", 3)
    trace = count_reading(ENGINE, store, [inner_chunk(TOMOGRAM.shape, config)], TOMOGRAM)
    index, chunk = (each for each in trace.requests if each.is_ranged)
    assert index.http_range == f"bytes=-{index_bytes}" and index.moved == index_bytes
    assert chunk.moved == 32**3 * VOXEL_BYTES and chunk.begin >= index.end
    # What is wanted of two chunks side by side may be fetched by one request.
    whole_slice = count_reading(ENGINE, store, [box_of("xy_slice")], TOMOGRAM)
    assert 2 <= whole_slice.ranged_gets <= 1 + 16
    everything = count_reading(ENGINE, store, [box_of("volume")], TOMOGRAM)
    assert everything.ranged_gets == 0 and everything.gets - everything.metadata_gets == 1


@pytest.mark.parametrize(
    ("chunks", "files"), [("16x16x16", 18), ("8x8x8 in 16x16x16", 18), ("64x64x64", 1)]
)
def test_writing_puts_each_file_once(chunks, files, tmp_path):
    config = StorageConfig.of("zstd-5", chunks, 3)
    trace = count_writing(ENGINE, SMALL, tmp_path / "counted", config)
    store = write_verified(ENGINE, SMALL, tmp_path, config)
    assert trace.puts == store.file_count == files + 1
    assert trace.bytes_put == store.stored_bytes
    assert not (tmp_path / "counted").exists()


@pytest.mark.parametrize("chunks", ["16x16x16", "8x8x8 in 16x16x16"])
def test_changing_a_chunk_puts_what_it_is_stored_in(chunks, tmp_path):
    config = StorageConfig.of("zstd-5", chunks, 3)
    store = write_verified(ENGINE, SMALL, tmp_path, config)
    box = inner_chunk(SMALL.shape, config)
    trace = count_changing(ENGINE, store.folder, box, SMALL, tmp_path / "copy")
    (put,) = (each for each in trace.requests if each.kind == "PUT")
    assert trace.puts == 1 and trace.bytes_put == put.moved > 0
    # All of a chunk is written without looking at it; of a shard the rest has to be there.
    if config.shards:
        assert any(each.key == put.key and each.kind == "GET" for each in trace.requests)
    assert not (tmp_path / "copy").exists()
    assert np.array_equal(ENGINE.open(store.folder)[...], SMALL)


def test_other_voxels_all_differ():
    for dtype in ("int8", "uint16", "float16", "float32"):
        voxels = SMALL.astype(dtype)
        bits = f"u{voxels.dtype.itemsize}"
        assert other_voxels(voxels).dtype == voxels.dtype
        assert (other_voxels(voxels).view(bits) != np.ascontiguousarray(voxels).view(bits)).all()


def test_a_change_beside_the_box_is_found(tmp_path):
    config = StorageConfig.of("none", "16x16x16", 3)
    store = write_verified(ENGINE, SMALL, tmp_path, config).folder
    box = inner_chunk(SMALL.shape, config)
    array = ENGINE.open_to_change(store)
    array[box] = other_voxels(SMALL[box])
    check_changed(ENGINE, store, box, SMALL)
    array[0, 1, 2] = 5
    with pytest.raises(StoreMismatch, match=r"1 of 34560 voxels .* \(0, 1, 2\)"):
        check_changed(ENGINE, store, box, SMALL)
    array[0, 1, 2] = SMALL[0, 1, 2]
    array[box] = SMALL[box]
    with pytest.raises(StoreMismatch, match=f"{16**3} of 34560 voxels"):
        check_changed(ENGINE, store, box, SMALL)


def test_what_is_read_wrong_is_not_counted(tmp_path):
    config = StorageConfig.of("none", "16x16x16", 3)
    store = write_verified(ENGINE, SMALL, tmp_path, config).folder
    (store / "c" / "0" / "0" / "0").unlink()
    everything = tuple(slice(0, length) for length in SMALL.shape)
    with pytest.raises(StoreMismatch, match="4096 of 34560 voxels"):
        count_reading(ENGINE, store, [everything], SMALL)


@pytest.mark.parametrize(
    ("figures", "chunks"), [(access_figures, "16x16x16"), (shard_figures, "8x8x8 in 16x16x16")]
)
def test_a_config_whose_counting_fails_has_no_figure(figures: Figures, chunks, tmp_path):
    config = StorageConfig.of("none", chunks, 3)
    store_set = write_store_set(ENGINE, SMALL, tmp_path, [config])
    wrong = SMALL.copy()
    wrong[3, 4, 5] += 1
    store_set.fill_figures(config, lambda store: figures(ENGINE, wrong, config, store))
    with pytest.raises(RuntimeError, match=r"no figure for none_.* 1 of [0-9]+ voxels"):
        store_set.figure(config, "write_puts")


def test_every_figure_of_every_pattern(tmp_path):
    config = StorageConfig.of("blosc-zstd-5-shuffle", "16x16x16", 3)
    store = write_verified(ENGINE, SMALL, tmp_path, config)
    found = access_figures(ENGINE, SMALL, config, store)
    for pattern in ACCESS_PATTERNS.values():
        assert found[f"{pattern.name}_gets"] >= found["open_gets"] > 0
        assert found[f"{pattern.name}_modelled_seconds"] >= ASSUMED.seconds_per_request
        assert (f"{pattern.name}_overread" in found) == pattern.reads_voxels
    # 9, 6 and 6 chunks of 16^3 for slices of 40 x 36, 24 x 36 and 24 x 40 voxels.
    over = [9 * 4096 / 1440, 6 * 4096 / 864, 6 * 4096 / 960]
    assert found["worst_slice_overread"] == pytest.approx(max(over), abs=1e-6)
    assert found["mean_slice_overread"] == pytest.approx(np.prod(over) ** (1 / 3), abs=1e-6)
    # The pyramid has a quarter of the tomogram along each axis, its other levels are not needed.
    assert found["coarse_level_overread"] == pytest.approx(4096 / (6 * 10 * 9), abs=1e-6)
    assert sorted(each.name for each in pyramid_of(store).iterdir()) == ["2", "zarr.json"]
    assert found["write_bytes_put"] == store.stored_bytes


@given(
    content=st.binary(max_size=50),
    start=st.none() | st.integers(-60, 60),
    stop=st.none() | st.integers(0, 60),
)
def test_a_bucket_gives_the_bytes_that_are_asked_for(tmp_path_factory, content, start, stop):
    if start is not None and start < 0:
        stop = None
    bucket = Bucket(tmp_path_factory.getbasetemp())
    bucket.put("some/key", content, 0.0)
    found, seconds = bucket.get("some/key", start, stop, 1.0)
    assert found == content[start:stop]
    assert bucket.trace.bytes_put == len(content) and bucket.trace.bytes_fetched == len(found)
    assert seconds == ASSUMED.seconds(len(found)) and bucket.trace.seconds == 1.0 + seconds
    assert bucket.get("no/key", start, stop, 0.0)[0] is None
    assert bucket.trace.gets == 2
    assert bucket.trace.ranged_gets == (0 if (start, stop) == (None, None) else 2)


def test_ranges_as_http_has_them():
    def asked(start, stop):
        return Request("GET", "key", start, stop, 0, 0, 0).http_range

    assert asked(None, None) is None
    assert asked(0, 10) == "bytes=0-9" and asked(5, None) == "bytes=5-"
    assert asked(-84, None) == "bytes=-84"


def test_shapes_of_boxes_are_what_is_used():
    assert shape_of(box_of("xz_slice")) == (128, 1, 128)


COUNTING = """
import json, pathlib, sys, tempfile
sys.path.append(sys.argv[1])
import numpy
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS
from cryoet_zarr_bench.storage.patterns.access_figures import access_figures
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.patterns.shard_access import shard_figures
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
engine = installed_engine()
tomogram = (numpy.arange(64**3) % 251).astype("float32").reshape(64, 64, 64)
configs = [StorageConfig.of("none", "32x32x32", 2)]
if 3 in engine.zarr_formats:
    configs = [StorageConfig.of("none", "8x64x64", 3),
               StorageConfig.of("none", "16x16x16 in 64x64x64", 3)]
with tempfile.TemporaryDirectory() as folder:
    store_set = write_store_set(engine, tomogram, pathlib.Path(folder), configs)
    for config in configs:
        figures = shard_figures if config.shards else access_figures
        store_set.fill_figures(config, lambda store: figures(engine, tomogram, config, store))
assert not store_set.failed, store_set.failed
print(json.dumps(store_set.figures))
"""


def slice_figures(figures, config):
    return [figures[config][f"xy_slice_{name}"] for name in ("gets", "ranged_gets", "overread")]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("zarr", "numcodecs", "opening"), [("2.18.0", "0.13.0", 1), ("3.0.0", "0.14.1", 3)]
)
def test_old_releases_are_counted_alike_every_time(zarr, numcodecs, opening, tmp_path):
    environment = tmp_path / "environment"
    make_environment(find_interpreter("3.12") or pytest.skip("no CPython 3.12"), environment)
    pins = [f"zarr=={zarr}", f"numcodecs=={numcodecs}", "numpy==2.2.6"]
    assert install(environment, pins).impossible is None

    def count(hash_seed):
        answer = subprocess.run(
            [environment / "bin" / "python", "-W", "ignore", "-c", COUNTING, PROJECT],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    found = count("1")
    assert count("2") == found
    if zarr < "3":
        assert slice_figures(found, "none_32x32x32_v2") == [opening + 4, 0, 32]
        assert found["none_32x32x32_v2"]["write_puts"] == 9
        return
    assert slice_figures(found, "none_8x64x64_v3") == [opening + 1, 0, 8]
    shards = found["none_16x16x16-in-64x64x64_v3"]
    # This release asks for the chunks of a shard one after the other.
    assert shards["xy_slice_gets"] == opening + 1 + 16
    waits = (1 + 1 + 16) * ASSUMED.seconds_per_request
    moved = (16 * 64 + 4 + 16 * 16**3 * VOXEL_BYTES) / ASSUMED.bytes_per_second
    assert shards["xy_slice_modelled_seconds"] == pytest.approx(waits + moved, abs=1e-4)
