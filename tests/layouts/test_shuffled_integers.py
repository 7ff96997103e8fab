"""Ways to shuffle integers are told by the bytes that Zarr itself would store."""

import numpy as np
import pytest

from cryoet_zarr_bench.layouts import shuffled_integers
from cryoet_zarr_bench.layouts.shuffled_integers import CODECS, ShuffledIntegersLine, encoded_bytes
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.object_store.bucket import METADATA_NAMES
from cryoet_zarr_bench.tomograms.synthetic import synthesize
from cryoet_zarr_bench.tomograms.synthetic_profiles import PROFILES
from cryoet_zarr_bench.tomograms.synthetic_slabs import cast_densities

EVERY = [codec for ways in CODECS.values() for codec in ways.values()]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(shuffled_integers, "EDGE", 16)


def volume(dtype, shape=(20, 33, 30)):
    return cast_densities(synthesize("10A", shape), PROFILES["10A"], dtype)


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int8", "uint8"])
def test_they_are_the_bytes_that_are_stored(dtype, tmp_path):
    tomogram = volume(dtype)
    found = encoded_bytes(tomogram, EVERY)
    for codec in EVERY:
        store = tmp_path / codec
        installed_engine().write(tomogram, store, StorageConfig.of(codec, "16x16x16", 2))
        files = [each for each in store.rglob("*") if each.is_file()]
        chunks = sum(each.stat().st_size for each in files if each.name not in METADATA_NAMES)
        assert found[codec] == chunks, codec


def line_of(voxels):
    encoded = encoded_bytes(voxels, EVERY)
    return ShuffledIntegersLine(
        tomogram="a volume", dtype=str(voxels.dtype), raw_bytes=voxels.nbytes, encoded=encoded
    )


def test_bytes_have_no_second_byte_to_shuffle():
    found = line_of(volume("int8"))
    assert found.won_by("zstd-3", "shuffle") == pytest.approx(0, abs=0.01)
    assert found.won_by("zstd-3", "none") == 0


def test_smooth_numbers_win_by_shuffling():
    smooth = np.arange(32**3, dtype="int16").reshape(32, 32, 32)
    assert line_of(smooth).won_by("zstd-3", "shuffle") > 0.1
