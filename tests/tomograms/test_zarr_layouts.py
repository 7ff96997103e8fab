"""Zarr as people have it: axes by name, bioformats2raw, several multiscales, odd separators."""

import itertools
import json
import shutil

import numpy as np
import pytest
import tensorstore
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from tomogram_files import any_bits, bits

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs

VOXELS = any_bits((4, 5, 6), "float32")
KINDS_OF_NAMES = ["dimension_names", "xarray 2", "xarray 3", "NGFF 0.4", "NGFF 0.5"]
ORDERS = list(itertools.permutations("zyx"))


def refusal(path) -> str:
    with pytest.raises(BadInput) as refused, open_slabs(path) as tomogram:
        tomogram[:, :, :]
    line = str(refused.value)
    assert line.isprintable() and str(path) in line
    return line


def in_order(order, voxels=VOXELS):
    """The voxels with their axes in another order."""
    return voxels.transpose(["zyx".index(axis) for axis in order])


def write_array(path, voxels, zarr_format=3, **options):
    return zarr.create_array(path, data=voxels, zarr_format=zarr_format, **options)


def write_image(path, voxels, axes, zarr_format=2, scale=None, unit="angstrom", **more):
    """An OME-Zarr of one level; `axes` are the names in the order in which they are stored."""
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    keys = {"name": "v2", "separator": "/"} if zarr_format == 2 else None
    group.create_array("0", data=voxels, chunk_key_encoding=keys, chunks=(2,) * voxels.ndim)
    kinds = {"t": "time", "c": "channel"}
    named = [
        {"name": name, "type": "space", "unit": unit}
        if name in "zyx"
        else {"name": name, "type": kinds[name]}
        for name in axes
    ]
    step = {"type": "scale", "scale": scale or [1 if name in kinds else 10 for name in axes]}
    level = {"path": "0", "coordinateTransformations": [step]}
    multiscale = {"version": "0.4", "axes": named, "datasets": [level], **more}
    if zarr_format == 2:
        group.attrs["multiscales"] = [multiscale]
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}
    return path


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", KINDS_OF_NAMES)
def test_axes_are_those_that_their_names_say(tmp_path, kind, order):
    path, stored = tmp_path / "a.zarr", in_order(order)
    scale = [{"z": 10, "y": 20, "x": 30}[axis] for axis in order]
    if kind == "dimension_names":
        write_array(path, stored, chunks=(2, 3, 2), dimension_names=order)
    elif kind.startswith("xarray"):
        array = write_array(path, stored, int(kind[-1]), chunks=(2, 3, 2))
        array.attrs["_ARRAY_DIMENSIONS"] = list(order)
    else:
        write_image(path, stored, order, 2 if kind == "NGFF 0.4" else 3, scale)
    with open_slabs(path) as tomogram:
        assert tomogram.shape == VOXELS.shape
        assert bits(tomogram[:, :, :]) == bits(VOXELS)
        assert bits(tomogram[1:3, 2:, :4]) == bits(VOXELS[1:3, 2:, :4])
        assert tomogram.voxel_spacing == ((10.0, 20.0, 30.0) if "NGFF" in kind else None)
        note = f"its axes are named {', '.join(order)}, and are read as z, y, x"
        assert tomogram.notes == (() if order == ("z", "y", "x") else (note,))


@pytest.mark.parametrize("names", [None, (None,) * 3, ("dim_0", "dim_1", "dim_2"), ("Z", "Y", "X")])
def test_names_that_say_nothing_and_capitals(tmp_path, names):
    write_array(tmp_path / "a.zarr", VOXELS, dimension_names=names)
    with open_slabs(tmp_path / "a.zarr") as tomogram:
        assert bits(tomogram[:, :, :]) == bits(VOXELS) and tomogram.notes == ()


@pytest.mark.parametrize(
    "names",
    [
        ("depth", "height", "width"),
        ("a", "b", "c"),
        ("z", "y", "y"),
        ("z", None, "x"),
        ("time", "y", "x"),
        ("i", "j", "k"),
        ("", "", ""),
    ],
)
def test_axes_that_are_not_certain_are_refused(tmp_path, names):
    write_array(tmp_path / "a.zarr", VOXELS, dimension_names=names)
    assert "which are z, y and x is not certain" in refusal(tmp_path / "a.zarr")


def test_names_that_contradict_each_other_are_refused(tmp_path):
    path = write_image(tmp_path / "a.zarr", VOXELS, "zyx")
    (path / "0" / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": ["x", "y", "z"]}))
    assert "names its axes ['x', 'y', 'z'], its multiscale ['z', 'y', 'x']" in refusal(path)


@pytest.mark.parametrize("names", [5, "zyx", [1, 2, 3], ["z", "y"], ["z"] * 3, {"z": 1}])
def test_names_that_are_none(tmp_path, names):
    array = write_array(tmp_path / "a.zarr", VOXELS, 2)
    array.attrs["_ARRAY_DIMENSIONS"] = names
    assert "axes" in refusal(tmp_path / "a.zarr")


@pytest.mark.parametrize("axes", ["tczyx", "zyxc", "czyxt", "xcyzt", "ctxyz"])
def test_axes_of_one_step_may_stand_anywhere(tmp_path, axes):
    spatial = [axis for axis in axes if axis in "zyx"]
    stored = in_order(spatial)
    for position, axis in enumerate(axes):
        if axis not in "zyx":
            stored = np.expand_dims(stored, position)
    path = write_image(tmp_path / "a.zarr", stored, axes)
    with open_slabs(path) as tomogram:
        assert bits(tomogram[:, :, :]) == bits(VOXELS)
        assert tomogram.voxel_spacing == (10.0, 10.0, 10.0)


def test_channels_are_named(tmp_path):
    path = write_image(tmp_path / "a.zarr", np.stack([VOXELS, VOXELS], -1), "zyxc")
    assert "has 2 steps along its axis 'c'" in refusal(path)


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations("zyx"),
    leading=st.sampled_from(["", "c", "tc"]),
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    chunks=st.tuples(*[st.integers(1, 4)] * 3),
    per_shard=st.none() | st.tuples(*[st.integers(1, 2)] * 3),
    dtype=st.sampled_from(["int8", "uint16", "float32"]),
    zarr_format=st.sampled_from([2, 3]),
    separator=st.sampled_from("./"),
)
def test_held_against_zarr_and_tensorstore(
    tmp_path_factory, order, leading, shape, chunks, per_shard, dtype, zarr_format, separator
):
    path = tmp_path_factory.mktemp("zarr") / "a.zarr"
    voxels = np.random.default_rng(3).integers(-100, 100, shape).astype(dtype)
    stored = in_order(order, voxels).reshape(
        *[1] * len(leading), *(shape["zyx".index(axis)] for axis in order)
    )
    ones = (1,) * len(leading)
    options: dict = {"chunks": ones + chunks}
    names = (*leading, *order)
    if zarr_format == 3:
        options["dimension_names"] = names
        options["chunk_key_encoding"] = {"name": "default", "separator": separator}
        if per_shard is not None:
            options["shards"] = ones + tuple(np.multiply(chunks, per_shard).tolist())
    else:
        options["chunk_key_encoding"] = {"name": "v2", "separator": separator}
        options["attributes"] = {"_ARRAY_DIMENSIONS": list(names)}
    write_array(path, stored, zarr_format, **options)
    axes = [names.index(axis) for axis in "zyx"]
    spec = {
        "driver": "zarr" if zarr_format == 2 else "zarr3",
        "kvstore": {"driver": "file", "path": str(path)},
    }
    theirs = [
        zarr.open_array(path, mode="r")[...],
        np.asarray(tensorstore.open(spec, read=True).result().read().result()),
    ]
    # Chunks that hold the fill value alone are not there, as with any writer.
    from cryoet_zarr_bench.tomograms.formats.zarr.zarr_folders import open_level

    if not any(voxels.flat):
        return
    level = open_level(path, 0, True).array
    for read in theirs:
        in_place = read.transpose(*[n for n in range(read.ndim) if n not in axes], *axes)
        assert bits(level[...]) == bits(in_place.reshape(shape)) == bits(voxels)


def bioformats2raw(path, images=1, listed=True, zarr_format=2):
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    inner = group.create_group("OME")
    series = {"series": [str(number) for number in range(images)]}
    if zarr_format == 2:
        group.attrs["bioformats2raw.layout"] = 3
        inner.attrs.update(series if listed else {})
    else:
        group.attrs["ome"] = {"version": "0.5", "bioformats2raw.layout": 3}
        inner.attrs["ome"] = {"version": "0.5", **(series if listed else {})}
    for number in range(images):
        write_image(path / str(number), VOXELS[None, None], "tczyx", zarr_format)
    return path


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_bioformats2raw_with_one_image(tmp_path, zarr_format, listed):
    path = bioformats2raw(tmp_path / "a.zarr", listed=listed, zarr_format=zarr_format)
    with open_slabs(path) as tomogram:
        assert bits(tomogram[:, :, :]) == bits(VOXELS)
        assert tomogram.voxel_spacing == (10.0, 10.0, 10.0)
        assert tomogram.name == "a.zarr"
    czb.convert(path, tmp_path / "b.mrc")
    assert bits(czb.open(tmp_path / "b.mrc")) == bits(VOXELS)


def test_bioformats2raw_with_several_images_names_them(tmp_path):
    path = bioformats2raw(tmp_path / "a.zarr", images=3)
    assert f"holds 3 images 0, 1, 2; give one of them, such as {path / '0'}" in refusal(path)
    with open_slabs(path / "1") as tomogram:
        assert bits(tomogram[:, :, :]) == bits(VOXELS)


@pytest.mark.parametrize("series", [["../b"], [5], "0", ["/etc"], {}, ["0/../../b"], [None]])
def test_images_do_not_lead_out_of_the_folder(tmp_path, series):
    path = bioformats2raw(tmp_path / "a.zarr")
    shutil.copytree(path / "0", tmp_path / "b")
    (path / "OME" / ".zattrs").write_text(json.dumps({"series": series}))
    assert "lists the images" in refusal(path)


def test_groups_without_an_image_say_what_can_be_given(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    assert "0 multiscales; give an OME-Zarr" in refusal(tmp_path / "a.zarr")
    group.create_array("volume", data=VOXELS)
    group.create_group("other")
    line = refusal(tmp_path / "a.zarr")
    assert "which holds other, volume; give one of them" in line
    group.attrs["ome"] = {"version": "0.5", "plate": {}}
    assert "is a plate of many images" in refusal(tmp_path / "a.zarr")


def test_of_several_multiscales_the_first_is_read_and_the_others_named(tmp_path):
    path = write_image(tmp_path / "a.zarr", VOXELS, "zyx", name="raw")
    attributes = json.loads((path / ".zattrs").read_text())
    attributes["multiscales"].append(attributes["multiscales"][0] | {"name": "denoised"})
    (path / ".zattrs").write_text(json.dumps(attributes))
    with open_slabs(path) as tomogram:
        assert tomogram.notes == ("the first of 2 multiscales; others: 'denoised'",)


RULES = {2: [("v2", "."), ("v2", "/")], 3: [("default", "."), ("default", "/"), ("v2", "/")]}


@pytest.mark.parametrize(
    ("zarr_format", "written", "said"),
    [(f, w, s) for f, rules in RULES.items() for w in rules for s in rules if w != s],
)
def test_chunk_keys_that_do_not_fit_the_separator_are_named(tmp_path, zarr_format, written, said):
    path = tmp_path / "a.zarr"
    for rule in (said, written):
        shutil.rmtree(path, ignore_errors=True)
        keys = {"name": rule[0], "separator": rule[1]}
        write_array(path, VOXELS, zarr_format, chunks=(2, 3, 3), chunk_key_encoding=keys)
        name = ".zarray" if zarr_format == 2 else "zarr.json"
        if rule == said:
            document = (path / name).read_text()
    (path / name).write_text(document)
    line = refusal(path)
    assert f"the separator of its chunks is '{written[1]}'" in line and "copy" not in line


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_lost_chunk_is_still_a_lost_chunk(tmp_path, zarr_format):
    path = write_image(tmp_path / "a.zarr", VOXELS, "zyx", zarr_format)
    chunk = path / "0" / ("1/1/1" if zarr_format == 2 else "c/1/1/1")
    chunk.unlink()
    assert "lacks 1 of the 18 chunks" in refusal(path)


ANNEXED = "SHA256E-s90--0123456789abcdef"


def annex(path, repository, present=True):
    """Put a file into a git-annex, and a link in its place."""
    kept = repository / ".git" / "annex" / "objects" / "Xx" / "Yy" / ANNEXED
    kept = kept.with_name(f"{ANNEXED}{len(list(repository.rglob('*')))}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.rename(kept)
    path.symlink_to(kept.relative_to(path.parent, walk_up=True))
    if not present:
        kept.unlink()


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_store_under_git_annex(tmp_path, zarr_format):
    path = write_image(tmp_path / "data" / "a.zarr", VOXELS, "zyx", zarr_format)
    chunk = path / "0" / ("0/0/0" if zarr_format == 2 else "c/0/0/0")
    document = path / (".zattrs" if zarr_format == 2 else "zarr.json")
    for file in (chunk, document):
        annex(file, tmp_path)
    with open_slabs(path) as tomogram:
        assert bits(tomogram[:, :, :]) == bits(VOXELS), "what git-annex has fetched is read"
    content = chunk.resolve()
    content.unlink()
    assert "kept by git-annex, and its content is not here; fetch it with git annex get" in (
        refusal(path)
    )
    chunk.unlink()
    chunk.write_text(f"/annex/objects/{ANNEXED}\n")
    assert "kept by git-annex" in refusal(path)
    chunk.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "run git lfs pull" in refusal(path)
    document.resolve().unlink()
    assert "kept by git-annex" in refusal(path)


def test_a_link_out_of_the_folder_stays_refused(tmp_path):
    path = write_image(tmp_path / "a.zarr", VOXELS, "zyx")
    outside = tmp_path / "annex" / "objects" / "chunk"
    outside.parent.mkdir(parents=True)
    chunk = path / "0" / "0" / "0" / "0"
    chunk.rename(outside)
    chunk.symlink_to(outside)
    assert "is a link out of" in refusal(path)


def test_n5_is_named(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "attributes.json").write_text('{"dimensions": [4, 5, 6]}')
    assert "is N5, not Zarr" in refusal(tmp_path / "a.zarr")
