"""The published dashboard in a real browser, with no network but this machine's."""

import functools
import http.server
import itertools
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from cryoet_zarr_bench.reports.preview import QuietHandler
from cryoet_zarr_bench.reports.results import published_machine

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
OPTIONS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def published(shared_workplace):
    """The committed results, published anew by this version of the code."""
    configuration = shared_workplace.configuration()
    committed = shared_workplace.folder / "committed"
    machine = str(published_machine(PROJECT / "results"))
    shutil.copytree(PROJECT / "results" / machine, committed / machine)
    shutil.copy(PROJECT / "results" / "benchmarks.json", committed)
    text = configuration.read_text().replace(str(shared_workplace.results), str(committed))
    configuration.write_text(text)
    run = shared_workplace.asv("publish", "--no-pull")
    assert run.returncode == 0, run.stdout
    return shared_workplace.html


@pytest.fixture(scope="module")
def address(published):
    handler = functools.partial(QuietHandler, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
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
            r.url.startswith((address, "data:", "blob:")) or wrong.append(f"elsewhere: {r.url}")
        ),
    )
    yield page
    page.close()
    assert wrong == []


def test_it_opens_on_the_overview(page, address, tmp_path):
    page.goto(address)
    page.wait_for_selector("#overview-history[data-drawn=yes]")
    assert page.title() == "cryoet-zarr-bench"
    assert "How should a cryo-electron tomogram be stored in Zarr?" in page.inner_text("h1")
    rows = page.locator(".overview-table tbody tr")
    assert rows.count() == 15
    assert "n/a" not in page.inner_text(".overview-table")
    assert page.locator("td.best").count() >= 5
    names = page.locator("#overview-history .role-axis-label text").all_text_contents()
    assert "zarr 3.4.2" in names and "zarr 2.18.0" in names
    assert page.locator("#overview-history .mark-line path").count() == 5
    page.screenshot(path=tmp_path / "overview.png", full_page=True)
    assert (tmp_path / "overview.png").stat().st_size > 50_000


def test_the_names_on_its_axis_do_not_overlap(page, address):
    page.goto(address)
    page.wait_for_selector("#overview-history[data-drawn=yes]")
    # Turned labels of one size: what keeps them apart is the distance of their ends.
    ends = page.evaluate(
        """() => [...document.querySelectorAll('#overview-history .role-axis-label text')]
             .filter((text) => /^(zarr|numcodecs) /.test(text.textContent))
             .map((text) => text.getBoundingClientRect().right)"""
    )
    distances = [right - left for left, right in itertools.pairwise(ends)]
    assert len(distances) > 30 and min(distances) >= 12


def test_what_is_chosen_changes_table_and_graph(page, address):
    page.goto(address)
    page.wait_for_selector("#overview-history[data-drawn=yes]")
    before = page.inner_text(".overview-table")
    page.select_option("#overview-branch", "2.x")
    page.wait_for_selector("#overview-history[data-drawn=yes]")
    assert page.inner_text(".overview-table") != before
    assert "zarr 2.18.7 with numcodecs 0.15.2" in page.inner_text("#overview-display")
    page.select_option("#overview-benchmark", "storage.Storage.track_compression_ratio")
    page.wait_for_selector("#overview-history[data-drawn=yes]")
    assert "Compression ratio" in page.inner_text("#overview-history")


def test_a_graph_of_asv_is_drawn_with_the_names_of_releases(page, address, tmp_path):
    page.goto(f"{address}/#/write.Write.time_write")
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
    assert page.locator("#main-graph .legend tr").count() == 5
    assert "releases" in page.inner_text("#graphdisplay-navigation")
    assert not page.locator("#graphdisplay-navigation >> text=commits").count()
    page.screenshot(path=tmp_path / "graph.png")


@pytest.mark.parametrize("place", ["#/", "#/summarylist", "#/regressions"])
def test_asvs_own_pages_open(page, address, place):
    page.goto(f"{address}/{place}")
    page.wait_for_timeout(1500)
    assert not page.locator("#overview-display").is_visible()
    assert not page.locator("#error").is_visible()


def test_the_overview_returns_after_another_page(page, address):
    page.goto(address)
    page.wait_for_selector("#overview-history[data-drawn=yes]")
    page.click("#nav-li-summarylist a")
    page.wait_for_timeout(500)
    assert not page.locator("#overview-display").is_visible()
    page.click("#nav-li-overview a")
    assert page.locator("#overview-display").is_visible()


def test_the_committed_dashboard_is_whole():
    """html/ as it is committed names no other host and has every file its page loads."""
    page = (PROJECT / "html" / "index.html").read_text()
    sources = re.findall(r"(?:src|href)=\"([^\"#]+)\"", page)
    assert any(source.startswith("vendor/") for source in sources)
    for source in sources:
        if source.startswith("https://github.com/airspeed-velocity"):
            continue  # asv's own link in the corner, followed only by a click
        assert (PROJECT / "html" / source).is_file(), source
    size = sum(path.stat().st_size for path in (PROJECT / "html").rglob("*") if path.is_file())
    assert size < 15e6


def test_preview_serves_the_dashboard_and_ends_with_ctrl_c(shared_workplace):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "cryoet_zarr_bench.cli", "preview", "--port", "0"],
        cwd=PROJECT,
        env=shared_workplace.variables(),
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    served = line.split(" at ")[1].split()[0]
    with urllib.request.urlopen(served, timeout=10) as answer:
        assert b"overview.js" in answer.read()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
