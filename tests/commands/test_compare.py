"""`compare`: what the committed results say of two releases, in a terminal and as JSON."""

import json

import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench.cli import app


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
