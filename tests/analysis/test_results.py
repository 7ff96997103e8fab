"""Which results are read, and of which machine."""

import os
import shutil
from pathlib import Path

from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine, read_results

PROJECT = Path(__file__).resolve().parents[2]


def test_the_machine_with_the_most_of_something_is_found(tmp_path):
    for machine, lines in (("few", 1), ("many", 9), ("none", 0)):
        (tmp_path / machine).mkdir()
        if lines:
            (tmp_path / machine / "verdicts.jsonl").write_text("{}\n" * lines)
    assert machine_with(tmp_path, "verdicts.jsonl", "none") == "many"
    assert machine_with(tmp_path, "trust.jsonl", "few") == "few"


def test_a_result_that_was_measured_anew_is_read_anew(tmp_path):
    machine = PROJECT / "results" / str(published_machine(PROJECT / "results"))
    older, newer = sorted(machine.glob("*-py3.12-tomogramsynthetic-10A-*.json"))[:2]
    target = tmp_path / machine.name / older.name
    target.parent.mkdir()
    shutil.copy(machine / "machine.json", target.parent)
    shutil.copy(older, target)
    assert read_results(tmp_path) == read_results(tmp_path)
    (first,) = read_results(tmp_path)
    shutil.copy(newer, target)
    os.utime(target, ns=(0, target.stat().st_mtime_ns + 1))
    (second,) = read_results(tmp_path)
    for result, path in ((first, older), (second, newer)):
        assert path.name.startswith(result.commit[:8]) and result.tomogram in path.name
