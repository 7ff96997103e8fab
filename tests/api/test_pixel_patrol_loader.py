"""pixel-patrol finds the loader, and reports on tomograms that it opens."""

import mrcfile
import numpy as np
import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.api.pixel_patrol_loader import TomogramLoader

registry = pytest.importorskip("pixel_patrol_base.plugin_registry")


@pytest.fixture
def folder(tmp_path):
    volume = np.asarray(czb.open("synthetic:10A@32"))
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(volume)
        file.voxel_size = 10.012
    np.save(tmp_path / "b.npy", volume)
    (tmp_path / "broken.mrc").write_bytes(b"no tomogram")
    czb.convert(tmp_path / "b.npy", tmp_path / "c.zarr", "zstd-1 16x16x16", voxel_spacing=10.012)
    return tmp_path


def test_it_is_found_by_its_name():
    assert isinstance(registry.discover_loader("cryoet-zarr-bench"), TomogramLoader)


@pytest.mark.parametrize("name", ["a.mrc", "b.npy", "c.zarr"])
def test_records_have_the_voxels_and_the_spacing(folder, name):
    loader = TomogramLoader()
    header, record = loader.read_header(folder / name), loader.load(folder / name)
    assert header.shape == (32, 32, 32) and header.dim_order == record.dim_order == "ZYX"
    expected = np.asarray(czb.open(folder / name))
    assert np.array_equal(np.asarray(record.data), expected)
    assert ("pixel_size_X" in record.meta) == (name != "b.npy")
    assert loader.is_folder_supported(folder / name) == (name == "c.zarr")


@pytest.mark.slow
def test_a_report_of_a_folder_has_every_tomogram_and_leaves_out_what_is_none(folder, tmp_path):
    from pixel_patrol_base import api

    table = tmp_path / "table.parquet"
    project = api.create_project("tomograms", str(folder), "cryoet-zarr-bench", str(table))
    api.process_files(project, max_workers=1)
    records, _ = api.load(table)
    names = {str(name) for name in records["name"]}
    assert {"a.mrc", "b.npy", "c.zarr"} <= names and "broken.mrc" not in names
