"""`compare`: what the committed results say of two releases, in a terminal and as JSON."""

import json

import made_up_pairs as pairs
import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredRelease
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.comparing import revision_comparison
from cryoet_zarr_bench.tomograms.selected_tomogram import tomogram_label


def run(*arguments):
    return CliRunner().invoke(app, ["compare", *arguments])


def test_it_says_a_sentence_and_lists_what_changed(tmp_path):
    path = tmp_path / "found.json"
    found = run("3.1.6", "3.4.2", "--json", str(path))
    assert found.exit_code == 0, found.output
    said = " ".join(found.output.split())
    written = json.loads(path.read_text())
    assert said.startswith("zarr 3.4.2 against zarr 3.1.6: ")
    assert written["sentence"].startswith("zarr 3.4.2 against zarr 3.1.6: ")
    assert "Shards, XY slice: GETs" in said and "71 -> 11" in said
    assert "cryoet-zarr-bench confirm zarr-3.1.6 zarr-3.4.2" in said
    gets = [each for each in written["figures"] if (each["a"], each["b"]) == (71, 11)]
    assert [each["change"] for each in gets] == ["less"]
    assert all(each["known_from"] == "exact" for each in gets)


def test_all_lists_what_did_not_change_too():
    few, every = run("3.1.6", "3.4.2"), run("3.1.6", "3.4.2", "--all")
    assert len(every.output.splitlines()) > len(few.output.splitlines()) + 100
    assert "more figures: equal" in few.output and "more figures: equal" not in every.output


@pytest.mark.parametrize("pair", [("3.1.6", "3.4.3"), ("nothing", "3.4.2"), ("", "3.4.2")])
def test_an_unknown_release_is_one_line_and_exit_code_2(pair):
    found = run(*pair)
    assert found.exit_code == 2
    assert "no release is tagged" in found.output and found.output.count("\n") == 1


def test_a_file_that_cannot_be_written_is_refused_before_anything_else(tmp_path):
    found = run("3.1.6", "3.4.2", "--json", str(tmp_path / "no" / "found.json"))
    assert found.exit_code == 2 and not list(tmp_path.iterdir())


@pytest.fixture
def measured_here(tmp_path, monkeypatch):
    """The sides that were measured beside an anchor, in a work folder of their own."""
    measured = []

    def beside_anchor(console, side, anchor, cells):
        measured.append((side.name, anchor.name))
        ratio = 1.3 if "=" in side.name else 1.0
        line = pairs.beside_anchor(anchor.name, dict.fromkeys(cells[:3], ratio))
        files = 9 if "=" in side.name else 8
        return AnchoredRelease.model_validate(
            {
                **line,
                "release": side.name,
                "anchor": anchor.name,
                "tomogram": tomogram_label(),
                "stored": {cell.config: {"bytes": 100, "files": files} for cell in cells[:3]},
                "anchor_stored": {cell.config: {"bytes": 100, "files": 8} for cell in cells[:3]},
            }
        )

    monkeypatch.setattr(revision_comparison, "beside_anchor", beside_anchor)
    monkeypatch.setattr(revision_comparison, "WORK", tmp_path)
    return measured


WHEEL = "zarr-3.5.0.dev1-py3-none-any.whl"


def test_a_revision_is_measured_once_and_held_against_any_release(measured_here, tmp_path):
    (tmp_path / WHEEL).write_bytes(b"one")
    revision = f"zarr={tmp_path / WHEEL},numcodecs==0.17.1"
    options = ("--machine", "a-laptop")
    first = run("3.1.6", revision, *options)
    assert first.exit_code == 0, first.output
    assert measured_here == [(revision, "zarr-3.1.6")], "the anchor itself is not measured"
    said = " ".join(first.output.split())
    assert "writes 1.30x slower" in said and "8 -> 9" in said
    # A release that was not measured here is; the revision is not measured again.
    run("3.4.2", revision, *options)
    assert measured_here[1:] == [("zarr-3.4.2", "zarr-3.1.6")]
    run(revision, "zarr-2.18.0", *options)
    assert measured_here[2:] == [("zarr-2.18.0", "zarr-2.18.7"), ("zarr-2.18.7", "zarr-3.1.6")]
    run(revision, "3.4.2", *options)
    assert len(measured_here) == 4
    # Another content under the same name is another revision.
    (tmp_path / WHEEL).write_bytes(b"two")
    run("3.4.2", revision, *options)
    assert len(measured_here) == 5


def test_a_revision_that_cannot_be_had_is_one_line(measured_here, tmp_path):
    found = run("3.1.6", f"zarr={tmp_path / 'none'}@main,numcodecs==0.17.1", "--machine", "m")
    assert found.exit_code == 2 and "is no folder" in found.output
    assert found.output.count("\n") == 1 and measured_here == []
