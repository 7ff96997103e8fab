"""`asv publish` for real: a dashboard is there whole, with every figure, or as it was before."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cryoet_zarr_bench.analysis.result_reader import Cell, read_results
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.reports.documents.all_documents import update_documents

PROJECT = Path(__file__).resolve().parents[2]
COMMITTED = PROJECT / "results" / "epyc-2-cores"

BAD = {
    "null.json": b"null",
    "nested.json": b"[" * 100_000,
    "binary.json": b"\x00\xff\xfe",
    "half.json": b'{"commit_hash": "',
}

STOPPED_WHILE_PUBLISHING = """
import os, signal, sys
from asv.main import main
from cryoet_zarr_bench.asv_bridge.dashboard.own_pages import OwnPages
def stop(*arguments):
    {stop}
OwnPages.publish = staticmethod(stop)
main()
"""


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def published(own_workplace):
    """A place with releases that are committed, published."""
    place = own_workplace
    machine = place.results / COMMITTED.name
    machine.mkdir(parents=True)
    shutil.copy(COMMITTED / "machine.json", machine)
    shutil.copy(COMMITTED.parent / "benchmarks.json", place.results)
    for path in sorted(COMMITTED.glob("*-py3.12-tomogramsynthetic-10A-*.json"))[:3]:
        shutil.copy(path.with_suffix(".record.jsonl"), machine)
        result = json.loads(path.read_text())
        # Fewer benchmarks are published more quickly.
        rows = {name: row for name, row in result["results"].items() if name.startswith("read.")}
        (machine / path.name).write_text(json.dumps({**result, "results": rows}))
    place.configuration()
    publish(place)
    return place


def publish(place):
    # asv lists regressions in the order of a set.
    answer = place.asv("publish", "--no-pull", PYTHONHASHSEED="0")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer


def content(folder):
    """Every file below a folder, but the one that has the time of day in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "info.json"
    }


def figures(html):
    """Every figure of every graph, by cell and release."""
    cells = json.loads((html / "index.json").read_text())["benchmarks"]
    found = {}
    for path in (html / "graphs").rglob("*.json"):
        if path.name == "summary.json" or "summary" in path.parts:
            continue
        size = 1
        for axis in cells[path.stem]["params"]:
            size *= len(axis)
        for revision, values in json.loads(path.read_text()):
            values = values if isinstance(values, list) else [values] * size
            names = cell_names(cells[path.stem]["params"])
            for name, value in zip(names, values, strict=True):
                if value is not None:
                    found[str(path.relative_to(html)), revision, name] = value
    return found


def cell_names(axes):
    names = [""]
    for axis in axes:
        names = [f"{name} {value}" for name in names for value in axis]
    return names


def test_bad_results_are_left_out_of_the_dashboard(published):
    before = content(published.html)
    machine = published.results / COMMITTED.name
    other = published.results / "empty-description"
    other.mkdir()
    (other / "machine.json").write_text("{}")
    (other / "any.json").write_text("{}")
    good = json.loads(min(machine.glob("*-10A-*.json")).read_text())
    unknown = json.dumps({**good, "commit_hash": "ab" * 20}).encode()
    for name, text in {**BAD, "unknown.json": unknown}.items():
        (machine / name).write_bytes(text)
    answer = publish(published)
    assert content(published.html) == before
    for name in (*BAD, "unknown.json", "empty-description"):
        assert answer.stderr.count(f"/{name}: ") == 1, answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
    for name in (*BAD, "unknown.json"):
        (machine / name).unlink()
    shutil.rmtree(other)


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("raise ValueError('a fault')", 1),
        ("return", 1),  # without a file that its pages load
    ],
)
def test_a_publish_that_is_stopped_leaves_the_dashboard_as_it_was(published, stop, code):
    before = content(published.html)
    program = STOPPED_WHILE_PUBLISHING.format(stop=stop)
    configuration = str(published.folder / "asv.own.conf.json")
    answer = subprocess.run(
        [sys.executable, "-c", program, "publish", "--config", configuration, "--no-pull"],
        cwd=PROJECT,
        env=published.variables(CRYOET_MACHINE="testing"),
        capture_output=True,
        text=True,
    )
    assert answer.returncode == code
    assert content(published.html) == before
    publish(published)
    assert content(published.html) == before
    assert [path.name for path in published.folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["notes.txt", "sub/notes.txt"])
def test_a_folder_that_is_no_dashboard_is_not_replaced(published, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("kept")
    answer = published.asv("publish", "--no-pull", "--html-dir", str(tmp_path))
    assert answer.returncode == 1
    assert "is no dashboard" in answer.stdout + answer.stderr
    assert (tmp_path / name).read_text() == "kept"


def test_a_run_with_a_smaller_profile_takes_no_figure_away(published):
    """What `history --newest --tomogram synthetic:10A@32` did: other tomogram, smaller grid."""
    before = figures(published.html)
    listed = json.loads((published.results / "benchmarks.json").read_text())
    result = run_quick(published)
    after = json.loads((published.results / "benchmarks.json").read_text())
    assert after.keys() == listed.keys()
    publish(published)
    now = figures(published.html)
    # A graph of one more tomogram says so in its path.
    assert before.items() <= now.items()
    assert len(before) > 600
    # What a larger profile measured of the same release is kept by a smaller one.
    content = json.loads(result.read_text())
    row = content["results"]["read.Open.time_open"]
    row[0], row[1] = [0.125], [["'zstd-22'"], ["'8x8x8'"], ["2"]]
    content["results"]["read.Open.time_open"] = row[:3]
    result.write_text(json.dumps(content))
    record = json.loads(result.with_suffix(".record.jsonl").read_text())
    record["profile"] = "standard"
    result.with_suffix(".record.jsonl").write_text(json.dumps(record))
    run_quick(published)
    (measured,) = [each for each in read_results(published.results) if each.machine == "testing"]
    assert measured.profile == "standard"
    cells = measured.figures["read.Open.time_open"]
    assert cells[Cell("zstd-22", "8x8x8", 2)] == 0.125
    assert len(cells) == 1 + 30


def test_an_unusable_result_is_kept_beside_the_new_one(published):
    result = run_quick(published)
    result.write_text("null")
    leave_out.cache_clear()
    assert run_quick(published) == result
    assert result.with_suffix(".json.unusable").read_text() == "null"
    assert json.loads(result.read_text())["results"]


def run_quick(place):
    """Measure one benchmark of the newest release on a small tomogram; give the result file."""
    run = place.asv(
        "run",
        *("--no-pull", "--quick", "--bench", "read.Open.time_open", "zarr-3.4.2^!"),
        CRYOET_TOMOGRAM="synthetic:10A@32",
        CRYOET_PROFILE="quick",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (result,) = (place.results / "testing").glob("*-tomogram*.json")
    return result


@pytest.fixture
def documented(tmp_path):
    """The committed README, documents and results, in a folder of their own."""
    for name in ("docs", "results"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    shutil.copy(PROJECT / "README.md", tmp_path)
    leave_out.cache_clear()
    return tmp_path


def test_what_cannot_be_read_does_not_change_the_documents(documented, capfd):
    results = documented / "results"
    machine = results / COMMITTED.name
    newest = max(machine.glob("1085f513-virtualenv-py3.12-tomogramsynthetic-10A*.json"))
    unknown = json.loads(newest.read_text()) | {"commit_hash": "ab" * 20}
    # More of them than of good ones, on a machine of another name: not the published one.
    many = results / "many"
    many.mkdir()
    (many / "machine.json").write_text('{"machine": "many", "version": 1}')
    for number in range(100):
        (many / f"{number:08d}-virtualenv-py3.12-tomograma.json").write_text("null")
    for name, text in {**BAD, "unknown.json": json.dumps(unknown).encode()}.items():
        (machine / name).write_bytes(text)
    lines = ("null", "[1]", '{"release": 3}', "\x00", "{", "[" * 50_000)
    names = ("trust", "verdicts", "noise", "settings")
    files = [machine / f"{name}.jsonl" for name in names]
    for path in files:
        path.write_text(path.read_text() + "\n".join(lines) + "\n")
    assert update_documents(documented) == []
    said = capfd.readouterr().err.splitlines()
    assert len(said) == len(set(said)) == 100 + len(BAD) + 1 + len(files) * len(lines)
