"""Whatever is wrong with a file, the answer is one line that names it, and nothing is kept."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume
from cryoet_zarr_bench.tomograms.preparation import prepare

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, while the tests write

VOXELS = np.arange(210, dtype=np.float32).reshape(5, 6, 7)
SUFFIXES = [".mrc", ".map", ".rec", ".st", ".mrcs", ".ali", ".tif", ".tiff", ".npy", ".zarr"]
BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {}
"""Case: file name, what makes the file, and a word that the refusal has to have."""


def bad(name: str, word: str, case: str | None = None):
    def add(make):
        BAD[case or make.__name__] = (name, make, word)
        return make

    return add


def cut(path: Path, keep: int):
    path.write_bytes(path.read_bytes()[:keep])


def patch(path: Path, offset: int, content: bytes):
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(content)] = content
    path.write_bytes(whole)


for suffix in SUFFIXES:
    bad(f"a{suffix}", "does not exist", f"missing{suffix}")(lambda path: None)
    bad(f"a{suffix}", "", f"garbage{suffix}")(lambda path: path.write_bytes(b"\x93garbage" * 999))
    bad(f"a{suffix}", "", f"folder{suffix}")(lambda path: path.mkdir())
    if suffix != ".zarr":
        bad(f"a{suffix}", "empty", f"empty{suffix}")(lambda path: path.touch())
        bad(f"a{suffix}", "regular", f"pipe{suffix}")(lambda path: os.mkfifo(path))


@bad("a.txt", "accepted are .mrc")
def unknown_suffix(path):
    path.write_text("1 2 3")


@bad("a.mrc.gz", "is compressed with gzip")
def compressed_mrc(path):
    with mrcfile.new(path, compression="gzip") as file:
        file.set_data(VOXELS)


@bad("two\nlines.mrc", "empty")
def path_of_two_lines(path):
    path.touch()


@bad("a.mrc", "no level 1")
def level_of_mrc(path):
    with mrcfile.new(path) as file:
        file.set_data(VOXELS)
    return f"{path}::1"


@bad("a.mrc", "not a level")
def level_that_is_no_number(path):
    return f"{path}::finest"


def mrc(data, after=lambda path: None):
    def make(path):
        with mrcfile.new(path) as file:
            file.set_data(data)
        after(path)

    return make


HUGE = struct.pack("<3i", 8000, 8000, 8000)
BAD |= {
    "mrc cut in the voxels": ("a.mrc", mrc(VOXELS, lambda path: cut(path, 1500)), "truncated"),
    "mrc cut behind the header": ("a.mrc", mrc(VOXELS, lambda path: cut(path, 1024)), "truncated"),
    "mrc cut in the header": (
        "a.mrc",
        mrc(VOXELS, lambda path: cut(path, 1000)),
        "shorter than a header",
    ),
    "mrc of a huge shape": ("a.mrc", mrc(VOXELS, lambda path: patch(path, 0, HUGE)), "truncated"),
    "mrc of an absurd shape": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 0, b"\xff\xff\xff\x7f" * 3)),
        "more voxels than any tomogram",
    ),
    "mrc with a huge extended header": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 92, b"\xff\xff\xff\x7f")),
        "announces an extended header of 2147483647 bytes that is not there",
    ),
    "mrc of a huge shape, header only": (
        "a.mrc",
        mrc(VOXELS, lambda path: (patch(path, 0, HUGE), cut(path, 1024))),
        "truncated",
    ),
    "mrc of a negative shape": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 0, struct.pack("<i", -7))),
        "no voxels",
    ),
    "mrc without voxels": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 8, bytes(4))),
        "no voxels",
    ),
    "mrc of an unknown mode": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 12, struct.pack("<i", 77))),
        "mode",
    ),
    "mrc without MAP, and of impossible axes": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 64, struct.pack("<i", 9) + bytes(140) + b"PAM ")),
        "lacks the Map ID",
    ),
    "mrc with impossible axes": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 64, struct.pack("<3i", 1, 1, 3))),
        "axes",
    ),
    "mrc with a negative extended header": (
        "a.mrc",
        mrc(VOXELS, lambda path: patch(path, 92, struct.pack("<i", -5))),
        "-5 bytes",
    ),
    "complex mrc": ("a.mrc", mrc(VOXELS.astype(np.complex64)), "mode 4, complex numbers"),
    "one image as mrc": ("a.mrc", mrc(VOXELS[0]), "2 axes"),
    "stack of volumes as mrc": ("a.mrc", mrc(np.stack([VOXELS, VOXELS])), "stack of volumes"),
}


def npy(data, after=lambda path: None):
    def make(path):
        np.save(path, data, allow_pickle=True)
        after(path)

    return make


def npy_header(shape):
    def make(path):
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.write(bytes(100))

    return make


BAD |= {
    "npy of objects": ("a.npy", npy(np.array([[[None, "a"]]])), "Python objects"),
    "npy of records": ("a.npy", npy(np.zeros((2, 2, 2), "f4,i2")), "not accepted"),
    "npy cut": ("a.npy", npy(VOXELS, lambda path: cut(path, 500)), "truncated"),
    "npy cut in the header": ("a.npy", npy(VOXELS, lambda path: cut(path, 30)), "cannot be read"),
    "npy of a huge shape": ("a.npy", npy_header((8000, 8000, 8000)), "truncated"),
    "npy of an absurd shape": ("a.npy", npy_header((10**9, 10**9, 10**9)), "more voxels"),
    "npy of a negative shape": ("a.npy", npy_header((-1, 5, 5)), "no voxels"),
    "npy without axes": ("a.npy", npy(np.float32(1)), "0 axes"),
    "npy of two axes": ("a.npy", npy(VOXELS[0]), "2 axes"),
    "npy of four axes": ("a.npy", npy(VOXELS[np.newaxis]), "4 axes"),
    "npy without voxels": ("a.npy", npy(VOXELS[:0]), ""),
    "npz": ("a.npy", lambda path: np.savez(path.open("wb"), VOXELS), "archive"),
    **{
        f"npy of {dtype}": ("a.npy", npy(VOXELS.astype(dtype)), f"{dtype} are not accepted")
        for dtype in ["float64", "int32", "uint32", "int64", "complex64", "bool"]
    },
}


def tiff(data, after=lambda path: None, **options):
    def make(path):
        tifffile.imwrite(path, data, **({"photometric": "minisblack"} | options))
        after(path)

    return make


def several_images(path):
    with tifffile.TiffWriter(path) as file:
        for length in (5, 6):
            file.write(VOXELS[:, :length], photometric="minisblack", metadata=None)


def pages_without_voxels(path):
    """Strip lengths of 0, which mark parts never written."""
    tifffile.imwrite(path, VOXELS, photometric="minisblack", compression="zlib", metadata=None)
    with tifffile.TiffFile(path) as file:
        places = [page.tags["StripByteCounts"].valueoffset for page in file.pages]
    patch(path, places[2], bytes(4))


BAD |= {
    "colour tiff": ("a.tif", tiff(np.zeros((6, 7, 3), "u1"), photometric="rgb"), "colours"),
    "stack of colour tiffs": ("a.tif", tiff(np.zeros((5, 6, 7, 3), "u1"), photometric="rgb"), ""),
    "tiff of one page": ("a.tif", tiff(VOXELS[0]), "2 axes"),
    "tiff of four axes": ("a.tif", tiff(np.stack([VOXELS, VOXELS])), "4 axes"),
    "tiff of channels": (
        "a.tif",
        tiff(VOXELS, imagej=True, metadata={"axes": "CYX"}),
        "channels",
    ),
    "tiff of float64": ("a.tif", tiff(VOXELS.astype("f8")), "float64"),
    "tiff of bits": ("a.tif", tiff(VOXELS > 9, photometric="minisblack"), "bool"),
    "tiff of complex": ("a.tif", tiff(VOXELS.astype("c8")), "complex64"),
    "several images": ("a.tif", several_images, "2 images"),
    "tiff with an unwritten page": ("a.tif", pages_without_voxels, "page 2"),
    "tiff cut in its magic": ("a.tif", tiff(VOXELS, lambda path: cut(path, 6)), ""),
    "ImageJ tiff cut": (
        "a.tif",
        tiff(VOXELS, lambda path: cut(path, 900), imagej=True, metadata={"axes": "ZYX"}),
        "",
    ),
}


def pages_one_by_one(path, **options):
    """Each page has its own header before its voxels: a cut file looks like a shorter one."""
    with tifffile.TiffWriter(path) as file:
        for page in VOXELS:
            file.write(page, contiguous=False, metadata=None, **options)


@pytest.mark.parametrize(
    "make",
    [
        tiff(VOXELS, metadata=None),
        tiff(VOXELS),
        tiff(VOXELS, compression="zlib"),
        tiff(VOXELS, compression="zlib", metadata=None),
        tiff(VOXELS, ome=True, metadata={"axes": "ZYX"}),
        tiff(VOXELS, imagej=True, metadata={"axes": "ZYX"}),
        pages_one_by_one,
        lambda path: pages_one_by_one(path, compression="zlib"),
    ],
    ids=[
        "pages",
        "shaped",
        "deflated",
        "deflated pages",
        "OME",
        "ImageJ",
        "single",
        "deflated single",
    ],
)
def test_a_cut_tiff_is_refused_or_read_whole(make, tmp_path, capfd):
    """Only the end, of headers that are not needed, may be missing."""
    path = tmp_path / "a.tif"
    make(path)
    whole = path.read_bytes()
    refusals = 0
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        try:
            data = read_volume(path).data
        except BadInput as refusal:
            assert len(str(refusal).splitlines()) == 1
            refusals += 1
        else:
            assert data.shape == VOXELS.shape
            assert data.tobytes() == VOXELS.tobytes()
    assert refusals > 0.6 * len(whole) / 5
    assert capfd.readouterr() == ("", "")


def zarr_array(data, after=lambda path: None, **options):
    def make(path):
        options_of_array = {"chunks": (2, 3, 4), "zarr_format": 2, "fill_value": 0} | options
        array = zarr.create_array(path, shape=data.shape, dtype=data.dtype, **options_of_array)
        array[...] = data
        after(path)

    return make


def ome_zarr(change):
    def make(path):
        group = zarr.create_group(path, zarr_format=2)
        array = group.create_array("0", shape=VOXELS.shape, chunks=(5, 6, 7), dtype="float32")
        array[...] = VOXELS
        multiscale = {
            "axes": [{"name": name, "type": "space"} for name in "zyx"],
            "datasets": [{"path": "0"}],
        }
        change(multiscale)
        group.attrs["multiscales"] = [multiscale]

    return make


def group_without_multiscales(path):
    zarr.create_group(path)


def zarr_level_9(path):
    ome_zarr(lambda multiscale: None)(path)
    return f"{path}::9"


def zarr_array_level_1(path):
    zarr_array(VOXELS)(path)
    return f"{path}::1"


def huge_zarr(path):
    array = zarr.create_array(path, shape=(5000,) * 3, chunks=(500,) * 3, dtype="float32")
    array[:500, :500, :500] = 1
    return f"{path}::0,fill"


def zarr_of_single_voxel_chunks(path):
    zarr.create_array(path, shape=(1000,) * 3, chunks=(1,) * 3, dtype="int8")


BAD |= {
    "group without multiscales": ("a.zarr", group_without_multiscales, "0 multiscales"),
    "zarr level 9": ("a.zarr", zarr_level_9, "no level 9; choose one from 0 to 0"),
    "zarr array level 1": ("a.zarr", zarr_array_level_1, "no level 1"),
    "huge zarr": ("a.zarr", huge_zarr, "GB"),
    "zarr of single-voxel chunks": ("a.zarr", zarr_of_single_voxel_chunks, "1000000000 chunks"),
    "ome-zarr of v, y, x": (
        "a.zarr",
        ome_zarr(lambda multiscale: multiscale["axes"][0].update(name="v")),
        "axes ['v', 'y', 'x'], and which are z, y and x is not certain",
    ),
    "ome-zarr that points nowhere": (
        "a.zarr",
        ome_zarr(lambda multiscale: multiscale.update(datasets=[{"path": "7"}])),
        "",
    ),
    "ome-zarr with nonsense": (
        "a.zarr",
        ome_zarr(lambda multiscale: multiscale.update(datasets=5)),
        "not a list",
    ),
    "zarr of two axes": ("a.zarr", zarr_array(VOXELS[0], chunks=(2, 2)), "2 axes"),
    "zarr of two channels": (
        "a.zarr",
        zarr_array(np.stack([VOXELS, VOXELS]), chunks=(1, 5, 6, 7)),
        "has 2 steps along its axis 0",
    ),
    "zarr of float64": ("a.zarr", zarr_array(VOXELS.astype("f8")), "float64"),
    "zarr without voxels": ("a.zarr", zarr_array(VOXELS[:0]), "no voxels"),
    "zarr with a lost chunk": (
        "a.zarr",
        zarr_array(VOXELS, lambda path: (path / "1.1.1").unlink()),
        "lacks 1 of the 12 chunks",
    ),
    "zarr with a cut chunk": (
        "a.zarr",
        zarr_array(VOXELS, lambda path: cut(path / "1.1.1", 9)),
        "1.1.1: the chunk ",
    ),
    "zarr with a cut uncompressed chunk": (
        "a.zarr",
        zarr_array(VOXELS, lambda path: cut(path / "1.1.1", 9), compressors=None),
        "1.1.1: the chunk ",
    ),
    "zarr with an empty chunk": (
        "a.zarr",
        zarr_array(VOXELS, lambda path: cut(path / "1.1.1", 0)),
        "1.1.1: the chunk ",
    ),
    "zarr with cut metadata": (
        "a.zarr",
        zarr_array(VOXELS, lambda path: cut(path / ".zarray", 20)),
        "not JSON",
    ),
    "zarr with an unknown codec": (
        "a.zarr",
        zarr_array(VOXELS, lambda path: unknown_codec(path / ".zarray")),
        "'no such codec' is not accepted",
    ),
}


def unknown_codec(path):
    metadata = json.loads(path.read_text())
    path.write_text(json.dumps({**metadata, "compressor": {"id": "no such codec"}}))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(folder))
    return folder


@pytest.mark.parametrize("case", BAD)
def test_one_line_that_names_the_file(case, tmp_path, cache, capfd):
    name, make, word = BAD[case]
    path = tmp_path / name
    source = make(path)
    capfd.readouterr()
    with pytest.raises(BadInput) as refusal:
        prepare(source if isinstance(source, str) else str(path), None)
    line = str(refusal.value)
    assert word in line
    assert len(line.splitlines()) == 1
    assert str(path).replace("\n", " ") in line
    assert len(line) < 600
    assert capfd.readouterr() == ("", "")
    assert list(cache.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_without_permission_is_refused(tmp_path, cache):
    path = tmp_path / "a.npy"
    np.save(path, VOXELS)
    path.chmod(0)
    with pytest.raises(BadInput, match="Permission denied"):
        prepare(str(path), None)


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("s3://bucket/a.zarr", "not available yet"),
        ("https://example.org/a.mrc", "not available yet"),
        ("synthetic:7A@128", "unknown profile; choose one of 10A, 5A, int16, denoised"),
        ("synthetic:10A", "PROFILE@N"),
        ("synthetic:10A@", "PROFILE@N"),
        ("synthetic:10A@12x13", "PROFILE@N"),
        ("synthetic:10A@12.5", "PROFILE@N"),
        ("synthetic:10A@-4", "PROFILE@N"),
        ("synthetic:10A@4#x", "PROFILE@N"),
        ("synthetic:10A@4x0x4", "no voxels"),
        ("synthetic:10A@99999", "GB"),
        ("nowhere.mrc", "does not exist"),
        ("~/nowhere/at/all.mrc", "does not exist"),
        ("a\0b.mrc", ""),
        ("x" * 5000 + ".mrc", ""),
        ("~nobody-of-this-name/a.mrc", ""),
    ],
)
def test_bad_sources(source, word, tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as refusal:
        prepare(source, None)
    assert word in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "crop", ["1,2", "1,2,3,4", "0,1,1", "-1,2,3", "a,b,c", "4x4x4", "1.5,2,2", "٣,3,3", "1,2,3\n,"]
)
def test_malformed_crops(crop, cache):
    with pytest.raises(BadInput, match="z,y,x") as refusal:
        prepare("synthetic:10A@8", crop)
    assert "crop" in str(refusal.value)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("crop", ["9,8,8", "8,8,9", "1,999999,1"])
def test_a_crop_larger_than_the_tomogram_names_both(crop, cache):
    with pytest.raises(BadInput) as refusal:
        prepare("synthetic:10A@8", crop)
    assert crop in str(refusal.value)
    assert "8x8x8" in str(refusal.value)
    assert list(cache.iterdir()) == []
