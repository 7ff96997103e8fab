import subprocess
import sys

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
import zarr.codecs.numcodecs
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import ACCEPTED_DTYPES
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_folders import open_level

# mrcfile's and tifffile's own, while the tests write with them.
pytestmark = pytest.mark.filterwarnings("ignore")

SHAPE = (5, 6, 7)
BYTE_ORDERS = ["<", ">"]
MRC_DTYPES = ["int8", "int16", "uint16", "float16", "float32"]


def any_bits(dtype: str, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Random bits, so that floats hold NaN payloads, infinities and denormals; -0.0 as well."""
    kind = np.dtype(dtype)
    rng = np.random.default_rng(0)
    data = np.frombuffer(rng.bytes(int(np.prod(shape)) * kind.itemsize), kind).copy()
    if kind.kind == "f":
        bits = data.view(f"u{kind.itemsize}")
        infinity = np.array(np.inf, kind).view(bits.dtype)
        # A negative zero, a signalling NaN with a payload, a quiet one, a negative infinity.
        sign = np.array(1, bits.dtype) << (8 * kind.itemsize - 1)
        bits[:4] = [sign, infinity + 5, infinity + (infinity & -infinity) // 2 + 9, infinity | sign]
        assert np.isnan(data[1]) and np.signbit(data[0]) and np.isneginf(data[3])
    return data.reshape(shape)


def in_order(data: np.ndarray, byte_order: str) -> np.ndarray:
    """The same bits of each value, in another order of bytes."""
    wanted = data.dtype.newbyteorder(byte_order)
    return data if wanted == data.dtype else data.byteswap().view(wanted)


def assert_same_bits(read: np.ndarray, written: np.ndarray):
    assert read.dtype == written.dtype
    assert read.dtype.isnative
    assert read.flags.c_contiguous
    assert read.shape == written.shape
    assert read.tobytes() == written.tobytes()


@pytest.mark.parametrize("suffix", [".npy", ".NPY"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("byte_order", BYTE_ORDERS)
@pytest.mark.parametrize("dtype", ACCEPTED_DTYPES)
def test_npy_round_trip(tmp_path, dtype, byte_order, order, suffix):
    data = any_bits(dtype)
    with (tmp_path / f"a{suffix}").open("wb") as file:
        np.save(file, np.asarray(in_order(data, byte_order), order=order))
    volume = read_volume(tmp_path / f"a{suffix}")
    assert_same_bits(volume.data, data)
    assert volume.voxel_spacing is None
    assert volume.name == f"a{suffix}"


def write_mrc(path, data, **changes_of_header):
    """Write through mrcfile, then patch what its checks would not let through."""
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(data)
        file.voxel_size = (7.5, 10.0, 12.5)
        for name, value in changes_of_header.items():
            file.header[name] = value


@pytest.mark.parametrize("byte_order", BYTE_ORDERS)
@pytest.mark.parametrize("dtype", MRC_DTYPES)
def test_mrc_round_trip(tmp_path, dtype, byte_order):
    data = any_bits(dtype)
    write_mrc(tmp_path / "a.mrc", in_order(data, byte_order))
    with mrcfile.open(tmp_path / "a.mrc", header_only=True) as file:
        # Single bytes have no order: mrcfile takes the machine's.
        assert (
            data.itemsize == 1
            or file.header.mode.dtype.newbyteorder(byte_order) == file.header.mode.dtype
        )
    volume = read_volume(tmp_path / "a.mrc")
    assert_same_bits(volume.data, data)
    assert volume.voxel_spacing == (12.5, 10.0, 7.5)  # given to mrcfile as x, y, z


def test_mrc_spacing_is_not_widened_from_single_precision(tmp_path):
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(any_bits("int8"))
        file.voxel_size = 10.012
    assert read_volume(tmp_path / "a.mrc").voxel_spacing == (10.012, 10.012, 10.012)


@pytest.mark.parametrize("suffix", [".map", ".rec", ".st", ".mrcs", ".ali", ".MRC", ".Rec"])
def test_mrc_suffixes(tmp_path, suffix):
    data = any_bits("int16")
    write_mrc(tmp_path / f"a{suffix}", data)
    assert_same_bits(read_volume(tmp_path / f"a{suffix}").data, data)


def test_an_image_stack_is_read_as_z_y_x(tmp_path):
    data = any_bits("int16")
    with mrcfile.new(tmp_path / "a.mrcs") as file:
        file.set_data(data)
        file.set_image_stack()
    assert_same_bits(read_volume(tmp_path / "a.mrcs").data, data)


def test_mrc_axes_are_put_in_order(tmp_path):
    data = any_bits("float32")
    stored = np.ascontiguousarray(data.transpose(2, 0, 1))  # sections x, rows z, columns y
    write_mrc(tmp_path / "a.map", stored, mapc=2, mapr=3, maps=1)
    assert_same_bits(read_volume(tmp_path / "a.map").data, data)


def test_mrc_axes_left_unset_are_the_usual_ones(tmp_path):
    data = any_bits("float32")
    write_mrc(tmp_path / "a.map", data, mapc=0, mapr=0, maps=0)
    assert_same_bits(read_volume(tmp_path / "a.map").data, data)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"cella": (0, 0, 0)}, "zyx"),
        ({"mx": 0}, "x"),
        ({"cella": (110, np.nan, 90)}, "y"),
        ({"cella": (110, 140, 0)}, "z"),
    ],
)
def test_a_cell_length_that_is_missing_leaves_the_others(tmp_path, changes, missing):
    write_mrc(tmp_path / "a.mrc", any_bits("int8"), **changes)
    spacing = read_volume(tmp_path / "a.mrc").voxel_spacing
    assert (spacing is None) == (missing == "zyx")
    if spacing is not None:
        assert [axis for axis, length in zip("zyx", spacing, strict=True) if not length] == [
            missing
        ]


def test_mrc_with_an_extended_header_and_bytes_behind_the_voxels(tmp_path, capfd):
    data = any_bits("uint16")
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(data)
        file.set_extended_header(np.arange(100, dtype=np.uint8))
    with (tmp_path / "a.mrc").open("ab") as out:
        out.write(b"more")
    assert_same_bits(read_volume(tmp_path / "a.mrc").data, data)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("layout", ["pages", "shaped", "deflate", "bigtiff", "tiled", "volumetric"])
@pytest.mark.parametrize("byte_order", BYTE_ORDERS)
@pytest.mark.parametrize("dtype", ACCEPTED_DTYPES)
def test_tiff_round_trip(tmp_path, dtype, byte_order, layout):
    options = {
        "pages": {"metadata": None},
        "shaped": {},
        "deflate": {"compression": "zlib"},
        "bigtiff": {"bigtiff": True, "metadata": None},
        "tiled": {"tile": (16, 16)},
        "volumetric": {"tile": (16, 16, 16), "volumetric": True},
    }[layout]
    data = any_bits(dtype)
    tifffile.imwrite(
        tmp_path / "a.tif", data, byteorder=byte_order, photometric="minisblack", **options
    )
    volume = read_volume(tmp_path / "a.tif")
    assert_same_bits(volume.data, data)
    assert volume.voxel_spacing is None


@pytest.mark.parametrize(
    ("unit", "spacing"),
    [
        ("nm", (20.0, 10.0, 12.5)),
        ("micron", (20.0, 10.0, 12.5)),
        ("\\u00B5m", (20.0, 10.0, 12.5)),
        ("A", (2.0, 1.0, 1.25)),
        ("angstrom", (2.0, 1.0, 1.25)),
        ("pixel", None),
        ("inch", None),
        (None, None),
    ],
)
def test_imagej_spacing(tmp_path, unit, spacing):
    data = any_bits("uint16")
    in_one = 1000 if unit in ("micron", "\\u00B5m") else 1
    metadata = {"axes": "ZYX", "spacing": 2.0 / in_one} | ({} if unit is None else {"unit": unit})
    resolution = (0.8 * in_one, 1.0 * in_one)
    tifffile.imwrite(
        tmp_path / "a.TIFF", data, imagej=True, resolution=resolution, metadata=metadata
    )
    volume = read_volume(tmp_path / "a.TIFF")
    assert_same_bits(volume.data, data)
    assert volume.voxel_spacing == spacing


@pytest.mark.parametrize(
    ("metadata", "spacing"),
    [
        ({"unit": "nm"}, (10.0, 5.0, 10.0)),  # a voxel that is 1 unit deep: ImageJ does not say it
        ({"unit": "nm", "spacing": 3.0}, (30.0, 5.0, 10.0)),
        ({"unit": "nm", "zunit": "\\u00B5m", "spacing": 0.002}, (20.0, 5.0, 10.0)),
        ({"unit": "nm", "yunit": "angstrom", "zunit": "pm", "spacing": 1250.0}, (12.5, 0.5, 10.0)),
        ({"unit": "nm", "zunit": "pixel"}, (None, 5.0, 10.0)),
        ({"unit": "pixel", "spacing": 2.0}, None),
        ({"spacing": 2.0}, None),
        ({"unit": "nm", "spacing": -1.0}, (None, 5.0, 10.0)),
    ],
)
def test_units_of_imagej_axis_by_axis(tmp_path, metadata, spacing):
    options = {"imagej": True, "resolution": (1, 2), "metadata": {"axes": "ZYX", **metadata}}
    tifffile.imwrite(tmp_path / "a.tif", any_bits("uint8"), **options)
    assert read_volume(tmp_path / "a.tif").voxel_spacing == spacing


def test_imagej_without_a_resolution_says_nothing(tmp_path):
    options = {"imagej": True, "metadata": {"axes": "ZYX", "unit": "nm"}}
    tifffile.imwrite(tmp_path / "a.tif", any_bits("uint8"), **options)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        for page in file.pages:
            for name in ("XResolution", "YResolution"):
                page.tags[name].overwrite((0, 1))
    assert read_volume(tmp_path / "a.tif").voxel_spacing is None


@pytest.mark.parametrize("axes", ["ZYX", "TZCYX"])
def test_ome_tiff(tmp_path, axes):
    data = any_bits("float32")
    sizes = {"PhysicalSizeZ": 2.0, "PhysicalSizeY": 1.0, "PhysicalSizeX": 1.5}
    units = {f"PhysicalSize{axis}Unit": "nm" for axis in "ZYX"}
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        data if axes == "ZYX" else data[np.newaxis, :, np.newaxis],
        photometric="minisblack",
        metadata={"axes": axes, **sizes, **units},
    )
    volume = read_volume(tmp_path / "a.ome.tif")
    assert_same_bits(volume.data, data)
    assert volume.voxel_spacing == (20.0, 10.0, 15.0)


def test_ome_tiff_in_the_default_unit_and_with_one_size_missing(tmp_path):
    for sizes, expected in [
        ({"PhysicalSizeZ": 2e-3, "PhysicalSizeY": 1e-3, "PhysicalSizeX": 1e-3}, (20, 10, 10)),
        ({"PhysicalSizeY": 1e-3, "PhysicalSizeX": 2e-3}, (None, 10, 20)),
        ({}, None),
    ]:
        metadata = {"axes": "ZYX", **sizes}
        tifffile.imwrite(
            tmp_path / "a.ome.tif", any_bits("int8"), photometric="minisblack", metadata=metadata
        )
        assert read_volume(tmp_path / "a.ome.tif").voxel_spacing == expected


@pytest.mark.parametrize(("zarr_format", "sharded"), [(2, False), (3, False), (3, True)])
@pytest.mark.parametrize("byte_order", BYTE_ORDERS)
@pytest.mark.parametrize("dtype", ACCEPTED_DTYPES)
def test_plain_zarr_round_trip(tmp_path, dtype, byte_order, zarr_format, sharded):
    data = any_bits(dtype)
    options = {"shards": (4, 4, 4)} if sharded else {}
    if zarr_format == 3 and np.dtype(dtype).itemsize > 1:
        endian = "little" if byte_order == "<" else "big"
        options["serializer"] = zarr.codecs.BytesCodec(endian=endian)
    array = zarr.create_array(
        tmp_path / "a.zarr",
        shape=SHAPE,
        chunks=(2, 4, 4),
        dtype=np.dtype(dtype).newbyteorder(byte_order if zarr_format == 2 else "="),
        zarr_format=zarr_format,
        fill_value=1,
        **options,
    )
    array[...] = in_order(data, byte_order) if zarr_format == 2 else data
    volume = read_volume(tmp_path / "a.zarr")
    assert_same_bits(volume.data, data)
    assert volume.voxel_spacing is None
    assert volume.name == "a.zarr"


def write_ome_zarr(path, levels, *, zarr_format, axes, scales, common_scale=None):
    group = zarr.create_group(path, zarr_format=zarr_format)
    datasets = []
    for number, (data, scale) in enumerate(zip(levels, scales, strict=True)):
        separator = {"name": "v2" if zarr_format == 2 else "default", "separator": "/"}
        array = group.create_array(
            f"s{number}",
            shape=data.shape,
            chunks=(*[1] * (data.ndim - 3), 4, 4, 4),
            dtype=data.dtype,
            chunk_key_encoding=separator,
        )
        array[...] = data
        transformations = [{"type": "scale", "scale": scale}]
        datasets.append({"path": f"s{number}", "coordinateTransformations": transformations})
    multiscale = {"axes": axes, "datasets": datasets, "name": "a"}
    if common_scale is not None:
        multiscale["coordinateTransformations"] = [{"type": "scale", "scale": common_scale}]
    if zarr_format == 2:
        group.attrs["multiscales"] = [{**multiscale, "version": "0.4"}]
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}


def space(unit=None, names="zyx"):
    return [
        {"name": name, "type": "space"} | ({} if unit is None else {"unit": unit}) for name in names
    ]


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_ome_zarr_levels(tmp_path, zarr_format):
    levels = [any_bits("float32", shape) for shape in [(8, 8, 9), (4, 4, 5)]]
    write_ome_zarr(
        tmp_path / "a.zarr",
        levels,
        zarr_format=zarr_format,
        axes=space("angstrom"),
        scales=[[10.0, 10.012, 10.5], [20.0, 20.024, 21.0]],
    )
    for level, spacing in enumerate([(10.0, 10.012, 10.5), (20.0, 20.024, 21.0)]):
        volume = read_volume(tmp_path / "a.zarr", level=level)
        assert_same_bits(volume.data, levels[level])
        assert volume.voxel_spacing == spacing
    assert volume.name == "a.zarr level 1"


@pytest.mark.parametrize(
    ("unit", "factor"), [("nanometer", 10), ("micrometer", 1e4), ("angstrom", 1), (None, None)]
)
def test_ome_zarr_units_and_leading_axes(tmp_path, unit, factor):
    data = any_bits("int16", (1, 1, *SHAPE))
    length = 1e-3 if unit == "micrometer" else 1
    write_ome_zarr(
        tmp_path / "a.zarr",
        [data],
        zarr_format=3,
        axes=[{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *space(unit)],
        scales=[[1, 1, 2 * length, length, length]],
        common_scale=[1, 1, 1, 1, 3],
    )
    volume = read_volume(tmp_path / "a.zarr")
    assert_same_bits(volume.data, data[0, 0])
    factor = factor and factor * length
    expected = None if factor is None else (2 * factor, factor, 3 * factor)
    assert volume.voxel_spacing == expected


def test_an_array_within_an_ome_zarr(tmp_path):
    data = any_bits("uint8", (8, 8, 8))
    write_ome_zarr(
        tmp_path / "a.zarr", [data], zarr_format=2, axes=space("angstrom"), scales=[[1, 1, 1]]
    )
    volume = read_volume(tmp_path / "a.zarr" / "s0")
    assert_same_bits(volume.data, data)
    assert volume.name == "a.zarr s0"


@pytest.mark.parametrize(("zarr_format", "sharded"), [(2, False), (3, False), (3, True)])
def test_missing_chunks_are_fill_only_when_told(tmp_path, zarr_format, sharded):
    data = np.zeros((8, 8, 8), np.float32)
    data[:4] = any_bits("float32", (4, 8, 8))
    array = zarr.create_array(
        tmp_path / "a.zarr",
        shape=data.shape,
        chunks=(4, 4, 4),
        shards=(4, 8, 8) if sharded else None,
        dtype="float32",
        zarr_format=zarr_format,
        config={"write_empty_chunks": False},
    )
    array[...] = data
    with pytest.raises(BadInput, match=r"lacks (1 of the 2|4 of the 8) chunks.*fill value 0\.0"):
        read_volume(tmp_path / "a.zarr")
    volume = read_volume(tmp_path / "a.zarr", missing_chunks_are_fill=True)
    assert_same_bits(volume.data, data)


def test_an_array_without_any_chunk_is_refused_even_then(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", shape=(4, 4, 4), chunks=(2, 2, 2), dtype="int8")
    for told in (False, True):
        with pytest.raises(BadInput, match="lacks 8 of the 8 chunks"):
            read_volume(tmp_path / "a.zarr", missing_chunks_are_fill=told)


def test_a_chunk_lost_after_writing_is_refused(tmp_path):
    for zarr_format, chunk in [(2, "1.0.1"), (3, "c/1/0/1")]:
        path = tmp_path / f"{zarr_format}.zarr"
        array = zarr.create_array(
            path, shape=(4, 4, 4), chunks=(2, 2, 2), dtype="int8", zarr_format=zarr_format
        )
        array[...] = np.arange(64).reshape(4, 4, 4) + 1
        assert read_volume(path).data.sum() == np.arange(65).sum()
        (path / chunk).unlink()
        with pytest.raises(BadInput, match="lacks 1 of the 8 chunks"):
            read_volume(path)


def test_nothing_is_printed(tmp_path):
    """In a process of its own: a test's process catches warnings and log records."""
    write_mrc(tmp_path / "a.mrc", any_bits("int16"), mx=0)
    with (tmp_path / "a.mrc").open("ab") as out:
        out.write(b"more")
    tifffile.imwrite(tmp_path / "a.tif", any_bits("int16"), metadata=None)
    cut = (tmp_path / "a.tif").read_bytes()[:-30]
    (tmp_path / "a.tif").write_bytes(cut)
    program = (
        "import logging\n"
        "logging.basicConfig()\n"
        "from cryoet_zarr_bench.common.errors import BadInput\n"
        "from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume\n"
        "print(read_volume('a.mrc').data.shape)\n"
        "try:\n"
        "    read_volume('a.tif')\n"
        "except BadInput:\n"
        "    print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.stdout, done.stderr) == ("(5, 6, 7)\nrefused\n", "")


@pytest.mark.parametrize(
    "options",
    [
        {"compressors": zarr.codecs.GzipCodec(level=1)},
        {"compressors": zarr.codecs.ZstdCodec(level=1, checksum=True)},
        {"compressors": zarr.codecs.BloscCodec(cname="zlib", shuffle="bitshuffle")},
        {"compressors": [zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()]},
        {"filters": zarr.codecs.TransposeCodec(order=(2, 0, 1))},
        {"chunk_key_encoding": {"name": "v2", "separator": "."}},
        {"compressors": [zarr.codecs.numcodecs.Shuffle(elementsize=4), zarr.codecs.GzipCodec()]},
        {"compressors": zarr.codecs.numcodecs.LZ4()},
        {"filters": zarr.codecs.numcodecs.BitRound(keepbits=23)},
        {"shards": (4, 4, 8), "filters": zarr.codecs.TransposeCodec(order=(0, 2, 1))},
        {"shards": {"shape": (4, 4, 8), "index_location": "start"}},
    ],
    ids=str,
)
def test_codecs_of_format_3(tmp_path, options):
    data = np.random.default_rng(0).normal(size=SHAPE).astype("float32")
    options = {"chunks": (2, 4, 4), "zarr_format": 3, **options}
    array = zarr.create_array(tmp_path / "a.zarr", shape=SHAPE, dtype="float32", **options)
    array[...] = data
    assert_same_bits(read_volume(tmp_path / "a.zarr").data, array[...])


LENGTH = st.integers(1, 9)


@settings(max_examples=60)
@given(
    shape=st.tuples(LENGTH, LENGTH, LENGTH),
    chunks=st.tuples(LENGTH, LENGTH, LENGTH),
    chunks_per_shard=st.none() | st.tuples(*[st.integers(1, 3)] * 3),
    bounds=st.tuples(*[st.tuples(st.integers(-3, 11), st.integers(-3, 11) | st.none())] * 3),
)
def test_any_box_of_a_level(tmp_path_factory, shape, chunks, chunks_per_shard, bounds):
    path = tmp_path_factory.mktemp("level") / "a.zarr"
    data = any_bits("int16", shape)
    shards = None
    if chunks_per_shard is not None:
        shards = tuple(n * step for n, step in zip(chunks_per_shard, chunks, strict=True))
    array = zarr.create_array(path, shape=shape, chunks=chunks, shards=shards, dtype="int16")
    array[...] = data
    opened = open_level(path, 0, False)
    level, spacing, name = opened.array, opened.spacing, opened.name
    assert (level.shape, level.chunks, level.shards) == (shape, chunks, shards)
    assert (level.dtype, spacing, name) == (np.dtype("int16"), None, "a.zarr")
    box = tuple(slice(start, stop) for start, stop in bounds)
    assert_same_bits(level[box], np.ascontiguousarray(data[box]))
    assert_same_bits(level[...], data)
    assert_same_bits(level[box[0]], np.ascontiguousarray(data[box[0]]))
    for wrong in (slice(None, None, 2), 0, (slice(None),) * 4):
        with pytest.raises(IndexError):
            level[wrong]


def test_a_level_is_opened_without_decoding(tmp_path):
    """And what is wrong with a chunk is found when it is read."""
    write_ome_zarr(
        tmp_path / "a.zarr",
        [any_bits("int16", (8, 8, 8))],
        zarr_format=2,
        axes=space("angstrom"),
        scales=[[2, 3, 4]],
    )
    (tmp_path / "a.zarr" / "s0" / "1" / "1" / "1").write_bytes(b"garbage")
    opened = open_level(tmp_path / "a.zarr", 0, False)
    level = opened.array
    assert opened.spacing == (2.0, 3.0, 4.0)
    assert level[:4].shape == (4, 8, 8)
    with pytest.raises(BadInput, match="s0/1/1/1: the chunk "):
        level[4:]
