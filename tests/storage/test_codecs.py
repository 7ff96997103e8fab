"""Every codec of the table: what comes back, what is on the disk, what a release cannot do."""

import itertools
import tempfile
from pathlib import Path

import numcodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import StoreMismatch
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
from cryoet_zarr_bench.storage.codecs.codec import Codec
from cryoet_zarr_bench.storage.codecs.codec_families import (
    BLOSC_ZSTD_LEVELS,
    FAMILIES,
    Unsuited,
    family_of,
)
from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.storage.stores import codec_trial
from cryoet_zarr_bench.storage.stores.codec_trial import why_codec_impossible
from cryoet_zarr_bench.storage.stores.store_checks import check_read_back, check_stored_file
from cryoet_zarr_bench.storage.stores.verified_store import write_verified

ENGINE = installed_engine()

LOSSLESS = (
    "none",
    "blosc-blosclz-5-shuffle",
    "blosc-lz4-1-bitshuffle-1MiB",
    "blosc-zstd-5-noshuffle",
    "zstd-22",
    "gzip-1",
    "lz4-1",
    "bz2-5",
    "lzma-5",
    "shuffle",
    "shuffle+zstd-5",
    "delta",
    "delta+shuffle+zstd-5",
    "delta+blosc-zstd-5-shuffle",
    "pcodec-4",
    "pcodec-8",
    "zfp-reversible",
)
LOSSY = (
    "bitround-5",
    "bitround-8+blosc-zstd-5-bitshuffle",
    "bitround-12+pcodec-8",
    "float16",
    "float16+shuffle+zstd-5",
    "int16+zstd-5",
    "int8+zstd-5",
    "int8+blosc-zstd-5-shuffle",
    "quantise-16+zstd-5",
    "quantise-2+blosc-zstd-5-bitshuffle",
    "zfp-accuracy-16",
    "zfp-precision-12",
    "zfp-rate-8",
    "sz3-accuracy-16",
    "int16+jpeg2000",
    "int8+jpeg2000-40",
)
FLOAT_DELTAS = [name for name in LOSSLESS if name.startswith("delta")]
OF_SLICES = [name for name in LOSSY if "jpeg2000" in name]


def some_tomogram(shape=(12, 20, 9), dtype="float32"):
    return np.random.default_rng(0).normal(3, 30, shape).astype(dtype)


def test_the_names_above_are_of_every_family():
    named = {family_of(part)[0] for name in LOSSLESS + LOSSY for part in Codec.parse(name).parts}
    assert named == set(FAMILIES)
    assert all(Codec.parse(name).lossless for name in LOSSLESS)
    assert not any(Codec.parse(name).lossless for name in LOSSY)
    assert all(Codec.parse(name).name == name for name in LOSSLESS + LOSSY)


@pytest.mark.parametrize("chunks", ["8x8x8", "4x4x8 in 8x8x8"])
def test_each_writes_and_verifies_in_both_formats(chunks, tmp_path):
    formats = (3,) if "in" in chunks else (2, 3)
    tomogram = some_tomogram()
    before = tomogram.copy()
    configs = [
        StorageConfig.of(name, chunks, zarr_format)
        for name, zarr_format in itertools.product(LOSSLESS + LOSSY, formats)
    ]
    store_set = write_store_set(ENGINE, tomogram, tmp_path, configs)
    assert store_set.failed == {}
    # The bits of floats as integers are no floats when format 3 reads them.
    impossible = {
        StorageConfig.of(name, chunks, 3).name: "read back with other bits" for name in FLOAT_DELTAS
    }
    if 2 in formats:
        # numcodecs hands a line of integers on, where zarr 3 hands on a chunk.
        flat = "planar requires at least 3 dimensions"
        impossible |= {StorageConfig.of(name, chunks, 2).name: flat for name in OF_SLICES}
    assert set(store_set.impossible) == set(impossible)
    assert all(reason in store_set.impossible[name] for name, reason in impossible.items())
    assert len(store_set.stores) == len(configs) - len(impossible)
    assert np.array_equal(tomogram, before)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.tuples(*[st.integers(1, 17)] * 3),
    chunks=st.tuples(*[st.integers(1, 20)] * 3),
    dtype=st.sampled_from(["int8", "uint8", "int16", "uint16", "float16", "float32"]),
    name=st.sampled_from([name for name in LOSSLESS if name != "none"])
    | st.sampled_from(PROFILES["full"].section("codecs").codecs),
    zarr_format=st.sampled_from((2, 3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_bits_come_back(shape, chunks, dtype, name, zarr_format, seed):
    """For floats NaN payloads, infinities, subnormal numbers and -0.0 are among them."""
    config = StorageConfig(Codec.parse(name), chunks, zarr_format)
    with tempfile.TemporaryDirectory() as place:
        assume(why_codec_impossible(ENGINE, config, np.dtype(dtype), Path(place)) is None)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    bits = np.random.default_rng(seed).bytes(size)
    tomogram = np.frombuffer(bits, dtype).reshape(shape)
    with tempfile.TemporaryDirectory() as folder:
        store = write_verified(ENGINE, tomogram, Path(folder), config)
        read = ENGINE.open(store.folder)[...]
    assert read.dtype == tomogram.dtype and read.tobytes() == tomogram.tobytes()


@given(
    values=st.lists(st.floats(width=32), min_size=1, max_size=50),
    dtype=st.sampled_from(["float16", "float32"]),
    name=st.sampled_from(["bitround-1", "bitround-7", "bitround-10", "float16"]),
)
def test_formulas_are_what_numcodecs_makes_of_any_float(values, dtype, name):
    with np.errstate(all="ignore"):
        voxels = np.array(values, "float32").astype(dtype)
        (step,) = Codec.parse(name).steps(voxels.dtype)
        codec = numcodecs.get_codec(dict(step.config))
        made = codec.decode(codec.encode(voxels.copy())).view(voxels.dtype)
        foretold = step.formula(voxels)
    assert foretold.tobytes() == made.tobytes()


@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.floats(1e-6, 1e6),
    dtype=st.sampled_from(["float32", "int16", "uint8"]),
    name=st.sampled_from(["int8", "int16", "quantise-2", "quantise-16"]),
)
def test_formulas_are_what_numcodecs_makes_of_any_range(seed, spread, dtype, name):
    voxels = np.random.default_rng(seed).normal(0, spread, 100)
    limits = np.finfo(dtype) if dtype == "float32" else np.iinfo(dtype)
    voxels = np.clip(voxels, limits.min, limits.max).astype(dtype)
    scaling = Scaling.of(voxels)
    assume(scaling.sigma > 0)
    try:
        (step,) = Codec.parse(name).steps(voxels.dtype, scaling)
    except Unsuited as reason:
        # The end of the range was rounded beyond what the dtype has.
        limits = np.iinfo(dtype)
        coarse = scaling.sigma / int(name.split("-")[1])
        room = min(scaling.lowest - limits.min, limits.max - scaling.highest)
        assert "wrap around" in str(reason) and room < coarse / 2
        return
    codec = numcodecs.get_codec(dict(step.config))
    stored = codec.encode(voxels)
    assert step.formula(voxels).tobytes() == codec.decode(stored).tobytes()
    # Neither end of the range is cut off, and a step is what its name says.
    widest = float(np.abs(stored.astype("int64")).max())
    coarse = (scaling.highest - scaling.lowest) / 2 / np.iinfo(stored.dtype).max
    if name.startswith("quantise"):
        coarse = scaling.sigma / int(name.split("-")[1])
        assert widest == np.around(max(abs(scaling.lowest), abs(scaling.highest)) / coarse)
    else:
        assert widest == np.iinfo(stored.dtype).max
    off = np.abs(step.formula(voxels).astype("float64") - voxels)
    rounding = 1 if voxels.dtype.kind in "iu" else 2e-6 * np.abs(voxels).max()
    assert off.max() <= coarse / 2 + rounding


@pytest.mark.parametrize(
    ("name", "dtype", "reason"),
    [
        ("pcodec-8", "int8", "for values of 2, 4 or 8 bytes"),
        ("zfp-reversible", "int16", "not for int16"),
        ("bitround-8", "int16", "no mantissa of 8 bits"),
        ("bitround-11", "float16", "no mantissa of 11 bits"),
        ("float16", "uint8", "not for uint8"),
        ("quantise-1", "uint8", "wrap around in uint8"),
    ],
)
def test_a_codec_that_cannot_take_the_dtype_is_not_applicable(name, dtype, reason, tmp_path):
    config = StorageConfig.of(name, "8x8x8", 2)
    tomogram = np.clip(some_tomogram(dtype="float64") * 4, 0, 127 if dtype == "int8" else 255)
    store_set = write_store_set(ENGINE, tomogram.astype(dtype), tmp_path, [config])
    assert reason in store_set.impossible[config.name]


@pytest.mark.parametrize("name", ["int8+zstd-5", "quantise-4"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_integers_do_not_stand_for_what_is_not_finite(name, value, tmp_path):
    tomogram = some_tomogram()
    tomogram[3, 2, 1] = value
    config = StorageConfig.of(name, "8x8x8", 3)
    store_set = write_store_set(ENGINE, tomogram, tmp_path, [config])
    assert "NaN or infinity" in store_set.impossible[config.name]


def test_a_constant_tomogram_has_no_sigma_but_a_range(tmp_path):
    names = ("zfp-accuracy-16", "quantise-4", "int16")
    configs = [StorageConfig.of(name, "8x8x8", 2) for name in names]
    store_set = write_store_set(ENGINE, np.full((8, 8, 8), 7, "float32"), tmp_path, configs)
    assert all("no sigma" in store_set.impossible[each.name] for each in configs[:2])
    assert np.all(ENGINE.open(store_set.get(configs[2]).folder)[...] == 7)


def test_without_the_values_a_scaled_codec_is_refused(tmp_path):
    config = StorageConfig.of("int8", "8x8x8", 2)
    with pytest.raises(Unsuited, match="not known yet"):
        ENGINE.create(tmp_path / "store", (8, 8, 8), np.dtype("float32"), config)


def test_a_config_is_the_same_with_and_without_the_values():
    config = StorageConfig.of("int8", "8x8x8", 2)
    known = config.for_values_of(some_tomogram())
    assert known == config and hash(known) == hash(config) and known.name == config.name
    assert known.scaling is not None
    unscaled = StorageConfig.of("zstd-5", "8x8x8", 2)
    assert unscaled.for_values_of(some_tomogram()) is unscaled


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_chunk_of_any_other_codec_is_caught(zarr_format, tmp_path):
    """Each codec's chunks are held against what every other one is known by."""
    names = (
        *("none", "blosc-lz4-5-shuffle", "blosc-zstd-5-shuffle", "blosc-zstd-5-bitshuffle"),
        *("blosc-blosclz-5-shuffle", "zstd-5", "gzip-1", "lz4-1", "bz2-5", "bz2-6", "lzma-5"),
        *("pcodec-8", "zfp-reversible", "zfp-precision-12", "zfp-precision-13", "zfp-rate-8"),
        *("zfp-rate-9", "zfp-accuracy-2", "zfp-accuracy-4", "int16", "int8"),
    )
    # Smooth, so that every Blosc finds something to gain.
    tomogram = np.add.outer(np.arange(16.0), np.outer(np.arange(16), np.arange(16)))
    tomogram = tomogram.astype("float32")
    configs = {
        name: StorageConfig.of(name, "16x16x16", zarr_format).for_values_of(tomogram)
        for name in names
    }
    store_set = write_store_set(ENGINE, tomogram, tmp_path, list(configs.values()))
    chunk = Path("0/0/0" if zarr_format == 2 else "c/0/0/0")
    for stored, asked in itertools.product(names, repeat=2):
        path = store_set.get(configs[stored]).folder / chunk
        if stored == asked:
            check_stored_file(path, configs[asked], tomogram.dtype)
        else:
            with pytest.raises(StoreMismatch, match=r"stored chunk|uncompressed chunk"):
                check_stored_file(path, configs[asked], tomogram.dtype)


def test_zfp_of_another_shape_or_dtype_is_caught(tmp_path):
    codec = numcodecs.get_codec({"id": "zfpy", "mode": 4, "tolerance": -1})
    config = StorageConfig.of("zfp-reversible", "4x8x12", 2)
    voxels = some_tomogram((4, 8, 12))
    wrong = {
        "1-dimensional": voxels.ravel(),
        r"3-dimensional, not as \(4, 8, 12\)": voxels.reshape(8, 4, 12),
        "not compressed as float32": voxels.astype("float64"),
    }
    path = tmp_path / "chunk"
    for reason, other in wrong.items():
        path.write_bytes(codec.encode(other))
        with pytest.raises(StoreMismatch, match=reason):
            check_stored_file(path, config, voxels.dtype)
    path.write_bytes(codec.encode(voxels))
    check_stored_file(path, config, voxels.dtype)


def test_what_is_beyond_the_tolerance_is_caught():
    voxels = some_tomogram()
    config = StorageConfig.of("zfp-accuracy-16", "8x8x8", 2).for_values_of(voxels)
    tolerance = np.float32(voxels.std(dtype="float64") / 16)
    check_read_back(voxels, voxels + tolerance * np.float32(0.99), config)
    with pytest.raises(StoreMismatch, match="the codec allows"):
        check_read_back(voxels, voxels + tolerance * np.float32(1.01), config)
    spoilt = voxels.copy()
    spoilt[1, 1, 1] = np.nan
    with pytest.raises(StoreMismatch, match="off by nan"):
        check_read_back(voxels, spoilt, config)


def test_something_else_than_the_volume_is_caught_where_there_is_no_tolerance():
    voxels = some_tomogram()
    config = StorageConfig.of("zfp-rate-4", "8x8x8", 2)
    with pytest.raises(StoreMismatch, match="farther"):
        check_read_back(voxels, np.zeros_like(voxels), config)


def test_a_lossy_store_that_lost_nothing_is_caught():
    """Else the ratio of one codec would stand beside the damage of another."""
    voxels = some_tomogram()
    config = StorageConfig.of("bitround-8+zstd-5", "8x8x8", 2)
    with pytest.raises(StoreMismatch, match="other bits"):
        check_read_back(voxels, voxels, config)


class _Engine:
    """An engine that passes all on to the real one, and can be told how to go wrong."""

    name = "for the trial"

    def __init__(self, spoil=None, error=None):
        self.spoil, self.error, self.writes = spoil, error, 0
        self.stores = []

    def why_impossible(self, config):
        return None

    def write(self, tomogram, store, config):
        self.writes += 1
        self.stores.append(store)
        if self.error is not None:
            raise self.error
        ENGINE.write(tomogram, store, config)

    def open(self, store):
        voxels = ENGINE.open(store)[...]
        if self.spoil is not None:
            voxels[-1, -1, -1] = self.spoil
        return voxels


def test_a_release_that_is_wrong_in_silence_is_not_applicable_and_tried_once(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    engine = _Engine(spoil=12345.0)
    configs = [StorageConfig.of("lz4-1", chunks, 2) for chunks in ("8x8x8", "4x4x4")]
    store_set = write_store_set(engine, some_tomogram(), tmp_path, configs)
    assert set(store_set.impossible) == {config.name for config in configs}
    assert "1 of 576 voxels were read back with other bits" in store_set.impossible[configs[0].name]
    assert engine.writes == 1
    assert not list((tmp_path / "temporary").iterdir())


def test_a_trial_lies_where_the_stores_go_and_is_gone_at_the_end(tmp_path):
    """A measured process is killed with asv: what it has elsewhere nobody would remove."""
    engine, config = _Engine(), StorageConfig.of("lz4-1", "8x8x8", 2)
    stores = tmp_path / "no store yet"
    assert why_codec_impossible(engine, config, np.dtype("float32"), stores) is None
    (store,) = engine.stores
    assert store.is_relative_to(stores)
    assert list(stores.iterdir()) == []


@pytest.mark.parametrize("codec", ["quantise-16+zstd-5", "quantise-2+zstd-5", "int16+zstd-5"])
@pytest.mark.parametrize("zarr_format", ENGINE.zarr_formats)
def test_bytes_that_become_wider_integers_are_stored(codec, zarr_format, tmp_path):
    """With what the values of this tomogram become, which those of the trial have to become too."""
    voxels = np.random.default_rng(0).normal(100, 12, (9, 12, 10)).astype("uint8")
    config = StorageConfig.of(codec, "8x8x8", zarr_format)
    store_set = write_store_set(ENGINE, voxels, tmp_path, [config])
    assert (store_set.failed, store_set.impossible) == ({}, {}) and config.name in store_set.stores


def test_a_codec_of_every_release_that_goes_wrong_has_failed(tmp_path):
    config = StorageConfig.of("zstd-5", "8x8x8", 2)
    store_set = write_store_set(_Engine(spoil=12345.0), some_tomogram(), tmp_path, [config])
    assert store_set.impossible == {} and "other bits" in store_set.failed[config.name]


def test_the_reason_of_a_trial_is_one_short_line(tmp_path):
    engine = _Engine(error=RuntimeError("one\ntwo " + "word " * 200))
    config = StorageConfig.of("lz4-1", "8x8x8", 3)
    reason = why_codec_impossible(engine, config, np.dtype("float32"), tmp_path)
    assert reason.startswith(
        "this release cannot use lz4-1 in Zarr format 3: RuntimeError: one two"
    )
    assert "\n" not in reason and len(reason) < 60 + codec_trial._LONGEST_REASON


def test_what_a_store_was_made_by_makes_it_again(tmp_path):
    tomogram = some_tomogram()
    store = write_verified(ENGINE, tomogram, tmp_path, StorageConfig.of("int8", "8x8x8", 2))
    ENGINE.write(tomogram, tmp_path / "again", store.config)
    assert (tmp_path / "again/0/0/0").read_bytes() == (store.folder / "0/0/0").read_bytes()


def test_levels_of_blosc_are_these_levels_of_zstd():
    """By the bytes: Blosc's chunk holds the very frame that zstd makes at that level."""
    noise = np.random.default_rng(0).normal(size=200_000)
    content = np.convolve(noise, np.ones(9), "same").astype("int8").tobytes()
    frames = {level: bytes(numcodecs.Zstd(level).encode(content)) for level in range(1, 23)}
    assert len({frames[level] for level in BLOSC_ZSTD_LEVELS.values()}) == 9
    for level, of_zstd in BLOSC_ZSTD_LEVELS.items():
        blosc = bytes(
            numcodecs.Blosc("zstd", level, numcodecs.Blosc.NOSHUFFLE, 2**20).encode(content)
        )
        # A header of 16 bytes, where the one block starts, and how long it is.
        assert blosc[16 + 4 + 4 :] == frames[of_zstd]
