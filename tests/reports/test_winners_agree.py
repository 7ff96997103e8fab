"""README, documents, pages, command and API name the same winner for every purpose."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.analysis.recommending.storage_purposes import PURPOSES
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.common.shown_text import for_markdown
from cryoet_zarr_bench.layouts.reading_places import LOCAL, PLACES, SHARED, USUAL

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("purpose", list(PURPOSES))
@pytest.mark.parametrize("place", [LOCAL, SHARED, USUAL])
def test_everything_says_what_the_one_function_says(purpose, place):
    found = czb.recommend(purpose, place)
    said = for_markdown(found.sentence)
    document = (PROJECT / "docs" / "layouts.md").read_text()
    assert f"| {said.partition(': ')[2]} |" in document
    if place == USUAL:
        begin = f"\n| {found.purpose.title} | {for_markdown(found.pick_in_words)} | "
        row = (PROJECT / "README.md").read_text().split(begin)[1].splitlines()[0]
        stored, read, kept, tied, unable = (cell.strip() for cell in f"| {row}".split("|")[1:-1])
        change, _, spread = stored.partition(" (")
        size = f"{change[1:]} {'fewer' if change.startswith('-') else 'more'} bytes"
        assert f"it takes {size}{f' ({spread}' if spread else ''} and " in said
        pattern, seconds = read.split(" in ")
        assert f"and {seconds} ({pattern})" in said
        assert f"costs {kept.replace(' instead', ' a year instead')} (" in said
        assert (f"As good: {tied}." in said) if tied else ("As good" not in said)
        assert (f"Not read by {unable}." in said) if unable else ("Not read" not in said)
    run = CliRunner().invoke(app, ["recommend", "--purpose", purpose, "--place", place])
    assert " ".join(run.output.split()).startswith(found.sentence)
    page = json.loads((PROJECT / "html" / "layouts" / "0.json").read_text())
    best, _, _, pick, rest, against, _ = page["answers"][list(PURPOSES).index(purpose)][
        list(PLACES).index(place)
    ]
    today = [name for name, _ in page["todays"]].index("portal-2024")
    assert " ".join(filter(None, (pick, against[today], rest))) == found.sentence
    assert page["layouts"][best[0]]["name"] == found.pick.line.layout


def test_the_winners_are_not_all_the_same():
    """Else the test above would pass for a page that says the same of everything."""
    winners = {czb.recommend(purpose).pick.line.layout for purpose in PURPOSES}
    assert len(winners) > 2
