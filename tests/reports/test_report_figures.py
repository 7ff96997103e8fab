"""`report` writes figures that can be printed, with their tables, and the same bytes each time."""

import csv
import struct
import xml.etree.ElementTree as ElementTree

import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench.analysis.founding_claims import checked_claims
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import recommend_from
from cryoet_zarr_bench.analysis.recommending.storage_purposes import PURPOSES
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.shown_text import for_html, for_markdown
from cryoet_zarr_bench.reports.figures.all_figures import DRAWN, RESOLUTIONS

RESULTS = PROJECT / "results"

pytestmark = pytest.mark.long


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "report"
    found = run("--out", folder)
    assert found.exit_code == 0, found.output
    return folder


def png_size(path):
    """Width and height in pixels, and dots an inch, as the file has them."""
    content = path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    at = content.index(b"pHYs") + 4
    dots = struct.unpack(">I", content[at : at + 4])[0] * 0.0254
    return width, height, round(dots)


def test_every_figure_has_its_files(report):
    figures = sorted(path.stem for path in report.glob("*.svg"))
    assert len(figures) == len(DRAWN)
    for name in figures:
        sizes = [png_size(report / f"{name}-{dots}dpi.png") for dots in RESOLUTIONS]
        assert [size[2] for size in sizes] == list(RESOLUTIONS)
        assert sizes[1][0] == pytest.approx(2 * sizes[0][0], abs=2)
        assert sizes[0][0] > 600
        ElementTree.parse(report / f"{name}.svg")
        rows = list(csv.DictReader((report / f"{name}.csv").open()))
        assert rows and all(None not in row.values() for row in rows)


def test_the_pages_say_what_the_package_says(report):
    page, markdown = ((report / f"report.{kind}").read_text() for kind in ("html", "md"))
    assert "<script" not in page
    for purpose in PURPOSES.values():
        sentence = recommend_from(RESULTS, purpose).sentence
        assert for_html(sentence) in page and for_markdown(sentence) in markdown
    for claim in checked_claims(RESULTS):
        assert for_html(claim.measured) in page


def test_the_same_results_give_the_same_bytes(report, tmp_path):
    assert run("--out", tmp_path / "again").exit_code == 0
    for path in report.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_what_is_there_is_not_replaced_unless_asked_and_only_a_report(report, tmp_path):
    assert run("--out", report).exit_code == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    found = run("--out", tmp_path / "mine", "--overwrite")
    assert found.exit_code == 2 and "is no report" in " ".join(found.output.split())
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


def test_nothing_to_report_is_one_line_and_no_folder(tmp_path):
    (tmp_path / "results").mkdir()
    found = run("--out", tmp_path / "report", "--results", tmp_path / "results")
    assert found.exit_code == 2 and found.output.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]
