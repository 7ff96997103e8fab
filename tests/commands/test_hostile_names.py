"""Real commands on a file whose name commands terminals, Markdown and HTML, and is no UTF-8."""

import json
import os
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.quality.quality_findings import read_report
from cryoet_zarr_bench.tomograms.synthetic import synthesize

PROJECT = Path(__file__).resolve().parents[2]
NAME = (
    b"\x1b]0;evil\x07\x1b[31m[red]x[:smiley:][link=h:]<img src=x onerror=alert(1)>|`a`$\\frac{$\n"
    b"\xff\xc2\x9b31m\xe2\x80\xae.npy"
)
ENCODINGS = [{}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}]


def run(folder: Path, *arguments: bytes | str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cryoet_zarr_bench", *arguments],
        cwd=PROJECT,
        env={
            **os.environ,
            "CRYOET_CACHE_DIR": str(folder / "cache"),
            "CRYOET_WORK_FOLDER": str(folder / "work"),
            "COLUMNS": "200",
            **more,
        },
        capture_output=True,
    )


def said(answer: subprocess.CompletedProcess[bytes]) -> str:
    """All that a command printed, which holds no more than letters and line breaks."""
    text = (answer.stdout + answer.stderr).decode()
    commands = [each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")]
    assert set(commands) <= {"\n"}
    assert "Traceback" not in text
    return text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + NAME))
    with path.open("wb") as file:
        np.save(file, synthesize("10A", (16, 18, 20), 1))
    return path


class Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("encoding", ENCODINGS, ids=["utf-8", "c", "ascii"])
def test_qc_of_a_hostile_name(hostile, tmp_path, encoding):
    page, report = tmp_path / "page.html", tmp_path / "report.json"
    options = ("--json", str(report), "--page", str(page))
    answer = run(tmp_path, "qc", os.fsencode(hostile), *options, **encoding)
    assert answer.returncode in (0, 1), answer.stderr
    assert "16x18x20 voxels" in said(answer)
    found = Page(page.read_text(encoding="utf-8"))
    assert [tag for tag, _ in found.tags].count("img") == 1
    # Valid JSON in plain ASCII, of which the file's own name can be had again.
    source = read_report(report.read_text(encoding="ascii")).source
    assert source == json.loads(report.read_bytes())["source"]
    assert os.fsencode(source) == os.fsencode(hostile) + b"::0"
    assert for_terminal(source) in found.text


@pytest.mark.long
def test_the_picture_of_a_hostile_name(hostile, tmp_path):
    page = tmp_path / "page.png"
    answer = run(tmp_path, "qc", os.fsencode(hostile), "--page", str(page))
    assert answer.returncode in (0, 1), answer.stderr
    assert page.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("encoding", ENCODINGS, ids=["utf-8", "c", "ascii"])
def test_convert_from_and_to_a_hostile_name(hostile, tmp_path, encoding):
    target = os.fsencode(tmp_path) + b"/" + NAME.replace(b".npy", b".mrc")
    answer = run(tmp_path, "convert", os.fsencode(hostile), target, **encoding)
    assert answer.returncode == 0, answer.stderr
    assert r"\x1b]0;evil\x07\x1b[31m[red]x[:smiley:]" in said(answer).replace("\n", "")
    again = run(tmp_path, "convert", os.fsencode(hostile), target, **encoding)
    assert again.returncode == 2
    assert "exists already" in said(again)


@pytest.mark.parametrize(
    "arguments",
    [
        ("confirm", "zarr-3.1.6", NAME),
        ("confirm", NAME, "zarr==3.1.6,numcodecs==0.16.5"),
        ("confirm", b"zarr=/no/" + NAME + b".whl,numcodecs==0.16.5", "zarr-3.1.6"),
        ("confirm", "zarr-3.1.6", "zarr-3.1.6", "--pairs", NAME),
        ("confirm", "zarr-3.1.6", "zarr-3.1.6", "--config", b"(" + NAME),
        ("confirm", "zarr-3.1.6", "zarr-3.1.6", b"--" + NAME),
        ("qc", b"/no/" + NAME),
        ("qc", "synthetic:10A@16", "--page", NAME),
        ("convert", b"/no/" + NAME, NAME),
        ("releases", "list", "--catalogue", b"/no/" + NAME),
        (NAME,),
        (b"--" + NAME,),
    ],
)
def test_what_is_refused_is_repeated_without_its_commands(tmp_path, arguments):
    answer = run(tmp_path, *arguments)
    assert answer.returncode == 2, answer
    assert said(answer)
