"""`recommend` says what the one function says, and refuses what it cannot know in one line."""

import json

import pytest
from made_up_layouts import layout
from typer.testing import CliRunner

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.analysis import layout_comparison
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.answering import recommend_command
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.layouts.layout_lines import keep_layout_lines
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS

SMALL, QUICK = "zstd-3 64x64x64", "zstd-3 16x256x256 in all"


@pytest.fixture
def results(tmp_path, monkeypatch):
    folder = tmp_path / "results"
    (folder / "a-laptop").mkdir(parents=True)
    monkeypatch.setattr(recommend_command, "PROJECT", tmp_path)
    monkeypatch.setattr(layout_comparison, "published_machine", lambda results: "a-laptop")
    lines = [
        layout(SMALL, stored=8 * 10**8),
        layout(QUICK, seconds=dict.fromkeys(PATTERNS, 0.25)),
        layout("portal-2024", seconds=dict.fromkeys(PATTERNS, 3.0)),
    ]
    keep_layout_lines(folder, "a-laptop", lines)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["recommend", *arguments])


def test_the_command_and_the_api_say_the_same(results, tmp_path):
    for purpose in ("browsing", "archive", "training"):
        found = run("--purpose", purpose, "--json", str(tmp_path / "found.json"))
        assert found.exit_code == 0, found.output
        said = czb.recommend(purpose, folder=results)
        kept = json.loads((tmp_path / "found.json").read_text())
        assert kept["sentence"] == said.sentence
        assert kept["ranking"][0]["layout"] == said.pick.line.layout
        assert " ".join(found.output.split()).startswith(said.sentence)


def test_a_mix_of_ones_own_changes_the_pick(results):
    assert czb.recommend({"stored": 1}, folder=results).pick.line.layout == SMALL
    assert czb.recommend({"yz_slice": 1}, folder=results).pick.line.layout == QUICK
    found = run("--weight", "stored=3", "--weight", "xy_slice=1")
    assert found.exit_code == 0 and "bytes stored 0.75" in " ".join(found.output.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--purpose", "everything"),
        ("--place", "the moon"),
        ("--today", "layout:nobody"),
        ("--like", "another-tomogram"),
        ("--reader", "somebody"),
        ("--weight", "speed=1"),
        ("--weight", "stored"),
        ("--weight", "stored=-1"),
        ("--json", "/nowhere/found.json"),
    ],
)
def test_what_cannot_be_answered_is_one_line(results, arguments):
    found = run(*arguments)
    assert found.exit_code == 2 and found.output.strip().count("\n") == 0, found.output


def test_without_layouts_it_says_how_to_measure_them(results, tmp_path):
    (results / "a-laptop" / "layouts.jsonl").unlink()
    with pytest.raises(BadInput, match="cryoet-zarr-bench layouts"):
        czb.recommend(folder=results)
    with pytest.raises(BadInput, match="is no folder"):
        czb.recommend(folder=tmp_path / "nowhere")
