"""TIFF as programs write it: LZW, PackBits, deflate, Zstandard, predictors, tiles, byte orders."""

import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from tomogram_files import any_bits, bits, densities

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs

OF_LIBTIFF = ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd"]
COMPRESSIONS = [None, "lzw", "packbits", "zlib", "adobe_deflate", "zstd"]
DTYPES = ["int8", "uint8", "int16", "uint16", "float16", "float32"]


def refusal(path) -> str:
    with pytest.raises(BadInput) as refused, open_slabs(path) as tomogram:
        tomogram[:, :, :]
    return str(refused.value)


def write_tiff(path, voxels, **options):
    tifffile.imwrite(path, voxels, photometric="minisblack", metadata=None, **options)
    return path


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@settings(max_examples=200, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.tuples(st.integers(2, 4), st.integers(2, 40), st.integers(2, 40)),
    compression=st.sampled_from(COMPRESSIONS),
    predictor=st.booleans(),
    tile=st.none() | st.just((16, 16)),
    rows=st.integers(1, 50),
    byte_order=st.sampled_from("<>"),
    bigtiff=st.booleans(),
)
def test_held_against_tifffile_and_libtiff(
    tmp_path_factory, dtype, shape, compression, predictor, tile, rows, byte_order, bigtiff
):
    """Pillow reads by libtiff, for the types and codecs that it has."""
    voxels = any_bits(shape, dtype)
    path = write_tiff(
        tmp_path_factory.mktemp("tiff") / "a.tif",
        voxels,
        compression=compression,
        predictor=predictor and compression not in (None, "packbits"),
        tile=tile,
        rowsperstrip=None if tile else rows,
        byteorder=byte_order,
        bigtiff=bigtiff,
    )
    with open_slabs(path) as tomogram:
        assert (tomogram.shape, tomogram.dtype) == (shape, dtype)
        assert bits(tomogram[:, :, :]) == bits(voxels)
        assert bits(tomogram[1:, 1:-1, :1]) == bits(voxels[1:, 1:-1, :1])
    assert bits(tifffile.imread(path)) == bits(voxels)
    # It has no floating-point predictor and no big-endian BigTIFF, and turns big-endian floats
    # around once more where libtiff has decoded them.
    in_pillow = dtype in ("uint8", "uint16", "float32")
    in_pillow &= byte_order == "<" or not (bigtiff or dtype == "float32")
    if in_pillow and not (predictor and dtype == "float32"):
        with Image.open(path) as image:
            pages = [np.array(page) for page in ImageSequence.Iterator(image)]
        assert bits(np.stack(pages).astype(dtype)) == bits(voxels)


@pytest.mark.parametrize("compression", OF_LIBTIFF)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_libtiff_wrote_is_read(tmp_path, dtype, compression):
    voxels = densities((3, 20, 30), "float32").clip(0, 120).astype(dtype)
    pages = [Image.fromarray(plane) for plane in voxels]
    path = tmp_path / "a.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    with open_slabs(path) as tomogram:
        assert bits(tomogram[:, :, :]) == bits(voxels)


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd"])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_floating_point_predictor_goes_there_and_back(tmp_path, dtype, compression):
    voxels = any_bits((3, 20, 30), dtype)
    write_tiff(tmp_path / "a.tif", voxels, compression=compression, predictor=3)
    czb.convert(tmp_path / "a.tif", tmp_path / "a.zarr")
    czb.convert(tmp_path / "a.zarr", tmp_path / "b.tif")
    assert bits(tifffile.imread(tmp_path / "b.tif")) == bits(voxels)


WITHOUT_IMAGECODECS = """
    import sys
    for name in ("imagecodecs", "_imagecodecs"):
        sys.modules[name] = None
    import numpy as np
    from cryoet_zarr_bench.common.errors import BadInput
    from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs
    for name in sys.argv[1:]:
        try:
            with open_slabs(name) as tomogram:
                print(np.array_equal(tomogram[:, :, :], np.load("voxels.npy")))
        except BadInput as error:
            print(str(error).split(": ", 1)[1])
"""


def test_without_imagecodecs_what_is_missing_is_named(tmp_path):
    voxels = densities((3, 20, 30), "float32")
    np.save(tmp_path / "voxels.npy", voxels)
    names = []
    for compression, predictor in [("lzw", None), ("zlib", 3), ("zlib", None), ("packbits", None)]:
        names.append(f"{compression}-{predictor}.tif")
        write_tiff(tmp_path / names[-1], voxels, compression=compression, predictor=predictor)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WITHOUT_IMAGECODECS), *names],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    remedy = "install cryoet-zarr-bench[tiff], or save it with deflate or uncompressed"
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"is compressed with LZW, which needs imagecodecs; {remedy}",
        f"has the floating-point predictor, which needs imagecodecs; {remedy}",
        "True",
        "True",
    ]


@pytest.mark.parametrize(
    ("compression", "name"), [("lerc", "LERC"), ("jpeg2000", "JPEG2000"), ("lzma", "LZMA")]
)
def test_codecs_that_are_not_taken_are_named(tmp_path, compression, name):
    voxels = densities((3, 20, 30), "uint8")
    line = refusal(write_tiff(tmp_path / "a.tif", voxels, compression=compression))
    assert f"is compressed with {name}" in line and "truncated" not in line


@pytest.mark.parametrize("compression", ["lzw", "packbits", "zlib", "zstd"])
@pytest.mark.parametrize("damage", ["short", "zeros", "ones", "random", "other"])
def test_a_damaged_strip_is_refused(tmp_path, compression, damage):
    """Never a page that is partly zeros: the decoder has to fill it."""
    voxels = densities((3, 40, 50), "int16")
    path = write_tiff(tmp_path / "a.tif", voxels, compression=compression)
    with tifffile.TiffFile(path) as file:
        page = file.pages[1]
        (offset,), (length,) = page.dataoffsets, page.databytecounts
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(5).bytes(length)
    replaced = {
        "short": bytes(content[offset : offset + length // 3]) + bytes(length - length // 3),
        "zeros": bytes(length),
        "ones": b"\xff" * length,
        "random": noise,
        "other": b"II*\0" * (length // 4),
    }[damage]
    content[offset : offset + len(replaced)] = replaced
    path.write_bytes(content)
    try:
        with open_slabs(path) as tomogram:
            found = tomogram[:, :, :]
    except BadInput as error:
        assert str(path) in str(error) and str(error).isprintable()
    else:
        # Some bytes are a page in these codecs, whatever they are: as libtiff has it too.
        with Image.open(path) as image:
            image.seek(1)
            assert bits(np.array(image)) == bits(found[1])
        assert bits(found[::2]) == bits(voxels[::2])


@pytest.mark.parametrize("compression", [None, "packbits"])
def test_a_predictor_that_libtiff_ignores_and_tifffile_applies_is_refused(tmp_path, compression):
    voxels = densities((3, 20, 30), "uint8")
    path = write_tiff(tmp_path / "a.tif", voxels, compression=compression)
    with tifffile.TiffFile(path, mode="r+") as file:
        for page in file.pages:
            # A tag that is there already becomes a predictor: SamplesPerPixel is 1 without it.
            with file.filehandle.lock:
                file.filehandle.seek(page.tags["SamplesPerPixel"].offset)
                file.filehandle.write(b"\x3d\x01\x03\x00\x01\x00\x00\x00\x02\x00\x00\x00")
    line = refusal(path)
    assert "programs disagree on what that means" in line


def test_planes_that_are_stored_as_colours_are_named(tmp_path):
    voxels = densities((3, 20, 30), "float32")
    tifffile.imwrite(tmp_path / "a.tif", voxels, photometric="rgb", planarconfig="separate")
    assert "has 3 planes that are stored as the colours of one page (planar)" in (
        refusal(tmp_path / "a.tif")
    )


def test_an_ome_tiff_in_several_files_names_another(tmp_path):
    voxels = densities((2, 20, 30), "float32")
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, voxels, photometric="minisblack", metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as file:
        xml = file.ome_metadata
    own, other = "urn:uuid:00000000-0000-0000-0000-000000000001", "urn:uuid:2"
    parts = "".join(
        f'<TiffData IFD="0" FirstZ="{z}"><UUID FileName="{name}.ome.tif">{uuid}</UUID></TiffData>'
        for z, (name, uuid) in enumerate([("a", own), ("b", other)])
    )
    spread = re.sub(r'UUID="urn[^"]*" ', "", xml).replace("<OME ", f'<OME UUID="{own}" ', 1)
    spread = re.sub(r"(<TiffData[^>]*/>)+", parts, spread)
    tifffile.imwrite(path, voxels[:1], photometric="minisblack", description=spread, metadata=None)
    line = refusal(path)
    assert "has pages in other files, such as 'b.ome.tif'" in line
    binary = '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    binary += '<BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:3"/></OME>'
    tifffile.imwrite(path, voxels, photometric="minisblack", description=binary, metadata=None)
    assert "its OME-XML in another file, 'set.companion.ome'" in refusal(path)
