"""Real volumes, in the folder that `CRYOET_REAL_VOLUMES` names: there and back, bit-equal."""

import os
from pathlib import Path

import mrcfile
import pytest
from tomogram_files import bits

from cryoet_zarr_bench.conversion.conversion_request import StoreOptions, check_request
from cryoet_zarr_bench.conversion.streamed_conversion import convert
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume

VOLUMES = Path(os.environ.get("CRYOET_REAL_VOLUMES") or "nowhere")
MAP, TIFF = VOLUMES / "EMD-3197.map", VOLUMES / "microtubule_13pf_uint8.tif"

DEFAULTS = StoreOptions()

pytestmark = [
    pytest.mark.skipif(not VOLUMES.is_dir(), reason="CRYOET_REAL_VOLUMES names no folder"),
    pytest.mark.filterwarnings("ignore"),
]


def converted(source, target, options=DEFAULTS):
    return convert(check_request(str(source), str(target), options=options))


@pytest.mark.parametrize(
    "options",
    [
        DEFAULTS,
        StoreOptions(zarr_format=3, codec="zstd-5"),
        StoreOptions(chunks="8x16x16 in 16x32x32", codec="blosc-zstd-5-shuffle"),
    ],
    ids=["0.4", "0.5", "0.5 in shards"],
)
@pytest.mark.parametrize(
    ("volume", "names"),
    [(MAP, ["a.map", "a.tif", "a.ome.tif"]), (TIFF, ["a.tif", "a.ome.tif"])],
    ids=["EMD-3197", "microtubule"],
)
def test_there_and_back(tmp_path, volume, names, options):
    original = read_volume(volume)
    assert original.voxel_spacing is not None
    converted(volume, tmp_path / "a.ome.zarr", options)
    stored = read_volume(tmp_path / "a.ome.zarr")
    assert bits(stored.data) == bits(original.data)
    assert stored.voxel_spacing == original.voxel_spacing
    for name in names:
        converted(tmp_path / "a.ome.zarr", tmp_path / name)
        back = read_volume(tmp_path / name)
        assert bits(back.data) == bits(original.data) and back.data.dtype == original.data.dtype
        assert back.voxel_spacing == original.voxel_spacing
        converted(tmp_path / name, tmp_path / f"{name}.zarr", options)
        again = read_volume(tmp_path / f"{name}.zarr")
        assert bits(again.data) == bits(original.data)
        assert again.voxel_spacing == original.voxel_spacing


def test_another_library_reads_the_map_that_comes_back(tmp_path):
    converted(MAP, tmp_path / "a.zarr")
    converted(tmp_path / "a.zarr", tmp_path / "a.map")
    with mrcfile.open(MAP) as before, mrcfile.open(tmp_path / "a.map") as after:
        assert bits(before.data) == bits(after.data)
        assert before.voxel_size == after.voxel_size
        for field in ("dmin", "dmax", "dmean", "rms"):
            assert float(after.header[field]) == pytest.approx(
                float(before.header[field]), rel=1e-4, abs=1e-5
            )
