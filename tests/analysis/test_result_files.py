"""Result files that are not what asv writes are left out, each with a line that says why."""

import json
import shutil
from pathlib import Path

import pytest

from cryoet_zarr_bench.analysis.result_files import (
    described_machine,
    is_usable,
    read_record,
    record_path,
    result_paths,
)
from cryoet_zarr_bench.analysis.result_reader import machine_of, published_machine, read_results
from cryoet_zarr_bench.common.left_out_notices import leave_out

PROJECT = Path(__file__).resolve().parents[2]
MACHINE = "epyc-2-cores"
GOOD = sorted((PROJECT / "results" / MACHINE).glob("*-py3.12-tomogramsynthetic-10A-*.json"))[0]


def changed(**parts):
    return json.dumps({**json.loads(GOOD.read_text()), **parts}).encode()


def with_row(**columns):
    content = json.loads(GOOD.read_text())
    name = "read.Read.time_read_volume"
    row = dict(zip(content["result_columns"], content["results"][name], strict=False))
    row |= columns
    content["results"] = {name: [row.get(each) for each in content["result_columns"]]}
    return json.dumps(content).encode()


BAD_RESULTS = {
    "null": b"null",
    "a list": b"[]",
    "a number": b"3",
    "empty": b"",
    "cut short": GOOD.read_bytes()[: GOOD.stat().st_size // 2],
    "binary": b"\x00\xff\xfe\x80" * 100,
    "nested deeply": b"[" * 100_000,
    "no object in it": b"{}",
    "results that are a list": changed(results=[1, 2]),
    "a row that is a number": changed(results={"read.Read.time_read_volume": 5}),
    "an older form": changed(version=1, results=None),
    "of another machine": changed(params={"machine": "another", "python": "3.12"}),
    "without a Python": changed(params={"machine": MACHINE}),
    "an unknown commit": changed(commit_hash="ab" * 20),
    "a commit that is an option": changed(commit_hash="--output=x"),
    "a column that asv does not have": changed(result_columns=["result", "params", "evil"]),
    "times that are text": with_row(result=["quick"] * 36),
    "too few figures": with_row(result=[1.0]),
    "more cells than can be": with_row(params=[["a"] * 3000, ["b"] * 3000, ["2"]], result=None),
    "parameters that are numbers": with_row(params=[[1], [2], [3]]),
    "infinite times": changed(
        results={"a.B.time_c": [[float("inf")], [["'a'"], ["'b'"], ["2"]], "1"]}
    ),
    "a time of zero": changed(results={"a.B.time_c": [[0.0], [["'a'"], ["'b'"], ["2"]], "1"]}),
}


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results" / MACHINE
    folder.mkdir(parents=True)
    for path in (GOOD, record_path(GOOD), GOOD.with_name("machine.json")):
        shutil.copy(path, folder)
    leave_out.cache_clear()
    return folder.parent


@pytest.mark.parametrize("kind", BAD_RESULTS)
def test_a_bad_result_file_is_left_out_with_one_line(results, capfd, kind):
    alone = read_results(results)
    bad = results / MACHINE / f"bad-{GOOD.name}"
    bad.write_bytes(BAD_RESULTS[kind])
    assert read_results(results) == alone != []
    assert not is_usable(bad)
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1 and str(bad) in said[0] and said[0].endswith("it is left out")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"machine": 5, "version": 1}',
        b'{"machine": "another", "version": 1}',
        b'{"machine": "epyc-2-cores", "version": 1, "ram": 25}',
    ],
)
def test_results_of_a_machine_that_is_not_described_are_left_out(results, capfd, content):
    (results / MACHINE / "machine.json").write_bytes(content)
    assert read_results(results) == []
    assert published_machine(results) is None
    assert machine_of(results, MACHINE)["cpu"] == "unknown"
    assert len(capfd.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"[" * 100_000,
        b"\x80",
        b'{"tomogram": {"shape": [1, 2], "dtype": "float32"}}',
        b'{"tomogram": {"shape": [1, 2, 3], "dtype": "O"}}',
        b'{"conditions": {"samples": [1]}}',
        b'{"conditions": {"canary_spread": "far"}}',
        b'{"environment": 3}',
        b'{"failed": {"a": 1}}',
        b'{"portability": {"versions": 3}}',
    ],
)
def test_a_bad_record_is_left_out_and_the_figures_are_kept(results, capfd, content):
    (with_record,) = read_results(results)
    record_path(results / MACHINE / GOOD.name).write_bytes(content)
    assert read_record(results / MACHINE / GOOD.name) == {}
    (without,) = read_results(results)
    assert without.figures == with_record.figures
    assert (without.canary, without.file_system) == (None, "unknown")
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_more_bad_files_than_good_ones_do_not_make_a_machine_the_published_one(results):
    other = results / "another"
    other.mkdir()
    (other / "machine.json").write_text('{"machine": "another", "version": 1}')
    for number in range(3):
        (other / f"{number}-virtualenv-py3.12-tomograma.json").write_text("null")
    assert published_machine(results) == MACHINE
    assert [path.name for path in result_paths(results)] == [GOOD.name]


def test_every_committed_result_can_be_used(capfd):
    leave_out.cache_clear()
    committed = [
        path
        for path in (PROJECT / "results").glob("*/*.json")
        if path.name != "machine.json" and path.parent.name in (MACHINE, "xeon-2-cores")
    ]
    assert set(committed) <= set(result_paths(PROJECT / "results"))
    assert all(read_record(path) for path in committed)
    assert described_machine(PROJECT / "results" / MACHINE)["cpu"] == "AMD EPYC"
    assert capfd.readouterr().err == ""
