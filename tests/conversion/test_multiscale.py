"""The pyramid and its metadata, against the definition written out."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tomogram_files import DTYPES, SPACING, any_bits, bits, densities

from cryoet_zarr_bench.storage.boxes import shape_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.stores import multiscale
from cryoet_zarr_bench.storage.stores.multiscale import (
    Pyramid,
    halved,
    level_shapes,
    write_multiscale,
)

ENGINE = installed_engine()
CONFIGS = [
    StorageConfig.of("blosc-lz4-5-bitshuffle", "4x8x6", 2),
    StorageConfig.of("zstd-1", "4x8x6", 3),
    StorageConfig.of("zstd-1", "2x4x3 in 4x8x6", 3),
]


def mean_of_eight(data):
    """The mean of each 2 x 2 x 2 voxels that are there, by the definition."""
    z, y, x = data.shape
    result = np.empty((-(-z // 2), -(-y // 2), -(-x // 2)), np.float64)
    for index in np.ndindex(result.shape):
        block = data[tuple(slice(2 * n, 2 * n + 2) for n in index)]
        result[index] = np.mean(block.astype(np.float64))
    return np.rint(result) if data.dtype.kind in "iu" else result


@given(
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_a_level_is_the_mean_of_eight(shape, dtype, seed):
    data = np.random.default_rng(seed).uniform(-100, 100, shape).astype(dtype)
    if np.dtype(dtype).kind in "iu":
        data = any_bits(shape, dtype, seed)
    found = halved(data)
    assert found.dtype == data.dtype
    tolerance = {"float16": 1e-3, "float32": 1e-6}.get(dtype, 0)
    np.testing.assert_allclose(
        found.astype("f8"),
        mean_of_eight(data),
        rtol=tolerance,
        atol=1e-3 if dtype == "float16" else tolerance,
    )


def test_a_half_is_rounded_to_even():
    data = np.zeros((2, 2, 2), "int16")
    data[0, 0, :], data[0, 1, :] = 1, 1  # the mean is 0.5
    assert halved(data).item() == 0
    assert halved(data + 1).item() == 2
    assert halved(data - 1).item() == 0  # -0.5


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_the_ends_of_a_dtype_do_not_overflow(dtype):
    for value in (np.iinfo(dtype).min, np.iinfo(dtype).max):
        assert (halved(np.full((4, 3, 5), value, dtype)) == value).all()


def test_the_largest_floats_do_not_overflow_on_the_way():
    largest = np.finfo("float32").max
    assert halved(np.full((2, 2, 2), largest, "float32")).item() == largest


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_what_is_not_finite_stays_where_it_is_and_warns_of_nothing(dtype):
    data = np.ones((6, 4, 4), dtype)
    data[0, 0, 0], data[2, 0, 0], data[4, 0, 0], data[4, 0, 1] = np.nan, np.inf, np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = halved(data)
    assert np.isnan(found[0, 0, 0]) and np.isposinf(found[1, 0, 0]) and np.isnan(found[2, 0, 0])
    found[:, 0, 0] = 1
    assert (found == 1).all()


def test_shapes_are_those_of_the_portal():
    # Of a tomogram of the portal, levels 0 to 2.
    assert level_shapes((184, 630, 630), 3) == [(184, 630, 630), (92, 315, 315), (46, 158, 158)]
    assert level_shapes((5, 1, 2), 4) == [(5, 1, 2), (3, 1, 1), (2, 1, 1), (1, 1, 1)]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
@pytest.mark.parametrize("most_bytes", [1, 3000, 2**20])
def test_each_level_is_made_of_the_one_before(tmp_path, monkeypatch, config, most_bytes):
    """In one box or in many: the boxes may not show."""
    sizes = []

    def few(*arguments):
        for box in boxes(*arguments[:3], most_bytes):
            sizes.append(math.prod(shape_of(box)))
            yield box

    boxes = multiscale.boxes
    monkeypatch.setattr(multiscale, "boxes", few)
    tomogram, told = densities((13, 19, 17)), []
    write_multiscale(
        ENGINE,
        tomogram,
        tmp_path / "a",
        config,
        Pyramid(4, SPACING, "a"),
        advance=lambda level, voxels: told.append((level, voxels)),
    )
    expected = tomogram
    for level in range(4):
        found = ENGINE.open(tmp_path / "a" / str(level))[...]
        assert bits(found) == bits(expected)
        assert sum(voxels for each, voxels in told if each == level) == expected.size
        expected = halved(expected)
    assert len(sizes) > 8 or most_bytes > 1


@pytest.mark.parametrize("spacing", [SPACING, None])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_the_metadata_says_where_each_voxel_is(tmp_path, config, spacing):
    tomogram = densities((12, 9, 7))
    write_multiscale(ENGINE, tomogram, tmp_path / "a", config, Pyramid(3, spacing, "A name"))
    if config.zarr_format == 2:
        assert json.loads((tmp_path / "a" / ".zgroup").read_text()) == {"zarr_format": 2}
        (found,) = json.loads((tmp_path / "a" / ".zattrs").read_text())["multiscales"]
        assert found["version"] == "0.4"
    else:
        document = json.loads((tmp_path / "a" / "zarr.json").read_text())
        assert (document["zarr_format"], document["node_type"]) == (3, "group")
        assert document["attributes"]["ome"]["version"] == "0.5"
        (found,) = document["attributes"]["ome"]["multiscales"]
        array = json.loads((tmp_path / "a" / "1" / "zarr.json").read_text())
        assert array["dimension_names"] == ["z", "y", "x"]
    assert found["name"] == "A name"
    unit = {"unit": "angstrom"} if spacing else {}
    assert found["axes"] == [{"name": name, "type": "space", **unit} for name in "zyx"]
    assert [each["path"] for each in found["datasets"]] == ["0", "1", "2"]
    step = np.array(spacing or (1, 1, 1))
    for level, each in enumerate(found["datasets"]):
        scale, *place = each["coordinateTransformations"]
        assert scale == {"type": "scale", "scale": (step * 2**level).tolist()}
        # The centre of a voxel is the mean of the centres of those it was made of.
        origin = np.array(place[0]["translation"]) if place else np.zeros(3)
        centres = [(np.arange(2**level) * length).mean() for length in step]
        np.testing.assert_allclose(origin, centres)
        assert len(place) == (level > 0)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.tuples(*[st.integers(1, 20)] * 3),
    dtype=st.sampled_from(DTYPES),
    config=st.sampled_from(CONFIGS),
)
def test_level_0_has_any_bits_of_any_dtype(tmp_path_factory, shape, dtype, config):
    store = tmp_path_factory.mktemp("any") / "a"
    tomogram = any_bits(shape, dtype) if math.prod(shape) > 4 else densities(shape, dtype)
    write_multiscale(ENGINE, tomogram, store, config, Pyramid(2, None, ""))
    assert bits(ENGINE.open(store / "0")[...]) == bits(tomogram)
