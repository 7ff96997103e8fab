"""What `fetch` does where nothing is wrong: what it moves, keeps, says, and finds again."""

import asyncio
import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from stand_in_objects import halved, portal_objects
from stand_in_records import run_record, tomogram_record

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.tomograms.preparation import prepare

SELECTION = "portal:10445/TS_100_3@10.012"


def only_entry(portal):
    (path,) = portal.cache.rglob("*.npy")
    return open_prepared(path)


def centre(volume, *shape):
    return volume[
        tuple(
            slice((n - k) // 2, (n - k) // 2 + k) for n, k in zip(volume.shape, shape, strict=True)
        )
    ]


def test_a_crop_is_the_centre_and_moves_the_chunks_it_touches_once(portal):
    outcome = portal.fetch("--voxel-spacing", "10.012", "--crop", "8,9,10")
    assert outcome.exit_code == 0, outcome.stderr
    entry = only_entry(portal)
    assert np.array_equal(entry.load(), centre(portal.voxels, 8, 9, 10))
    # z 16 to 24, y 21 to 30, x 25 to 35 of chunks of 16
    assert portal.proxy.chunk_requests() == {portal.chunk(1, 1, 1): 1, portal.chunk(1, 1, 2): 1}
    assert entry.name == "TS_100_3 10.012A portal 16463 8x9x10 crop"
    assert (entry.dtype, entry.voxel_spacing) == ("float32", (10.012, 10.012, 10.012))
    assert entry.sha256 == hashlib.sha256(entry.load().tobytes()).hexdigest()
    assert f'TOMOGRAM="{SELECTION}::0" CROP=8,9,10' in outcome.stdout
    # What it says to run finds the entry without a call to the network.
    asked = portal.records.requests, portal.proxy.counts.total()
    assert prepare(f"{SELECTION}::0", "8,9,10") == entry
    assert prepare(SELECTION, "8,9,10") == entry
    assert (portal.records.requests, portal.proxy.counts.total()) == asked


def test_a_box_anywhere_moves_the_chunks_it_touches_and_is_no_centred_crop(portal):
    found = prepare("portal:tomogram/16463", "0:8,16:30,1:11")
    assert np.array_equal(found.load(), portal.voxels[0:8, 16:30, 1:11])
    assert portal.proxy.chunk_requests() == {portal.chunk(0, 1, 0): 1}
    assert found.source.endswith("crop 0:8,16:30,1:11")
    centred = prepare("portal:tomogram/16463", "8,14,10")
    assert np.array_equal(centred.load(), centre(portal.voxels, 8, 14, 10))
    assert prepare("portal:tomogram/16463", "0:8,16:30,1:11") == found


def test_a_notebook_whose_loop_is_running_can_fetch(portal):
    async def cell():
        return czb.fetch("portal:tomogram/16463", "8,9,10")

    found = asyncio.run(cell())
    assert np.array_equal(np.asarray(found), centre(portal.voxels, 8, 9, 10))


def test_from_python_it_is_the_same_tomogram(portal, tmp_path, monkeypatch):
    monkeypatch.setattr("cryoet_zarr_bench.measurement.fresh_processes.WORK", tmp_path / "work")
    told = []

    class Watching:
        def note(self, text):
            told.append(text)

        def begin(self, total, held):
            told.append((total, held))

        def moved(self, count):
            told.append(count)

    tomogram = czb.fetch(SELECTION, crop=(8, 9, 10), progress=Watching())
    assert np.array_equal(tomogram, centre(portal.voxels, 8, 9, 10))
    assert tomogram.voxel_spacing == (10.012, 10.012, 10.012) and told
    asked = portal.records.requests, portal.proxy.counts.total()
    assert np.array_equal(czb.open(SELECTION, crop="8,9,10"), tomogram)
    found = czb.measure(tomogram, "zstd-5 8x9x10", patterns=("read",), repeat=1)
    assert found.reason[0] == "" and found.attrs["tomogram"].startswith("TS_100_3")
    assert (portal.records.requests, portal.proxy.counts.total()) == asked


def test_full_takes_all_levels_are_levels_and_leave_nothing_behind(portal):
    assert portal.fetch("--full").exit_code == 0
    assert np.array_equal(only_entry(portal).load(), portal.voxels)
    assert only_entry(portal).name == "TS_100_3 10.012A portal 16463 40x52x60"
    assert portal.fetch("--full", "--level", "1").exit_code == 0
    level_1 = prepare("portal:tomogram/16463::1", "full")
    assert np.array_equal(level_1.load(), halved(portal.voxels))
    assert level_1.voxel_spacing == (20.024, 20.024, 20.024)
    assert level_1.name == "TS_100_3 10.012A portal 16463 level 1 20x26x30"
    assert not list(portal.cache.rglob("*.unfinished"))


def test_without_a_crop_it_is_the_stated_one_at_most(portal, monkeypatch):
    monkeypatch.setattr("cryoet_zarr_bench.tomograms.crop_boxes.DEFAULT_CROP", (32, 64, 16))
    outcome = portal.fetch()
    assert "a centred crop of at most 32,64,16 voxels" in outcome.stdout
    assert np.array_equal(only_entry(portal).load(), centre(portal.voxels, 32, 52, 16))
    asked = portal.records.requests
    for source in ("portal:tomogram/16463", "portal:10445/TS_100_3"):
        for crop in (None, "", "32,52,16"):
            assert prepare(source, crop) == only_entry(portal)
    assert portal.records.requests == asked


def test_the_record_says_what_it_is_and_where_it_is_from(portal, objects):
    portal.fetch("--crop", "8,8,8")
    (path,) = portal.cache.rglob("*.record.json")
    record = json.loads(path.read_text())
    entry = only_entry(portal)
    assert record["sha256"] == entry.sha256
    of_portal = record["portal"]
    assert (of_portal["id"], of_portal["run_name"], of_portal["dataset_id"]) == (
        16463,
        "TS_100_3",
        10445,
    )
    assert of_portal["authors"] == ["First Author", "Second Author"]
    assert of_portal["dataset_title"] == "Made-up cells"
    assert of_portal["deposition_title"] == "A made-up deposition"
    assert of_portal["graphql_url"] == portal.records.url
    assert record["source"] == f"s3://made-up-portal/{portal.folder}/0/"
    assert record["endpoint"] == portal.proxy.url
    assert (record["axes"], record["dtype"]) == (["z", "y", "x"], "<f4")
    assert record["voxel_spacing"] == [10.012] * 3
    assert record["box"] == {"start": [16, 22, 26], "shape": [8, 8, 8]}
    for each in record["objects"]:
        content = objects[each["key"].removeprefix(f"{portal.folder}/")]
        assert each["etag"].strip('"') == hashlib.md5(content).hexdigest()
        assert each["size"] == len(content)
    assert sorted(key.rpartition("/")[2] for key in record["metadata_etags"]) == [
        ".zarray",
        ".zattrs",
    ]
    assert record["licence"] == "CC0 1.0"
    assert record["fetched"].endswith("+00:00")
    assert record["packages"]["cryoet-data-portal"]
    assert record["packages"]["s3fs"]


def test_what_the_cache_holds_needs_no_network(portal, monkeypatch):
    fetched = prepare(SELECTION, "8,8,8")
    asked = portal.records.requests, sum(portal.proxy.counts.values())
    assert prepare(SELECTION, "8,8,8") == fetched
    assert prepare("portal:tomogram/16463", " 8, 8,8") == fetched
    assert (portal.records.requests, sum(portal.proxy.counts.values())) == asked
    program = (
        "import sys\n"
        "from cryoet_zarr_bench.tomograms.preparation import prepare\n"
        "print(prepare(sys.argv[1], '8,8,8').sha256)\n"
        "assert not {'s3fs', 'cryoet_data_portal', 'aiobotocore'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", program, SELECTION]
    done = subprocess.run(command, env=portal.variables(), capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (fetched.sha256, "")


def test_another_way_to_ask_for_the_same_moves_no_chunk_again(portal):
    first = prepare(SELECTION, "8,8,8")
    moved = portal.proxy.chunk_requests()
    assert prepare("portal:10445/TS_100_3", "8,8,8") == first
    assert prepare("portal:10445@10.01", "8,8,8") == first
    assert portal.proxy.chunk_requests() == moved


def test_another_portal_is_another_entry(portal, monkeypatch):
    """What one server called 16463 is not what another calls so."""
    prepare("portal:tomogram/16463", "8,8,8")
    monkeypatch.setenv("CRYOET_PORTAL_GRAPHQL_URL", portal.records.url + "?other")
    asked = portal.records.requests
    prepare("portal:tomogram/16463", "8,8,8")
    assert portal.records.requests > asked
    assert len(portal.entries()) == 2


def test_the_usual_variables_of_fsspec_are_obeyed(portal):
    """They are read when fsspec is imported, so this takes a process of its own."""
    program = (
        "from cryoet_zarr_bench.tomograms.preparation import prepare\n"
        f"print(prepare({SELECTION!r}, '8,8,8').sha256)\n"
    )
    variables = portal.variables()
    variables["FSSPEC_S3_ENDPOINT_URL"] = variables.pop("AWS_ENDPOINT_URL_S3")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.stdout.strip() == only_entry(portal).sha256, done.stderr


@pytest.mark.parametrize("crop", ["41,8,8", "8,8,61"])
def test_a_crop_that_is_larger_is_refused(portal, refused, crop):
    assert f"the crop {crop} is larger than the tomogram, 40x52x60" in refused(
        portal.fetch("--crop", crop)
    )
    assert portal.entries() == []


def test_ambiguous_choices_are_listed_with_what_tells_them_apart(portal, refused):
    url = portal.records.tables["tomograms"][0]["s3OmezarrDir"]
    portal.records.tables["tomograms"] += [
        tomogram_record(16464, 1, (40, 52, 60), 10.012, url, processing="denoised"),
        tomogram_record(16465, 1, (80, 104, 120), 4.99, None),
    ]
    outcome = portal.fetch("--voxel-spacing", "10.012", "--crop", "8,8,8")
    line = refused(outcome)
    assert "2 tomograms are meant: 16463 (10445/TS_100_3@10.012 raw), 16464" in line
    assert "denoised" in outcome.stdout and "16464" in outcome.stdout
    assert "16465" not in outcome.stdout
    assert portal.entries() == []
    assert "3 tomograms are meant" in refused(portal.fetch())
    with pytest.raises(BadInput, match="2 tomograms are meant"):
        prepare(SELECTION, "8,8,8")
    # By its id it is one; the selection by names stays ambiguous.
    assert portal.run("fetch", "--tomogram", "16464", "--crop", "8,8,8").exit_code == 0
    assert prepare(f"{SELECTION}#16464", "8,8,8") == only_entry(portal)
    with pytest.raises(BadInput, match="2 tomograms are meant"):
        prepare(SELECTION, "8,8,8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dataset", "10445", "--run", "TS_1"], "has no dataset 10445 with a run 'TS_1'"),
        (["--dataset", "1"], "has no dataset 1;"),
        (["--tomogram", "1"], "has no tomogram 1;"),
        (["--dataset", "10445", "--voxel-spacing", "10.2"], "voxel spacings there: 10.012"),
        (["--dataset", "10446", "--tomogram", "16463"], "16463 is 10445/TS_100_3@10.012"),
        (["--run", "TS_100_3"], "no dataset is given"),
        (["--dataset", "10445", "--voxel-spacing", "ten"], "is not a length in angstrom"),
        (["--dataset", "10445", "--voxel-spacing", "-1"], "is not a length in angstrom"),
        (["--dataset", "-1"], "does not name a tomogram"),
        (["--dataset", "10445", "--run", "TS\x1b[31m"], "does not name a tomogram"),
        (["--tomogram", "16463", "--level", "3"], "has no level 3; choose one from 0 to 2"),
        (["--tomogram", "16463", "--crop", "1,2"], "is not z,y,x"),
        (["--tomogram", "16463", "--crop", "1,2,3", "--full"], "both --crop and --full"),
        ([], "no dataset is given"),
    ],
    ids=str,
)
def test_what_cannot_be_chosen_is_refused(portal, refused, arguments, said):
    assert said in refused(portal.run("fetch", *arguments))
    assert portal.entries() == []


def test_the_commands_list_what_the_portal_has_and_what_the_cache_holds(portal):
    listed = portal.run("tomograms", "--dataset", "10445")
    assert listed.exit_code == 0
    for text in ("16463", "10445/TS_100_3", "10.012", "40x52x60", "WBP", "raw"):
        assert text in listed.stdout
    assert "16463" in portal.run("tomograms", "--run", "TS_100_3").stdout
    assert "16463" not in portal.run("tomograms", "--dataset", "10445", "--run", "TS_100_4").stdout
    prepare(SELECTION, "8,8,8")
    prepare("synthetic:10A@8", None)
    asked = portal.records.requests
    held = portal.run("tomograms").stdout
    assert "TS_100_3 10.012A portal 16463 8x8x8 crop" in held
    assert "synthetic 10A 8x8x8" in held
    assert "CC0 1.0" in held
    assert portal.records.requests == asked


def test_names_from_the_portal_are_text_and_no_path(portal, objects):
    name = "../../\x1b[31m<script>alert(1)</script>[bold]TS"
    portal.records.tables["runs"].append(run_record(9, 10446, name))
    url = portal.bucket.put_tomogram("odd name/<b>/[red]", objects)
    portal.records.tables["tomograms"].append(
        tomogram_record(9, 9, (40, 52, 60), 10.012, url, name="\x1b]0;title\x07")
    )
    listed = portal.run("tomograms", "--dataset", "10446")
    assert "\x1b" not in listed.stdout and "\x07" not in listed.stdout
    assert "<script>alert(1)</script>[bold]TS" in listed.stdout
    outcome = portal.run("fetch", "--tomogram", "9", "--crop", "8,8,8")
    assert outcome.exit_code == 0, outcome.stderr
    assert "\x1b" not in outcome.stdout
    entry = only_entry(portal)
    assert "<" not in entry.name and "/" not in entry.name
    assert entry.path.parent == portal.cache / "portal"
    assert {path.suffix for path in portal.cache.parent.iterdir()} <= {""}
    assert all(part.isalnum() for part in entry.path.stem)


def test_a_tomogram_without_an_ome_zarr_is_refused(portal, refused):
    portal.records.tables["tomograms"][0]["s3OmezarrDir"] = None
    portal.records.tables["tomograms"][0]["name"] = None
    assert "has no OME-Zarr" in refused(portal.fetch())


def test_shapes_and_chunks_that_do_not_fit_each_other(portal):
    """Odd sizes, chunks of three lengths, fewer levels: every chunk lands where it belongs."""
    volume = np.random.default_rng(3).normal(size=(7, 23, 11)).astype("<f4")
    url = portal.bucket.put_tomogram("odd", portal_objects(volume, 4.99, (3, 5, 16), levels=2))
    portal.records.tables["tomograms"].append(tomogram_record(5, 2, volume.shape, 4.99, url))
    for crop in ("7,23,11", "1,1,1", "2,9,11", "7,3,2", "full"):
        wanted = volume.shape if crop == "full" else map(int, crop.split(","))
        entry = prepare("portal:tomogram/5", crop)
        assert np.array_equal(entry.load(), centre(volume, *wanted)), crop


@pytest.mark.parametrize("name", ["a*b[c]", "50%25 of;it", "a::b@c", "caf\u00e9 \u05d0", "a\\b"])
def test_a_key_is_that_key_whatever_is_in_it(portal, objects, name):
    folder = f"10445/{name}/tomogram.zarr"
    url = portal.bucket.put_tomogram(folder, objects)
    try:
        portal.records.tables["tomograms"][0]["s3OmezarrDir"] = url
        fetched = prepare(SELECTION, "8,8,8")
        assert np.array_equal(fetched.load(), portal.voxels[16:24, 22:30, 26:34])
    finally:
        portal.bucket.restore({})
