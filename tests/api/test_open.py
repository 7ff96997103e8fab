import pathlib

import mrcfile
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from mrc_headers import mrc_bytes

import cryoet_zarr_bench as czb

SHAPE = (5, 6, 7)


@pytest.fixture(scope="module")
def voxels():
    return np.random.default_rng(1).normal(size=SHAPE).astype("float32")


@pytest.fixture(scope="module")
def mrc(voxels, tmp_path_factory):
    path = tmp_path_factory.mktemp("mrc") / "a <b>.mrc"
    with mrcfile.new(path) as file:
        file.set_data(voxels)
        file.voxel_size = 10.0
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "cache"))


def parts(length):
    steps = st.sampled_from([None, 1, 2, 3, -1, -2])
    ends = st.none() | st.integers(-2 * length, 2 * length)
    return st.integers(-length, length - 1) | st.builds(slice, ends, ends, steps)


@settings(deadline=None, max_examples=200)
@given(index=st.tuples(*map(parts, SHAPE)), named=st.integers(0, 3), dots=st.booleans())
def test_indexing_is_that_of_numpy(mrc, voxels, index, named, dots):
    tomogram = czb.open(mrc)
    index = (*index[:named], ...) if dots else index[:named] or (slice(None),)
    found = tomogram[index]
    assert np.array_equal(found, voxels[index])
    assert np.shape(found) == np.shape(voxels[index])


def test_what_is_known_without_reading(mrc, voxels):
    tomogram = czb.open(mrc)
    assert (tomogram.shape, tomogram.ndim, tomogram.size) == (SHAPE, 3, 210)
    assert (tomogram.nbytes, tomogram.dtype, len(tomogram)) == (840, np.dtype("float32"), 5)
    assert tomogram.voxel_spacing == (10.0, 10.0, 10.0)
    said = "Tomogram('a <b>.mrc': 5 x 6 x 7 voxels (z, y, x), float32, 10 angstrom)"
    assert repr(tomogram) == said
    assert np.array_equal(np.asarray(tomogram), voxels)
    assert np.asarray(tomogram, dtype="float64").dtype == np.float64
    with pytest.raises(ValueError, match="always a copy"):
        np.asarray(tomogram, copy=False)


def test_a_notebook_shows_it_with_a_picture_and_no_markup_of_its_name(mrc):
    shown = czb.open(mrc)._repr_html_()
    assert "a &lt;b&gt;.mrc" in shown and "<b>a &lt;" in shown
    assert 'src="data:image/png;base64,' in shown


def test_a_picture_is_read_from_few_voxels(tmp_path, monkeypatch):
    path = tmp_path / "large.npy"
    large = np.lib.format.open_memmap(path, "w+", "int16", (64, 300, 400))
    large[...] = np.arange(400, dtype="int16")
    read = []
    tomogram = czb.open(path)
    of_file = tomogram.read
    object.__setattr__(tomogram, "read", lambda box: read.append(box) or of_file(box))
    assert "img" in tomogram._repr_html_()
    assert len(read) == 3 and all(1 in [s.stop - s.start for s in box] for box in read)


@pytest.mark.parametrize("crop", [(3, 4, 5), "3,4,5"])
def test_a_crop_is_centred(mrc, voxels, crop):
    tomogram = czb.open(mrc, crop=crop)
    assert tomogram.shape == (3, 4, 5)
    assert np.array_equal(tomogram, voxels[1:4, 1:5, 1:6])
    assert np.array_equal(czb.open(czb.open(mrc), crop=crop), tomogram)


@pytest.mark.parametrize("kind", ["npy", "zarr", "array"])
def test_formats_and_arrays_are_alike(tmp_path, voxels, mrc, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "npy":
        np.save(path, voxels)
    elif kind == "zarr":
        zarr.save_array(str(path), voxels)
    assert czb.compare(mrc, voxels if kind == "array" else path).mse == 0


def test_a_made_one_is_opened_as_well():
    assert czb.open("synthetic:int16@16").shape == (16, 16, 16)
    assert czb.open(czb.open("synthetic:10A@16")).shape == (16, 16, 16)


def test_a_file_that_changed_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((4, 4, 4), "float32"))
    tomogram = czb.open(path)
    np.save(path, np.zeros((4, 4, 5), "float32"))
    with pytest.raises(czb.BadInput, match="changed since it was opened"):
        tomogram[0]


@pytest.mark.parametrize("index", [(1, 2, 3, 4), (..., 1, ...), 1.5, "x", [1, 2], 5, None])
def test_what_is_no_index_is_an_error(mrc, index):
    with pytest.raises((IndexError, TypeError)):
        czb.open(mrc)[index]


@pytest.mark.parametrize("source", ["nowhere.mrc", "", pathlib.Path("nowhere.zarr")])
def test_what_cannot_be_opened_is_one_line(source, monkeypatch):
    if source == "":
        assert czb.open(source).name.startswith("synthetic")
        return
    with pytest.raises(czb.BadInput) as refusal:
        czb.open(source)
    assert "\n" not in str(refusal.value)


def test_what_a_source_leaves_open_is_said(tmp_path):
    """By which rule bytes of MRC were read; a spacing that is known along two axes stays."""
    voxels = np.arange(120, dtype="uint8").reshape(4, 5, 6)
    content = mrc_bytes(voxels, 0, imod_flags=0, cell=(60.0, 50.0, 0.0))
    (tmp_path / "a.mrc").write_bytes(content)
    tomogram = czb.open(tmp_path / "a.mrc")
    assert (tomogram.dtype, tomogram.voxel_spacing) == ("uint8", (None, 10.0, 10.0))
    assert "bytes are unsigned: IMOD wrote the file" in tomogram.notes[0]
    assert "note: bytes are unsigned" in tomogram._repr_html_()
    assert "? x 10 x 10 angstrom" in repr(tomogram)
    report = czb.inspect(tomogram)
    assert report.notes == tomogram.notes and report.voxel_spacing == (None, 10.0, 10.0)
    assert czb.open(f"{tmp_path / 'a.mrc'}::signed").dtype == "int8"
