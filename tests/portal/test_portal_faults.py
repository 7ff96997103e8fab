"""Each fault of the bucket: retried where that helps, else one line, and nothing wrong is kept."""

import hashlib
import json

import numpy as np
import pytest
from stand_in_objects import (
    CODEC,
    checksummed_garbage,
    dropped,
    garbage,
    hang,
    html,
    longer,
    meanwhile,
    other_etag,
    right,
    status,
    truncated,
)

from cryoet_zarr_bench.tomograms.preparation import prepare

CROP = "20,20,20"  # voxels 10 to 30, 16 to 36, 20 to 40: chunks 0 and 1; 1 and 2; 1 and 2
TOUCHED = [(z, y, x) for z in (0, 1) for y in (1, 2) for x in (1, 2)]
HIT = (1, 1, 2)


def right_voxels(portal):
    return portal.voxels[10:30, 16:36, 20:40]


def assert_nothing_was_kept(portal, good):
    assert portal.entries() == [good.path.name]
    # Of `good`: its description, its record, and the request that it answers.
    assert len(list(portal.cache.rglob("*.json"))) == 3


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "attempts", "said"),
    [
        (status(404), 1, "it is not there (HTTP 404)"),
        (status(403), 1, "the server refuses it (HTTP 403)"),
        (status(503), 3, "the server answers with HTTP 503, in 3 attempts"),
        (status(500), 3, "the server answers with HTTP 500, in 3 attempts"),
        (dropped, 3, "it does not arrive whole (ClientPayloadError), in 3 attempts"),
        (truncated, 3, "bytes, in 3 attempts"),
        (longer, 3, "has more instead of"),
        (garbage, 3, "arrives damaged, in 3 attempts: its MD5 is"),
        (checksummed_garbage, 3, "arrives damaged (its checksum is wrong), in 3 attempts"),
        (html, 3, "instead of"),
    ],
    ids=[
        "404",
        "403",
        "503",
        "500",
        "dropped",
        "truncated",
        "longer",
        "garbage",
        "garbage with a checksum",
        "html",
    ],
)
def test_a_chunk_that_cannot_be_had(portal, good, refused, fault, attempts, said):
    portal.proxy.faults[portal.chunk(*HIT)] = [fault]
    line = refused(portal.fetch("--crop", CROP))
    assert said in line
    assert f"s3://made-up-portal/{portal.chunk(*HIT)}" in line
    assert portal.proxy.counts[portal.chunk(*HIT)] == attempts
    assert_nothing_was_kept(portal, good)


@pytest.mark.parametrize(
    "faults",
    [
        [status(503), status(503), right],
        [status(500), status(500), right],
        [dropped, truncated, right],
        [garbage, garbage, right],
    ],
    ids=["503 twice", "500 twice", "broken off", "garbage twice"],
)
def test_what_goes_away_is_retried(portal, good, faults):
    portal.proxy.faults[portal.chunk(*HIT)] = list(faults)
    outcome = portal.fetch("--crop", CROP)
    assert outcome.exit_code == 0, outcome.stderr
    assert np.array_equal(prepare("portal:tomogram/16463", CROP).load(), right_voxels(portal))
    assert portal.proxy.counts[portal.chunk(*HIT)] == 3


def test_a_server_that_hangs_is_given_up(portal, good, refused, monkeypatch):
    monkeypatch.setenv("CRYOET_PORTAL_TIMEOUT", "0.3")
    monkeypatch.setenv("CRYOET_PORTAL_ATTEMPTS", "2")
    portal.proxy.faults[portal.chunk(*HIT)] = [hang]
    line = refused(portal.fetch("--crop", CROP))
    assert "the server does not answer in time, in 2 attempts" in line
    assert_nothing_was_kept(portal, good)


@pytest.mark.parametrize("key", [".zattrs", "0/.zarray"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (status(404), "HTTP 404"),
        (status(503), "HTTP 503"),
        (html, "is not JSON"),
        (garbage, "is not JSON"),
    ],
    ids=["404", "503", "html", "garbage"],
)
def test_metadata_that_cannot_be_had(portal, good, refused, key, fault, said):
    portal.proxy.faults[f"{portal.folder}/{key}"] = [fault]
    line = refused(portal.fetch("--crop", CROP))
    assert said in line and key in line
    assert portal.proxy.chunk_requests() == {}
    assert_nothing_was_kept(portal, good)


def change_array(portal, level=0, **changes):
    key = f"{portal.folder}/{level}/.zarray"
    portal.bucket.put(key, json.dumps({**json.loads(portal.bucket.get(key)), **changes}).encode())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dtype": ">f4"}, "has the dtype >f4 where the portal's record has <f4"),
        ({"dtype": "<i4"}, "int32"),
        ({"dtype": "<i2"}, "has the dtype <i2 where the portal's record has <f4"),
        ({"dtype": "|O"}, "holds Python objects"),
        ({"shape": [40, 52, 64]}, "has the shape 40x52x64 where the portal's record has 40x52x60"),
        ({"shape": [80, 52, 60]}, "has the shape 80x52x60"),
        ({"shape": [40, 52]}, "has 2 axes"),
        ({"order": "F"}, "in order F"),
        ({"chunks": [16, 16, 8]}, "has"),
        ({"chunks": [10**6, 10**6, 10**6]}, "has chunks of"),
        ({"compressor": {"id": "pickle"}}, "the codec 'pickle' is not accepted"),
        ({"filters": [{"id": "json2"}]}, "the codec 'json2' is not accepted"),
        ({"compressor": None}, "has"),
        ({"zarr_format": 4}, "Zarr format 4"),
    ],
    ids=str,
)
def test_metadata_that_say_something_else_than_the_portal(portal, good, refused, changes, said):
    change_array(portal, **changes)
    line = refused(portal.fetch("--crop", CROP))
    assert said in line
    assert_nothing_was_kept(portal, good)


@pytest.mark.parametrize(
    ("found", "replacement", "said"),
    [
        ("10.012", "10.212", "has the spacing 10.212 A where the portal's record has 10.012 A"),
        ('"angstrom"', '"nanometer"', "has the spacing 100.12 A"),
        ('"angstrom"', '"furlong"', "has no scale in a unit of length"),
        ('[{"name": "z"', '[{"name": "x"', "axes"),
        ('"path": "0"', '"path": "../../other"', "path"),
        ('"path": "0"', '"path": "1"', "has the shape 20x26x30"),
    ],
    ids=str,
)
def test_a_multiscale_that_says_something_else(portal, good, refused, found, replacement, said):
    key = f"{portal.folder}/.zattrs"
    text = portal.bucket.get(key).decode()
    assert found in text
    portal.bucket.put(key, text.replace(found, replacement).encode())
    assert said in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


def test_a_level_of_a_wrong_shape_is_refused_and_a_stated_one_is_compared(portal, good, refused):
    change_array(portal, level=1, shape=[20, 26, 33])
    line = refused(portal.fetch("--level", "1", "--crop", "8,8,8"))
    assert "has the shape 20x26x33 where the portal's record has about 20x26x30" in line
    portal.records.tables["tomograms"][0]["scale0Dimensions"] = "60,52,41"
    assert "where the portal's record has 41x52x60" in refused(portal.fetch("--crop", "8,8,8"))
    portal.records.tables["tomograms"][0]["scale0Dimensions"] = "60,52"
    assert "its level 0 has the dimensions '60,52'" in refused(portal.fetch("--crop", "8,8,8"))
    assert_nothing_was_kept(portal, good)


def test_stored_bytes_that_are_damaged_are_refused_at_once(portal, good, refused):
    """Their MD5 is right, so that to move them again cannot help."""
    content = bytearray(portal.bucket.get(portal.chunk(*HIT)))
    content[4:8] = (2**31).to_bytes(4, "little")  # the decoded size that Blosc's header says
    portal.bucket.put(portal.chunk(*HIT), bytes(content))
    line = refused(portal.fetch("--crop", CROP))
    assert portal.chunk(*HIT) in line and "decodes by blosc to 2147483648 bytes" in line
    assert portal.proxy.counts[portal.chunk(*HIT)] == 1
    assert_nothing_was_kept(portal, good)


def test_an_object_larger_than_a_chunk_can_be_is_not_moved(portal, good, refused):
    portal.bucket.put(portal.chunk(*HIT), bytes(100_000))
    assert "has 100000 bytes, not 1 to" in refused(portal.fetch("--crop", CROP))
    portal.bucket.put(portal.chunk(*HIT), b"")
    assert "has 0 bytes, not 1 to" in refused(portal.fetch("--crop", CROP))
    assert portal.proxy.chunk_requests() == {}
    assert_nothing_was_kept(portal, good)


def test_an_etag_that_is_no_md5_is_not_taken_for_one(portal, good):
    """It is none where the server says that the object is encrypted by a key of its own."""
    whole = portal.bucket.get(portal.chunk(*HIT))

    def list_other_etag(proxied):
        md5 = hashlib.md5(whole).hexdigest().encode()
        proxied.body = proxied.body.replace(md5, b"f" * 32)
        proxied.answer()

    def matches_that_etag(proxied):
        proxied.status, proxied.body = 200, whole
        proxied.headers = {"ETag": f'"{"f" * 32}"', "x-amz-server-side-encryption": "aws:kms"}
        proxied.answer()

    portal.proxy.faults[f"list {portal.folder}/0/"] = [list_other_etag]
    portal.proxy.faults[portal.chunk(*HIT)] = [matches_that_etag]
    outcome = portal.fetch("--crop", CROP)
    assert outcome.exit_code == 0, outcome.stderr
    assert np.array_equal(prepare("portal:tomogram/16463", CROP).load(), right_voxels(portal))


# What changes while it is fetched


def new_chunk(portal, value):
    chunk = np.full((16, 16, 16), value, "<f4")
    return lambda: portal.bucket.put(portal.chunk(*HIT), CODEC.encode(chunk))


def test_a_chunk_that_is_replaced_meanwhile_is_moved_again(portal, good):
    """Replaced after it was moved, and before: neither version is mixed with the other."""
    last = portal.chunk(*TOUCHED[-1])
    portal.proxy.faults[last] = [meanwhile(new_chunk(portal, 5.0)), right]
    outcome = portal.fetch("--crop", CROP)
    assert outcome.exit_code == 0, outcome.stderr
    expected = right_voxels(portal).copy()
    expected[6:, :16, 12:] = 5
    assert np.array_equal(prepare("portal:tomogram/16463", CROP).load(), expected)
    assert set(portal.proxy.chunk_requests().values()) <= {1, 2, 3}


def test_a_chunk_that_is_replaced_again_and_again_is_refused(portal, good, refused):
    values = iter(range(100))
    portal.proxy.faults[portal.chunk(*HIT)] = [
        lambda proxied: meanwhile(new_chunk(portal, next(values)))(proxied)
    ]
    assert "replaced again and again" in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


def test_an_object_with_another_etag_than_listed_is_refused(portal, good, refused):
    portal.proxy.faults[portal.chunk(*HIT)] = [other_etag]
    assert "replaced again and again" in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


def test_a_listing_that_loses_a_chunk_meanwhile_is_refused(portal, good, refused):
    portal.proxy.faults[portal.chunk(*HIT)] = [
        meanwhile(lambda: portal.bucket.delete(portal.chunk(0, 1, 1)))
    ]
    line = refused(portal.fetch("--crop", CROP))
    assert "chunks came or went while it was fetched" in line
    assert_nothing_was_kept(portal, good)


def test_metadata_that_change_meanwhile_are_refused(portal, good, refused):
    portal.proxy.faults[portal.chunk(*HIT)] = [
        meanwhile(lambda: change_array(portal, fill_value=1.0))
    ]
    assert "its metadata were changed while it was fetched" in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


def test_metadata_that_change_before_the_listing_are_refused(portal, good, refused):
    portal.proxy.faults[f"{portal.folder}/0/.zarray"] = [
        meanwhile(lambda: change_array(portal, dtype=">f4"))
    ]
    assert "its metadata were changed while it was fetched" in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


@pytest.mark.parametrize("fault", [status(403), status(503), html], ids=["403", "503", "html"])
def test_a_listing_that_cannot_be_had(portal, good, refused, fault):
    portal.proxy.faults[f"list {portal.folder}/0/"] = [fault]
    line = refused(portal.fetch("--crop", CROP))
    assert f"s3://made-up-portal/{portal.folder}/0/" in line
    assert portal.proxy.chunk_requests() == {}
    assert_nothing_was_kept(portal, good)


def test_a_listing_that_does_not_end_is_given_up(portal, good, refused, monkeypatch):
    monkeypatch.setattr("cryoet_zarr_bench.tomograms.portal.bucket_objects._MOST_PAGES", 5)

    pages = []

    def endless(proxied):
        pages.append(
            proxied.body.replace(
                b"<IsTruncated>false</IsTruncated>",
                b"<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>",
            )
        )
        proxied.status, proxied.body = 200, pages[0]
        proxied.answer()

    portal.proxy.faults[f"list {portal.folder}/0/"] = [endless]
    assert "the listing does not end" in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


def test_a_bucket_that_cannot_be_reached(portal, good, refused, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("CRYOET_PORTAL_ATTEMPTS", "2")
    assert "in 2 attempts" in refused(portal.fetch("--crop", CROP))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "no URL")
    assert "check AWS_ENDPOINT_URL" in refused(portal.fetch("--crop", CROP))
    assert_nothing_was_kept(portal, good)


# Chunks that are not there


def test_a_chunk_that_was_lost_is_refused_and_can_be_accepted(portal, good, refused):
    portal.bucket.delete(portal.chunk(*HIT))
    line = refused(portal.fetch("--crop", CROP))
    assert "lacks 1 of the 8 chunks that are needed, 1/1/2 the first, and no coarser level" in line
    assert "--missing-chunks-are-fill, or ',fill' after the level (::0,fill)" in line
    assert_nothing_was_kept(portal, good)
    assert portal.fetch("--crop", CROP, "--missing-chunks-are-fill").exit_code == 0
    filled = prepare("portal:10445/TS_100_3::0,fill", CROP)
    expected = right_voxels(portal).copy()
    expected[6:, :16, 12:] = 0
    assert np.array_equal(filled.load(), expected)
    record = json.loads(filled.path.with_suffix(".record.json").read_text())
    assert record["chunks_taken_as_fill_value"] == {"1/1/2": "accepted by the user"}
    # What was accepted once is not what is given where it was not.
    assert "lacks 1 of the 8 chunks" in refused(portal.fetch("--crop", CROP))


def test_an_array_without_any_chunk_is_refused_in_any_case(portal, good, refused):
    pages = portal.bucket.client.list_objects_v2(
        Bucket="made-up-portal", Prefix=f"{portal.folder}/0/"
    )
    for each in pages["Contents"]:
        if not each["Key"].endswith(".zarray"):
            portal.bucket.delete(each["Key"])
    for more in ([], ["--missing-chunks-are-fill"]):
        assert "has no chunk at all" in refused(portal.fetch("--crop", CROP, *more))
    assert_nothing_was_kept(portal, good)
