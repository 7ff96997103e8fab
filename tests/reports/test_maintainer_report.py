"""The draft of a report: what it says, and a script that runs with zarr and numpy alone."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import uv

from cryoet_zarr_bench.reports.documents.maintainer_report import draft_report
from cryoet_zarr_bench.reports.documents.standalone_script import standalone_script
from cryoet_zarr_bench.verdicts.change_rule import IMPROVEMENT, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_cells import OPEN, ComparedCell
from cryoet_zarr_bench.verdicts.compared_releases import released
from cryoet_zarr_bench.verdicts.confirmation import Answer, CellAnswer
from cryoet_zarr_bench.verdicts.judgement import Estimate

OLD = released("zarr-2.18.7", "2.18.7", "0.15.2")
BEFORE, AFTER = released("zarr-3.1.6", "3.1.6", "0.16.5"), released("zarr-3.4.2", "3.4.2", "0.17.1")
SLICE = "read.Read.time_read_xy_slice"


def cell_answer(benchmark, config, word, ratio):
    codec, chunks, zarr_format = config.split()
    found = Estimate(ratio, ratio * 0.97, ratio * 1.03, 0.0001, 8)
    cell = ComparedCell(benchmark, codec, chunks, int(zarr_format))
    return CellAnswer(cell, word, found, found)


def answer(*cells, differences=None):
    question = SimpleNamespace(
        a=BEFORE, b=AFTER, python="3.12", tomogram=SimpleNamespace(name="synthetic 10A")
    )
    return Answer(question, cells, differences or {}, 30, True)


def test_the_worst_comes_first_and_the_script_is_of_it():
    report = draft_report(
        answer(
            cell_answer(SLICE, "none 64x64x64 2", IMPROVEMENT, 0.5),
            cell_answer(SLICE, "none 32x32x32 2", REGRESSION, 1.2),
            cell_answer(OPEN, "none 32x32x32 2", REGRESSION, 1.4),
            cell_answer(OPEN, "zstd-5 64x64x64 3", NO_CHANGE, 1.01),
        )
    )
    assert report.startswith("# zarr-3.4.2 against zarr-3.1.6: open 1.40x slower\n")
    assert "Of 4 cells (a call and a storage config) 2 regressed and 1 improved." in report
    assert "the same in all 30 configs" in report
    rows = [line for line in report.splitlines() if line.startswith("| ") and " to " in line]
    assert [row.split(" | ")[2] for row in rows] == ["1.40", "1.20", "0.50"]
    method = report.split("## Method\n\n")[1].split("\n\n")[0]
    assert len(method.splitlines()) == 2
    script = report.split("```python\n")[1].split("```")[0]
    assert 'zarr.open_array(store=f"{folder}/0", mode="r")' in script
    assert "--with 'zarr==3.1.6' --with 'numcodecs==0.16.5'" in script
    assert len(script.splitlines()) <= 22


def test_no_change_and_other_bytes_are_said():
    report = draft_report(
        answer(
            cell_answer(OPEN, "zstd-5 64x64x64 3", NO_CHANGE, 1.01),
            differences={"zstd": {"bytes": "1 -> 2"}},
        )
    )
    assert "no change found" in report and "differs in 1 configs" in report
    assert "```" not in report


def test_a_call_without_words_for_a_script_has_none():
    for benchmark, codec in (("disk.Cold.time_read_cold", "none"), (SLICE, "pcodec-8")):
        cell = ComparedCell(benchmark, codec, "32x32x32", 2)
        assert standalone_script(cell, BEFORE, AFTER, "3.12") is None


CONFIGS = [
    ("none", "32x32x32", 2),
    ("blosc-lz4-5-bitshuffle", "64x64x64", 2),
    ("zstd-5", "64x64x64", 2),
    ("gzip-1", "64x64x64", 2),
    ("none", "32x32x32", 3),
    ("blosc-zstd-5-shuffle", "32x32x32 in 64x64x64", 3),
    pytest.param("zstd-5", "64x64x64", 3, marks=pytest.mark.long),
    pytest.param("gzip-1", "64x64x64", 3, marks=pytest.mark.long),
]


@pytest.mark.parametrize(("codec", "chunks", "zarr_format"), CONFIGS)
def test_the_script_runs(tmp_path, codec, chunks, zarr_format):
    pytest.importorskip("zarr")
    benchmark = "shards.ReadShards.time_xy_slice" if " in " in chunks else SLICE
    cell = ComparedCell(benchmark, codec, chunks, zarr_format)
    path = tmp_path / "this.py"
    path.write_text(standalone_script(cell, BEFORE, AFTER, "3.12"))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("zarr 3.") and done.stdout.endswith(" ms of CPU time\n")


@pytest.mark.long
@pytest.mark.parametrize("benchmark", [OPEN, "write.Write.time_write"])
def test_the_command_in_the_script_runs_it_with_each_release(tmp_path, benchmark):
    """As a maintainer would: zarr 2 opens in a fraction of the time of zarr 3."""
    cell = ComparedCell(benchmark, "blosc-lz4-5-bitshuffle", "64x64x64", 2)
    path = tmp_path / "this.py"
    path.write_text(standalone_script(cell, OLD, AFTER, "3.12"))
    commands = [
        line.removeprefix("#   uv ").replace("this.py", str(path)).replace("'", "").split()
        for line in path.read_text().splitlines()
        if line.startswith("#   uv ")
    ]
    seconds = []
    for command, version in zip(commands, ("2.18.7", "3.4.2"), strict=True):
        done = subprocess.run([uv.find_uv_bin(), *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"zarr {version}: ")
        seconds.append(float(done.stdout.split()[2]))
    if benchmark == OPEN:
        assert seconds[1] > 2 * seconds[0]
