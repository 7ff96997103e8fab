"""Each class of stores makes the requests that its package makes of the same reads."""

from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.s3_reading.store_classes import FSSPEC, OBSTORE, PART, requests_of
from cryoet_zarr_bench.storage.object_store.bucket import Request


def get(key, moved, start=None, stop=None, after=None):
    return Request("GET", key, start, stop, moved, 0.0, 0.0, after=after)


READ = [
    get("zarr.json", 600),
    get(".zarray", 0),
    get("c/0", 804, start=-804, after=0),
    get("c/0", 5000, start=0, stop=5000, after=2),
    get("c/1", PART + 1, after=0),
]


def test_obstore_asks_for_what_zarr_asks_for():
    assert requests_of(OBSTORE, READ) == READ


def test_s3fs_asks_for_the_size_of_whole_objects_and_reads_large_ones_in_parts():
    made = [(each.kind, each.key, each.moved, each.after) for each in requests_of(FSSPEC, READ)]
    assert made == [
        ("HEAD", "zarr.json", 0, None),
        ("GET", "zarr.json", 600, 0),
        ("HEAD", ".zarray", 0, None),
        ("LIST", ".zarray", 0, 2),
        ("GET", "c/0", 804, 1),
        ("GET", "c/0", 5000, 4),
        ("HEAD", "c/1", 0, 1),
        ("GET", "c/1", PART, 6),
        ("GET", "c/1", 1, 6),
    ]


@st.composite
def asked(draw):
    count = draw(st.integers(0, 20))
    return [
        get(
            f"c/{number}",
            draw(st.integers(0, 3 * PART)),
            start=draw(st.sampled_from([None, 0])),
            after=draw(st.sampled_from([None, *range(number)])),
        )
        for number in range(count)
    ]


@given(asked())
def test_no_byte_is_lost_and_nothing_waits_for_what_comes_later(requests):
    made = requests_of(FSSPEC, requests)
    assert sum(each.moved for each in made) == sum(each.moved for each in requests)
    assert all(each.after is None or each.after < place for place, each in enumerate(made))
