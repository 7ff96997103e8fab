"""How a user names the two releases, and what is refused."""

import hashlib
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.compared_cells import MEMORY, TIMED, all_cells, choose_cells
from cryoet_zarr_bench.verdicts.compared_releases import parse_side

CATALOGUE = load_catalogue()


def test_a_tag_is_the_pair_of_the_catalogue():
    side = parse_side("zarr-3.1.6", CATALOGUE)
    release = CATALOGUE.find("zarr-3.1.6")
    assert side.versions == {"zarr": "3.1.6", "numcodecs": release.numcodecs}
    assert side.requirements == ("zarr==3.1.6", f"numcodecs=={release.numcodecs}")


def test_versions_in_any_order_are_the_same_side_but_for_its_name():
    one = parse_side("zarr==3.1.6,numcodecs==0.16.5", CATALOGUE)
    other = parse_side("numcodecs==0.16.5, zarr==3.1.6", CATALOGUE)
    assert (one.key, one.requirements) == (other.key, other.requirements)


def test_two_wheels_of_one_version_are_two_sides(tmp_path):
    sides = []
    for content in (b"one", b"other"):
        folder = tmp_path / content.decode()
        folder.mkdir()
        wheel = folder / "zarr-3.5.0.dev1-py3-none-any.whl"
        wheel.write_bytes(content)
        sides.append(parse_side(f"zarr={wheel},numcodecs==0.17.1", CATALOGUE))
    assert [side.zarr for side in sides] == ["3.5.0.dev1"] * 2
    assert sides[0].key != sides[1].key
    assert sides[0].requirements[0].startswith("zarr @ file:///")


@pytest.mark.parametrize("name", ["a b", "a,b", "a#b", "a?b", "a%20b", "a;b", "a\nb", "a@b"])
def test_a_wheel_in_a_folder_of_any_name_is_that_wheel(tmp_path, name):
    wheel = tmp_path / name / "zarr-3.5.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"the one")
    # What would be found, were something of the name left out.
    other = tmp_path / "ab" / wheel.name
    other.parent.mkdir()
    other.write_bytes(b"the other")
    side = parse_side(f"zarr={wheel} , numcodecs==0.17.1", CATALOGUE)
    assert side.key.startswith(f"zarr-3.5.0-{hashlib.sha256(b'the one').hexdigest()[:12]}_")
    address = side.requirements[0].removeprefix("zarr @ ")
    assert url2pathname(urlsplit(address).path) == str(wheel)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("zarr-3.1.60", "no release is tagged"),
        ("zarr==3.1.6", "name a release by its tag"),
        ("zarr==3.1.6,zarr==3.1.5", "stands there twice"),
        ("zarr>=3,numcodecs==0.16.5", "name a release by its tag"),
        ("zarr==3.1.6,numcodecs==0.16.5 ; import os", "name a release by its tag"),
        ("zarr=missing/zarr-3.5.0-py3-none-any.whl,numcodecs==0.17.1", "give the path of a wheel"),
        ("zarr=zarr.whl,numcodecs==0.17.1", "not how a wheel is named"),
        ("zarr=numcodecs-0.17.1-py3-none-any.whl,numcodecs==0.17.1", "No such file"),
    ],
)
def test_anything_else_is_refused_in_one_line(text, says):
    with pytest.raises(BadInput, match=says) as refusal:
        parse_side(text, CATALOGUE)
    assert "\n" not in str(refusal.value)


def test_a_wheel_of_another_package_is_refused(tmp_path):
    wheel = tmp_path / "numcodecs-0.17.1-py3-none-any.whl"
    wheel.write_bytes(b"")
    with pytest.raises(BadInput, match="a wheel of numcodecs, not of zarr"):
        parse_side(f"zarr={wheel},numcodecs==0.17.1", CATALOGUE)


def test_cells_are_chosen_by_benchmark_and_config():
    quick = PROFILES["quick"]
    chosen = choose_cells(quick, "read_volume", "^.* zstd-5 64x64x64 format 3$")
    assert [cell.name for cell in chosen] == ["read.Read.time_read_volume zstd-5 64x64x64 format 3"]


def test_peak_memory_and_other_questions_are_compared_only_where_they_are_asked_for():
    quick = PROFILES["quick"]
    chosen = choose_cells(quick, None, None)
    assert {cell.benchmark for cell in chosen} == set(TIMED)
    assert len(chosen) == 4 * len(list(quick.configs()))
    assert {cell.benchmark for cell in choose_cells(quick, "write.*peakmem", None)} == {MEMORY}
    assert not any(cell.is_timed for cell in choose_cells(quick, "peakmem", None))


def test_the_cells_of_every_class_are_found_by_discovery():
    found = {cell.benchmark for cell in choose_cells(PROFILES["quick"], "convert", "format 3$")}
    assert {"convert.Convert.time_to_ome_zarr", "convert.Convert.peakmem_from_ome_zarr"} <= found
    # Neither the CPU times of the same calls, nor what converting is held against.
    assert not any(name.endswith("_cpu") or "Reference" in name for name in found)


def test_names_of_cells_are_unique():
    names = [cell.name for cell in all_cells(PROFILES["full"])]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("benchmark", "config"), [("no such benchmark", None), (None, "zstd-99"), ("(", None)]
)
def test_a_filter_without_a_match_is_refused(benchmark, config):
    with pytest.raises(BadInput):
        choose_cells(PROFILES["quick"], benchmark, config)
