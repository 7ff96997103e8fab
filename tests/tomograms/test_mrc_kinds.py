"""MRC files as programs write them: bytes with and without a sign, byte orders, stamps, modes."""

import struct

import gemmi
import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mrc_headers import MODES, mrc_bytes, write_mrc_bytes
from tomogram_files import any_bits

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.open_tomogram import open_slabs
from cryoet_zarr_bench.tomograms.tomogram_sources import parse_source

BYTES = any_bits((4, 5, 6), "uint8")
FLOATS = any_bits((4, 5, 6), "float32")


def opened(path, **options):
    with open_slabs(path, **options) as tomogram:
        voxels = tomogram[:, :, :]
        return voxels, tomogram.voxel_spacing, tomogram.notes


def refusal(path, **options) -> str:
    with pytest.raises(BadInput) as refused, open_slabs(path, **options):
        pass
    line = str(refused.value)
    assert line.isprintable() and str(path) in line
    return line


@pytest.mark.parametrize(
    ("flags", "value_range", "dtype", "rule"),
    [
        (0, (0, -1), "uint8", "IMOD wrote the file"),
        (1, (0, -1), "int8", "IMOD wrote the file"),
        (0, (-5, 5), "uint8", "IMOD wrote the file"),  # flags go before the range
        (1, (0, 255), "int8", "IMOD wrote the file"),
        (6, (0, -1), "uint8", "IMOD wrote the file"),  # other flags: spacing, origin
        (7, (0, -1), "int8", "IMOD wrote the file"),
        (None, (0, 255), "uint8", "the range 0 to 255"),  # IMOD before 4.2.23, Bsoft, EMAN
        (None, (3, 128), "uint8", "the range 3 to 128"),
        (None, (0, 127), "int8", "nothing else"),
        (None, (-128, 127), "int8", None),
        (None, (-1, 255), "int8", "nothing else"),  # no byte has that range
        (None, (0, -1), "int8", "nothing else"),  # not determined
        (None, (float("nan"), float("nan")), "int8", "nothing else"),
        (None, (0, float("inf")), "int8", "nothing else"),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_bytes_have_the_sign_of_the_program_that_wrote_them(
    tmp_path, order, flags, value_range, dtype, rule
):
    path = write_mrc_bytes(
        tmp_path / "a.mrc", BYTES, 0, order=order, imod_flags=flags, value_range=value_range
    )
    voxels, _, notes = opened(path)
    assert voxels.dtype == dtype and voxels.tobytes() == BYTES.tobytes()
    assert notes == () if rule is None else rule in notes[0]
    if rule is not None:
        assert f"bytes are {'unsigned' if dtype == 'uint8' else 'signed'}: " in notes[0]


@pytest.mark.parametrize("sign", ["signed", "unsigned"])
@pytest.mark.parametrize("flags", [None, 0, 1])
def test_the_user_knows_better(tmp_path, sign, flags):
    path = write_mrc_bytes(tmp_path / "a.mrc", BYTES, 0, imod_flags=flags)
    source = parse_source(f"{path}::{sign}")
    assert str(source) == f"{path}::{sign}" and parse_source(str(source)) == source
    with source.open() as tomogram:
        assert tomogram.dtype == ("int8" if sign == "signed" else "uint8")
        assert tomogram.notes == ()


def test_a_sign_is_for_bytes_of_mrc_alone(tmp_path):
    path = write_mrc_bytes(tmp_path / "a.mrc", FLOATS, 2)
    assert "mode 2" in refusal(path, byte_sign="unsigned")
    np.save(tmp_path / "a.npy", BYTES)
    assert "no bytes of MRC" in refusal(tmp_path / "a.npy", byte_sign="signed")


@pytest.mark.parametrize(
    ("mode", "flags", "words"),
    [
        (0, 16, "4-bit"),
        (0, 17, "4-bit"),
        (3, None, "complex"),
        (4, None, "complex"),
        (5, None, "CCP4"),
        (7, None, "32-bit integers"),
        (16, None, "RGB"),
        (101, None, "4-bit"),
        (9, None, "mode 9, which MRC2014 does not have"),
        (-1, None, "mode -1"),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_modes_that_are_not_read_are_named(tmp_path, order, mode, flags, words):
    path = write_mrc_bytes(tmp_path / "a.mrc", FLOATS, mode, order=order, imod_flags=flags)
    line = refusal(path)
    assert words in line and "truncated" not in line and "byte order" not in line


@pytest.mark.parametrize(
    ("stamp", "order"),
    [
        (b"\x44\x20\x20\x20", "<"),
        (b"\x44\x00\x00\x00", "<"),
        (b"\x44\x41\x00\x00", "<"),
        (b"\x44\x45\x00\x00", "<"),
        (b"\x11\x20\x20\x20", ">"),
        (b"\x17\x17\x00\x00", ">"),
        (b"\x11\x11\x11\x11", ">"),
        *((unset, order) for unset in (bytes(4), b"    ", b"\xff\xff\xff\xff") for order in "<>"),
        *((b"DA\x00\x00", order) for order in "<"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_stamps_of_old_programs(tmp_path, stamp, order, mode):
    voxels = any_bits((3, 4, 5), MODES[mode])
    path = write_mrc_bytes(tmp_path / "a.mrc", voxels, mode, order=order, stamp=stamp)
    found, spacing, notes = opened(path)
    assert (found.dtype, found.tobytes()) == (voxels.dtype, voxels.tobytes())
    assert spacing == (10.0, 10.0, 10.0)
    assert any("stamp" in note for note in notes) == (stamp[:2] not in (b"DA", b"DD", b"\x11\x11"))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("map_id", [bytes(4), b"    ", b"\x00\x00\x80\x3f"])
def test_a_file_older_than_the_map_id(tmp_path, order, map_id):
    """What lies in its place then is no stamp either."""
    for stamp in (bytes(4), b"\x44\x44\x00\x00", b"\x11\x11\x00\x00"):
        path = write_mrc_bytes(
            tmp_path / "a.mrc", FLOATS, 2, order=order, map_id=map_id, stamp=stamp
        )
        found, _, notes = opened(path)
        assert found.tobytes() == FLOATS.tobytes()
        assert "no Map ID" in notes[0]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("mode", MODES)
def test_the_wrong_byte_order_is_named(tmp_path, order, mode):
    wrong = {"<": b"\x11\x11\x00\x00", ">": b"\x44\x44\x00\x00"}[order]
    voxels = any_bits((3, 4, 5), MODES[mode])
    line = refusal(write_mrc_bytes(tmp_path / "a.mrc", voxels, mode, order=order, stamp=wrong))
    assert "wrong byte order" in line and "mode" not in line and "copy" not in line


def test_a_header_that_makes_sense_in_both_orders_is_told_by_its_size(tmp_path):
    """256 and 65536 are the same bytes, mode 0 and axes that are not set are so too."""
    voxels = np.zeros((256, 256, 256), "int8")
    for order in "<>":
        path = write_mrc_bytes(
            tmp_path / "a.mrc", voxels, 0, order=order, stamp=bytes(4), axes=(0, 0, 0)
        )
        with open_slabs(path) as tomogram:
            assert tomogram.shape == (256, 256, 256)


def test_bytes_that_are_no_header_at_all(tmp_path):
    for content in (bytes(2048), b"\xff" * 2048, b"text " * 500):
        (tmp_path / "a.mrc").write_bytes(content)
        assert "Map ID" in refusal(tmp_path / "a.mrc")
    content = bytearray(mrc_bytes(FLOATS, 2, stamp=bytes(4)))
    content[64:68] = struct.pack("<i", 77)
    (tmp_path / "a.mrc").write_bytes(content)
    assert "do not show the byte order" in refusal(tmp_path / "a.mrc")


@pytest.mark.parametrize("announced", [15360, 1, 80])
def test_an_extended_header_that_is_not_there(tmp_path, announced):
    path = write_mrc_bytes(tmp_path / "a.mrc", FLOATS, 2, announced=announced)
    line = refusal(path)
    assert f"extended header of {announced} bytes that is not there" in line
    assert "truncated" not in line
    path.write_bytes(path.read_bytes()[:-1])
    assert "truncated" in refusal(path)


@pytest.mark.parametrize(("group", "depth", "volumes"), [(401, 2, 2), (630, 1, 4), (401, 3, 0)])
def test_a_stack_of_volumes_is_named(tmp_path, group, depth, volumes):
    path = write_mrc_bytes(
        tmp_path / "a.mrc", FLOATS, 2, space_group=group, intervals=(6, 5, depth)
    )
    assert "stack of volumes" in refusal(path)


def test_a_stack_of_one_volume_is_a_volume(tmp_path):
    path = write_mrc_bytes(tmp_path / "a.mrc", FLOATS, 2, space_group=401, intervals=(6, 5, 4))
    assert opened(path)[0].tobytes() == FLOATS.tobytes()


AXES = st.permutations([1, 2, 3])


@pytest.mark.filterwarnings("ignore:MRC file is:RuntimeWarning")
@settings(max_examples=150, deadline=None)
@given(
    mode=st.sampled_from(sorted(MODES)),
    order=st.sampled_from("<>"),
    shape=st.tuples(*[st.integers(2, 7)] * 3),
    axes=AXES,
    extended=st.binary(max_size=200),
    steps=st.tuples(*[st.floats(0.5, 50)] * 3),
    behind=st.binary(max_size=20),
)
def test_held_against_mrcfile_and_gemmi(
    tmp_path_factory, mode, order, shape, axes, extended, steps, behind
):
    """mrcfile gives voxels as they lie in the file, gemmi puts the axes in order x, y, z."""
    voxels = np.random.default_rng(1).integers(-100, 100, shape).astype(MODES[mode])
    lengths = dict(zip(axes, shape[::-1], strict=True))
    cell = tuple(step * lengths[axis] for step, axis in zip(steps, (1, 2, 3), strict=True))
    path = tmp_path_factory.mktemp("mrc") / "a.mrc"
    path.write_bytes(
        mrc_bytes(voxels, mode, order=order, axes=tuple(axes), cell=cell, extended=extended)
        + behind
    )
    found, spacing, _ = opened(path)
    with mrcfile.open(path, permissive=True) as file:
        theirs = file.data
        x, y, z = (axes.index(axis) for axis in (1, 2, 3))
        in_order = np.asarray(theirs).transpose(2 - z, 2 - y, 2 - x)
        assert found.dtype == theirs.dtype.newbyteorder("=")
        assert np.array_equal(found, in_order)
    assert spacing == pytest.approx(steps[::-1], rel=1e-6)
    # gemmi 0.7.5 reads an extended header as words of four bytes, has no half precision, and turns
    # the bytes of big-endian integers around after it has made floats of them.
    if mode != 12 and len(extended) % 4 == 0 and (order == "<" or mode == 2):
        read = gemmi.read_ccp4_map(str(path), setup=True)
        grid = np.array(read.grid, copy=True)
        assert np.array_equal(found.astype("f4"), grid.transpose(2, 1, 0))
