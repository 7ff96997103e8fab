"""The table of access patterns: where boxes are, that they stay, and what they read too much."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.storage.boxes import shape_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.patterns.access_patterns import ACCESS_PATTERNS, SEED, SLICES
from cryoet_zarr_bench.storage.patterns.request_counts import bytes_decoded, bytes_used, over_read
from cryoet_zarr_bench.storage.patterns.shard_access import inner_chunk, subset_across

CUBE = (128, 128, 128)
SHAPES = st.tuples(*[st.integers(1, 400)] * 3)


def boxes(name, shape=CUBE, seed=SEED):
    return ACCESS_PATTERNS[name].boxes(shape, seed)


def starts(box):
    return tuple(side.start for side in box)


@given(shape=SHAPES, seed=st.integers(0, 2**32), name=st.sampled_from(sorted(ACCESS_PATTERNS)))
def test_boxes_are_inside_and_the_same_again(shape, seed, name):
    found = boxes(name, shape, seed)
    assert found == boxes(name, shape, seed)
    for box in found:
        for side, length in zip(box, shape, strict=True):
            assert 0 <= side.start < side.stop <= length and side.step is None


def test_slices_are_in_the_middle():
    full = slice(0, 128)
    assert boxes("xy_slice") == [(slice(64, 65), full, full)]
    assert boxes("xz_slice") == [(full, slice(64, 65), full)]
    assert boxes("yz_slice") == [(full, full, slice(64, 65))]
    assert boxes("xy_slice", (7, 5, 3)) == [(slice(3, 4), slice(0, 5), slice(0, 3))]


def test_particles_are_where_they_have_always_been():
    """Every figure of this pattern hangs on the places: a new place would look like a new zarr."""
    found = boxes("particles")
    assert len(found) == 200 and {shape_of(box) for box in found} == {(32, 32, 32)}
    assert [starts(box) for box in found[:3]] == [(16, 33, 59), (0, 17, 35), (57, 38, 33)]
    large = boxes("particles", (400, 500, 600))
    assert {shape_of(box)[0] for box in large} == {32, 48, 64, 96}
    assert {shape_of(box) for box in boxes("particles", (10, 500, 600))} == {(10, 32, 32)}
    assert boxes("particles", seed=1) != found


def test_patches_cover_the_tomogram_and_overlap_by_half():
    found = boxes("patches")
    assert sorted(starts(box) for box in found) == sorted(itertools.product([0, 32, 64], repeat=3))
    assert [starts(box) for box in found[:3]] == [(0, 0, 32), (32, 32, 0), (32, 0, 0)]
    large = boxes("patches", (330, 500, 600))
    assert len(large) == 64 and {shape_of(box) for box in large} == {(160, 160, 160)}
    uneven = boxes("patches", (130, 128, 40))
    covered = np.zeros((130, 128, 40), bool)
    for box in uneven:
        covered[box] = True
    assert covered.all() and {shape_of(box) for box in uneven} == {(64, 64, 40)}


def test_tiles_are_cut_to_the_tomogram():
    assert boxes("tiles") == boxes("volume") == [(slice(0, 128),) * 3]
    assert [shape_of(box) for box in boxes("tiles", (256, 300, 512))] == [
        (256, 256, 256),
        (256, 256, 256),
        (256, 44, 256),
        (256, 44, 256),
    ]
    assert boxes("open") == []


def test_what_is_timed_is_a_part_of_what_is_counted():
    for pattern in ACCESS_PATTERNS.values():
        assert pattern.reads_voxels == bool(pattern.boxes(CUBE, SEED))
        assert pattern.timed is None or 0 < pattern.timed <= len(pattern.boxes(CUBE, SEED))
    assert set(SLICES) < set(ACCESS_PATTERNS)


@settings(max_examples=60)
@given(
    shape=st.tuples(*[st.integers(1, 30)] * 3),
    chunks=st.tuples(*[st.integers(1, 12)] * 3),
    corners=st.lists(st.tuples(*[st.tuples(st.floats(0, 1), st.floats(0, 1))] * 3), min_size=1),
)
def test_decoded_bytes_are_those_of_the_chunks_that_are_touched(shape, chunks, corners):
    found = []
    for corner in corners[:4]:
        sides = []
        for (first, second), length in zip(corner, shape, strict=True):
            low, high = sorted((int(first * (length - 1)), int(second * (length - 1))))
            sides.append(slice(low, high + 1))
        found.append(tuple(sides))
    touched = used = 0
    for box in found:
        marked = np.zeros(shape, bool)
        marked[box] = True
        used += int(marked.sum())
        for corner in itertools.product(
            *(range(0, n, step) for n, step in zip(shape, chunks, strict=True))
        ):
            chunk = tuple(slice(c, c + step) for c, step in zip(corner, chunks, strict=True))
            touched += bool(marked[chunk].any())
    assert bytes_used(found, 4) == 4 * used
    assert bytes_decoded(found, chunks, 4) == 4 * touched * int(np.prod(chunks))
    assert over_read(found, chunks) == touched * np.prod(chunks) / used


def test_chunk_shapes_are_told_apart_by_direction():
    over = {
        (chunks, name): over_read(boxes(name), chunks)
        for chunks in ((64, 64, 64), (16, 128, 128))
        for name in SLICES
    }
    assert [over[(64, 64, 64), name] for name in SLICES] == [64, 64, 64]
    assert [over[(16, 128, 128), name] for name in SLICES] == [16, 128, 128]


@pytest.mark.parametrize(
    ("chunks", "one", "across"),
    [
        ("16x16x16 in 64x64x64", (64, 80), (48, 80)),
        ("32x32x32 in 128x128x128", (64, 96), (32, 96)),
        ("16x16x16 in 48x48x48", (64, 80), (32, 64)),
        ("48x48x48", (48, 96), (0, 96)),
        ("256x256x256", (0, 128), (0, 128)),
    ],
)
def test_a_chunk_in_the_middle_and_a_box_across_shards(chunks, one, across):
    config = StorageConfig.of("none", chunks, 3)
    assert inner_chunk(CUBE, config) == (slice(*one),) * 3
    assert subset_across(CUBE, config) == (slice(*across),) * 3


@given(shape=SHAPES, chunks=st.tuples(*[st.integers(1, 99)] * 3), factor=st.integers(1, 5))
def test_what_is_read_of_shards_is_inside(shape, chunks, factor):
    shards = tuple(length * factor for length in chunks)
    config = StorageConfig(StorageConfig.of("none", "1x1x1", 3).codec, chunks, 3, shards)
    for box in (inner_chunk(shape, config), subset_across(shape, config)):
        for side, length in zip(box, shape, strict=True):
            assert 0 <= side.start < side.stop <= length
