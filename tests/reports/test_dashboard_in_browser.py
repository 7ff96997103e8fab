"""The published dashboard in a real browser, with no network but this machine's."""

import contextlib
import csv
import functools
import gzip
import http.server
import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import made_up_evidence as made_up
import made_up_storage as storage
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.analysis.changes.counted_releases import read_counted
from cryoet_zarr_bench.analysis.changes.release_comparison import compare_measured
from cryoet_zarr_bench.analysis.layout_comparison import published_layouts, title_of
from cryoet_zarr_bench.analysis.pooled_measurements import Pooled
from cryoet_zarr_bench.analysis.recommending.collection_costs import in_time
from cryoet_zarr_bench.analysis.recommending.lossy_choices import lossy_choices
from cryoet_zarr_bench.analysis.recommending.recommendation import recommend
from cryoet_zarr_bench.analysis.recommending.storage_purposes import FIGURES, PURPOSES
from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.asv_bridge.dashboard.own_pages import OwnPages
from cryoet_zarr_bench.asv_bridge.dashboard.patched_pages import ASSETS, CONTENT_SECURITY_POLICY
from cryoet_zarr_bench.commands.preview_command import QuietHandler
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.quality.described_tomograms import read_described
from cryoet_zarr_bench.quality.inspection import inspect
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.reports.pages.quality_page import page_html
from cryoet_zarr_bench.reports.pages.question_tables import question_tables
from cryoet_zarr_bench.reports.pages.verdict_evidence import verdict_content
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import SURVEY_FILE
from cryoet_zarr_bench.tomogram_survey.findings.survey_findings import survey_findings
from cryoet_zarr_bench.tomogram_survey.particles.particle_damage import (
    particle_answer,
    read_particle_damage,
)
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic import synthesize

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
OPTIONS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def publish_committed(workplace, name, without=()):
    """The folder of a dashboard of the committed results, by this version of the code.

    They are those of the machine of the history; surveys and instructions may be of another, too.
    """
    results = workplace.folder / f"{name}-results"
    machine = str(published_machine(PROJECT / "results"))
    ignored = shutil.ignore_patterns(*without)
    shutil.copytree(PROJECT / "results" / machine, results / machine, ignore=ignored)
    for surveyed in (PROJECT / "results").glob("*/survey*.jsonl"):
        (results / surveyed.parent.name).mkdir(exist_ok=True)
        shutil.copy(surveyed, results / surveyed.parent.name)
    counter = str(read_counted(PROJECT / "results").machine)
    (results / counter).mkdir(exist_ok=True)
    for path in (PROJECT / "results" / counter).glob("*.json"):
        shutil.copy(path, results / counter)
    shutil.copy(PROJECT / "results" / "benchmarks.json", results)
    configuration = workplace.configuration()
    text = configuration.read_text()
    html = workplace.folder / name
    changed = text.replace(str(workplace.results), str(results))
    configuration.write_text(changed.replace(str(workplace.html), str(html)))
    try:
        run = workplace.asv("publish", "--no-pull", PYTHONHASHSEED="0")
    finally:
        configuration.write_text(text)
    assert run.returncode == 0, run.stdout
    return html


@pytest.fixture(scope="module")
def published(shared_workplace):
    """The committed results, published anew."""
    return publish_committed(shared_workplace, "committed")


@pytest.fixture(scope="module")
def published_without_anchors(shared_workplace):
    """The same of a machine that measured no release beside an anchor, as a user's."""
    return publish_committed(shared_workplace, "without-anchors", ["anchored.jsonl"])


@contextlib.contextmanager
def served(folder):
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(published):
    with served(published) as address:
        yield address


@pytest.fixture(scope="module")
def other_results(published_without_anchors, tmp_path_factory):
    """A dashboard, and a copy of the committed results without anchors, verdicts and repeats."""
    folder = tmp_path_factory.mktemp("evidence")
    shutil.copytree(published_without_anchors, folder / "html")
    results = published_without_anchors.with_name(f"{published_without_anchors.name}-results")
    without = shutil.ignore_patterns("noise.jsonl", "verdicts.jsonl")
    shutil.copytree(results, folder / "results", ignore=without)
    return folder


def published_anew(folder, name):
    """What the first pages read, written into a copy of the dashboard."""
    shutil.copytree(folder / "html", folder / name)
    configuration = SimpleNamespace(results_dir=folder / "results", html_dir=folder / name)
    OwnPages.publish(configuration, None, None, None, None)
    return folder / name


@pytest.fixture(scope="module")
def address_without_evidence(other_results):
    with served(published_anew(other_results, "without")) as address:
        yield address


@pytest.fixture(scope="module")
def address_with_evidence(other_results, address_without_evidence):
    """Verdicts, repeats and two noisy runs, made up; after the pages without them are written."""
    machine = other_results / "results" / str(published_machine(other_results / "results"))
    made_up.write_lines(machine / "verdicts.jsonl", made_up.history_of_verdicts())
    repeats = made_up.history_of_repeats(other_results / "results")
    made_up.write_lines(machine / "noise.jsonl", repeats)
    made_up.make_runs_noisy(machine)
    with served(published_anew(other_results, "with")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


NOTE_VIOLATIONS = """document.addEventListener('securitypolicyviolation', (event) => {
  window.note_violation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});"""


@pytest.fixture
def page(browser):
    """A page that fails the test for any request, script or answer that went wrong."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong = []
    page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(m.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("response", lambda r: r.status >= 400 and wrong.append(f"{r.status}: {r.url}"))
    page.on(
        "request",
        lambda r: (
            r.url.startswith(("http://127.0.0.1:", "data:", "blob:"))
            or wrong.append(f"elsewhere: {r.url}")
        ),
    )
    page.expose_function("note_violation", lambda violation: wrong.append(violation))
    page.add_init_script(NOTE_VIOLATIONS)
    yield page
    page.close()
    assert wrong == []


def drawn(page):
    """Wait until what the address says is shown."""
    shown = page.evaluate("location.hash")
    expect(page.locator("#main")).to_have_attribute("data-address", shown)


def choose(page, control, value):
    """Choose in a list, and wait for the page that shows it."""
    page.select_option(control, value)
    drawn(page)


def test_releases_are_shown_config_by_config_and_one_figure_through_all(page, address, tmp_path):
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.title() == "Releases \u2013 cryoet-zarr-bench"
    assert "What does each config take" in page.inner_text("h1")
    rows = page.locator("#releases-by-config tbody tr")
    assert rows.count() == 15
    assert "n/a" not in page.inner_text("#releases-by-config")
    assert page.locator("td.best").count() >= 5
    names = page.locator("#releases-history .role-axis-label text").all_text_contents()
    assert "zarr 3.4.2" in names and "zarr 2.18.0" in names
    # The codecs that are measured beside an anchor in these chunks, each with its interval.
    assert page.locator("#releases-history .mark-line path").count() == 4
    assert page.locator("#releases-history .interval_marks path").count() == 4
    assert "99 % interval" in page.inner_text("#releases-note")
    page.screenshot(path=tmp_path / "releases.png", full_page=True)
    assert (tmp_path / "releases.png").stat().st_size > 50_000


def test_the_names_on_its_axis_do_not_overlap(page, address):
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    # Turned labels of one size: what keeps them apart is the distance of their ends.
    ends = page.evaluate(
        """() => [...document.querySelectorAll('#releases-history .role-axis-label text')]
             .filter((text) => /^(zarr|numcodecs) /.test(text.textContent))
             .map((text) => text.getBoundingClientRect().right)"""
    )
    distances = [right - left for left, right in itertools.pairwise(ends)]
    assert len(distances) > 30 and min(distances) >= 12


@pytest.mark.parametrize("place", ["releases", "verdicts"])
def test_a_page_is_shown_whose_style_arrives_last(page, address, place):
    late = []
    page.route("**/dashboard.css", lambda route: late.append(route))
    page.goto(f"{address}/#/{place}", wait_until="commit")
    # All else has arrived, and what could run without the style has run.
    page.wait_for_timeout(1500)
    (route,) = late
    route.continue_()
    page.locator(f"#{place}-display h1").wait_for()


def test_what_is_chosen_changes_table_and_graph(page, address):
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    before = page.inner_text("#releases-by-config")
    choose(page, "#releases-branch", "2.x")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.inner_text("#releases-by-config") != before
    assert "zarr 2.18.7 with numcodecs 0.15.2" in page.inner_text("#releases-display")
    choose(page, "#releases-benchmark", "storage.Storage.track_compression_ratio")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert "Compression ratio" in page.inner_text("#releases-history")


def test_instructions_are_drawn_in_the_history_whoever_counted_them(page, address, tmp_path):
    page.goto(f"{address}/#/releases?benchmark=instructions.Instructions.track_open")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert "Open, instructions (millions)" in page.inner_text("#releases-history")
    assert page.locator("#releases-history .mark-line path").count() == 2
    # Where more work is marked there is no verdict on time: the count itself is the answer.
    note = page.inner_text("#releases-note")
    counted = read_counted(PROJECT / "results").in_words
    assert counted in note and "\u25b2 marks more work" in note
    assert "regression" not in note and "middle half" not in note
    page.screenshot(path=tmp_path / "instructions.png", full_page=True)


def test_a_graph_of_asv_is_drawn_with_the_names_of_releases(page, address, tmp_path):
    page.goto(f"{address}/all-graphs.html#/write.Write.time_write_cpu")
    page.wait_for_selector("#main-graph canvas.flot-base")
    page.wait_for_timeout(500)
    inked = page.evaluate(
        """() => {
             const canvas = document.querySelector('#main-graph canvas.flot-base');
             const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
             const colours = new Set();
             for (let i = 0; i < pixels.data.length; i += 4) {
               if (pixels.data[i + 3] > 200) {
                 colours.add(pixels.data.slice(i, i + 3).join());
               }
             }
             return colours.size;
           }"""
    )
    assert inked > 10
    assert "zarr-3.4.2" in page.inner_text("#main-graph")
    # Each release with its own pair, one line per codec: no more.
    benchmarks = json.loads((PROJECT / "results" / "benchmarks.json").read_text())
    codecs = benchmarks["write.Write.time_write_cpu"]["params"][0]
    assert page.locator("#main-graph .legend tr").count() == len(codecs)
    assert "releases" in page.inner_text("#graphdisplay-navigation")
    assert not page.locator("#graphdisplay-navigation >> text=commits").count()
    page.wait_for_selector(".graph-note")
    assert page.inner_text(".graph-note").endswith("band: the 99 % interval")
    page.screenshot(path=tmp_path / "graph.png")


@pytest.mark.parametrize("place", ["", "summarylist", "regressions"])
def test_asvs_own_pages_open_and_lead_back(page, address, place):
    page.goto(f"{address}/all-graphs.html#/{place}")
    page.wait_for_timeout(1500)
    assert not page.locator("#error").is_visible()
    page.click("#nav a[href='index.html']")
    page.wait_for_selector("#answer-sentence")


@pytest.mark.parametrize("place", ["summarylist", "read.Open.time_open?branch=3.x"])
def test_addresses_that_asvs_pages_had_lead_to_them(page, address, place):
    page.goto(f"{address}/#/{place}")
    page.wait_for_url(f"{address}/all-graphs.html#/{place}*")
    page.wait_for_selector("#nav-li-graphdisplay")
    page.wait_for_timeout(500)


def test_where_no_layouts_were_measured_the_first_page_is_releases(page, address, published):
    content = json.loads((published / "layouts" / "index.json").read_text())
    empty = json.dumps({**content, "tomograms": []})
    page.route("**/layouts/index.json", lambda route: route.fulfill(body=empty))
    page.goto(address)
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.url.endswith("#/releases")
    for name in ("layouts", "cost"):
        page.goto(f"{address}/#/{name}")
        expect(page.locator(f"#{name}-sentence")).to_contain_text("cryoet-zarr-bench layouts")


def test_the_first_page_of_before_leads_to_releases(page, address):
    page.goto(f"{address}/#/overview?release=zarr-3.0.8")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert "zarr 3.0.8 with numcodecs" in page.inner_text("#releases-display")


def test_an_address_of_no_page_says_so(page, address):
    page.goto(f"{address}/#/nothing-here")
    expect(page.locator("#unknown-page")).to_contain_text("nothing-here")
    assert page.locator("h1").inner_text() == "There is no such page"


def test_the_verdicts_tell_release_by_release_what_changed(page, address_with_evidence, tmp_path):
    page.goto(address_with_evidence)
    page.click("#tabs a[href='#/verdicts']")
    page.wait_for_selector(".verdicts-table")
    found = page.inner_text("#verdicts-found")
    steps = len(made_up.history_of_verdicts())
    assert f"{steps - 1} of {steps} steps" in found
    assert "7 regressions and 5 improvements" in found and "in 6 releases" in found
    assert "1 step was judged before" in page.inner_text("#verdicts-layout")
    assert "holds the true ratio with 99 % confidence" in page.inner_text(".verdicts-reading")

    rows = page.locator("tr.step")
    assert rows.count() == steps
    assert rows.first.get_attribute("data-release") == load_catalogue().releases[-1].tag
    row = page.locator("tr.step[data-release='zarr-3.0.8']")
    write = row.locator("td").nth(2)
    assert write.inner_text().split("\n") == ["▲ regression", "1.23 [1.18, 1.28]", "1 of 2 cells"]
    assert "regression" in write.get_attribute("class")
    assert row.locator(".kind").all_inner_texts() == ["default", "bytes", "speed", "requests"]
    assert "0.66 [0.60, 0.72] wall" in page.inner_text("tr[data-release='zarr-3.3.0']")
    assert "inconclusive ±14 %" in page.inner_text("tr[data-release='numcodecs-0.16.1']")
    mixed = page.locator("tr[data-release='zarr-3.0.0'] td.mixed").inner_text()
    assert "3.12 [" in mixed and "0.82 [" in mixed
    no_verdict = page.inner_text("tr[data-release='numcodecs-0.16.4']")
    assert "no verdict" in no_verdict and "No module named 'crc32c'" in no_verdict
    page.screenshot(path=tmp_path / "verdicts.png", full_page=True)


def test_a_row_opens_to_its_cells_and_exact_differences(page, address_with_evidence):
    page.goto(f"{address_with_evidence}/#/verdicts")
    row = page.locator("tr.step[data-release='zarr-3.0.8']")
    button = row.locator("button")
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    details = page.locator("tr.details")
    assert details.count() == 1
    text = details.inner_text()
    assert "compared with zarr 3.0.7" in text and "in 9 of 30 configs" in text
    assert "8390112 → 7183402" in text
    first = details.locator(".verdicts-cells").last.locator("tbody tr").first.inner_text()
    assert first.split("\t") == [
        *("write", "blosc-zstd-5-shuffle 64x64x64 v3", "▲ regression", "1.23 [1.18, 1.28]", "8"),
        *("1.23 [1.14, 1.32]", "8", "1.31", "asv's figures"),
    ]
    button.click()
    assert details.count() == 0
    assert button.get_attribute("aria-expanded") == "false"


def test_verdicts_are_filtered(page, address_with_evidence):
    page.goto(f"{address_with_evidence}/#/verdicts")
    rows = page.locator("tr.step")
    page.wait_for_selector("tr.step")
    page.check("#verdicts-changed")
    drawn(page)
    assert rows.count() == 8
    choose(page, "#verdicts-project", "numcodecs")
    shown = [row.get_attribute("data-release") for row in rows.all()]
    assert shown == [
        *("numcodecs-0.17.0", "numcodecs-0.16.1", "numcodecs-0.16.0"),
        "numcodecs-0.15.1-zarr2",
    ]
    choose(page, "#verdicts-branch", "2.x")
    assert rows.count() == 1
    page.uncheck("#verdicts-changed")
    drawn(page)
    assert rows.count() > 1
    choose(page, "#verdicts-project", "zarr")
    page.check("#verdicts-changed")
    drawn(page)
    assert rows.count() == 0
    assert "No judged step matches" in page.inner_text("#verdicts-display")


def test_a_release_in_the_verdicts_leads_to_its_figures(page, address_with_evidence):
    page.goto(f"{address_with_evidence}/#/verdicts")
    page.click("tr[data-release='numcodecs-0.15.2'] a")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.locator("#verdicts-display").count() == 0
    assert "zarr 2.18.7 with numcodecs 0.15.2" in page.inner_text("#releases-display")


def test_announced_changes_are_held_against_the_verdicts(page, address_with_evidence):
    page.goto(f"{address_with_evidence}/#/verdicts")
    page.wait_for_selector("#verdicts-announced")
    rows = page.locator("#verdicts-announced tbody tr")
    assert rows.count() > 5
    found = [row.locator("td").nth(3).inner_text() for row in rows.all()]
    assert "✓ seen" in found and "✗ not seen" in found
    links = page.locator("#verdicts-announced a[target=_blank]")
    assert links.count() == rows.count()
    assert all(link.get_attribute("href").startswith("https://") for link in links.all())


def test_what_is_vendored_is_published_as_it_is(published):
    for path in (ASSETS / "vendor").rglob("*"):
        if path.is_file():
            twin = published / "vendor" / path.relative_to(ASSETS / "vendor")
            assert twin.read_bytes() == path.read_bytes()
    count = sum(1 for _ in (ASSETS / "vendor").rglob("*"))
    assert sum(1 for _ in (published / "vendor").rglob("*")) == count


def test_every_published_page_has_the_policy(published):
    pages = list(published.rglob("*.html"))
    assert {page.name for page in pages} == {"index.html", "all-graphs.html", "docs.html"}
    assert all("Content-Security-Policy" in page.read_text() for page in pages)


@pytest.mark.parametrize("name", ["index.html", "all-graphs.html"])
def test_a_published_page_has_no_script_in_it(published, name):
    text = (published / name).read_text()
    assert f'content="{CONTENT_SECURITY_POLICY}"' in text
    assert all("src=" in tag and not inside.strip() for tag, inside in scripts_of(text))
    assert not re.search(r"<style|\son[a-z]+=|javascript:", text)


def scripts_of(text):
    return re.findall(r"(<script[^>]*>)(.*?)</script>", text, re.DOTALL)


def leave(page):
    """Move off a row: its popover is drawn a moment later, and would be drawn on a hidden page."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)


def test_asvs_pages_do_all_they_do_under_the_policy(page, address):
    """Each page, button and hover of asv; the fixture fails for any violation, error or request."""
    page.goto(f"{address}/all-graphs.html#/")
    page.wait_for_selector(".benchmark-plot canvas")
    page.hover(".benchmark-plot >> nth=0")
    page.wait_for_selector(".tooltip pre, .tooltip .tooltip-inner")
    page.goto(f"{address}/all-graphs.html#/summarylist")
    page.hover("#summarylist-body tbody a >> nth=0")
    page.wait_for_selector(".popover canvas")
    leave(page)
    page.goto(f"{address}/all-graphs.html#/regressions")
    page.click("#regressions-body .dropdown-toggle")
    page.wait_for_selector("#regressions-body .dropdown-menu", state="visible")
    page.click("#regressions-body .dropdown-toggle")
    page.hover("#regressions-body tbody a >> nth=0")
    page.wait_for_selector(".popover canvas")
    leave(page)

    page.goto(f"{address}/all-graphs.html#/write.Write.time_write_cpu")
    page.wait_for_selector("#main-graph canvas.flot-base")
    page.wait_for_timeout(500)
    swatch = page.locator("#main-graph .legendColorBox div div").first
    assert swatch.evaluate("box => getComputedStyle(box).borderTopWidth") == "5px"
    for button in ("log-scale", "zoom-y-axis", "even-spacing", "date-scale", "show-legend"):
        is_down = "active" in (page.get_attribute(f"#{button}", "class") or "")
        for expected in (not is_down, is_down):
            page.click(f"#{button}")
            page.wait_for_timeout(200)
            assert ("active" in page.get_attribute(f"#{button}", "class")) == expected, button
    # Those of the rows that were hovered over are still there, unseen.
    asked = page.locator(".popover", has_text="Select a reference point")
    for _ in range(2):
        page.click("#reference")
        asked.wait_for()
        page.click("#reference")
        asked.wait_for(state="detached")
    lines = page.locator("#main-graph .legend tr").count()
    heading = page.locator(".panel-heading", has_text=re.compile(r"^\s*codec\s*$"))
    heading.locator("xpath=following-sibling::*").locator("a.btn").first.click()
    page.wait_for_timeout(300)
    assert page.locator("#main-graph .legend tr").count() == lines - 1
    group = page.locator("label.nav-header").first
    assert group.locator("b").inner_text() == "" and group.inner_text().strip()
    group.click()
    group.locator("xpath=following-sibling::ul").wait_for(state="visible")
    # A part of the history is chosen in the small graph below.
    before = page.input_value("#range")
    box = page.locator("#overview canvas.flot-overlay").bounding_box()
    across = [box["x"] + box["width"] * part for part in (0.3, 0.6)]
    page.mouse.move(across[0], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(across[1], box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert page.input_value("#range") != before
    page.goto(f"{address}/all-graphs.html#/write.Write.time_write_cpu?x-axis=codec")
    page.wait_for_selector("#main-graph canvas.flot-base")


@pytest.mark.parametrize("link", ["a >> nth=0", "td.change a >> nth=0"])
def test_the_small_graph_of_a_link_is_right_of_it_and_nothing_covers_it(page, address, link):
    page.goto(f"{address}/all-graphs.html#/summarylist")
    link = page.locator(f"#summarylist-body tbody {link}")
    link.hover()
    graph = page.locator(".popover canvas.flot-overlay")
    graph.wait_for()
    seen = graph.evaluate(
        """(graph) => {
             const box = graph.getBoundingClientRect();
             const middle = box.top + box.height / 2;
             return [box.left + 3, box.right - 3].map((x) =>
               graph.closest('.popover').contains(document.elementFromPoint(x, middle)));
           }"""
    )
    assert seen == [True, True]
    place = link.bounding_box()
    assert graph.bounding_box()["x"] >= place["x"] + place["width"]
    leave(page)


def test_the_charts_menu_and_tooltips_work_under_the_policy(page, address):
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.locator("style").count() == 0
    page.click("#releases-history summary")
    page.wait_for_selector("#releases-history .vega-actions", state="visible")
    with page.expect_download() as download:
        page.click("#releases-history .vega-actions a >> nth=0")
    assert Path(download.value.path()).read_bytes().startswith(b"<svg")
    page.click("#releases-history summary")
    page.locator("#releases-history .regression_marks path").last.hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert tooltip.evaluate("box => getComputedStyle(box).position") == "fixed"


def test_the_policy_stops_what_a_name_would_run(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    # As a name could that got into the page as HTML.
    page.evaluate(
        """() => {
             const place = document.createElement('div');
             place.innerHTML = "<img src=swallow.png onload='window.hit = 1'>";
             document.body.append(place);
             const script = document.createElement('script');
             script.textContent = 'window.hit = 2';
             document.body.append(script);
           }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.hit") is None
    page.close()


def test_the_page_of_quality_control_is_shown_under_its_policy(page, tmp_path):
    volume = synthesize("10A", (24, 24, 24), 1)
    text = page_html(inspect(ArraySlabs(volume, "hostile <b>", (10.0, 10.0, 10.0)), "x"))
    (tmp_path / "page.html").write_text(text)
    with served(tmp_path) as address:
        page.goto(f"{address}/page.html")
        assert page.evaluate("document.querySelector('img').naturalWidth") > 1000
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1200px"
        colours = page.locator("td b").evaluate_all(
            "all => all.map((each) => getComputedStyle(each).color)"
        )
    assert "rgb(27, 127, 59)" in colours
    assert "style=" not in text


HOSTILE = "<img src=x onerror='window.hit = 1'><script>window.hit = 1</script>"


def test_names_from_files_are_shown_and_never_become_a_page(
    page, address_with_evidence, other_results, tmp_path
):
    machine = other_results / "results" / str(published_machine(other_results / "results"))
    config = f"{HOSTILE.replace(' ', '_')} 64x64x64 2"
    cells = [
        made_up.changed(2.0, config=config, why=HOSTILE, reason=HOSTILE),
        made_up.changed(3.0, HOSTILE),
    ]
    lines = [
        made_up.step(
            HOSTILE, HOSTILE, cells, python=HOSTILE, differences={HOSTILE: {"a": HOSTILE}}
        ),
        made_up.step("zarr-3.1.6", "zarr-3.1.5", cells, measured_at=HOSTILE),
        made_up.step("zarr-3.1.5", HOSTILE, [], python=HOSTILE, reason=HOSTILE),
    ]
    (tmp_path / machine.name).mkdir()
    made_up.write_lines(tmp_path / machine.name / "verdicts.jsonl", lines)
    changes = [
        AnnouncedChange(
            *("zarr", HOSTILE, HOSTILE, source, touches, HOSTILE, (), "", "slower", "zarr-3.1.6")
        )
        for source in ("javascript:window.hit=1", "http://plain.example", "https://fine.example")
        for touches in (True, False)
    ]
    content = json.dumps(verdict_content(tmp_path, changes))
    page.route("**/verdicts.json*", lambda route: route.fulfill(body=content))
    page.goto(f"{address_with_evidence}/#/verdicts")
    page.wait_for_selector("tr.step")
    seen = ""
    series = page.locator("#verdicts-series option").evaluate_all("all => all.map((o) => o.value)")
    for value in series:
        choose(page, "#verdicts-series", value)
        for button in page.locator(".verdicts-open").all():
            button.click()
        seen += page.inner_text("#verdicts-display")
        page.click("summary >> nth=-1")
        assert page.locator("#verdicts-display").locator("img, script").count() == 0
        addresses = page.locator("#verdicts-display a").evaluate_all(
            "links => links.map((link) => link.getAttribute('href'))"
        )
        allowed = ("#/releases?release=", "https://fine.example")
        assert all(each.startswith(allowed) for each in addresses)
    assert seen.count(HOSTILE) > 10
    # The same names in marks and tooltips of the chart.
    page.click("#tabs a[href='#/releases']")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    page.locator("#releases-history .regression_marks path").first.hover()
    assert "onerror" in page.inner_text("#vg-tooltip-element")
    page.goto(f"{address_with_evidence}/all-graphs.html#/write.Write.time_write")
    page.wait_for_selector(".release-mark")
    assert page.evaluate("window.hit") is None


def test_the_chart_marks_changes_noise_and_noisy_runs(page, address_with_evidence):
    page.goto(f"{address_with_evidence}/#/releases?format=2")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    chart = page.locator("#releases-history")
    assert chart.locator(".noise_marks path").count() == 5
    assert chart.locator(".quartiles_marks path").count() == 0
    marks = chart.locator(".regression_marks path")
    assert marks.count() == 3
    assert [mark.get_attribute("fill-opacity") for mark in marks.all()].count("0") == 1
    marks.first.hover()
    tooltip = page.inner_text("#vg-tooltip-element")
    assert "zarr 3.0.0" in tooltip and "confirmed regression" in tooltip
    assert "1.88 [1.80, 1.96] in blosc-lz4-5-shuffle 64x64x64 v2" in tooltip
    noisy = chart.locator(".noisy_marks path")
    assert noisy.count() == 3 * 5
    told = set()
    # One of each release, of five codecs.
    for place in range(0, 15, 5):
        noisy.nth(place).hover(force=True)
        told.add(page.inner_text("#vg-tooltip-element").strip().splitlines()[-1])
    assert told == {"noisy run (canary spread 14 %)", "canary took 1.60 times its usual time"}
    note = page.inner_text("#releases-note")
    assert "band: the range of 8 measurements of the same release in this run" in note
    assert re.search(r"2 of \d+ releases were measured while the machine was noisy", note)
    assert (
        "1 while it ran faster or slower than usual (the canary took 1.60 to 1.60 times its "
        "usual time)" in note
    )
    assert re.search(r"varied in CPU time by 1\.0\dx at the median", note)

    choose(page, "#releases-benchmark", "write.Write.time_write_cpu")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert chart.locator(".regression_marks path").count() == 3
    choose(page, "#releases-benchmark", "read.Open.time_open")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert chart.locator(".improvement_marks path").count() == 1
    choose(page, "#releases-benchmark", "storage.Storage.track_compression_ratio")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert chart.locator(".noise_marks path, .regression_marks path").count() == 0
    # A step of the other branch has no mark here, though a release is called the same.
    choose(page, "#releases-branch", "2.x")
    choose(page, "#releases-benchmark", "write.Write.time_write")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert chart.locator(".regression_marks path").count() == 0


def translucent(page):
    """How many pixels of asv's graph are lightly painted, as bands are."""
    page.wait_for_selector("#main-graph canvas.flot-base")
    page.wait_for_timeout(800)
    return page.evaluate(
        """() => {
             const canvas = document.querySelector('#main-graph canvas.flot-base');
             const [width, height] = [canvas.width, canvas.height];
             const copy = new OffscreenCanvas(width, height).getContext('2d');
             copy.drawImage(canvas, 0, 0);
             const pixels = copy.getImageData(0, 0, width, height);
             const alphas = pixels.data.filter((value, i) => i % 4 === 3);
             return alphas.filter((alpha) => alpha > 30 && alpha < 60).length;
           }"""
    )


def test_a_graph_of_asv_has_bands_and_marks(
    page, address_with_evidence, address_without_evidence, tmp_path
):
    page.goto(f"{address_without_evidence}/all-graphs.html#/write.Write.time_write")
    without = translucent(page)
    assert page.locator(".release-mark, .graph-note").count() == 0
    page.goto(f"{address_with_evidence}/all-graphs.html#/write.Write.time_write")
    assert translucent(page) > without + 10_000
    assert page.locator(".release-mark.regression").count() == 3
    title = page.locator(".release-mark").first.get_attribute("title")
    assert "confirmed regression, 2.61 [2.51, 2.71]" in title
    assert page.inner_text(".graph-note") == (
        "band: the range of 8 measurements of the same release in this run"
    )
    page.screenshot(path=tmp_path / "graph.png")
    # Over a parameter there is no release to mark; by date and evenly spaced there is.
    page.goto(f"{address_with_evidence}/all-graphs.html#/write.Write.time_write?x-axis=codec")
    assert translucent(page) < without + 2_000
    assert page.locator(".release-mark, .graph-note").count() == 0
    for scale in ("date", "even"):
        page.goto(
            f"{address_with_evidence}/all-graphs.html#/write.Write.time_write?x-axis-scale={scale}"
        )
        page.wait_for_selector(".release-mark")
        assert page.locator(".release-mark").count() == 3


def test_without_verdicts_and_repeats_the_pages_say_so(page, address_without_evidence):
    page.goto(f"{address_without_evidence}/#/verdicts")
    page.wait_for_selector("#verdicts-found")
    said = page.inner_text("#verdicts-found")
    assert said == "No verdicts yet: run cryoet-zarr-bench verdicts."
    assert page.locator("tr.step").count() == 0
    assert "not measured" in page.inner_text("#verdicts-announced")
    page.click("#tabs a[href='#/releases']")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.locator("#releases-history .quartiles_marks path").count() == 5
    note = page.inner_text("#releases-note")
    assert "bands are the middle half of the samples" in note
    assert "candidate, not a verdict" in note


def test_two_releases_are_compared(page, address, tmp_path):
    page.goto(f"{address}/#/compare?a=zarr-3.1.6&b=3.4.2")
    page.wait_for_selector("#compare-sentence")
    said = page.inner_text("#compare-sentence")
    assert said == compare_measured(PROJECT / "results", "3.1.6", "3.4.2").sentence
    exact = page.inner_text("#compare-exact")
    assert "Shards, XY slice: GETs" in exact and "71 → 11" in exact and "▼ less" in exact
    measured = page.inner_text("#compare-measured")
    assert "Open the array" in measured and "candidate" in measured
    assert page.inner_text("#compare-command") == (
        "cryoet-zarr-bench confirm zarr-3.1.6 zarr-3.4.2"
    )
    page.screenshot(path=tmp_path / "compare.png", full_page=True)
    # Another release is chosen, and the address follows.
    choose(page, "#compare-a", "zarr-2.18.7")
    expect(page.locator("#compare-sentence")).to_contain_text("2.18")
    assert page.url.endswith("#/compare?a=zarr-2.18.7&b=zarr-3.4.2")
    # The other way round it is the later one against the earlier one.
    page.goto(f"{address}/#/compare?a=zarr-3.4.2&b=zarr-3.1.6")
    expect(page.locator("#compare-sentence")).to_contain_text("3.1")
    assert page.inner_text("#compare-sentence") == said
    assert "shown against the earlier one" in page.inner_text("#compare-display")
    page.goto(f"{address}/#/compare?a=zarr-3.4.2&b=zarr-3.4.2")
    expect(page.locator("#compare-sentence")).to_contain_text("two")
    page.click("#tabs a[href='#/verdicts']")
    page.wait_for_selector("#compare-display", state="detached")


def test_the_first_page_answers_as_the_package_does(page, address, tmp_path):
    page.goto(address)
    page.wait_for_selector("#answer-chart[data-drawn=yes]")
    results = PROJECT / "results"
    compared = published_layouts(results)[0]
    said = page.inner_text("#answer-sentence")
    assert said == recommend(compared, PURPOSES["browsing"], USUAL).sentence
    assert "readings from a real S3 server" in page.inner_text("#answer-sure")
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    for purpose, place, today in (
        ("archive", "a local disk", "copick-2026"),
        ("training", "100 ms, 64 connections, 10 Gbit/s", "mrc"),
    ):
        choose(page, "#answer-purpose", purpose)
        choose(page, "#answer-place", place)
        choose(page, "#answer-today", today)
        found = recommend(compared, PURPOSES[purpose], place, today)
        assert page.inner_text("#answer-sentence") == found.sentence
        best = page.locator("#answer-best tbody tr").filter(has_text="recommended")
        assert title_of(found.pick.line.layout) in best.inner_text()
    # All of it is in the address, and Back goes back.
    assert "place=100+ms" in page.url and "purpose=training" in page.url
    page.go_back()
    drawn(page)
    assert page.input_value("#answer-today") == "copick-2026"


def shown_costs(page):
    """The table of the page Cost: whole dollars, by the title of the layout."""
    rows = page.locator("#cost-table tbody tr").all()
    texts = [row.locator("td").all_inner_texts() for row in rows]
    return {cells[0].removesuffix(" (today)"): cells[1:] for cells in texts}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("", {"terabytes": 100, "reads": {"volume": 1}}),
        (
            "?terabytes=2500&today=copick-2026&out=25&read_volume=0&read_xy_slice=500&"
            "read_particles=2&gigabyte_month=0.02",
            {
                "terabytes": 2500,
                "reads": {"xy_slice": 500, "particles": 2},
                "share_out": 0.25,
                "prices": {"gigabyte_month": 0.02},
                "today": "copick-2026",
            },
        ),
        (
            "?prices=s3-infrequent&read_volume=3",
            {"terabytes": 100, "reads": {"volume": 3}, "prices": "s3-infrequent"},
        ),
    ],
)
def test_costs_are_those_of_the_package(page, address, given, asked):
    page.goto(f"{address}/#/cost{given}")
    page.wait_for_selector("#cost-table[data-sortable=yes]")
    found = czb.cost(**asked)
    assert page.inner_text("#cost-sentence") == found.sentence
    shown = shown_costs(page)
    assert len(shown) == len(found.layouts)
    for each in found.layouts:
        dollars = shown[title_of(each.line.layout)]
        expected = [each.cost.keeping, each.cost.requests]
        expected += [each.cost.egress + each.cost.retrieval, each.cost.total]
        expected += [] if each.saved is None else [each.saved, each.changing]
        for text, amount in zip(dollars, expected, strict=False):
            # Seconds of decoding are published to 0.1 ms, dollars as whole ones.
            assert float(text.replace(",", "")) == pytest.approx(amount, abs=1, rel=1e-3)
        pays = each.pays_after_years
        if each is not found.today:
            paid = "never" if pays is None else in_time(pays)
            assert dollars[-1].split()[-1] == paid.split()[-1]


@pytest.mark.parametrize(
    ("purpose", "place", "given"),
    [
        *((name, "a local disk", "") for name in PURPOSES),
        ("browsing", USUAL, ""),
        ("archive", "100 ms, 64 connections, 10 Gbit/s", ""),
        ({"files": 0.25, "yz_slice": 0.75}, USUAL, "&w_files=2&w_yz_slice=6"),
    ],
)
def test_a_mix_is_ranked_as_the_package_ranks_it(page, address, purpose, place, given):
    named = purpose if isinstance(purpose, str) else "browsing"
    none = "" if isinstance(purpose, str) else "".join(f"&w_{name}=0" for name in FIGURES)
    asked = f"?from={named}&place={place}{none}".replace(" ", "+")
    for each in given.split("&")[1:]:
        asked = asked.replace(f"&{each.split('=')[0]}=0", f"&{each}")
    page.goto(f"{address}/#/recommend{asked}")
    page.wait_for_selector("#recommend-table[data-sortable=yes]")
    found = czb.recommend(purpose, place)
    rows = page.locator("#recommend-table tbody tr").all()
    shown = [row.locator("td").all_inner_texts() for row in rows]
    assert len(shown) == len(found.ranking)
    assert shown[0][0].split("\n")[0] == title_of(found.pick.line.layout)
    losses = {cells[0].split("\n")[0]: float(cells[2]) for cells in shown}
    for each in found.ranking:
        expected = pytest.approx(1 + each.loss, abs=0.011, rel=1e-3)
        assert losses[title_of(each.line.layout)] == expected
    tied = sum("as good" in cells[0] for cells in shown)
    assert tied == len(found.tied)


def test_sliders_change_the_answer_and_stay_in_the_address(page, address, tmp_path):
    page.goto(f"{address}/#/recommend?from=browsing&place=a+local+disk")
    before = page.inner_text("#recommend-sentence")
    slider = page.locator("#recommend-w_files")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#recommend-sentence")).not_to_have_text(before)
    expect(page.locator("#recommend-w_files")).to_be_focused()
    assert "w_files=10" in page.url
    choose(page, "#recommend-damage", "0.001")
    said = lossy_choices(PROJECT / "results")[1].sentence
    expect(page.locator("#recommend-damage-sentence")).to_contain_text(said)
    page.screenshot(path=tmp_path / "recommend.png", full_page=True)


def test_tomograms_show_what_they_are_like(page, address, tmp_path):
    page.goto(f"{address}/#/tomograms")
    page.wait_for_selector("#tomograms-histogram[data-drawn=yes]")
    described = read_described(PROJECT / "results", str(published_machine(PROJECT / "results")))
    assert page.locator("#tomograms-tomogram option").count() == len(described)
    choose(page, "#tomograms-tomogram", described[-1].tomogram)
    expect(page.locator("#tomograms-words")).to_contain_text(described[-1].source_precision)
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 100",
        arg=page.locator("#tomograms-picture img").element_handle(),
    )
    rows = page.locator("#tomograms-checks tbody tr").count()
    assert rows == len(described[-1].checks)


def test_a_survey_shows_every_tomogram_and_what_particles_lose(page, address):
    results = PROJECT / "results"
    machine = str(published_machine(results))
    found = survey_findings(results, machine_with(results, SURVEY_FILE, machine))
    page.goto(f"{address}/#/survey")
    page.wait_for_selector("#survey-points[data-drawn=yes]")
    assert page.inner_text("#survey-answer") == found.answer
    tomograms = found.best.tomograms
    assert page.locator("#survey-points path[aria-roledescription=circle]").count() == tomograms
    assert page.locator("#survey-configs tbody tr").count() == len(found.figures)
    choose(page, "#survey-config", found.figures[-1].config)
    page.wait_for_selector(f'#survey-points[aria-label$="{found.figures[-1].config}"]')
    assert page.inner_text("#survey-particles") == particle_answer(
        read_particle_damage(results, machine)
    )
    page.wait_for_selector("#survey-kept[data-drawn=yes]")
    # Of one dataset there are no bounds, and none of two is left out.
    cells = "all => all.map(row => [...row.cells].slice(-2).map(cell => cell.innerText !== ''))"
    bounds = page.locator("#survey-groups tbody tr").evaluate_all(cells)
    known = [each.figures.datasets > 1 for each in found.groups]
    assert sorted(bounds) == sorted([one, one] for one in known) and not all(known)


def test_the_tab_docs_says_how_to_build_what_is_not_there(browser, address, published):
    with contextlib.closing(browser.new_page()) as page:  # it asks for what is not there
        page.goto(f"{address}/docs.html")
        expect(page.locator("main")).to_contain_text("make docs")
        (published / "documentation").mkdir()
        (published / "documentation" / "index.html").write_text("<title>built</title>")
        try:
            page.goto(f"{address}/docs.html")
            page.wait_for_url("**/documentation/index.html")
        finally:
            shutil.rmtree(published / "documentation")


def test_publishing_twice_gives_the_same_bytes(shared_workplace, published):
    again = publish_committed(shared_workplace, "again")
    found = {
        folder.name: {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        for folder in (published, again)
    }
    one, other = found.values()
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_any_figure_is_explored_against_any_other(page, address, tmp_path):
    page.goto(f"{address}/#/explore")
    page.wait_for_selector("#explore-chart[data-drawn=yes]")
    points = page.locator("#explore-chart .configs_marks path")
    shown = points.count()
    assert shown >= 15 and page.locator("#explore-chart .front_marks path").count() == 1
    assert f"{shown} configs" in page.inner_text("#explore-note")
    page.screenshot(path=tmp_path / "explore.png", full_page=True)
    points.first.hover(force=True)
    assert "Compression ratio" in page.inner_text("#vg-tooltip-element")
    choose(page, "#explore-y", "storage.Storage.track_file_count")
    choose(page, "#explore-colour", "level")
    page.wait_for_selector("#explore-chart[data-drawn=yes]")
    legends = page.locator("#explore-chart .role-legend-title").all_text_contents()
    assert "level" in "".join(legends)
    choose(page, "#explore-view", "heat")
    page.wait_for_selector("#explore-chart[data-drawn=yes]")
    assert page.locator("#explore-chart .cells_marks path").count() >= 15
    choose(page, "#explore-y", "storage.Storage.track_compression_ratio")
    choose(page, "#explore-view", "levels")
    page.wait_for_selector("#explore-chart[data-drawn=yes]")
    assert page.locator("#explore-chart .levels_marks path").count() >= 2
    # Release by release, by keyboard.
    newest = page.inner_text("#explore-release-name")
    page.focus("#explore-release")
    page.keyboard.press("Home")
    drawn(page)
    assert page.inner_text("#explore-release-name") == "zarr 2.18.0" != newest
    assert "release=zarr-2.18.0" in page.url


def test_a_number_that_is_changed_is_in_the_address_and_in_the_sentence(page, address):
    page.goto(f"{address}/#/cost")
    page.wait_for_selector("#cost-sentence")
    page.fill("#cost-terabytes", "40")
    page.press("#cost-terabytes", "Tab")
    drawn(page)
    assert "terabytes=40" in page.url and "gigabyte_month" not in page.url
    assert page.inner_text("#cost-sentence").startswith("40 TB of tomograms as CryoET Data Portal")
    choose(page, "#cost-prices", "s3-glacier-instant")
    assert page.input_value("#cost-gigabyte_month") == "0.004"
    page.goto(f"{address}/#/cost?terabytes=nonsense&out=-3")
    drawn(page)
    assert page.inner_text("#cost-sentence").startswith("100 TB")


def test_a_point_opens_its_figures_and_the_python_that_makes_it(page, address):
    page.goto(address)
    page.wait_for_selector("#answer-chart[data-drawn=yes]")
    points = page.locator("#answer-chart .layouts_marks path")
    rows = published_layouts(PROJECT / "results")[0].lines
    assert points.count() == len(rows)
    assert page.locator("#answer-chart .front_marks path").count() == 1
    points.last.click()
    drawn(page)
    assert "layout=" in page.url
    name = page.input_value("#answer-layout")
    assert (
        page.locator("h2", has_text="One layout: ").inner_text() == f"One layout: {title_of(name)}"
    )
    choose(page, "#answer-layout", "portal-2024")
    assert "1.067 of memory" in page.inner_text("#answer-layout-figures")
    code = page.locator("#answer-display pre code")
    assert code.count() == 3 and "zarr.create_array(" in code.first.inner_text()
    libraries = page.locator("#answer-display summary", has_text="Make it").all_inner_texts()
    assert libraries == [f"Make it with {name}" for name in ("zarr 3", "zarr 2", "tensorstore")]


def test_what_is_shown_is_saved_as_csv_and_json(page, address):
    page.goto(address)
    page.wait_for_selector("#answer-best")
    saved = {}
    for kind in ("CSV", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename == f"best-layouts.{kind.lower()}"
        saved[kind] = Path(download.value.path()).read_text()
    rows = json.loads(saved["JSON"])
    assert list(csv.DictReader(saved["CSV"].splitlines())) == [
        {key: str(value) for key, value in row.items()} for row in rows
    ]
    assert len(rows) == page.locator("#answer-best tbody tr").count()


def test_tables_are_sorted_by_their_headings_with_the_keyboard_too(page, address):
    page.goto(f"{address}/#/layouts")
    page.wait_for_selector("#layouts-table[data-sortable=yes]")
    stored = page.locator("#layouts-table thead th").nth(7)
    assert stored.inner_text().split()[0] == "stored"
    stored.locator("[role=button]").focus()
    page.keyboard.press("Enter")
    expect(stored).to_have_attribute("aria-sort", "ascending")
    shown = page.locator("#layouts-table tbody td:nth-child(8)").all_inner_texts()
    assert shown == sorted(shown) and len(shown) > 10


def test_a_choice_by_keyboard_keeps_the_focus(page, address):
    page.goto(address)
    page.wait_for_selector("#answer-sentence")
    page.focus("#answer-purpose")
    page.keyboard.press("ArrowDown")
    drawn(page)
    assert page.evaluate("document.activeElement.id") == "answer-purpose"


def test_the_look_is_light_or_dark_and_stays_chosen(page, address):
    page.emulate_media(color_scheme="light")
    page.goto(address)
    page.wait_for_selector("#answer-chart[data-drawn=yes]")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(background)
    assert dark != light
    page.click("#theme")
    expect(page.locator("#theme")).to_have_text("light")
    page.reload()
    page.wait_for_selector("#answer-sentence")
    assert page.evaluate(background) == light


WEIGHED = {"answer": 500_000, "layouts": 250_000, "verdicts": 250_000}
"""Bytes that a page may take, compressed, by its name."""


@pytest.mark.parametrize("name", WEIGHED)
def test_a_page_takes_few_bytes_and_vega_only_where_it_draws(page, address, published, name):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/#/{name}")
    page.wait_for_selector(f"#{name}-display h2")
    page.wait_for_load_state("networkidle")
    paths = {url.removeprefix(f"{address}/").split("#")[0] or "index.html" for url in asked}
    files = [published / path for path in paths if not path.startswith(("data:", "blob:"))]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < WEIGHED[name]
    assert any("vega" in path for path in paths) == (name == "answer")


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(page, address, look, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=look)
    pages = ("answer", "recommend", "layouts", "cost", "explore", "releases", "compare", "verdicts")
    for name in (*pages, "tomograms", "method", "no-page"):
        page.goto(f"{address}/#/{name}")
        page.wait_for_selector("main h1")
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        serious = [
            (name, each["id"], [node["html"][:150] for node in each["nodes"][:3]])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_layouts_are_held_against_todays_by_what_is_read_and_from_where(
    page, address, published, tmp_path
):
    shown = json.loads((published / "layouts" / "index.json").read_text())
    content = json.loads((published / "layouts" / "0.json").read_text())
    page.goto(f"{address}/#/layouts")
    page.wait_for_selector("#layouts-table")
    rows = page.locator("#layouts-table tbody tr")
    assert rows.count() == len(content["layouts"])
    best = rows.first.locator("td").first.inner_text()
    assert f": {best} takes" in page.inner_text("#layouts-sentence")
    assert "CryoET Data Portal (today)" in page.inner_text("#layouts-table tr.today")
    page.screenshot(path=tmp_path / "layouts.png", full_page=True)
    choose(page, "#layouts-pattern", "yz_slice")
    expect(page.locator("#layouts-sentence")).to_have_text(re.compile("^YZ slice"))
    assert "pattern=yz_slice" in page.url
    page.go_back()
    expect(page.locator("#layouts-sentence")).to_have_text(re.compile("^XY slice"))
    answered = page.locator(".layouts-page details")
    assert answered.count() == len(shown["questions"]) > 5
    answered.first.locator("summary").click()
    assert answered.first.locator("table tbody tr").count() > 1
    assert "cryoet-zarr-bench" in answered.first.inner_text()


def test_on_a_phone_nothing_lies_over_the_navigation(page, address):
    page.set_viewport_size({"width": 390, "height": 800})
    for name in ("answer", "releases", "verdicts", "compare", "layouts", "cost", "explore"):
        page.goto(f"{address}/#/{name}")
        page.wait_for_selector(f"#{name}-display h1")
        page.click("#menu")
        tabs = page.locator("#tabs").bounding_box()
        shown = page.locator(f"#{name}-display").bounding_box()
        assert shown["y"] >= tabs["y"] + tabs["height"] - 1, name
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.click("#tabs a[href='#/verdicts']")
    page.wait_for_selector("#verdicts-display h1")
    assert not page.locator("#tabs").is_visible()


def test_what_was_not_measured_side_by_side_is_not_compared(page, address_without_evidence):
    page.goto(f"{address_without_evidence}/#/compare")
    page.wait_for_selector("#compare-sentence")
    assert "No releases were measured side by side yet" in page.inner_text("#compare-sentence")


@pytest.mark.parametrize("width", [800, 1280])
@pytest.mark.parametrize("place", ["releases", "verdicts"])
def test_nothing_runs_over_the_edge_of_the_window(page, address_with_evidence, place, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address_with_evidence}/#/{place}")
    page.wait_for_selector("#releases-history[data-drawn=yes], tr.step")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tabs, title = page.locator("#nav").bounding_box(), page.locator("h1").bounding_box()
    assert tabs["y"] + tabs["height"] <= title["y"]
    if place == "verdicts":
        page.locator(".verdicts-open").nth(6).click()
        box = page.locator(".wide").first
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") <= 0


def test_the_committed_dashboard_is_whole():
    """html/ as it is committed names no other host and has every file its page loads."""
    for name in ("index.html", "all-graphs.html"):
        page = (PROJECT / "html" / name).read_text()
        sources = re.findall(r"(?:src|href)=\"([^\"#]+)", page)
        assert any(source.startswith("vendor/") for source in sources)
        for source in sources:
            if source.startswith(("https://github.com/airspeed-v", "https://asv.readthedocs.io")):
                continue  # links to asv, followed only by a click
            assert (PROJECT / "html" / source).is_file(), source
    series = json.loads((PROJECT / "html" / "releases.json").read_text())["series"]
    assert re.search(r"\d+ false alarms in \d+ cells", series[0]["trust"][0])
    files = [path for path in (PROJECT / "html").rglob("*") if path.is_file()]
    built = PROJECT / "html" / "documentation"  # by `make docs`, not committed
    size = sum(path.stat().st_size for path in files if built not in path.parents)
    assert size < 15e6


def test_preview_serves_the_dashboard_and_ends_with_ctrl_c(shared_workplace):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "cryoet_zarr_bench", "preview", "--port", "0"],
        cwd=PROJECT,
        env=shared_workplace.variables(),
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    served = line.split(" at ")[1].split()[0]
    with urllib.request.urlopen(served, timeout=10) as answer:
        assert b"dashboard/main.js" in answer.read()
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0


def test_other_questions_are_answered_one_at_a_time(page, address, published):
    content = json.loads((published / "releases.json").read_text())
    figures = {**storage.core(), **storage.lossy(), **storage.other_questions()}
    tables = question_tables(Pooled(storage.release(figures), 1, 1.25))
    tables[0]["rows"][0][0] = HOSTILE
    content["questions"] = [
        {"series": 0, "release": len(content["releases"]) - 1, "tables": tables}
    ]
    page.route("**/releases.json*", lambda route: route.fulfill(body=json.dumps(content)))
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    place = page.locator("#releases-questions")
    for table in tables:
        choose(page, "#releases-question", table["title"])
        expect(place).to_contain_text(table["says"])
        assert place.locator("tbody tr").count() == len(table["rows"])
    choose(page, "#releases-question", "Lossless codecs")
    expect(place).to_contain_text(HOSTILE)
    assert page.evaluate("window.hit") is None
    # On a narrow screen a table scrolls by itself, the page does not.
    page.set_viewport_size({"width": 400, "height": 900})
    choose(page, "#releases-question", "Access patterns")
    expect(page.locator("#releases-question")).to_have_value("Access patterns")
    box = place.locator(".wide").bounding_box()
    assert box["x"] + box["width"] <= 400


def test_without_other_questions_there_is_no_empty_section(page, address, published):
    content = {**json.loads((published / "releases.json").read_text()), "questions": []}
    page.route("**/releases.json*", lambda route: route.fulfill(body=json.dumps(content)))
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.inner_text("#releases-questions") == ""


def test_a_figure_of_other_configs_is_followed_in_the_format_that_it_has(page, address, published):
    content = json.loads((published / "releases.json").read_text())
    name = "overhead.PerChunk.track_read_us_per_chunk_cpu"
    benchmark = [each["name"] for each in content["benchmarks"]].index(name)
    content["configs"].append(["none", "16x16x16", 3])
    config = len(content["configs"]) - 1
    releases = {row[1] for row in content["figures"] if row[0] == 0}
    # Of no other configs, whatever was published.
    content["figures"] = [row for row in content["figures"] if row[2] != benchmark]
    content["figures"] += [
        [0, release, benchmark, [config, 300.0 + release]] for release in sorted(releases)
    ]
    page.route("**/releases.json*", lambda route: route.fulfill(body=json.dumps(content)))
    page.goto(f"{address}/#/releases")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    choose(page, "#releases-format", "2")
    expect(page.locator("#releases-display")).to_contain_text("Through the releases, Zarr format 2")
    choose(page, "#releases-benchmark", name)
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert "Through the releases, Zarr format 3" in page.inner_text("#releases-display")
    assert page.locator("#releases-chunks option").all_inner_texts() == ["16x16x16"]
    assert "Read, CPU time per chunk (µs)" in page.inner_text("#releases-history")
    assert page.locator("#releases-history .mark-line path").count() == 1
    legend = page.locator("#releases-history .role-legend-label text")
    assert legend.all_text_contents() == ["none"]
    # Back to what the table shows, with its chunk shapes.
    choose(page, "#releases-benchmark", "storage.Storage.track_compression_ratio")
    page.wait_for_selector("#releases-history[data-drawn=yes]")
    assert page.locator("#releases-chunks option").count() == 3
    assert page.locator("#releases-history .mark-line path").count() == 5
