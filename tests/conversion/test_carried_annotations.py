"""Origin, labels and extended header of MRC: through an OME-Zarr and back, or named as left out."""

import base64
import json
import subprocess
import sys
import zlib

import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mrc_headers import IMOD_STAMP, write_mrc_bytes
from tomogram_files import any_bits, bits

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.conversion.conversion_request import StoreOptions
from cryoet_zarr_bench.tomograms.formats import mrc_annotations
from cryoet_zarr_bench.tomograms.formats.mrc_annotations import (
    NO_ANNOTATIONS,
    MrcAnnotations,
    as_attribute,
    from_attribute,
)
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs, read_volume

VOXELS = any_bits((6, 7, 8), "int16")
ORIGIN, START = (1.5, -20.25, 300.0), (-3, 4, 50)
LABELS = (b"IMOD: tilt, reconstruction of TS_01", b"second \xe5 line")
EXTENDED = bytes(range(256)) * 5


def annotated(path, voxels=VOXELS, mode=1, **options):
    options = {"origin": ORIGIN, "start": START, "labels": LABELS, "extended": EXTENDED} | options
    return write_mrc_bytes(path, voxels, mode, extended_type=b"FEI1", **options)


def annotations_of(path, level=0) -> MrcAnnotations:
    with open_slabs(path, level=level) as tomogram:
        return tomogram.annotations


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_they_come_back(tmp_path, zarr_format):
    source = annotated(tmp_path / "a.mrc")
    options = StoreOptions(zarr_format=zarr_format)
    there = czb.convert(source, tmp_path / "a.zarr", options)
    back = czb.convert(tmp_path / "a.zarr", tmp_path / "b.mrc")
    assert (there.left_out, back.left_out) == ((), ())
    with mrcfile.open(tmp_path / "b.mrc") as file:
        header = file.header
        assert tuple(float(header.origin[axis]) for axis in "xyz") == ORIGIN
        assert tuple(int(header[f"n{axis}start"]) for axis in "xyz") == START
        assert bytes(file.extended_header.tobytes()) == EXTENDED
        assert bytes(header.exttyp) == b"FEI1"
        labels = [bytes(label).rstrip(b"\0 ") for label in header.label[: header.nlabl]]
        assert labels == [*LABELS, b"cryoet-zarr-bench: converted"]
        assert bits(file.data) == bits(VOXELS)
    assert mrcfile.validate(tmp_path / "b.mrc")
    again = czb.convert(tmp_path / "b.mrc", tmp_path / "c.mrc")
    assert again.left_out == ()
    assert (tmp_path / "c.mrc").read_bytes() == (tmp_path / "b.mrc").read_bytes()


def test_they_lie_under_the_projects_own_key(tmp_path):
    czb.convert(annotated(tmp_path / "a.mrc"), tmp_path / "a.zarr")
    attributes = json.loads((tmp_path / "a.zarr" / ".zattrs").read_text())
    assert sorted(attributes) == ["cryoet-zarr-bench", "multiscales"]
    kept = attributes["cryoet-zarr-bench"]["mrc"]
    assert kept["origin_angstrom_xyz"] == list(ORIGIN)
    assert kept["start_voxel_xyz"] == list(START)
    assert kept["labels"][0] == LABELS[0].decode()


def test_without_any_there_is_no_key(tmp_path):
    np.save(tmp_path / "a.npy", VOXELS)
    czb.convert(tmp_path / "a.npy", tmp_path / "a.zarr")
    assert list(json.loads((tmp_path / "a.zarr" / ".zattrs").read_text())) == ["multiscales"]


@pytest.mark.parametrize("name", ["b.tif", "b.ome.tif", "b.npy"])
def test_where_there_is_no_place_for_them_they_are_named(tmp_path, name):
    made = czb.convert(annotated(tmp_path / "a.mrc"), tmp_path / name)
    assert made.left_out == ("the origin", "the labels", "the extended header")


def test_starts_are_along_the_axes_of_the_volume(tmp_path):
    """In the header they are along columns, rows and sections."""
    source = annotated(tmp_path / "a.mrc", axes=(3, 1, 2))
    assert annotations_of(source).start == (4, 50, -3)


def test_a_big_endian_extended_header_is_left_out_and_said(tmp_path):
    made = czb.convert(annotated(tmp_path / "a.mrc", order=">"), tmp_path / "a.zarr")
    assert made.left_out == ("the extended header, which is big-endian",)
    assert annotations_of(tmp_path / "a.zarr").origin == ORIGIN


def test_one_that_is_too_large_is_left_out_and_said(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).bytes(600_000)
    made = czb.convert(annotated(tmp_path / "a.mrc", extended=noise), tmp_path / "a.zarr")
    assert made.left_out == ("an extended header of 600000 bytes",)
    assert annotations_of(tmp_path / "a.zarr").extended_header == b""
    assert annotations_of(tmp_path / "a.zarr").labels[0] == LABELS[0].decode()
    direct = czb.convert(tmp_path / "a.mrc", tmp_path / "b.mrc")
    assert direct.left_out == () and annotations_of(tmp_path / "b.mrc").extended_header == noise
    monkeypatch.setattr(mrc_annotations, "LARGEST_EXTENDED_HEADER", 599_999)
    made = czb.convert(tmp_path / "a.mrc", tmp_path / "c.mrc")
    assert made.left_out == ("an extended header of 600000 bytes",)


def test_of_a_coarser_level_only_what_is_true_of_it(tmp_path):
    czb.convert(annotated(tmp_path / "a.mrc"), tmp_path / "a.zarr")
    made = czb.convert(tmp_path / "a.zarr", tmp_path / "b.mrc", level=1)
    assert made.left_out == ("the extended header, which is of level 0",)
    kept = annotations_of(tmp_path / "b.mrc")
    assert (kept.origin, kept.start, kept.extended_header) == (ORIGIN, (0, 0, 0), b"")


@pytest.mark.parametrize("flags", [0, 4, 6])
def test_unsigned_bytes_of_imod_come_back_as_imod_has_them(tmp_path, flags):
    voxels = any_bits((6, 7, 8), "uint8")
    source = write_mrc_bytes(tmp_path / "a.mrc", voxels, 0, imod_flags=flags)
    there = czb.convert(source, tmp_path / "a.zarr")
    assert there.dtype == "uint8" and "bytes are unsigned: IMOD" in there.notes[0]
    czb.convert(tmp_path / "a.zarr", tmp_path / "b.mrc")
    content = (tmp_path / "b.mrc").read_bytes()
    assert np.frombuffer(content[12:16], "<i4")[0] == 0
    assert list(np.frombuffer(content[152:160], "<i4")) == [IMOD_STAMP, flags]
    assert content[1024:] == voxels.tobytes()
    assert bits(read_volume(tmp_path / "b.mrc").data) == bits(voxels)


def test_the_flags_say_the_sign_of_what_is_written(tmp_path):
    """Bytes that the user calls signed are marked as such, whatever the flags said before."""
    voxels = any_bits((6, 7, 8), "uint8")
    source = write_mrc_bytes(tmp_path / "a.mrc", voxels, 0, imod_flags=0)
    czb.convert(source, tmp_path / "a.zarr", StoreOptions(byte_sign="signed"))
    czb.convert(tmp_path / "a.zarr", tmp_path / "b.mrc")
    assert annotations_of(tmp_path / "b.mrc").imod_flags == 1
    assert read_volume(tmp_path / "b.mrc").data.dtype == "int8"


def test_unsigned_bytes_become_mrc_only_when_asked_for(tmp_path):
    np.save(tmp_path / "a.npy", any_bits((6, 7, 8), "uint8"))
    with pytest.raises(BadInput, match="--mode-0 unsigned writes them as IMOD does"):
        czb.convert(tmp_path / "a.npy", tmp_path / "b.mrc")
    czb.convert(tmp_path / "a.npy", tmp_path / "b.mrc", StoreOptions(byte_sign="unsigned"))
    assert bits(read_volume(tmp_path / "b.mrc").data) == bits(any_bits((6, 7, 8), "uint8"))


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


BAD = [
    5,
    None,
    [],
    {},
    {"mrc": 5},
    {"origin_angstrom_xyz": [1, 2]},
    {"origin_angstrom_xyz": ["a", 2, 3]},
    {"start_voxel_xyz": [10**400, 0, 0]},
    {"start_voxel_xyz": [2**31, 0, 0]},
    {"labels": ["a" * 81]},
    {"labels": ["\u4e00"]},
    {"labels": [5]},
    {"labels": ["a"] * 11},
    {"header_bytes_96_to_195": "@@"},
    {"header_bytes_96_to_195": "AAAA"},
    {"extended_header": {"bytes": 5, "zlib_base64": packed(b"123456")}},
    {"extended_header": {"bytes": 7, "zlib_base64": packed(b"123456")}},
    {"extended_header": {"bytes": 1 << 40, "zlib_base64": packed(bytes(1 << 20))}},
    {"extended_header": {"bytes": 10, "zlib_base64": packed(bytes(1 << 26))}},
    {"extended_header": {"bytes": 10, "zlib_base64": base64.b64encode(b"no zlib").decode()}},
]


@pytest.mark.parametrize("changes", BAD, ids=range(len(BAD)))
def test_an_attribute_that_was_changed_is_left_out_with_a_note(tmp_path, changes):
    czb.convert(annotated(tmp_path / "a.mrc"), tmp_path / "a.zarr")
    document = tmp_path / "a.zarr" / ".zattrs"
    attributes = json.loads(document.read_text())
    if isinstance(changes, dict) and changes and "mrc" not in changes:
        attributes["cryoet-zarr-bench"]["mrc"] |= changes
    else:
        attributes["cryoet-zarr-bench"] = changes
    document.write_text(json.dumps(attributes))
    with open_slabs(tmp_path / "a.zarr") as tomogram:
        assert tomogram.annotations == NO_ANNOTATIONS
        assert len(tomogram.notes) == (changes is not None)
        assert all("cannot be read" in note and note.isprintable() for note in tomogram.notes)
        assert bits(tomogram[:, :, :]) == bits(VOXELS)


@settings(max_examples=100)
@given(
    st.builds(
        MrcAnnotations,
        origin=st.tuples(*[st.floats(allow_nan=False, allow_infinity=False, width=32)] * 3),
        start=st.tuples(*[st.integers(-(2**31) + 1, 2**31 - 1)] * 3),
        labels=st.lists(
            st.text(st.characters(max_codepoint=255), min_size=1, max_size=80), max_size=10
        ).map(tuple),
        extra=st.binary(min_size=100, max_size=100),
        extended_header=st.binary(max_size=2000),
    )
)
def test_an_attribute_says_all(annotations):
    attribute, left_out = as_attribute(annotations)
    assert left_out == ()
    assert from_attribute(json.loads(json.dumps(attribute))) == annotations


def converted(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cryoet_zarr_bench", "convert", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_command_says_what_it_left_out_and_which_rule_it_used(tmp_path):
    source = annotated(tmp_path / "a.mrc", any_bits((6, 7, 8), "uint8"), 0, imod_flags=0)
    done = converted(source, tmp_path / "b.tif")
    assert done.returncode == 0, done.stderr
    assert "note: bytes are unsigned: IMOD wrote the file" in done.stdout
    assert "left out: the extended header" in done.stdout
    done = converted(source, tmp_path / "c.tif", "--mode-0", "odd")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --mode-0 odd: is no sign of bytes; give signed or unsigned\n"
    done = converted(source, tmp_path / "c.npy", "--mode-0", "signed")
    assert done.returncode == 0 and np.load(tmp_path / "c.npy").dtype == "int8"
