import io
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cryoet_zarr_bench.commands.qc_command import print_report
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.quality.inspection import inspect
from cryoet_zarr_bench.quality.quality_findings import (
    Check,
    QualityReport,
    Statistics,
    read_report,
    report_json,
)
from cryoet_zarr_bench.quality.quality_limits import VERDICTS
from cryoet_zarr_bench.reports.pages.quality_page import page_html, page_png
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic import synthesize

PROJECT = Path(__file__).resolve().parents[2]
HOSTILE = "<script>alert('x')</script> [red]$\\frac{$ \u202e&amp;"


def qc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cryoet_zarr_bench", "qc", *arguments],
        cwd=PROJECT,
        env={**os.environ, "CRYOET_CACHE_DIR": str(folder / "cache"), "COLUMNS": "120"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def good() -> np.ndarray:
    return synthesize("10A", (40, 48, 56), 1)


def test_a_good_tomogram_exits_0_and_its_report_reads_back(tmp_path):
    file = tmp_path / "report.json"
    answer = qc(tmp_path, "synthetic:10A@40x48x56#1", "--json", str(file))
    assert answer.returncode == 0, answer.stderr
    assert "40x48x56 voxels (z, y, x), float32, 10.012 angstrom" in answer.stdout
    assert "pass: nothing was found" in answer.stdout
    report = read_report(file.read_text())
    assert report.verdict == "pass"
    assert report.shape == (40, 48, 56)
    assert report_json(report) == file.read_text()
    for check in report.checks:
        assert check.name in answer.stdout


def test_a_fault_exits_1_with_everything_written(tmp_path, good):
    broken = good.copy()
    broken[7] = np.nan
    np.save(tmp_path / "broken.npy", broken)
    answer = qc(
        tmp_path,
        str(tmp_path / "broken.npy"),
        "--json",
        str(tmp_path / "report.json"),
        "--page",
        str(tmp_path / "page.png"),
    )
    assert answer.returncode == 1, answer.stderr
    assert "fail: NaN and infinity" in answer.stdout
    assert not read_report((tmp_path / "report.json").read_text()).passed
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_a_warning_exits_0(tmp_path, good):
    low, high = good.min(), good.max()
    np.save(tmp_path / "eight.npy", np.rint((good - low) / (high - low) * 255).astype(np.float32))
    answer = qc(tmp_path, str(tmp_path / "eight.npy"))
    assert answer.returncode == 0
    assert "8-bit integers, cast to float32" in " ".join(answer.stdout.split())
    assert "warn: source precision" in answer.stdout


def test_a_crop_is_inspected_alone(tmp_path, good):
    broken = good.copy()
    broken[0] = np.nan
    np.save(tmp_path / "edge.npy", broken)
    assert qc(tmp_path, str(tmp_path / "edge.npy")).returncode == 1
    answer = qc(tmp_path, str(tmp_path / "edge.npy"), "--crop", "32,32,32")
    assert answer.returncode == 0
    assert "32x32x32 voxels" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nowhere.mrc"], "does not exist"),
        (["synthetic:10A@8", "--crop", "9,9,9"], "larger than the tomogram"),
        (["synthetic:10A@8", "--page", "page.pdf"], "neither a .png nor a .html"),
        (["synthetic:10A@8", "--page", "nowhere/page.png"], "there is no folder"),
        (["synthetic:10A@8", "--json", "nowhere/report.json"], "there is no folder"),
        (["synthetic:10A@8", "--json", "/"], "is a folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, arguments, word):
    answer = qc(tmp_path, *arguments)
    assert answer.returncode == 2
    assert word in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not answer.stdout.strip()


def test_a_page_without_matplotlib_is_refused_before_anything_is_read(tmp_path):
    program = (
        "import sys; sys.modules['matplotlib'] = None; from cryoet_zarr_bench.entry import main;"
        f"sys.argv = ['x', 'qc', 'synthetic:10A@16', '--page', {str(tmp_path / 'page.png')!r}];"
        "main()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "CRYOET_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 2
    assert "install cryoet-zarr-bench[quality]" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "cache").exists()


FIGURES = st.none() | st.floats(allow_nan=False)
TEXTS = st.text(max_size=20)
CHECKS = st.builds(Check, TEXTS, FIGURES, TEXTS, TEXTS, st.sampled_from(VERDICTS), TEXTS, TEXTS)
STATISTICS = st.builds(
    Statistics,
    voxels=st.integers(1, 10**12),
    not_finite=st.integers(0, 10**12),
    mean=FIGURES,
    std=FIGURES,
    minimum=FIGURES,
    maximum=FIGURES,
    percentiles=st.lists(st.tuples(st.floats(0, 100), FIGURES), max_size=4).map(tuple),
    sigma=FIGURES,
    skew=FIGURES,
    kurtosis=FIGURES,
    distinct=st.none() | st.integers(0, 65536),
    source_precision=TEXTS,
    noise=FIGURES,
)
SIDES = st.floats(0.01, 1000)
REPORTS = st.builds(
    QualityReport,
    name=TEXTS,
    source=TEXTS,
    shape=st.tuples(*[st.integers(1, 10**6)] * 3),
    dtype=TEXTS,
    voxel_spacing=st.none() | st.tuples(SIDES, SIDES, SIDES),
    sha256=TEXTS,
    statistics=STATISTICS,
    checks=st.lists(CHECKS, max_size=5).map(tuple),
    slice_means=st.lists(FIGURES, max_size=5).map(tuple),
    slice_stds=st.lists(FIGURES, max_size=5).map(tuple),
)


@given(report=REPORTS)
def test_any_report_reads_back_as_equal_from_strict_json(report):
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    text = report_json(report)
    json.loads(text, parse_constant=refuse)
    assert read_report(text) == report


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"format": 7}', '{"format": 1}', "[" * 5000]
)
def test_what_is_no_report_is_refused(text):
    with pytest.raises(BadInput, match="not a report"):
        read_report(text)


def test_a_verdict_that_was_changed_by_hand_is_refused(good):
    text = report_json(inspect(ArraySlabs(good, "")).report)
    assert '"verdict": "pass"' in text
    with pytest.raises(BadInput, match="verdict"):
        read_report(text.replace('"verdict": "pass"', '"verdict": "fail"', 1))


def test_an_infinite_voxel_is_json(good):
    broken = good.copy()
    broken[1, 2, 3] = math.inf
    report = inspect(ArraySlabs(broken, "")).report
    assert read_report(report_json(report)) == report


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_the_page_escapes_every_text_and_needs_no_other_file(good):
    inspection = inspect(ArraySlabs(good, HOSTILE, (10.0, 10.0, 10.0)), HOSTILE)
    checks = tuple(replace(check, says=HOSTILE, why=HOSTILE) for check in inspection.report.checks)
    inspection = replace(inspection, report=replace(inspection.report, checks=checks))
    found = Tags()
    found.feed(page_html(inspection))
    assert "script" not in found.tags
    assert for_terminal(HOSTILE) in found.text
    assert len(found.sources) == 1
    assert found.sources[0].startswith("data:image/png;base64,")
    assert page_png(inspection).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("shape", "spacing", "content"),
    [
        ((1, 1, 1), None, "noise"),
        ((1, 40, 60), (5.0, 5.0, 5.0), "nan"),
        ((70, 3, 9), (1.0, 20.0, 3.0), "noise"),
        ((12, 900, 10), None, "noise"),
        ((9, 10, 11), None, "one value"),
        ((9, 10, 11), None, "nan"),
    ],
)
def test_any_tomogram_has_a_page(shape, spacing, content):
    volume = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    if content != "noise":
        volume[...] = 4.0 if content == "one value" else np.nan
    inspection = inspect(ArraySlabs(volume, "odd", spacing))
    assert page_png(inspection).startswith(b"\x89PNG")


def test_markup_in_a_name_is_shown_and_not_obeyed(good):
    console = Console(width=200, record=True, file=io.StringIO())
    print_report(console, inspect(ArraySlabs(good, "[red]x[/nothing]")).report)
    assert "[red]x[/nothing]" in console.export_text()
