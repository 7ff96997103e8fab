"""Entropies against their definition, and the figure that is made of them."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.storage.codecs import value_scaling
from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.stores import voxel_entropy
from cryoet_zarr_bench.storage.stores.verified_store import write_verified
from cryoet_zarr_bench.storage.stores.voxel_entropy import entropy_of


def by_definition(items):
    counts = Counter(items)
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values())


@given(
    values=st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 3), min_size=1, max_size=200),
    dtype=st.sampled_from(["uint8", "int16", "float16", "float32", "float64", ">f4"]),
)
def test_entropies_are_by_definition(values, dtype):
    kind = np.dtype(dtype)
    bits = np.array(values, "uint64").astype(f"u{kind.itemsize}")
    tomogram = bits.view(kind.newbyteorder("=")).reshape(1, 1, -1)
    with np.errstate(invalid="ignore"):
        found = entropy_of(tomogram.astype(kind))
    octets = [list(int(each).to_bytes(kind.itemsize, "little")) for each in bits]
    assert found.values == pytest.approx(by_definition(bits.tolist()), abs=1e-9)
    for plane, value in enumerate(found.byte_planes):
        assert value == pytest.approx(by_definition(each[plane] for each in octets), abs=1e-9)
    leading = by_definition(tuple(each[-2:]) for each in octets)
    assert found.leading_bytes == pytest.approx(leading, abs=1e-9)
    once = sum(n == 1 for n in Counter(bits.tolist()).values())
    assert found.seen_once == pytest.approx(once / len(values))
    assert found.memoryless <= found.byte_shuffled + 1e-9


def test_it_is_the_same_when_little_is_in_memory(monkeypatch):
    voxels = np.random.default_rng(0).normal(size=(9, 20, 30)).astype("float32")
    voxels[3:6] = voxels[:3]
    whole = entropy_of(voxels)
    monkeypatch.setattr(voxel_entropy, "_PIECE", 700)
    monkeypatch.setattr(voxel_entropy, "_MOST_SORTED", 500)
    in_pieces = entropy_of(voxels)
    assert in_pieces.values == pytest.approx(whole.values, abs=1e-9)
    assert in_pieces.byte_planes == whole.byte_planes and in_pieces.seen_once == whole.seen_once


def test_floats_that_are_all_different_do_not_tell_the_entropy_of_their_source():
    """The counts say how many voxels there are: of twice as many, one bit more."""
    rng = np.random.default_rng(0)
    small, large = (rng.normal(size=(n, 64, 64)).astype("float32") for n in (16, 32))
    small, large = entropy_of(small), entropy_of(large)
    assert large.values - small.values == pytest.approx(1, abs=0.02)
    assert not small.values_tell and not large.values_tell
    # h(N(0, 1)) of floats: 23 bits of mantissa and the entropy of sign and exponent. The two
    # leading bytes need more voxels than these to be seen in full.
    assert large.memoryless == pytest.approx(small.memoryless, abs=0.05)
    assert 25 < large.memoryless < large.byte_shuffled < 32


def test_few_values_tell():
    values = np.random.default_rng(0).integers(0, 8, (32, 32, 32))
    found = entropy_of((values / 7).astype("float32"))
    assert found.values_tell and found.memoryless == found.values == pytest.approx(3, abs=0.01)
    assert found.byte_shuffled > found.values + 1


def test_one_value_has_no_entropy():
    found = entropy_of(np.full((4, 5, 6), -1.5, "float32"))
    assert found.memoryless == found.values == found.byte_shuffled == 0


def test_bits_above_are_those_of_chunks(tmp_path):
    voxels = np.random.default_rng(0).integers(0, 256, (16, 16, 16)).astype("uint8")
    config = StorageConfig.of("none", "16x16x16", 2)
    store_set = StoreSet(entropy=entropy_of(voxels))
    store_set.stores[config.name] = write_verified(installed_engine(), voxels, tmp_path, config)
    above = store_set.bits_above_entropy(config)
    assert above == pytest.approx(8 - by_definition(voxels.ravel().tolist()))
    assert 0 < above < 0.1
    with pytest.raises(RuntimeError, match="never worked out"):
        StoreSet(stores=store_set.stores).bits_above_entropy(config)


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=60).map(
        lambda values: np.array(values, "float32").reshape(-1, 1, 1)
    )
)
def test_scaling_is_of_the_finite_values(voxels):
    finite = voxels[np.isfinite(voxels)].astype("float64")
    found = Scaling.of(voxels)
    assert found.all_finite == bool(np.isfinite(voxels).all())
    if finite.size:
        assert (found.lowest, found.highest) == (finite.min(), finite.max())
        assert found.sigma == pytest.approx(finite.std(), rel=1e-6)
    else:
        assert (found.sigma, found.lowest, found.highest) == (0, 0, 0)


def test_scaling_is_the_same_when_little_is_in_memory(monkeypatch):
    voxels = (1e4 + np.random.default_rng(0).normal(size=(9, 20, 30))).astype("float32")
    whole = Scaling.of(voxels)
    monkeypatch.setattr(value_scaling, "_PIECE", 700)
    assert Scaling.of(voxels).sigma == pytest.approx(whole.sigma, rel=1e-9)
    assert whole.sigma == pytest.approx(voxels.std(dtype="float64"), rel=1e-9)
