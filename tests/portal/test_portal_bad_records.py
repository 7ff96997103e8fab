"""One bad record of the portal does not take the list of the others with it."""

import json

import pytest
from stand_in_objects import BUCKET
from stand_in_records import answer, run_record, tomogram_record

from cryoet_zarr_bench.common.left_out_notices import leave_out

GOOD, BAD = 16463, 16464
URL = f"s3://{BUCKET}/10445/TS_100_3/10.012/tomogram.zarr"

BAD_RECORDS = {
    "size is null": ({"sizeX": None}, "its size_x is None"),
    "size is a text": ({"sizeX": "many"}, "its size_x is 'many'"),
    "size is a fraction": ({"sizeX": 1.5}, "its size_x is 1.5"),
    "size is a list": ({"sizeX": [1]}, "its size_x is [1]"),
    "size is true": ({"sizeX": True}, "its size_x is True"),
    "no voxels": ({"sizeZ": 0}, "has no voxels"),
    "negative": ({"sizeZ": -4}, "its size_z is -4"),
    "more than any": ({"sizeX": 2**31 - 1, "sizeY": 2**31 - 1}, "more voxels than any tomogram"),
    "spacing is null": ({"voxelSpacing": None}, "its voxel spacing is None"),
    "spacing is a text": ({"voxelSpacing": "wide"}, "its voxel spacing is 'wide'"),
    "spacing is an object": ({"voxelSpacing": {"x": 1}}, "its voxel spacing is {'x': 1}"),
    "spacing is NaN": ({"voxelSpacing": float("nan")}, "its voxel spacing is nan"),
    "spacing is infinite": ({"voxelSpacing": float("inf")}, "its voxel spacing is inf"),
    "spacing is 0": ({"voxelSpacing": 0.0}, "its voxel spacing is 0.0"),
    "spacing is huge": ({"voxelSpacing": 10_001.0}, "its voxel spacing is 10001.0"),
    "spacing is tiny": ({"voxelSpacing": 0.009}, "its voxel spacing is 0.009"),
    "spacing has 400 digits": ({"voxelSpacing": 10**400}, "its voxel spacing is 1000"),
    "dimensions": ({"scale1Dimensions": "1,2"}, "its level 1 has the dimensions '1,2'"),
    "dimensions are a number": ({"scale0Dimensions": 7}, "its level 0 has the dimensions 7"),
    "deposition": ({"depositionId": "x"}, "its depositionId is 'x'"),
    "run is null": ({"runId": None}, "its runId is None"),
    "run is a list": ({"runId": [1]}, "its runId is [1]"),
    "hostile text": ({"sizeX": "\x1b[31m\nrm"}, "its size_x is "),
    "URL of a file": ({"s3OmezarrDir": "file:///etc/passwd"}, "is not a folder in S3"),
    "URL of the web": ({"s3OmezarrDir": "https://example.org/x.zarr"}, "is not a folder in S3"),
    "URL that leads up": ({"s3OmezarrDir": f"s3://{BUCKET}/../../etc"}, "is not a folder in S3"),
    "URL with a control": ({"s3OmezarrDir": "s3://b/\x1b[31m\nx"}, "is not a folder in S3"),
    "URL that is long": ({"s3OmezarrDir": f"s3://{BUCKET}/{'a' * 5000}"}, "is not a folder in S3"),
    "URL that is a list": ({"s3OmezarrDir": ["s3://a/b"]}, "is not a folder in S3"),
}


@pytest.fixture
def as_they_are(portal):
    """The server answers with its records whatever is in them, which a schema would refuse."""

    def rows(request):
        question = portal.records.question
        name = question["query"].split("{", 1)[1].strip().split("(", 1)[0].split("{", 1)[0].strip()
        found = portal.records.tables.get(name, [])
        if name == "tomograms" and f"id: {{_eq: {BAD}}}" in " ".join(question["query"].split()):
            found = [row for row in found if row["id"] == BAD]
        answer(request, json.dumps({"data": {name: found}}).encode())
        return True

    leave_out.cache_clear()
    portal.records.misbehave = rows
    return portal


def add(portal, **changes):
    portal.records.tables["tomograms"].append(
        {**tomogram_record(BAD, 1, (40, 52, 60), 10.012, URL), **changes}
    )


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_a_bad_record_is_left_out_of_a_list_and_named(as_they_are, refused, case):
    changes, said = BAD_RECORDS[case]
    add(as_they_are, **changes)
    listed = as_they_are.run("tomograms", "--dataset", "10445")
    assert listed.exit_code == 0, listed.stderr
    assert str(GOOD) in listed.stdout and str(BAD) not in listed.stdout
    (line,) = listed.stderr.splitlines()
    assert f"portal tomogram {BAD}: " in line and said in line and "left out" in line
    assert line.isprintable() and len(line) < 500
    line = refused(as_they_are.run("fetch", "--tomogram", str(BAD), "--crop", "4,4,4"))
    assert said in line
    assert as_they_are.entries() == []


@pytest.mark.parametrize("id", [None, "16464\x1b[31m", [16464], -1, 1.5])
def test_a_record_without_an_id_is_left_out_of_a_list(as_they_are, id):
    add(as_they_are, id=id, name="no such")
    listed = as_they_are.run("tomograms", "--dataset", "10445")
    assert (listed.exit_code, listed.stderr.count("\n")) == (0, 1), listed.stderr
    assert str(GOOD) in listed.stdout and "its id is" in listed.stderr
    assert listed.stderr.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    "changes",
    [
        {"releaseDate": "soon"},
        {"releaseDate": 7},
        {"depositionDate": ["x"]},
        {"name": None},
        {"name": ["x"]},
        {"name": "\x1b[31m\n<script>" * 99},
        {"processing": 5, "reconstructionMethod": {}},
        {"isAuthorSubmitted": "yes"},
        {"s3OmezarrDir": None},
        {"offsetX": "far"},
        {"voxelSpacing": 10},
    ],
    ids=str,
)
def test_what_is_only_shown_or_not_used_leaves_nothing_out(as_they_are, changes):
    add(as_they_are, **changes)
    listed = as_they_are.run("tomograms", "--dataset", "10445")
    assert (listed.exit_code, listed.stderr) == (0, "")
    assert str(GOOD) in listed.stdout and str(BAD) in listed.stdout
    assert "\x1b" not in listed.stdout


@pytest.mark.parametrize(
    "changes",
    [{"name": None}, {"name": 7}, {"datasetId": None}, {"id": [3]}, {"id": None}],
    ids=str,
)
def test_a_bad_record_of_a_run_does_not_keep_others_from_a_list(as_they_are, changes):
    as_they_are.records.tables["runs"].append({**run_record(3, 10445, "TS"), **changes})
    listed = as_they_are.run("tomograms", "--dataset", "10445")
    assert listed.exit_code == 0, listed.stderr
    assert str(GOOD) in listed.stdout


def test_every_bad_record_has_its_line(as_they_are):
    for id in (1, 2, 3):
        add(as_they_are, id=id, sizeX=None)
    listed = as_they_are.run("tomograms", "--run", "TS_100_3")
    assert listed.exit_code == 0 and str(GOOD) in listed.stdout
    starts = [line.split(":")[0] for line in listed.stderr.splitlines()]
    assert starts == [f"portal tomogram {id}" for id in (1, 2, 3)]


def test_no_other_is_fetched_in_the_place_of_a_bad_one(portal, refused):
    """By names and spacing the bad one may be meant; where it cannot be, it is in nobody's way."""
    add(portal, sizeX=-1)
    line = refused(portal.fetch("--crop", "4,4,4"))
    assert f"portal tomogram {BAD}: " in line and f"--tomogram {GOOD}" in line
    assert portal.entries() == []
    portal.records.tables["tomograms"][-1]["voxelSpacing"] = 4.99
    assert portal.fetch("--voxel-spacing", "10.012", "--crop", "4,4,4").exit_code == 0
    line = refused(portal.fetch("--voxel-spacing", "4.99", "--crop", "4,4,4"))
    assert f"portal tomogram {BAD}: " in line and "its size_x is -1" in line
    assert len(portal.entries()) == 1
