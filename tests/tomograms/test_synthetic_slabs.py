"""Large synthetic tomograms: blocks that meet without a seam, cast to other dtypes."""

import tracemalloc

import numpy as np
import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms import synthetic_slabs
from cryoet_zarr_bench.tomograms.preparation import prepare
from cryoet_zarr_bench.tomograms.synthetic import synthesize
from cryoet_zarr_bench.tomograms.synthetic_profiles import PROFILES
from cryoet_zarr_bench.tomograms.synthetic_slabs import (
    DTYPES,
    SyntheticSlabs,
    cast_densities,
    memory_of_slabs,
)
from cryoet_zarr_bench.tomograms.tomogram_sources import parse_source

SHAPE = (100, 150, 140)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(synthetic_slabs, "CORE", (32, 48, 48))
    monkeypatch.setattr(synthetic_slabs, "OVERLAP", 16)
    synthetic_slabs._fades.cache_clear()
    yield
    synthetic_slabs._fades.cache_clear()


def made(profile="10A", shape=SHAPE, seed=0):
    slabs = SyntheticSlabs(profile, shape, seed)
    step = slabs.planes
    return np.concatenate(
        [slabs.read(start, min(start + step, shape[0])) for start in range(0, shape[0], step)]
    )


def test_blocks_meet_without_a_seam(small_blocks):
    volume = made()
    assert volume.shape == SHAPE and volume.dtype == np.float32 and np.isfinite(volume).all()
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        spread = volume.std(axis=others)
        # Within a tenth of a plane's luck: a seam that did not keep the variance would lose 30 %.
        assert spread.min() > 0.8 * spread.mean() and spread.max() < 1.25 * spread.mean()
        steps = np.abs(np.diff(volume, axis=axis)).mean(axis=others)
        assert steps.max() < 1.25 * steps.mean()


def test_it_is_distributed_as_one_that_is_made_at_once(small_blocks):
    blocks, whole = made().astype("float64"), synthesize("10A", SHAPE).astype("float64")
    # The map of ranks is that of the first slab, in which a dozen particles make the tail.
    assert blocks.std() == pytest.approx(whole.std(), rel=0.1)
    parts = np.linspace(10, 90, 17)
    differ = np.percentile(blocks, parts) - np.percentile(whole, parts)
    assert np.abs(differ).max() < 0.05 * whole.std()


def test_no_two_blocks_are_the_same_and_a_seed_decides(small_blocks):
    volume = made()
    assert np.array_equal(volume, made()) and not np.array_equal(volume, made(seed=1))
    assert not np.allclose(volume[:16, :16, :16], volume[:16, 48:64, :16])


def test_planes_are_made_forward_alone(small_blocks):
    slabs = SyntheticSlabs("10A", SHAPE, 0)
    slabs.read(32, 64)
    with pytest.raises(ValueError, match="from the first to the last"):
        slabs.read(0, 32)
    with pytest.raises(ValueError, match="a slab at a time"):
        slabs.read(60, 70)


def test_the_int16_profile_is_on_its_lattice(small_blocks):
    volume = made("int16", (40, 60, 50))
    assert np.array_equal(volume, np.rint(volume))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("profile", ["10A", "int16"])
def test_densities_keep_their_order_in_every_dtype(profile, dtype):
    densities = synthesize(profile, (24, 24, 24), 3)
    found = cast_densities(densities, PROFILES[profile], dtype)
    assert found.dtype == dtype
    order = np.argsort(densities, axis=None, kind="stable")
    assert (np.diff(found.reshape(-1)[order].astype("float64")) >= 0).all()
    if found.dtype.kind in "iu":
        limits = np.iinfo(dtype)
        cut_off = np.isin(found, (limits.min, limits.max)).mean()
        assert cut_off < 0.01 and len(np.unique(found)) > 50


def test_a_large_one_is_prepared_in_slabs(small_blocks, monkeypatch, tmp_path):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("cryoet_zarr_bench.tomograms.preparation.LARGE", 1000)
    prepared = prepare("synthetic:10A@70x100x90,int8", None)
    assert (prepared.dtype, prepared.shape) == ("int8", (70, 100, 90))
    expected = cast_densities(made(shape=(70, 100, 90)), PROFILES["10A"], "int8")
    assert np.array_equal(prepared.load(), expected)
    assert "int8" in prepared.name


def test_another_dtype_is_asked_for_in_the_text():
    assert parse_source("synthetic:5A@8x9x10#7,uint8").cast == "uint8"
    assert str(parse_source("synthetic:5A@8x9x10,float16")) == "synthetic:5A@8x9x10#0,float16"
    assert str(parse_source("synthetic:5A@8x9x10,float32")) == "synthetic:5A@8x9x10#0"
    with pytest.raises(BadInput, match="int64"):
        parse_source("synthetic:5A@8x9x10,int64")


def test_memory_is_bounded_by_a_slab_however_long_it_is():
    assert memory_of_slabs((368, 1260, 1260)) == memory_of_slabs((9999, 1260, 1260)) < 2e9
    slabs = SyntheticSlabs("10A", (200, 260, 250), 0)
    tracemalloc.start()
    try:
        slabs.read(0, 64)
        slabs.read(64, 128)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < memory_of_slabs(slabs.shape)
