"""Boxes, the chunks they touch, and the file that chunks are decoded into: for any shapes."""

import hashlib
import json
import math
import zlib
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.crop_boxes import Box, Crop, chunk_box, chunks_touched, crop_of
from cryoet_zarr_bench.tomograms.portal.bucket_objects import StoredObject
from cryoet_zarr_bench.tomograms.portal.chunk_transfer import Journal, object_digest
from cryoet_zarr_bench.tomograms.portal.partial_voxels import VoxelsFile

LENGTHS = some.tuples(*[some.integers(1, 9)] * 3)


@some.composite
def boxes(draw):
    shape = draw(LENGTHS)
    start = [draw(some.integers(0, n - 1)) for n in shape]
    kept = [draw(some.integers(1, n - a)) for n, a in zip(shape, start, strict=True)]
    return shape, Box(tuple(start), tuple(kept))


def decoded_chunk(volume, index, chunks):
    padded = np.full(chunks, -1, "<f4")
    part = volume[tuple(slice(i * n, (i + 1) * n) for i, n in zip(index, chunks, strict=True))]
    padded[tuple(slice(n) for n in part.shape)] = part
    return padded


@given(boxes(), LENGTHS, some.randoms(use_true_random=False))
def test_chunks_in_any_order_make_the_box(tmp_path_factory, shape_and_box, chunks, random):
    shape, box = shape_and_box
    volume = np.arange(math.prod(shape), dtype="<f4").reshape(shape)
    expected = volume[box.within((0, 0, 0))]
    path = tmp_path_factory.mktemp("voxels") / "voxels.part"
    order = list(chunks_touched(box, chunks))
    random.shuffle(order)
    with VoxelsFile(path, box, chunks) as voxels:
        assert voxels.fresh
        sums = {index: voxels.put(index, decoded_chunk(volume, index, chunks)) for index in order}
        assert voxels.finish() == hashlib.sha256(expected.tobytes()).hexdigest()
    with path.open("rb") as file:
        assert np.array_equal(np.load(file), expected)
    with VoxelsFile(path, box, chunks) as again:
        assert not again.fresh
        assert all(again.holds(index, checksum) for index, checksum in sums.items())
        assert not again.holds(order[0], sums[order[0]] ^ 1)
        assert again.finish() == hashlib.sha256(expected.tobytes()).hexdigest()


@given(boxes(), LENGTHS)
def test_a_chunk_is_touched_where_it_has_a_voxel_of_the_box(shape_and_box, chunks):
    shape, box = shape_and_box
    grid = [range(-(-n // step)) for n, step in zip(shape, chunks, strict=True)]
    expected = [i for i in product(*grid) if box.common(chunk_box(i, chunks)).voxels > 0]
    assert list(chunks_touched(box, chunks)) == expected


def test_a_chunk_that_is_put_again_replaces_what_was_hashed_already(tmp_path):
    box = Box((0, 0, 0), (4, 2, 2))
    with VoxelsFile(tmp_path / "voxels.part", box, (2, 2, 2)) as voxels:
        voxels.put((0, 0, 0), np.ones((2, 2, 2), "<f4"))
        voxels.put((1, 0, 0), np.ones((2, 2, 2), "<f4"))
        voxels.put((0, 0, 0), np.float32(7))
        digest = voxels.finish()
    expected = np.ones((4, 2, 2), "<f4")
    expected[:2] = 7
    assert digest == hashlib.sha256(expected.tobytes()).hexdigest()


def test_the_checksum_is_of_the_bytes_of_the_box(tmp_path):
    with VoxelsFile(tmp_path / "voxels.part", Box((1, 1, 1), (1, 1, 2)), (4, 4, 4)) as voxels:
        chunk = np.arange(64, dtype="<f4").reshape(4, 4, 4)
        assert voxels.put((0, 0, 0), chunk) == zlib.crc32(chunk[1, 1, 1:3].tobytes())


def test_there_is_no_file_where_there_is_no_space(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        VoxelsFile(tmp_path / "voxels.part", Box((0, 0, 0), (2, 2, 2)), (2, 2, 2))
    assert list(tmp_path.iterdir()) == []


def test_a_journal_leaves_out_what_is_damaged(tmp_path):
    path = tmp_path / "journal.jsonl"
    stored = [StoredObject(f"k{number}", 5, '"e"') for number in range(3)]
    journal = Journal(path, fresh=True)
    for number, each in enumerate(stored):
        journal.add(each, number)
    journal.close()
    with path.open("ab") as file:
        file.write(
            b'\xff\n[]\n["a"]\n{}\n[1, 2]\n["x", "y"]\n7\n' + json.dumps(["cut", 1]).encode()[:-3]
        )
    again = Journal(path, fresh=False)
    assert [again.checksum(each) for each in stored] == [0, 1, 2]
    again.close()
    assert stored[0] not in Journal(path, fresh=True)


def test_an_object_in_another_version_is_another_one():
    same = StoredObject("key", 5, '"etag"')
    others = [StoredObject("kez", 5, '"etag"'), StoredObject("key", 6, '"etag"')]
    others.append(StoredObject("key", 5, '"etaf"'))
    assert len({object_digest(each) for each in (same, *others)}) == 4


def test_crops():
    assert crop_of(None) == crop_of(" ") == Crop((128, 128, 128), at_most=True)
    assert crop_of("full") == Crop(None)
    assert crop_of("1,2,3") == Crop((1, 2, 3))
    assert crop_of(None).box((100, 200, 129), "x") == Box((0, 36, 0), (100, 128, 128))
    assert crop_of("full").box((3, 4, 5), "x") == Box((0, 0, 0), (3, 4, 5))
    box = crop_of("0:2,5:9,30:31")
    assert str(box) == "0:2,5:9,30:31"
    assert box.box((9, 9, 31), "x") == Box((0, 5, 30), (2, 4, 1))
    with pytest.raises(BadInput, match="ends beyond it, 9x8x31"):
        box.box((9, 8, 31), "x")
    with pytest.raises(BadInput, match="has no voxels"):
        crop_of("0:2,5:5,30:31")
    with pytest.raises(BadInput, match="larger than the tomogram, 3x4x5"):
        crop_of("4,4,4").box((3, 4, 5), "x")
