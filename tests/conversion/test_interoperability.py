"""What is made here opens elsewhere, with the same bits and the scale as written."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tomogram_files import SPACING, any_bits, bits, densities

from cryoet_zarr_bench.conversion.conversion_request import StoreOptions, check_request
from cryoet_zarr_bench.conversion.streamed_conversion import convert
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases.installation import install, make_environment
from cryoet_zarr_bench.storage.stores.multiscale import halved
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume

PROJECT = Path(__file__).resolve().parents[2]
SHAPE = (20, 27, 33)
CODECS = ("none", "blosc-lz4-5-bitshuffle", "blosc-zstd-5-shuffle", "zstd-5", "gzip-6")
OPTIONS = [
    *(StoreOptions(codec, "8x16x16", 2) for codec in CODECS),
    *(StoreOptions(codec, "8x16x16", 3) for codec in CODECS),
    *(StoreOptions(codec, "4x8x8 in 8x16x16", 3) for codec in CODECS),
]
pytestmark = pytest.mark.filterwarnings("ignore")


def store_of(folder, data, options):
    np.save(folder / "source.npy", data)
    spacing = ",".join(map(str, SPACING))
    target = folder / "store.ome.zarr"
    request = check_request(
        str(folder / "source.npy"), str(target), options=options, voxel_spacing=spacing
    )
    convert(request)
    return target


def levels_of(data):
    levels = [data]
    while len(levels) < 3:
        levels.append(halved(levels[-1]))
    return levels


@pytest.fixture(params=OPTIONS, ids=lambda options: f"{options.codec} {options.chunks}")
def options(request):
    return request.param


def test_zarr_python_opens_it(tmp_path, options):
    import zarr

    data = any_bits(SHAPE)
    group = zarr.open_group(store_of(tmp_path, data, options), mode="r")
    for level, expected in enumerate(levels_of(data)):
        assert bits(group[str(level)][...]) == bits(expected)


def test_tensorstore_opens_it(tmp_path, options):
    import tensorstore

    data = any_bits(SHAPE)
    store = store_of(tmp_path, data, options)
    driver = "zarr" if options.zarr_format == 2 else "zarr3"
    for level, expected in enumerate(levels_of(data)):
        opened = tensorstore.open(
            {"driver": driver, "kvstore": f"file://{store / str(level)}/"}, read=True
        ).result()
        assert bits(opened.read().result()) == bits(expected)
        if driver == "zarr3":
            assert opened.domain.labels == ("z", "y", "x")


def test_ome_zarr_py_opens_it(tmp_path, options):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    data = any_bits(SHAPE)
    (node,) = Reader(parse_url(store_of(tmp_path, data, options)))()
    assert [axis["name"] for axis in node.metadata["axes"]] == ["z", "y", "x"]
    assert {axis["unit"] for axis in node.metadata["axes"]} == {"angstrom"}
    for level, expected in enumerate(levels_of(data)):
        assert bits(np.asarray(node.data[level])) == bits(expected)
        scale = node.metadata["coordinateTransformations"][level][0]["scale"]
        assert scale == [step * 2**level for step in SPACING]


OLD = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.append(sys.argv[1])
import numpy, zarr
group = zarr.open_group(sys.argv[2], mode="r")
found = {"version": zarr.__version__, "attributes": dict(group.attrs), "levels": []}
for level in range(3):
    data = group[str(level)][...]
    found["levels"].append([data.shape, data.dtype.str, data.tobytes().hex()])
if len(sys.argv) > 3:
    from cryoet_zarr_bench.storage.config import StorageConfig
    from cryoet_zarr_bench.storage.engines import installed_engine
    from cryoet_zarr_bench.storage.stores.multiscale import Pyramid, write_multiscale
    engine, tomogram = installed_engine(), group["0"][...]
    for number, config in enumerate(json.loads(sys.argv[4])):
        config = StorageConfig.of(*config)
        assert engine.why_impossible(config) is None
        write_multiscale(engine, tomogram, __import__("pathlib").Path(sys.argv[3], str(number)),
                         config, Pyramid(3, (12.5, 10.012, 9.876543), "a"))
print(json.dumps(found))
"""


def environment_with(folder, *pins):
    environment = folder / "environment"
    make_environment(find_interpreter("3.12") or pytest.skip("no CPython 3.12"), environment)
    assert install(environment, list(pins)).impossible is None
    return environment / "bin" / "python"


def answer_of(python, program, *arguments):
    done = subprocess.run(
        [python, "-c", program, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
@pytest.mark.parametrize(
    ("zarr", "numcodecs", "configs"),
    [
        ("2.18.0", "0.13.0", [("blosc-lz4-5-shuffle", "8x8x8", 2)]),
        ("2.18.7", "0.15.2", [("zstd-5", "8x8x8", 2)]),
        (
            "3.0.0",
            "0.14.1",
            [("zstd-5", "8x8x8", 2), ("blosc-lz4-5-shuffle", "4x8x4 in 8x16x16", 3)],
        ),
        (
            "3.4.2",
            "0.17.1",
            [("zstd-5", "8x8x8", 3), ("blosc-lz4-5-shuffle", "4x8x4 in 8x16x16", 3)],
        ),
    ],
)
def test_other_releases_read_it_and_write_the_same_levels(tmp_path, zarr, numcodecs, configs):
    """Released zarr 2.18 among them, by the code that is measured there."""
    data = any_bits(SHAPE)
    store = store_of(tmp_path, data, StoreOptions("blosc-zstd-5-shuffle", "8x16x16", 2))
    python = environment_with(tmp_path, f"zarr=={zarr}", f"numcodecs=={numcodecs}", "numpy==2.2.6")
    written = tmp_path / "written"
    found = answer_of(python, OLD, PROJECT, store, written, json.dumps(configs))
    assert found["version"] == zarr
    (multiscale,) = found["attributes"]["multiscales"]
    for level, expected in enumerate(levels_of(data)):
        shape, dtype, content = found["levels"][level]
        assert (tuple(shape), dtype) == (expected.shape, "<f4")
        assert bytes.fromhex(content) == bits(expected)
        scale = multiscale["datasets"][level]["coordinateTransformations"][0]["scale"]
        assert scale == [step * 2**level for step in SPACING]
    for number in range(len(configs)):
        for level, expected in enumerate(levels_of(data)):
            volume = read_volume(written / str(number), level=level)
            # Which NaN the mean of several has, is left open by IEEE 754.
            assert np.array_equal(volume.data, expected, equal_nan=True)
            assert level > 0 or bits(volume.data) == bits(expected)
            assert volume.voxel_spacing == tuple(
                float(f"{step * 2**level:.7g}") for step in SPACING
            )


IOHUB = """
import json, logging, sys
logging.disable()
import iohub, numpy
from iohub import open_ome_zarr
from iohub.ngff import TransformationMeta
opened, written, version = sys.argv[1:]
with open_ome_zarr(opened, mode="r") as position:
    data = [position[level].numpy() for level in "012"]
    found = {"version": iohub.__version__, "scale": list(position.scale),
             "axes": list(position.axis_names), "unit": position.axes[0].unit,
             "levels": [[each.shape, each.dtype.str, each.tobytes().hex()] for each in data]}
scale = [1, 1, *(step / 1e4 for step in found["scale"])]
with open_ome_zarr(written, layout="fov", mode="w-", channel_names=["density"],
                   version=version) as position:
    position.create_image("0", data[0][None, None], chunks=(1, 1, 8, 16, 16),
                          transform=[TransformationMeta(type="scale", scale=scale)])
print(json.dumps(found))
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("chunks", "version"),
    [("8x16x16", "0.4"), ("8x16x16", "0.5"), ("4x8x8 in 8x16x16", "0.5")],
)
def test_a_round_trip_through_iohub(tmp_path, chunks, version):
    """iohub reads what is made here; what it writes, in micrometre and five axes, is read here."""
    data = densities(SHAPE)
    options = StoreOptions("blosc-zstd-5-shuffle", chunks, 2 if version == "0.4" else 3)
    store = store_of(tmp_path, data, options)
    try:
        python = environment_with(tmp_path, "iohub")
    except Exception as error:
        pytest.skip(f"iohub cannot be installed here: {error}")
    found = answer_of(python, IOHUB, store, tmp_path / "iohub.zarr", version)
    assert found["axes"] == ["z", "y", "x"] and found["unit"] == "angstrom"
    assert found["scale"] == list(SPACING)
    for (shape, dtype, content), expected in zip(found["levels"], levels_of(data), strict=True):
        assert (tuple(shape), dtype) == (expected.shape, "<f4")
        assert bytes.fromhex(content) == bits(expected)
    request = check_request(
        str(tmp_path / "iohub.zarr"), str(tmp_path / "back.mrc"), options=StoreOptions()
    )
    convert(request)
    back = read_volume(tmp_path / "back.mrc")
    assert bits(back.data) == bits(data) and back.voxel_spacing == SPACING
