"""The catalogue: what is checked in, what is found in it, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import (
    DEFAULT_CATALOGUE,
    Catalogue,
    dump_catalogue,
    load_catalogue,
)

ZARR = [f"2.18.{patch}" for patch in range(8)] + [f"3.0.{patch}" for patch in range(11)]
ZARR += [f"3.1.{patch}" for patch in range(7)] + ["3.2.0", "3.2.1", "3.3.0"]
ZARR += ["3.4.0", "3.4.1", "3.4.2"]
NUMCODECS = ["0.13.0", "0.13.1", "0.14.0", "0.14.1", "0.15.0", "0.15.1", "0.15.2"]
NUMCODECS += [f"0.16.{patch}" for patch in range(7)] + ["0.17.0", "0.17.1"]


def test_the_checked_in_catalogue_covers_the_range() -> None:
    catalogue = load_catalogue()
    left_out = {(entry.project, entry.version): entry.reason for entry in catalogue.left_out}
    stepped = {
        (release.changed, release.version(release.changed)) for release in catalogue.releases
    }
    stepped.add(("numcodecs", "0.13.0"))  # new in no step: the first release has it
    for version in ZARR:
        assert (("zarr", version) in stepped) != (("zarr", version) in left_out)
    for version in NUMCODECS:
        assert (("numcodecs", version) in stepped) != (("numcodecs", version) in left_out)
    assert all(left_out.values())
    assert catalogue.held == {"numpy": "2.2.6"}


def test_the_checked_in_catalogue_is_written_as_the_update_writes_it() -> None:
    assert dump_catalogue(load_catalogue()) == DEFAULT_CATALOGUE.read_text()


def test_branches_yanked_releases_and_dates() -> None:
    catalogue = load_catalogue()
    two = [release.tag for release in catalogue.branch("2.x")]
    assert two[:6] == [
        "zarr-2.18.0",
        "zarr-2.18.1",
        "zarr-2.18.2",
        "zarr-2.18.3",
        "numcodecs-0.13.1",
        "zarr-2.18.4",
    ]
    assert "numcodecs-0.15.0-zarr2" in two
    three = [release.tag for release in catalogue.branch()]
    crossing = three.index("zarr-3.0.0")
    assert three[crossing - 2 : crossing + 1] == [
        "numcodecs-0.14.0",
        "numcodecs-0.14.1",
        "zarr-3.0.0",
    ]
    for patch in range(8):
        assert catalogue.find(f"zarr-3.0.{patch}").yanked
    assert "748" in (catalogue.find("numcodecs-0.16.0").yanked_reason or "")
    assert not catalogue.find("zarr-3.0.8").yanked
    assert str(catalogue.find("zarr-3.1.6").date) == "2026-03-23 17:25:17+00:00"


def test_newest_patches() -> None:
    patches = [release.zarr for release in load_catalogue().newest_patches()]
    assert patches[:4] == ["2.18.7", "3.0.10", "3.1.6", "3.2.1"]


def test_find_names_what_comes_near() -> None:
    with pytest.raises(BadInput, match=r"zarr-3\.1\.6") as raised:
        load_catalogue().find("zarr3.1.6")
    assert "\n" not in str(raised.value)
    with pytest.raises(BadInput, match="releases list"):
        load_catalogue().find("qqqq")


def test_an_unknown_branch_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"3\.x, 2\.x"):
        load_catalogue().branch("4.x")


def _set(row: int, **values: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["releases"][row].update(values)

    return change


@pytest.mark.parametrize(
    "change, said",
    [
        (_set(1, tag="zarr-2.18.0"), "stands twice"),
        (_set(2, parent="zarr-9.9.9"), "is not before it"),
        (_set(2, parent="zarr-2.18.0"), "does not follow"),
        (_set(1, parent=None), "has no parent"),
        (_set(2, numcodecs="0.17.0"), "numcodecs changes too"),
        (_set(2, zarr="2.17.0"), "does not go up"),
        (_set(2, zarr="2.18.0"), "does not go up"),
        (_set(2, date="2024-05-17T21:33:10Z", uploaded="2024-05-07T21:33:10Z"), "not dated after"),
        (_set(2, uploaded="2025-05-27T21:33:10Z"), "dated before its upload"),
        (_set(2, date="yesterday"), "not a time"),
        (_set(2, changed="numpy"), "not zarr or numcodecs"),
        (_set(2, zarr="three"), "not a version"),
        (_set(2, tag="a\nb"), "not a name"),
        (_set(2, tag="--upload-pack=x"), "not a name"),
        (_set(2, branch=None), "not a name"),
        (_set(2, yanked="no"), "not true or false"),
        (_set(2, note=["x"]), "note of"),
        (lambda document: document.update(format=2), "format"),
        (lambda document: document.update(held=[]), "held"),
        (lambda document: document.update(releases={}), "not a list"),
        (lambda document: document.update(left_out=[1]), "not a list"),
    ],
)
def test_an_unsound_catalogue_is_one_line(
    change: Any, said: str, small_catalogue: Catalogue, tmp_path: Path
) -> None:
    document = json.loads(dump_catalogue(small_catalogue))
    change(document)
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput, match=said) as raised:
        load_catalogue(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_catalogue_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as raised:
        load_catalogue(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read"):
        load_catalogue(tmp_path / "none.json")


def test_what_is_written_is_what_is_read(small_catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(dump_catalogue(small_catalogue))
    assert load_catalogue(path) == small_catalogue
