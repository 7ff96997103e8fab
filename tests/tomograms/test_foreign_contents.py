"""Files that hold something else than their name says: the refusal names the cause."""

import bz2
import gzip
import io
import lzma
import zipfile

import mrcfile
import numpy as np
import pytest
import tifffile
from mrc_headers import mrc_bytes
from numcodecs import zstd
from tomogram_files import bits, densities

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs
from cryoet_zarr_bench.tomograms.tomogram_sources import parse_source

VOXELS = densities((4, 5, 6))


def refusal(path) -> str:
    with pytest.raises(BadInput) as refused, open_slabs(path):
        pass
    return str(refused.value)


def mrc() -> bytes:
    return mrc_bytes(VOXELS, 2)


def tiff(bigtiff=False) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, VOXELS, bigtiff=bigtiff, photometric="minisblack")
    return file.getvalue()


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, VOXELS)
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.mrc", mrc())
    return file.getvalue()


CONTENTS = {
    "gzip": (lambda: gzip.compress(mrc()), "is compressed with gzip; decompress it with gunzip"),
    "bzip2": (lambda: bz2.compress(mrc()), "is compressed with bzip2"),
    "xz": (lambda: lzma.compress(mrc()), "is compressed with xz"),
    "zstd": (lambda: bytes(zstd.compress(mrc(), 3)), "is compressed with zstd"),
    "zip": (archive, "is a zip archive"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(3000), "is an HDF5 file"),
    "PNG": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(3000), "is a PNG picture"),
    "JPEG": (lambda: b"\xff\xd8\xff\xe0" + bytes(3000), "is a JPEG picture"),
    "page": (lambda: b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
    "error of S3": (
        lambda: b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
        "is a server's message of an error",
    ),
    "git-annex": (
        lambda: b"/annex/objects/SHA256E-s10--ab.mrc\n",
        "is kept by git-annex, and its content is not here; fetch it with git annex get",
    ),
    "Git LFS": (
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
        "is kept by Git LFS, and its content is not here; run git lfs pull",
    ),
}


@pytest.mark.parametrize("suffix", [".mrc", ".rec", ".tif", ".npy"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_what_it_is_instead_is_named(tmp_path, kind, suffix):
    make, words = CONTENTS[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(make())
    line = refusal(path)
    if (kind, suffix) == ("zip", ".npy"):
        words = "is an archive of arrays"  # what numpy.savez writes
    assert words in line
    assert "truncated" not in line and "copy" not in line


@pytest.mark.parametrize(
    ("suffix", "make", "words"),
    [
        (".mrc", tiff, "is a TIFF; let its name end in .tif"),
        (".mrc", lambda: tiff(bigtiff=True), "is a BigTIFF; let its name end in .tif"),
        (".tif", mrc, "is an MRC file; let its name end in .mrc"),
        (".npy", mrc, "is an MRC file"),
        (".mrc", npy, "is a file of numpy.save"),
        (".tif", npy, "is a file of numpy.save"),
        (".dat", mrc, "is an MRC file"),
        (".dat", tiff, "is a TIFF"),
    ],
)
def test_a_format_under_the_name_of_another(tmp_path, suffix, make, words):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(make())
    assert words in refusal(path)


def test_an_mrc_whose_numbers_look_like_something_else_is_read(tmp_path):
    """The first bytes are the number of columns: 35615 of them begin as gzip does."""
    voxels = np.ones((2, 2, 0x8B1F), "int8")
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(voxels)
    assert (tmp_path / "a.mrc").read_bytes()[:2] == b"\x1f\x8b"
    with open_slabs(tmp_path / "a.mrc") as tomogram:
        assert tomogram.shape == voxels.shape


def test_a_file_that_git_annex_keeps_under_a_name_without_a_suffix(tmp_path):
    kept = tmp_path / ".git" / "annex" / "objects" / "Xx" / "SHA256-s10--ab"
    kept.parent.mkdir(parents=True)
    np.save(tmp_path / "a.npy", VOXELS)
    (tmp_path / "a.npy").rename(kept)
    (tmp_path / "a.npy").symlink_to(kept.relative_to(tmp_path))
    with parse_source(str(tmp_path / "a.npy")).open() as tomogram:
        assert bits(tomogram[:, :, :]) == bits(VOXELS) and tomogram.name == "a.npy"
    kept.unlink()
    with pytest.raises(BadInput, match=r"a\.npy: is kept by git-annex"):
        parse_source(str(tmp_path / "a.npy"))
    (tmp_path / "b.npy").symlink_to("nowhere.npy")
    with pytest.raises(BadInput, match=r"is a link to nowhere\.npy, which does not exist"):
        parse_source(str(tmp_path / "b.npy"))
