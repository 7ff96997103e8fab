"""What is read part by part is what is read at once, and the same is refused."""

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tomogram_files import DTYPES, SPACING, any_bits, bits, densities, write_source

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.flat_voxels import FlatVoxels
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs, read_volume
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.formats.tiff_pages import TiffPages

pytestmark = pytest.mark.filterwarnings("ignore")

DATA = any_bits((7, 10, 9), "float32")


def mrc(path, data=DATA, **header):
    write_source(path, data)
    with mrcfile.open(path, "r+", permissive=True) as file:
        for name, value in header.items():
            file.header[name] = value
    return path


def tiff(path, data=DATA, **options):
    tifffile.imwrite(path, data, photometric="minisblack", **options)
    return path


def numpy_file(path, data=DATA, order="C", byte_order="<"):
    wanted = data.dtype.newbyteorder(byte_order)
    stored = data if wanted == data.dtype else data.byteswap().view(wanted)
    np.save(path, np.asarray(stored, order=order))
    return path


def zarr_array(path, **options):
    array = zarr.create_array(path, shape=DATA.shape, dtype="f4", **options)
    array[...] = DATA
    return path


SOURCES = {
    "mrc": lambda folder: mrc(folder / "a.mrc"),
    "mrc, x y z": lambda folder: mrc(
        folder / "a.rec", np.ascontiguousarray(DATA.transpose(2, 1, 0)), mapc=3, mapr=2, maps=1
    ),
    "mrc, y z x": lambda folder: mrc(
        folder / "a.map", np.ascontiguousarray(DATA.transpose(2, 0, 1)), mapc=2, mapr=3, maps=1
    ),
    "npy": lambda folder: numpy_file(folder / "a.npy"),
    "npy, F order": lambda folder: numpy_file(folder / "a.npy", order="F"),
    "npy, big-endian": lambda folder: numpy_file(folder / "a.npy", byte_order=">"),
    "npy, big-endian, F": lambda folder: numpy_file(folder / "a.npy", order="F", byte_order=">"),
    "tiff": lambda folder: tiff(folder / "a.tif"),
    "tiff, big-endian": lambda folder: tiff(folder / "a.tif", byteorder=">"),
    "tiff, deflate": lambda folder: tiff(folder / "a.tiff", compression="zlib"),
    "tiff, deflate, big-endian": lambda folder: tiff(
        folder / "a.tiff", compression="zlib", byteorder=">"
    ),
    "tiff, tiles": lambda folder: tiff(folder / "a.tiff", tile=(16, 16)),
    "tiff, volumetric": lambda folder: tiff(folder / "a.tif", tile=(16, 16, 16), volumetric=True),
    "ome-tiff": lambda folder: write_source(folder / "a.ome.tif", DATA),
    "zarr 2": lambda folder: zarr_array(folder / "a.zarr", zarr_format=2, chunks=(3, 4, 5)),
    "zarr 3": lambda folder: zarr_array(folder / "a.zarr", zarr_format=3, chunks=(3, 4, 5)),
    "zarr 3, shards": lambda folder: zarr_array(
        folder / "a.zarr", zarr_format=3, chunks=(2, 4, 3), shards=(4, 4, 6)
    ),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_slabs_and_boxes_are_parts_of_the_volume(tmp_path, make):
    path = make(tmp_path)
    volume = read_volume(path)
    assert bits(volume.data) == bits(DATA)
    with open_slabs(path) as slabs:
        assert (slabs.shape, slabs.dtype) == (volume.data.shape, volume.data.dtype)
        assert (slabs.voxel_spacing, slabs.name) == (volume.voxel_spacing, volume.name)
        assert 1 <= slabs.planes <= len(DATA)
        for start in range(len(DATA)):
            for stop in range(start + 1, len(DATA) + 1):
                read = slabs.read(start, stop)
                assert read.dtype.isnative and read.flags.c_contiguous
                assert bits(read) == bits(DATA[start:stop])
        for box in [
            (slice(1, 6), slice(2, 9), slice(3, 8)),
            (slice(0, 7), slice(4, 5), slice(0, 9)),
            (slice(6, 7), slice(0, 10), slice(8, 9)),
        ]:
            assert bits(slabs[box]) == bits(DATA[box])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    order=st.permutations([0, 1, 2]),
    dtype=st.sampled_from(DTYPES),
    byte_order=st.sampled_from("<>"),
    data=st.data(),
)
def test_any_order_of_axes_is_read(tmp_path_factory, shape, order, dtype, byte_order, data):
    """A file in any order of its axes, against a map of it."""
    path = tmp_path_factory.mktemp("order") / "voxels"
    kind = np.dtype(dtype).newbyteorder(byte_order)
    content = np.random.default_rng(0).bytes(5 + int(np.prod(shape)) * kind.itemsize)
    path.write_bytes(content)
    mapped = np.memmap(path, kind, "r", 5, tuple(shape)).transpose(order)
    voxels = FlatVoxels(path, 5, tuple(shape), kind, tuple(order))
    assert (voxels.shape, voxels.dtype) == (mapped.shape, kind.newbyteorder("="))
    box = []
    for length in voxels.shape:
        start = data.draw(st.integers(0, length - 1))
        box.append(slice(start, data.draw(st.integers(start + 1, length))))
    read, expected = voxels[tuple(box)], np.array(mapped[tuple(box)])
    swapped = expected if expected.dtype.isnative else expected.byteswap()
    assert bits(read) == bits(swapped)


def test_spacing_is_told_as_by_read_volume(tmp_path):
    for name in ("a.mrc", "a.tif", "a.ome.tif"):
        with open_slabs(write_source(tmp_path / name, densities())) as slabs:
            assert slabs.voxel_spacing == SPACING
    with open_slabs(write_source(tmp_path / "a.npy", densities())) as slabs:
        assert slabs.voxel_spacing is None


@pytest.mark.parametrize("suffix", ["mrc", "npy", "tif"])
def test_voxels_that_lie_together_are_read_from_the_file(tmp_path, suffix):
    with open_slabs(write_source(tmp_path / f"a.{suffix}", densities())) as slabs:
        assert isinstance(slabs.voxels, FlatVoxels)
        assert slabs.stored_together == (1, 14, 11)


def test_a_compressed_tiff_is_decoded_page_by_page(tmp_path, monkeypatch):
    decoded = []
    whole = tifffile.TiffPage.asarray
    monkeypatch.setattr(
        tifffile.TiffPage, "asarray", lambda page, **more: decoded.append(page.index) or whole(page)
    )
    monkeypatch.setattr(
        tifffile.TiffFrame,
        "asarray",
        lambda page, **more: decoded.append(page.index) or whole(page),
    )
    with open_slabs(tiff(tmp_path / "a.tif", compression="zlib")) as slabs:
        assert isinstance(slabs.voxels, TiffPages)
        slabs.read(2, 5)
    assert sorted(decoded) == [2, 3, 4]


def refusal_of(action, *arguments, **options):
    with pytest.raises(BadInput) as refused:
        action(*arguments, **options)
    (line,) = str(refused.value).splitlines()
    return line


def open_and_close(path, **options):
    with open_slabs(path, **options):
        pass


def bad_inputs(folder):
    yield folder / "nowhere.mrc", {}
    (folder / "empty.tif").touch()
    yield folder / "empty.tif", {}
    (folder / "a.txt").write_text("no tomogram")
    yield folder / "a.txt", {}
    (folder / "folder").mkdir()
    yield folder / "folder", {}
    (folder / "file.zarr").write_text("a file")
    yield folder / "file.zarr", {}
    yield numpy_file(folder / "flat.npy", DATA[0]), {}
    yield numpy_file(folder / "double.npy", DATA.astype("f8")), {}
    yield mrc(folder / "level.mrc"), {"level": 1}
    for path in (mrc(folder / "cut.mrc"), numpy_file(folder / "cut.npy"), tiff(folder / "cut.tif")):
        path.write_bytes(path.read_bytes()[:-50])
        yield path, {}
    yield mrc(folder / "axes.mrc", mapc=1, mapr=1, maps=3), {}
    yield (
        tiff(
            folder / "colours.tif",
            DATA.astype("u1")[:3],
            planarconfig=None,
            metadata={"axes": "CYX"},
        ),
        {},
    )
    store = zarr_array(folder / "lacking.zarr", zarr_format=2, chunks=(3, 4, 5))
    (store / "0.0.0").unlink()
    yield store, {}
    yield store, {"level": 3}


def test_the_same_is_refused_in_the_same_words(tmp_path):
    count = 0
    for path, options in bad_inputs(tmp_path):
        said = refusal_of(open_and_close, path, **options)
        assert said == refusal_of(read_volume, path, **options)
        assert str(path) in said
        count += 1
    assert count == 15


@pytest.mark.parametrize("name", ["a.mrc", "a.npy", "a.tif"])
def test_a_file_that_is_cut_while_it_is_open_is_refused(tmp_path, name):
    path = write_source(tmp_path / name, densities((40, 30, 30)))
    with open_slabs(path) as slabs:
        slabs.read(0, 1)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)
        assert "was cut while it was read" in refusal_of(slabs.read, 38, 40)


def test_a_page_that_is_damaged_is_refused(tmp_path):
    path = tiff(tmp_path / "a.tif", compression="zlib")
    with tifffile.TiffFile(path) as file:
        (offset,), (length,) = file.pages[5].dataoffsets, file.pages[5].databytecounts
    content = bytearray(path.read_bytes())
    content[offset : offset + length] = bytes(length)
    path.write_bytes(content)
    with open_slabs(path) as slabs:
        assert bits(slabs.read(0, 5)) == bits(DATA[:5])
        assert str(path) in refusal_of(slabs.read, 5, 6)


def test_a_chunk_that_is_damaged_is_refused(tmp_path):
    store = zarr_array(tmp_path / "a.zarr", zarr_format=2, chunks=(3, 10, 9))
    (store / "1.0.0").write_bytes(b"\x00" * 40)
    with open_slabs(store) as slabs:
        assert bits(slabs.read(0, 3)) == bits(DATA[:3])
        assert "1.0.0" in refusal_of(slabs.read, 2, 4)


def test_what_goes_wrong_outside_is_not_taken_for_the_source(tmp_path):
    with pytest.raises(ZeroDivisionError), open_slabs(mrc(tmp_path / "a.mrc")):
        raise ZeroDivisionError


@pytest.mark.parametrize("byte_order", "<>")
def test_slabs_of_an_array(byte_order):
    stored = DATA.astype(DATA.dtype.newbyteorder(byte_order))
    slabs = ArraySlabs(stored, "an array", SPACING)
    assert (slabs.shape, slabs.dtype, slabs.planes) == (DATA.shape, np.dtype("f4"), 1)
    finite = np.nan_to_num(DATA[2:4], posinf=1, neginf=-1)
    assert bits(np.nan_to_num(slabs.read(2, 4), posinf=1, neginf=-1)) == bits(finite)
