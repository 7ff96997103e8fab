"""What metadata documents are taken for, and which are refused before a chunk is looked at."""

import json
import subprocess
import sys

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import LARGEST_DOCUMENT
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_metadata import (
    Level,
    read_array_metadata,
    read_multiscale,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # of zarr, on codecs that are no standard yet

FORMAT_2 = {
    "zarr_format": 2,
    "shape": [5, 6, 7],
    "chunks": [2, 3, 4],
    "dtype": "<f4",
    "order": "C",
    "fill_value": 0.0,
    "filters": None,
    "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
    "dimension_separator": "/",
}
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
FORMAT_3 = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [5, 6, 7],
    "data_type": "float32",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3, 4]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "fill_value": 0.0,
    "codecs": [BYTES, {"name": "zstd", "configuration": {"level": 5, "checksum": False}}],
    "attributes": {},
}


def sharding(codecs=(BYTES,), chunk_shape=(2, 3, 4), **changes):
    index_codecs = [BYTES, {"name": "crc32c"}]
    settings = {"chunk_shape": chunk_shape, "codecs": list(codecs), "index_codecs": index_codecs}
    return [{"name": "sharding_indexed", "configuration": {**settings, **changes}}]


def read(document):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_array_metadata(text, "a.zarr")


def refusal(document, reader=read):
    with pytest.raises(BadInput) as refused:
        reader(document)
    line = str(refused.value)
    assert line.startswith("a.zarr")
    assert line.isprintable()
    assert len(line) < 500
    return line


def test_format_2_is_read():
    array = read(FORMAT_2)
    assert (array.shape, array.chunks, array.shards) == ((5, 6, 7), (2, 3, 4), None)
    assert (array.dtype, array.order, array.fill_value) == (np.dtype("<f4"), "C", 0.0)
    assert array.codecs == (FORMAT_2["compressor"],)
    assert array.grid() == (3, 2, 2)
    assert array.key((2, 1, 0)) == "2/1/0"
    dots = {key: value for key, value in FORMAT_2.items() if key != "dimension_separator"}
    assert read(dots).key((2, 1, 0)) == "2.1.0"


def test_format_3_is_read():
    array = read(FORMAT_3)
    assert (array.zarr_format, array.chunks, array.shards) == (3, (2, 3, 4), None)
    assert array.key((2, 1, 0)) == "c/2/1/0"
    encoding = {"name": "v2", "configuration": {"separator": "."}}
    assert read({**FORMAT_3, "chunk_key_encoding": encoding}).key((2, 1, 0)) == "2.1.0"
    shards = {"name": "regular", "configuration": {"chunk_shape": [4, 6, 8]}}
    array = read({**FORMAT_3, "chunk_grid": shards, "codecs": sharding()})
    assert (array.chunks, array.shards, array.grid()) == ((2, 3, 4), (4, 6, 8), (2, 1, 1))


@pytest.mark.parametrize(
    ("value", "data_type", "expected"),
    [
        (None, "float32", "0.0"),
        ("NaN", "float16", "nan"),
        ("-Infinity", "float32", "-inf"),
        ("0x7fc00001", "float32", "nan"),
        (-128, "int8", "-128"),
        (0.0, "uint16", "0"),
    ],
)
def test_fill_values(value, data_type, expected):
    array = read({**FORMAT_3, "data_type": data_type, "fill_value": value})
    assert str(array.fill_value) == expected
    assert array.fill_value.dtype == np.dtype(data_type)


FILTERS = {
    "none": [],
    "delta": [numcodecs.Delta("<i2")],
    "delta to more bytes": [numcodecs.Delta("<i2", "<i4")],
    "scale": [numcodecs.FixedScaleOffset(offset=3, scale=2, dtype="<i2", astype="<f4")],
    "astype": [numcodecs.AsType("<i4", "<i2")],
    "shuffle": [numcodecs.Shuffle(2)],
    "checksum": [numcodecs.CRC32()],
    "delta and shuffle": [numcodecs.Delta("<i2"), numcodecs.Shuffle(2)],
}
COMPRESSORS = {
    "none": None,
    "blosc lz4": numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE),
    "blosc zstd": numcodecs.Blosc("zstd", 5, numcodecs.Blosc.BITSHUFFLE),
    "zstd": numcodecs.Zstd(5),
    "gzip": numcodecs.GZip(5),
    "zlib": numcodecs.Zlib(5),
    "lz4": numcodecs.LZ4(),
    "bz2": numcodecs.BZ2(5),
    "lzma": numcodecs.LZMA(preset=1),
}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.parametrize("filters", FILTERS)
def test_what_zarr_wrote_is_decoded(filters, compressor, order):
    store = zarr.storage.MemoryStore()
    voxels = np.random.default_rng(0).integers(-50, 50, (4, 6, 8), np.int16)
    array = zarr.create_array(
        store,
        shape=voxels.shape,
        chunks=(4, 6, 8),
        dtype="<i2",
        zarr_format=2,
        filters=FILTERS[filters],
        compressors=COMPRESSORS[compressor],
        order=order,
        fill_value=7,
    )
    array[...] = voxels
    stored = {key: value.to_bytes() for key, value in store._store_dict.items()}
    read_array = read(stored[".zarray"])
    chunk = stored[read_array.key((0, 0, 0))]
    np.testing.assert_array_equal(read_array.decode(chunk, "a.zarr"), voxels)
    assert len(chunk) <= read_array.largest_stored_chunk
    for damaged in (chunk[:-1], b"", chunk[:3], b"garbage" * 9):
        with pytest.raises(BadInput, match=r"^a\.zarr: the chunk "):
            read_array.decode(damaged, "a.zarr")


def test_a_chunk_that_says_another_size_is_not_decoded():
    array = read({**FORMAT_2, "compressor": {"id": "zstd"}})
    for codec in (numcodecs.Zstd(), numcodecs.Blosc(), numcodecs.LZ4(), numcodecs.GZip()):
        compressor = {"id": codec.codec_id}
        array = read({**FORMAT_2, "compressor": compressor})
        for size in (95, 97, 9600):
            with pytest.raises(BadInput, match="bytes, not 96"):
                array.decode(codec.encode(bytes(size)), "a.zarr")


REFUSED_FORMAT_2 = {
    "object dtype": ({"dtype": "|O"}, "Python objects"),
    "object dtype with a codec": ({"dtype": "|O", "filters": [{"id": "pickle"}]}, "objects"),
    "structured dtype": ({"dtype": [["a", "<f4"]]}, "not accepted"),
    "dtype of many fields": ({"dtype": "<f4,<f4"}, "not accepted"),
    "text": ({"dtype": "<U5"}, "not accepted"),
    "float64": ({"dtype": "<f8"}, "float64"),
    "dtype of a huge item": ({"dtype": "|V2147483647"}, "not accepted"),
    "no dtype": ({"dtype": None}, "not accepted"),
    "pickle": ({"compressor": {"id": "pickle"}}, "'pickle' is not accepted"),
    "json2": ({"filters": [{"id": "json2"}]}, "'json2' is not accepted"),
    "msgpack": ({"filters": [{"id": "msgpack2"}]}, "'msgpack2' is not accepted"),
    "vlen": ({"filters": [{"id": "vlen-utf8"}]}, "'vlen-utf8' is not accepted"),
    "categorize": ({"filters": [{"id": "categorize"}]}, "'categorize' is not accepted"),
    "unknown codec": ({"compressor": {"id": "os.system"}}, "'os.system' is not accepted"),
    "codec of many lines": ({"compressor": {"id": "a\n" * 999}}, "is not accepted"),
    "codec that is no name": ({"compressor": {"id": ["pickle"]}}, "not a text"),
    "codec without a name": ({"compressor": {}}, "lacks id"),
    "codec that is no object": ({"filters": ["delta"]}, "no JSON objects"),
    "two compressors": ({"filters": [{"id": "zlib"}]}, "not accepted in this place"),
    "filter behind a compressor": (
        {"filters": [{"id": "shuffle"}, {"id": "delta", "dtype": "<f4"}]},
        "not accepted in this place",
    ),
    "endless chain": ({"filters": [{"id": "bitround"}] * 99}, "100 codecs"),
    "delta of objects": ({"filters": [{"id": "delta", "dtype": "|O"}]}, "not a type of number"),
    "delta of other voxels": ({"filters": [{"id": "delta", "dtype": "<i2"}]}, "int16"),
    "scale of 0": (
        {"filters": [{"id": "fixedscaleoffset", "dtype": "<f4", "scale": 0, "offset": 0}]},
        "scale of 0",
    ),
    "shuffle by 0": ({"filters": [{"id": "shuffle", "elementsize": 0}]}, "shuffles"),
    "raw lzma": (
        {"compressor": {"id": "lzma", "format": 3, "filters": [{"id": 33, "dict_size": 1 << 31}]}},
        "lzma",
    ),
    "negative shape": ({"shape": [-5, 6, 7]}, "not whole numbers"),
    "shape of truth values": ({"shape": [True, 6, 7]}, "not whole numbers"),
    "shape of fractions": ({"shape": [5.0, 6, 7]}, "not whole numbers"),
    "shape that is a number": ({"shape": 5}, "not a list"),
    "no voxels": ({"shape": [0, 6, 7]}, "no voxels"),
    "absurd shape": ({"shape": [10**9, 10**9, 10**9]}, "more voxels than any tomogram"),
    "shape of huge numbers": ({"shape": [10**400, 6, 7]}, "more voxels than any tomogram"),
    "a thousand axes": ({"shape": [1] * 1000, "chunks": [1] * 1000}, "1000 axes"),
    "chunk without voxels": ({"chunks": [0, 3, 4]}, "chunks of"),
    "chunk of fewer axes": ({"chunks": [3, 4]}, "chunks of"),
    "absurd chunk": ({"chunks": [10**400, 1, 1]}, "chunks of"),
    "chunk beyond memory": ({"chunks": [10000, 10000, 10000]}, "GB of memory"),
    "chunks of single voxels": (
        {"shape": [1000, 1000, 1000], "chunks": [1, 1, 1]},
        "1000000000 chunks",
    ),
    "unknown order": ({"order": "K"}, "order"),
    "separator into another folder": ({"dimension_separator": "/../"}, "dimension_separator"),
    "fill value beyond the dtype": ({"dtype": "|i1", "fill_value": 1000}, "no int8"),
    "fill value that is a text": ({"fill_value": "0"}, "no float32"),
    "another format": ({"zarr_format": 1}, "Zarr format 1"),
    "format that is a truth value": ({"zarr_format": True}, "not a whole number"),
}
REFUSED_FORMAT_3 = {
    "group": ({"node_type": "group"}, "not that of an array"),
    "data type with settings": ({"data_type": {"name": "struct"}}, "not accepted"),
    "text": ({"data_type": "string"}, "not accepted"),
    "variable text": ({"data_type": "variable_length_bytes"}, "not accepted"),
    "irregular chunks": ({"chunk_grid": {"name": "rectilinear"}}, "rectilinear"),
    "pickle": ({"codecs": [BYTES, {"name": "numcodecs.pickle"}]}, "'pickle' is not accepted"),
    "vlen": ({"codecs": [{"name": "vlen-utf8"}]}, "'vlen-utf8'"),
    "unknown codec": ({"codecs": [BYTES, {"name": "own.codec"}]}, "'own.codec' is not accepted"),
    "no codec": ({"codecs": []}, "not accepted"),
    "no byte order": ({"codecs": [{"name": "bytes"}]}, "byte order"),
    "transposed out of range": (
        {"codecs": [{"name": "transpose", "configuration": {"order": [0, 1, 9]}}, BYTES]},
        "transposes",
    ),
    "shards in shards": (
        {"codecs": sharding(sharding(), chunk_shape=(1, 1, 2))},
        "'sharding_indexed'] is not accepted",
    ),
    "shards that do not fit": ({"codecs": sharding(chunk_shape=(2, 2, 4))}, "in shards of"),
    "shards of nothing": ({"codecs": sharding(chunk_shape=(0, 3, 4))}, "in shards of"),
    "compressed shard index": (
        {"codecs": sharding(index_codecs=[BYTES, {"name": "gzip"}])},
        "shard index",
    ),
    "storage transformers": ({"storage_transformers": [{"name": "a"}]}, "storage transformers"),
    "key encoding of its own": ({"chunk_key_encoding": {"name": "mine"}}, "'mine'"),
    "unknown key": ({"run": {"name": "a"}}, "'run', which is not known"),
}


@pytest.mark.parametrize("case", REFUSED_FORMAT_2)
def test_format_2_is_refused(case):
    changes, word = REFUSED_FORMAT_2[case]
    assert word in refusal({**FORMAT_2, **changes})


@pytest.mark.parametrize("case", REFUSED_FORMAT_3)
def test_format_3_is_refused(case):
    changes, word = REFUSED_FORMAT_3[case]
    assert word in refusal({**FORMAT_3, **changes})


MAY_BE_MISSING = {
    2: {"filters", "compressor", "fill_value", "dimension_separator"},
    3: {"attributes"},
}


@pytest.mark.parametrize("document", [FORMAT_2, FORMAT_3])
def test_what_is_missing_is_refused_unless_it_has_a_default(document):
    for key in document:
        without = {name: value for name, value in document.items() if name != key}
        if key in MAY_BE_MISSING[document["zarr_format"]]:
            assert read(without).shape == (5, 6, 7)
        else:
            refusal(without)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 900_000, "too deep"),
        (b'{"a":' * 150_000, "too deep"),
        (b" " * (LARGEST_DOCUMENT + 1), "larger than"),
        (b'{"zarr_format": 2, "zarr_format": 3}', "twice"),
        (b'{"zarr_format": ' + b"9" * 100_000 + b"}", "not JSON"),
        (b'{"zarr_format": NaN}', "not a whole number"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
    ],
)
def test_documents_that_are_none(document, word):
    assert word in refusal(document)
    assert word in refusal(document, lambda text: read_multiscale(text, "a.zarr")) or (
        b"zarr_format" in document
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("bytes"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def changed(document, path, value):
    """The document with another value in one place, at any depth."""
    if not path:
        return value
    if isinstance(document, dict) and document:
        key = sorted(document)[path[0] % len(document)]
        return {**document, key: changed(document[key], path[1:], value)}
    if isinstance(document, (list, tuple)) and document:
        place = path[0] % len(document)
        return [
            changed(each, path[1:], value) if number == place else each
            for number, each in enumerate(document)
        ]
    return value


SHARDED = {**FORMAT_3, "codecs": sharding()}


@settings(max_examples=300)
@given(
    st.sampled_from([FORMAT_2, FORMAT_3, SHARDED]),
    st.lists(st.integers(0, 30), min_size=1, max_size=5),
    JSON,
)
def test_any_other_value_anywhere_is_read_or_refused(document, path, value):
    try:
        array = read(changed(document, path, value))
    except BadInput as refused:
        assert str(refused).isprintable()
    else:
        assert array.dtype.itemsize <= 4
        assert array.chunk_bytes < 1 << 40
        assert "pickle" not in json.dumps([step.codec for step in array.pipeline.chain.steps])


def axes(names="zyx", unit="angstrom"):
    return [{"name": name, "type": "space", "unit": unit} for name in names]


def multiscale(**changes):
    scale = [{"type": "scale", "scale": [2, 4, 6]}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    return {"version": "0.4", "axes": axes(), "datasets": datasets, **changes}


def read_group(document):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_multiscale(text, "a.zarr")


def test_a_multiscale_is_read():
    both_scales = [{"type": "scale", "scale": [1, 1, 0.5]}]
    document = multiscale(coordinateTransformations=both_scales, axes=axes(unit="nanometer"))
    expected = (Level("0", (20.0, 40.0, 30.0)),)
    read = read_group({"multiscales": [document]})
    assert (read.version, read.axes, read.levels) == ("0.4", ("z", "y", "x"), expected)
    ome = {"version": "0.5", "multiscales": [document]}
    group = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}
    assert read_group(group).levels == expected
    assert (
        read_group({"multiscales": [multiscale(axes=axes(unit="pixel"))]}).levels[0].scale is None
    )
    bare = {"datasets": [{"path": "a/b"}]}
    assert read_group({"multiscales": [bare]}).levels == (Level("a/b", None),)


@pytest.mark.parametrize(
    "path",
    ["../0", "0/../../1", "/etc/passwd", "", ".", "0//1", "0/", "a\nb", "a\\b", "a" * 999, 5],
)
def test_a_level_does_not_leave_its_group(path):
    refusal({"multiscales": [multiscale(datasets=[{"path": path}])]}, read_group)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"axes": axes("vyx")}, "axes ['v', 'y', 'x']"),
        ({"axes": axes("yyx")}, "axes ['y', 'y', 'x']"),
        ({"axes": axes("yx")}, "axes ['y', 'x']"),
        ({"axes": 5}, "not a list"),
        ({"datasets": []}, "0 levels"),
        ({"datasets": [{"path": "0"}] * 1000}, "1000 levels"),
        ({"datasets": "0"}, "not a list"),
        ({"version": "0.6"}, "version '0.6'"),
        ({"coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}, "2 numbers"),
        ({"coordinateTransformations": [{"type": "scale", "path": "a"}]}, "lacks scale"),
        ({"coordinateTransformations": [{"type": "scale", "scale": [1, 1, "1"]}]}, "finite"),
        (
            {"coordinateTransformations": [{"type": "scale", "scale": [1, 1, float("nan")]}]},
            "finite",
        ),
    ],
)
def test_a_multiscale_is_refused(changes, word):
    assert word in refusal({"multiscales": [multiscale(**changes)]}, read_group)


def test_no_multiscale():
    assert "0 multiscales" in refusal({"multiscales": []}, read_group)


def test_of_several_multiscales_the_first_is_read_and_the_others_are_named():
    """As NGFF has it for those who do not choose."""
    others = [multiscale(datasets=[{"path": "other"}], name="denoised"), multiscale()]
    found = read_group({"multiscales": [multiscale(), *others]})
    assert found.levels[0].path != "other"
    assert found.others == ("denoised", "number 2")


@settings(max_examples=200)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=7), JSON)
def test_any_other_value_in_a_multiscale_is_read_or_refused(path, value):
    try:
        read_group(changed({"multiscales": [multiscale()]}, path, value))
    except BadInput as refused:
        assert str(refused).isprintable()


def test_no_zarr_is_imported(tmp_path):
    """Stores are read with any zarr on the host, or none, and none of its plug-ins is loaded."""
    for zarr_format in (2, 3):
        array = zarr.create_array(
            tmp_path / f"{zarr_format}.zarr",
            data=np.ones((2, 2, 2)).astype("i1"),
            zarr_format=zarr_format,
        )
        assert array.shape == (2, 2, 2)
    program = (
        "import sys\n"
        "from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume\n"
        "print([read_volume(f'{n}.zarr').data.sum() for n in (2, 3)], 'zarr' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("[np.int64(8), np.int64(8)] False\n", "")
