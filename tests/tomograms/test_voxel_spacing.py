"""A voxel spacing that no tomogram has is refused from a user, and unknown from a file."""

import json
import math

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.voxel_spacing import spacing_or_none
from cryoet_zarr_bench.conversion.conversion_request import StoreOptions, check_request
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs

VOXELS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
OUTSIDE = [0.0, -10.0, 1e-9, 0.009, 10_001.0, 1e30, math.nan, math.inf]


@given(st.floats())
def test_a_spacing_is_one_of_a_tomogram_or_unknown(length):
    found = spacing_or_none((10.0, length, 10.0))
    if 0.01 <= length <= 10_000:
        assert found is not None and found[1] is not None
        assert math.isclose(found[1], length, rel_tol=1e-6)
    elif not 0.0099999 <= length <= 10_000.01:  # seven digits are kept
        assert found == (10.0, None, 10.0)
        assert spacing_or_none((length, length, length)) is None


@pytest.mark.parametrize("length", OUTSIDE)
def test_one_that_the_user_gives_is_refused(tmp_path, length):
    np.save(tmp_path / "a.npy", VOXELS)
    for text in (str(length), f"10,10,{length}"):
        with pytest.raises(BadInput, match=r"from 0\.01 to 10000"):
            check_request(
                str(tmp_path / "a.npy"),
                str(tmp_path / "a.mrc"),
                options=StoreOptions(),
                voxel_spacing=text,
            )


def mrc(path, length):
    with mrcfile.new(path) as file:
        file.set_data(VOXELS)
        file.voxel_size = 10.0
        with np.errstate(all="ignore"):
            file.header.cella.x = np.float32(length * VOXELS.shape[2])


def imagej(path, length):
    metadata = {"axes": "ZYX", "spacing": length, "unit": "angstrom"}
    tifffile.imwrite(path, VOXELS, imagej=True, metadata=metadata, resolution=(0.1, 0.1))


def ome(path, length):
    metadata = {"axes": "ZYX"}
    for axis, step in zip("ZYX", (10.0, 10.0, length), strict=True):
        metadata |= {f"PhysicalSize{axis}": step, f"PhysicalSize{axis}Unit": "Å"}
    tifffile.imwrite(path, VOXELS, metadata=metadata, photometric="minisblack")


def ngff(path, length):
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", data=VOXELS, chunk_key_encoding={"name": "v2", "separator": "/"})
    scale = {"type": "scale", "scale": [10.0, 10.0, length]}
    multiscale = {
        "version": "0.4",
        "axes": [{"name": each, "type": "space", "unit": "angstrom"} for each in "zyx"],
        "datasets": [{"path": "0", "coordinateTransformations": [scale]}],
    }
    (path / ".zattrs").write_text(json.dumps({"multiscales": [multiscale]}))


@pytest.mark.parametrize("length", [each for each in OUTSIDE if math.isfinite(each)])
@pytest.mark.parametrize(
    ("write", "name"), [(mrc, "a.mrc"), (imagej, "a.tif"), (ome, "a.ome.tif"), (ngff, "a.zarr")]
)
def test_one_that_a_file_says_is_unknown(tmp_path, write, name, length):
    write(tmp_path / name, 12.5)
    with open_slabs(tmp_path / name) as tomogram:
        assert sorted(tomogram.voxel_spacing) == [10.0, 10.0, 12.5]
        axis = tomogram.voxel_spacing.index(12.5)
    other = tmp_path / f"other-{name}"
    write(other, length)
    with open_slabs(other) as tomogram:
        expected = [10.0, 10.0, 10.0]
        expected[axis] = None
        assert list(tomogram.voxel_spacing) == expected, "the other two are kept"
