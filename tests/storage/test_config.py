import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.storage.codecs.codec import Codec
from cryoet_zarr_bench.storage.config import StorageConfig, chunks_name, parse_chunks
from cryoet_zarr_bench.storage.grid import CONVERSION, PROFILES, SECTIONS, selected_profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_name_of_the_grid_is_a_codec_and_a_chunk_shape(profile):
    configs = list(profile.configs())
    assert len(configs) == len(profile.codecs) * len(profile.chunks) * len(profile.zarr_formats)
    assert len({config.name for config in configs}) == len(configs)
    assert {config.codec.name for config in configs} == set(profile.codecs)
    assert {chunks_name(config.chunks) for config in configs} == set(profile.chunks)


def test_full_holds_the_codecs_and_levels_that_the_grid_is_to_span():
    names = set(PROFILES["full"].codecs)
    for compressor in ("lz4", "lz4hc", "zlib", "zstd"):
        for level in range(1, 10):
            for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
                assert f"blosc-{compressor}-{level}-{shuffle}" in names
    assert {"none", "zstd-1", "zstd-9", "gzip-1", "gzip-9"} <= names
    assert {"16x16x16", "256x256x256", "16x128x128", "64x16x64"} <= set(PROFILES["full"].chunks)
    assert set(PROFILES["quick"].codecs) < set(PROFILES["standard"].codecs) < names


@pytest.mark.parametrize(
    "name",
    [
        "",
        "None",
        "blosc",
        "blosc-zstd-0-shuffle",
        "blosc-zstd-10-shuffle",
        "zstd",
        "zstd-x",
        "zstd-23",
        "lz4-0",
        "none+zstd-5",
        "zstd-5+none",
        "delta+",
        "zstd-5+delta",
        "zstd-5+gzip-1",
        "zstd-5+shuffle",
        "pcodec-8+zstd-5",
        "shuffle+bitround-8",
        "shuffle+pcodec-8",
        "bitround-0",
        "pcodec-13",
        "quantise-0",
        "blosc-zstd-5-shuffle-2MiB",
    ],
)
def test_other_names_are_no_codec(name):
    with pytest.raises(ValueError, match="no codec"):
        Codec.parse(name)


@pytest.mark.parametrize("name", ["", "64", "64x64", "64x64x64x64", "0x64x64", "64x-1x2", "axbxc"])
def test_other_texts_are_no_chunk_shape(name):
    with pytest.raises(ValueError, match="chunk shape"):
        parse_chunks(name)


@given(st.tuples(*[st.integers(1, 4096)] * 3))
def test_chunk_shapes_survive_their_name(chunks):
    assert parse_chunks(chunks_name(chunks)) == chunks
    config = StorageConfig.of("zstd-3", chunks_name(chunks), 2)
    assert config.chunks == chunks


@given(st.tuples(*[st.integers(1, 64)] * 3), st.tuples(*[st.integers(1, 16)] * 3))
def test_shards_survive_their_text(chunks, chunks_per_shard):
    shards = tuple(n * count for n, count in zip(chunks, chunks_per_shard, strict=True))
    text = f"{chunks_name(chunks)} in {chunks_name(shards)}"
    config = StorageConfig.of("zstd-3", text, 3)
    assert (config.chunks, config.shards, config.chunks_text) == (chunks, shards, text)
    assert config.stored_shape == shards
    assert config.name == f"zstd-3_{chunks_name(chunks)}-in-{chunks_name(shards)}_v3"


def test_a_config_without_shards_is_called_as_ever():
    config = StorageConfig.of("zstd-3", "16x32x64", 2)
    assert config.name == "zstd-3_16x32x64_v2"
    assert config.stored_shape == config.chunks and config.shards is None
    assert config.chunks_text == "16x32x64"


@pytest.mark.parametrize("text", ["8x8x8 in 12x8x8", "8x8x8 in 8x8x4", "8x8x8 in 8x8x0"])
def test_shards_that_are_no_whole_multiple_are_refused(text):
    with pytest.raises(ValueError, match=r"whole multiple|chunk shape"):
        StorageConfig.of("zstd-3", text, 3)


@pytest.mark.parametrize("text", ["8x8x8 in", "8x8x8 in ", " in 8x8x8", "8x8x8 in 8x8x8 in 8x8x8"])
def test_other_texts_are_no_shards(text):
    with pytest.raises(ValueError, match="chunk shape"):
        StorageConfig.of("zstd-3", text, 3)


def test_format_2_and_shards_contradict_each_other():
    assert StorageConfig.of("none", "8x8x8 in 8x8x8", 2).contradiction
    assert StorageConfig.of("none", "8x8x8 in 8x8x8", 3).contradiction is None
    assert StorageConfig.of("none", "8x8x8", 2).contradiction is None


def test_the_configs_of_conversion_are_configs():
    names = [config.name for config in CONVERSION.configs()]
    assert len(set(names)) == 4


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_question_has_a_section_in_every_profile(profile):
    assert all(list(profile.section(question).configs()) for question in SECTIONS)
    everything = profile.every_config()
    assert len({config.name for config in everything}) == len(everything)
    assert {*profile.configs(), *CONVERSION.configs()} <= set(everything)


def test_an_unknown_profile_is_refused_with_the_names_there_are(monkeypatch):
    monkeypatch.setenv("CRYOET_PROFILE", "quik")
    with pytest.raises(BadInput, match=r"CRYOET_PROFILE=quik.*quick, standard, full"):
        selected_profile()
