"""Chunks that are not there: left out because they are empty, or lost."""

import json

import numpy as np
import pytest
from stand_in_objects import portal_objects
from stand_in_records import tomogram_record

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.preparation import prepare

SOURCE = "portal:tomogram/5"
FOLDER = "sparse"


@pytest.fixture
def sparse(portal):
    """A tomogram of 16^3 in chunks of 4^3 with an empty corner; empty chunks were not written."""
    volume = np.random.default_rng(5).normal(size=(16, 16, 16)).astype("<f4")
    volume[:8, :8, :8] = 0
    return made(portal, volume)


def made(portal, volume):
    objects = portal_objects(volume, 10.0, (4, 4, 4), leave_out_empty=True)
    url = portal.bucket.put_tomogram(FOLDER, objects)
    portal.records.tables["tomograms"].append(tomogram_record(5, 2, volume.shape, 10.0, url))
    return volume


def test_chunks_that_were_left_out_are_the_fill_value_where_a_coarser_level_says_so(portal, sparse):
    entry = prepare(SOURCE, "full")
    assert np.array_equal(entry.load(), sparse)
    said = json.loads(entry.path.with_suffix(".record.json").read_text())
    # Level 1 left its only chunk of that corner out as well; level 2 has one chunk, which says it.
    assert said["chunks_taken_as_fill_value"] == {
        f"{z}/{y}/{x}": "level 2" for z in (0, 1) for y in (0, 1) for x in (0, 1)
    }


def test_a_lost_chunk_among_those_left_out_is_found(portal, sparse):
    portal.bucket.delete(f"{FOLDER}/0/3/3/3")
    with pytest.raises(BadInput, match=r"lacks 1 of the 64 chunks.* 3/3/3 the first"):
        prepare(SOURCE, "full")
    # A crop that does not touch it is not concerned.
    assert np.array_equal(prepare(SOURCE, "8,8,8").load(), sparse[4:12, 4:12, 4:12])


def test_the_same_place_lost_in_every_level_is_found(portal, sparse):
    for key in ("0/3/3/3", "1/1/1/1", "2/0/0/0"):
        portal.bucket.delete(f"{FOLDER}/{key}")
    with pytest.raises(BadInput, match=r"lacks 9 of the 64 chunks"):
        prepare(SOURCE, "full")


def test_a_coarser_chunk_that_cannot_be_read_does_not_vouch(portal, sparse):
    portal.bucket.put(f"{FOLDER}/2/0/0/0", b"garbage")
    with pytest.raises(BadInput, match="2/0/0/0"):
        prepare(SOURCE, "full")


def test_a_coarsest_level_has_nobody_to_vouch_for_it(portal):
    volume = np.zeros((16, 16, 48), "<f4")
    volume[..., 16:] = 1
    made(portal, volume)
    with pytest.raises(BadInput, match="lacks 1 of the 3 chunks"):
        prepare(f"{SOURCE}::2", "full")
    filled = prepare(f"{SOURCE}::2,fill", "full")
    assert np.array_equal(filled.load(), volume[::4, ::4, ::4])
    # Level 0 and 1 are vouched for by none either: what is left out in every level may be lost.
    with pytest.raises(BadInput, match="lacks"):
        prepare(SOURCE, "full")


def test_values_that_cancel_out_are_not_taken_for_nothing(portal):
    """A coarser level that is 0 only where the finer chunk is, not around it."""
    volume = np.ones((16, 16, 16), "<f4")
    volume[:4, :4, :4] = 0
    made(portal, volume)
    assert np.array_equal(prepare(SOURCE, "full").load(), volume)
    portal.bucket.delete(f"{FOLDER}/0/0/0/1")
    with pytest.raises(BadInput, match="lacks 1 of the 64 chunks"):
        prepare(f"{SOURCE}", "15,15,15")
