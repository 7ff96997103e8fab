import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.storage.boxes import MOST_BYTES, boxes, moved, shape_of
from cryoet_zarr_bench.storage.stores.flat_file import FlatFile, create_npy, fill_flat_file

SHAPES = st.tuples(*[st.integers(1, 40)] * 3)
UNITS = st.tuples(*[st.integers(1, 50)] * 3)


@given(shape=SHAPES, unit=UNITS, most_bytes=st.integers(1, 200_000))
def test_boxes_cover_all_once_in_whole_units_and_little_memory(shape, unit, most_bytes):
    covered = np.zeros(shape, int)
    for box in boxes(shape, unit, 4, most_bytes):
        covered[box] += 1
        for side, length, step in zip(box, shape, unit, strict=True):
            assert side.start % step == 0
            assert side.stop % step == 0 or side.stop == length
        # One unit is the least there can be.
        least = math.prod(min(step, n) for step, n in zip(unit, shape, strict=True)) * 4
        assert covered[box].size * 4 <= max(most_bytes, least)
        assert shape_of(box) == covered[box].shape
    assert (covered == 1).all()


def test_boxes_are_as_large_as_may_be_so_that_few_are_written():
    whole = list(boxes((100, 200, 300), (64, 64, 64), 4))
    assert len(whole) == 1
    # Two rows of chunks of this one fit into what a box may have.
    slabs = list(boxes((128, 2048, 2048), (32, 128, 128), 4))
    assert max(math.prod(shape_of(box)) * 4 for box in slabs) > MOST_BYTES / 2
    assert all(shape_of(box)[2] == 2048 for box in slabs)


def test_a_box_within_a_box():
    outer, inner = next(boxes((9, 9, 9), (4, 4, 4), 1, 64)), (slice(1, 2), slice(0, 3), slice(2, 4))
    later = (slice(4, 8), slice(8, 9), slice(0, 4))
    assert moved(inner, outer) == inner
    assert moved(inner, later) == (slice(5, 6), slice(8, 11), slice(2, 4))


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    unit=st.tuples(*[st.integers(1, 5)] * 3),
    byte_order=st.sampled_from("<>"),
    dtype=st.sampled_from(["u1", "i2", "f2", "f4"]),
)
def test_a_flat_file_has_the_bits_wherever_a_box_begins(
    tmp_path_factory, shape, unit, byte_order, dtype
):
    path = tmp_path_factory.mktemp("flat") / "a.npy"
    kind = np.dtype(dtype).newbyteorder(byte_order)
    content = np.random.default_rng(0).bytes(int(np.prod(shape)) * kind.itemsize)
    data = np.frombuffer(content, np.dtype(dtype)).reshape(shape)
    target = create_npy(path, shape, kind)
    target.allocate()
    for box in boxes(shape, unit, kind.itemsize, 1):
        target[box] = data[box]
    read = np.load(path)
    assert read.dtype == kind
    native = read if kind.isnative else read.byteswap().view(read.dtype.newbyteorder("="))
    assert native.tobytes() == data.tobytes()


def test_a_source_that_gives_less_is_not_written_as_if_it_were_all(tmp_path):
    target = create_npy(tmp_path / "a.npy", (4, 4, 4), np.dtype("f4"))
    with pytest.raises(ValueError, match="voxels were read where"):
        list(fill_flat_file(target, np.zeros((4, 4, 3), "f4"), (4, 4, 4)))


def test_there_is_room_on_the_disk_before_anything_is_written(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"head")
    FlatFile(path, (10, 10, 10), np.dtype("f4"), 4).allocate()
    assert path.stat().st_size == 4004
    with pytest.raises(OSError):
        FlatFile(path, (10**5, 10**5, 10**5), np.dtype("f4"), 4).allocate()
