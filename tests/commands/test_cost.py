"""`cost` says what the API says, and refuses what it cannot know in one line."""

import json

import pytest
from made_up_layouts import layout
from typer.testing import CliRunner

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.analysis import layout_comparison
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.answering import cost_command
from cryoet_zarr_bench.layouts.layout_lines import keep_layout_lines


@pytest.fixture
def results(tmp_path, monkeypatch):
    folder = tmp_path / "results"
    (folder / "a-laptop").mkdir(parents=True)
    monkeypatch.setattr(cost_command, "PROJECT", tmp_path)
    monkeypatch.setattr(layout_comparison, "published_machine", lambda results: "a-laptop")
    lines = [layout("zstd-3 64x64x64", stored=8 * 10**8), layout("portal-2024")]
    keep_layout_lines(folder, "a-laptop", lines)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["cost", *arguments])


def test_the_command_and_the_api_say_the_same(results, tmp_path):
    written = tmp_path / "costs.json"
    asked = ("--terabytes", "250", "--read", "volume=2", "--out", "0.25")
    found = run(*asked, "--price", "gigabyte_month=0.02", "--json", str(written))
    assert found.exit_code == 0, found.output
    said = czb.cost(
        250,
        {"volume": 2},
        share_out=0.25,
        prices={"gigabyte_month": 0.02},
        folder=results,
    )
    kept = json.loads(written.read_text())
    assert kept["sentence"] == said.sentence
    assert kept["layouts"][0]["total"] == said.cheapest.cost.total
    shown = " ".join(found.output.split())
    assert shown.startswith(said.sentence) and "your own prices" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("--terabytes", "0"),
        ("--read", "volume"),
        ("--read", "everything=1"),
        ("--out", "2"),
        ("--prices", "gold"),
        ("--price", "gigabyte_month=cheap"),
        ("--today", "layout:nobody"),
        ("--like", "another-tomogram"),
        ("--json", "/nowhere/at/all.json"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(results, arguments):
    found = run(*arguments)
    assert found.exit_code == 2
    assert found.stderr.startswith("error: ") and len(found.stderr.splitlines()) == 1
