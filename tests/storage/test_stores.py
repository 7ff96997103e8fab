"""Round trips over shapes, dtypes and configs, and engines that are wrong on purpose."""

import dataclasses
import json
import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.measured.prepared_stores.store_set import fingerprints, write_store_set
from cryoet_zarr_bench.storage.codecs.codec import Codec
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch
from cryoet_zarr_bench.storage.stores.verified_store import write_verified

ENGINE = installed_engine()
DTYPES = ("int8", "uint8", "int16", "uint16", "float16", "float32")
CONFIG = StorageConfig.of("blosc-zstd-5-shuffle", "8x8x8", 2)


def some_tomogram(shape=(12, 20, 9), dtype="float32", seed=0):
    """A tomogram of noise, unlike any fill value."""
    voxels = np.random.default_rng(seed).normal(0, 30, shape)
    return voxels.astype(dtype)


def any_bits(shape, dtype, seed):
    """Arbitrary bits: for floats NaN payloads, infinities and -0.0 among them."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.random.default_rng(seed).bytes(size), np.dtype(dtype), shape


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.tuples(*[st.integers(1, 23)] * 3),
    chunks=st.tuples(*[st.integers(1, 30)] * 3),
    chunks_per_shard=st.none() | st.tuples(*[st.integers(1, 3)] * 3),
    dtype=st.sampled_from(DTYPES),
    codec=st.sampled_from(PROFILES["full"].codecs),
    zarr_format=st.sampled_from((2, 3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_config_gives_back_the_same_bits(
    shape, chunks, chunks_per_shard, dtype, codec, zarr_format, seed
):
    content, kind, _ = any_bits(shape, dtype, seed)
    tomogram = np.frombuffer(content, kind).reshape(shape)
    shards = None
    if chunks_per_shard and zarr_format == 3:
        shards = tuple(np.multiply(chunks, chunks_per_shard).tolist())
    config = StorageConfig(Codec.parse(codec), chunks, zarr_format, shards)
    with tempfile.TemporaryDirectory() as folder:
        store = write_verified(ENGINE, tomogram, Path(folder), config)
        files = [path for path in store.folder.rglob("*") if path.is_file()]
        stored = config.stored_shape
        chunk_count = int(np.prod([-(-n // c) for n, c in zip(shape, stored, strict=True)]))
        metadata_files = [path for path in files if path.name.startswith((".z", "zarr.json"))]
        assert store.file_count == len(files) == chunk_count + len(metadata_files)
        assert store.stored_bytes == sum(path.stat().st_size for path in files)
        assert store.compression_ratio == pytest.approx(1 / store.stored_fraction)
        if codec == "none" and shards is None:
            assert store.chunk_bytes == chunk_count * int(np.prod(chunks)) * kind.itemsize


def test_one_thread_encodes_and_decodes(tmp_path):
    config = StorageConfig.of("blosc-zstd-5-shuffle", "4x4x4", 3)
    tomogram = some_tomogram((40, 40, 40))
    ENGINE.write(tomogram, tmp_path / "store", config)
    assert np.array_equal(ENGINE.open(tmp_path / "store")[...], tomogram)
    workers = [each.name for each in threading.enumerate() if each.name.startswith("zarr_pool")]
    assert len(workers) == 1


def renamed(codec, old, new):
    return Codec.parse(codec.name.replace(old, new))


class Wrong:
    """An engine that passes all on to the real one, for a test to spoil."""

    name = "wrong"
    zarr_formats = (2, 3)

    def pin_threads(self):
        ENGINE.pin_threads()

    def settings(self):
        return {}

    def why_impossible(self, config):
        return ENGINE.why_impossible(config)

    def create(self, store, shape, dtype, config, dimension_names=None):
        return ENGINE.create(store, shape, dtype, config, dimension_names)

    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, config)

    def open(self, store):
        return ENGINE.open(store)


class ZeroesOneChunk(Wrong):
    def open(self, store):
        voxels = ENGINE.open(store)[...]
        voxels[:8, 8:16, :8] = 0
        return voxels


class LosesTheSignOfZero(Wrong):
    def open(self, store):
        return ENGINE.open(store)[...] + np.float32(0)


class IgnoresTheCodec(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, dataclasses.replace(config, codec=Codec.parse("none")))


class TakesAnotherLevel(Wrong):
    def write(self, tomogram, store, config):
        codec = renamed(config.codec, "-5-", "-1-")
        ENGINE.write(tomogram, store, dataclasses.replace(config, codec=codec))


class LiesInItsMetadata(Wrong):
    """Says blosc-zstd, stores blosc-lz4: Blosc's own header is what decides when it decodes."""

    def write(self, tomogram, store, config):
        codec = renamed(config.codec, "zstd", "lz4")
        ENGINE.write(tomogram, store, dataclasses.replace(config, codec=codec))
        document = store / (".zarray" if config.zarr_format == 2 else "zarr.json")
        document.write_text(document.read_text().replace('"lz4"', '"zstd"'))


class LiesAboutShuffle(Wrong):
    def write(self, tomogram, store, config):
        codec = renamed(config.codec, "-shuffle", "-noshuffle")
        ENGINE.write(tomogram, store, dataclasses.replace(config, codec=codec))
        metadata = json.loads((store / ".zarray").read_text())
        metadata["compressor"]["shuffle"] = 1
        (store / ".zarray").write_text(json.dumps(metadata))


class TakesAnotherChunkShape(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, dataclasses.replace(config, chunks=(4, 8, 8)))


class ForgetsTheMetadata(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, config)
        (store / ".zarray").unlink()


class Casts(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram.astype("float64"), store, config)


class GivesUp(Wrong):
    def write(self, tomogram, store, config):
        raise OSError("no space left")


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (ZeroesOneChunk, r"voxels were read back with other bits, first at z, y, x = \(0, 8, 0\)"),
        (LosesTheSignOfZero, r"1 of 2160 voxels .* \(0, 0, 0\)"),
        (IgnoresTheCodec, "compressor = null"),
        (TakesAnotherLevel, '"clevel": 1'),
        (LiesInItsMetadata, "not compressed with zstd"),
        (LiesAboutShuffle, "has noshuffle, but shuffle was asked for"),
        (TakesAnotherChunkShape, r"chunks = \[4, 8, 8\]"),
        (ForgetsTheMetadata, "no .zarray was written"),
        (Casts, 'dtype = "<f8"'),
    ],
)
def test_a_wrong_engine_gets_no_figure(engine, reason, tmp_path):
    tomogram = some_tomogram()
    tomogram[0, 0, 0] = -0.0
    with pytest.raises(StoreMismatch, match=reason):
        write_verified(engine(), tomogram, tmp_path, CONFIG)


def test_the_engines_above_are_wrong_in_one_way_only(tmp_path):
    write_verified(Wrong(), some_tomogram(), tmp_path, CONFIG)


SHARDED = StorageConfig.of("blosc-zstd-5-shuffle", "4x4x4 in 8x8x8", 3)


class LeavesOutTheShards(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, dataclasses.replace(config, shards=None))


class TakesOtherChunksInShards(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, dataclasses.replace(config, chunks=(2, 4, 8)))


class LiesAboutTheCodecInShards(Wrong):
    def write(self, tomogram, store, config):
        codec = renamed(config.codec, "-shuffle", "-bitshuffle")
        ENGINE.write(tomogram, store, dataclasses.replace(config, codec=codec))
        document = store / "zarr.json"
        document.write_text(document.read_text().replace('"bitshuffle"', '"shuffle"'))


class SpoilsAShard(Wrong):
    """Changes one byte of a shard, counted from its end, where the index is."""

    def __init__(self, from_end):
        self.from_end = from_end

    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, config)
        shard = store / "c" / "0" / "1" / "0"
        content = bytearray(shard.read_bytes())
        content[-self.from_end] ^= 0xFF
        shard.write_bytes(content)


class CutsAShard(Wrong):
    def write(self, tomogram, store, config):
        ENGINE.write(tomogram, store, config)
        shard = store / "c" / "0" / "1" / "0"
        shard.write_bytes(shard.read_bytes()[:100])


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (LeavesOutTheShards(), r'"chunk_shape": \[4, 4, 4\]'),
        (TakesOtherChunksInShards(), r'"chunk_shape": \[2, 4, 8\]'),
        (LiesAboutTheCodecInShards(), "has bitshuffle, but shuffle was asked for"),
        (SpoilsAShard(1), "does not have the checksum"),
        (SpoilsAShard(20), "does not have the checksum"),
        (CutsAShard(), "no room for the index of 8 chunks"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_shard_gets_no_figure(engine, reason, tmp_path):
    with pytest.raises(StoreMismatch, match=reason):
        write_verified(engine, some_tomogram(), tmp_path, SHARDED)


def test_shards_hold_many_chunks_in_few_files(tmp_path):
    tomogram = some_tomogram((16, 16, 16))
    sharded = write_verified(ENGINE, tomogram, tmp_path, SHARDED)
    chunked = write_verified(ENGINE, tomogram, tmp_path, dataclasses.replace(SHARDED, shards=None))
    assert (sharded.file_count, chunked.file_count) == (9, 65)
    index = 8 * (8 * 16 + 4)
    assert sharded.chunk_bytes == chunked.chunk_bytes + index


def test_shards_are_not_possible_in_format_2(tmp_path):
    config = dataclasses.replace(SHARDED, zarr_format=2)
    store_set = write_store_set(ENGINE, some_tomogram(), tmp_path, [config, SHARDED])
    assert store_set.impossible == {config.name: "Zarr format 2 has no shards"}
    assert list(store_set.stores) == [SHARDED.name]


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_what_is_assigned_to_a_created_array_is_what_write_writes(tmp_path):
    tomogram = some_tomogram((16, 20, 12))
    for config in (CONFIG, SHARDED):
        ENGINE.write(tomogram, tmp_path / "whole", config)
        array = ENGINE.create(tmp_path / "parts", tomogram.shape, tomogram.dtype, config)
        array[:8], array[8:] = tomogram[:8], tomogram[8:]
        assert contents(tmp_path / "whole") == contents(tmp_path / "parts")
        shutil.rmtree(tmp_path / "whole"), shutil.rmtree(tmp_path / "parts")


def test_dimension_names_are_of_format_3(tmp_path):
    names = ("z", "y", "x")
    ENGINE.create(tmp_path / "3", (4, 4, 4), np.dtype("float32"), SHARDED, names)
    assert json.loads((tmp_path / "3" / "zarr.json").read_text())["dimension_names"] == list(names)
    ENGINE.create(tmp_path / "2", (4, 4, 4), np.dtype("float32"), CONFIG, names)
    assert "dimension_names" not in json.loads((tmp_path / "2" / ".zarray").read_text())


def test_an_uncompressed_chunk_that_was_compressed_after_all_is_caught(tmp_path):
    class Compresses(Wrong):
        def write(self, tomogram, store, config):
            ENGINE.write(tomogram, store, config)
            chunk = store / "0" / "0" / "0"
            chunk.write_bytes(chunk.read_bytes()[:-1])

    config = StorageConfig.of("none", "8x8x8", 2)
    with pytest.raises(StoreMismatch, match="uncompressed chunk has 2047 bytes, not 2048"):
        write_verified(Compresses(), some_tomogram(), tmp_path, config)


def test_a_store_set_keeps_the_reason_of_each_config_that_has_no_figure(tmp_path):
    class Format2Alone(Wrong):
        zarr_formats = (2,)

        def why_impossible(self, config):
            return None if config.zarr_format == 2 else "cannot write Zarr format 3"

        def write(self, tomogram, store, config):
            if config.codec.name == "gzip-1":
                raise OSError("no space left")
            ENGINE.write(tomogram, store, config)

    good = StorageConfig.of("zstd-5", "8x8x8", 2)
    failing = StorageConfig.of("gzip-1", "8x8x8", 2)
    impossible = StorageConfig.of("zstd-5", "8x8x8", 3)
    store_set = write_store_set(
        Format2Alone(), some_tomogram(), tmp_path, [failing, impossible, good]
    )
    assert store_set.get(good).file_count > 1
    with pytest.raises(RuntimeError, match=r"no figure for gzip-1.*no space left"):
        store_set.get(failing)
    with pytest.raises(NotImplementedError, match="cannot write Zarr format 3"):
        store_set.get(impossible)
    with pytest.raises(RuntimeError, match="never written"):
        store_set.get(CONFIG)
    assert list(fingerprints(store_set)) == [good.name]


def test_the_content_of_a_store_changes_with_one_bit(tmp_path):
    tomogram = some_tomogram()
    one = write_verified(ENGINE, tomogram, tmp_path / "one", CONFIG)
    same = write_verified(ENGINE, tomogram, tmp_path / "same", CONFIG)
    tomogram[3, 3, 3] = np.nextafter(tomogram[3, 3, 3], np.float32(np.inf))
    other = write_verified(ENGINE, tomogram, tmp_path / "other", CONFIG)
    assert one.content == same.content != other.content
