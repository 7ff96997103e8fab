"""The volume of real size is the tomogram, over and over, and no codec finds it twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.measured.prepared_stores.layout_stores import (
    COUNTED,
    enlarged,
    layout_figures,
)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.grid import SECTIONS
from cryoet_zarr_bench.storage.stores.verified_store import write_verified

LENGTHS = st.integers(1, 9)


@settings(max_examples=50)
@given(st.tuples(LENGTHS, LENGTHS, LENGTHS), st.tuples(*[st.integers(1, 20)] * 3))
def test_every_voxel_is_one_of_the_tomogram_mirrored(own, shape):
    tomogram = np.arange(np.prod(own), dtype="int32").reshape(own)
    ends = [(0, max(0, wanted - had)) for had, wanted in zip(own, shape, strict=True)]
    expected = np.pad(tomogram, ends, mode="symmetric")[tuple(map(slice, shape))]
    np.testing.assert_array_equal(enlarged(tomogram, shape), expected)


def test_copies_of_floats_differ_in_every_voxel():
    tomogram = np.random.default_rng(0).normal(size=(8, 8, 8)).astype("float32")
    volume = enlarged(tomogram, (16, 8, 8))
    np.testing.assert_array_equal(volume[:8], tomogram)
    assert not (volume[8:] == tomogram[::-1]).any()
    np.testing.assert_allclose(volume[8:], tomogram[::-1], rtol=0.01)


def test_a_shard_a_volume_is_asked_for_its_index_and_its_chunks(tmp_path):
    volume = np.random.default_rng(0).normal(size=(8, 12, 12)).astype("float32")
    engine = installed_engine()
    found = {}
    for chunks in ("4x8x8", "4x8x8 in 8x16x16"):
        config = StorageConfig.of("blosc-lz4-5-shuffle", chunks, 3)
        store = write_verified(engine, volume, tmp_path, config)
        found[chunks] = layout_figures(engine, volume, config, store)
    assert set(found["4x8x8"]) >= {f"{name}_gets" for name in COUNTED}
    files, shard = found["4x8x8"], found["4x8x8 in 8x16x16"]
    # Four chunks; of a shard its index, and all four chunks by one joined range.
    assert files["xy_slice_gets"] - files["open_gets"] == 4
    assert shard["xy_slice_ranged_gets"] - shard["open_ranged_gets"] == 2


@pytest.mark.parametrize("profile", ["standard", "full"])
def test_a_shard_of_the_section_is_one_volume(profile):
    from cryoet_zarr_bench.measured.prepared_stores.layout_stores import REAL_SIZE

    sharded = [each for each in SECTIONS["layouts"][profile].configs() if each.shards]
    assert sharded
    for config in sharded:
        edges = zip(REAL_SIZE, config.chunks, config.shards, strict=True)
        assert all(-(-length // chunk) * chunk == shard for length, chunk, shard in edges)
