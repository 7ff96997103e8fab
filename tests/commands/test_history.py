"""The history run, as it is committed from: repeats in between, and kills at random moments."""

import itertools
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease, read_results
from cryoet_zarr_bench.asv_bridge.release_steps import Step
from cryoet_zarr_bench.commands import bench_command
from cryoet_zarr_bench.commands.bench_command import (
    REPEAT_EVERY,
    history_steps,
    with_repeats,
)
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram

CATALOGUE = load_catalogue()
TAGS = ("zarr-2.18.0", "zarr-2.18.1")

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = f"""
import sys
from pathlib import Path
from rich.console import Console
from cryoet_zarr_bench.asv_bridge.release_steps import Step
from cryoet_zarr_bench.commands import bench_command
bench_command.history_steps = lambda catalogue: [Step(catalogue.find(tag)) for tag in {TAGS}]
bench_command.with_repeats = lambda steps, newest, whole=bench_command.with_repeats: whole(
    steps, bench_command.load_catalogue().find("{TAGS[0]}")
)
bench_command.update_documents = lambda project: []
sys.exit(not bench_command.run_history(Console(), "testing", Path(sys.argv[1])))
"""


def test_a_release_is_repeated_through_the_whole_history():
    steps = history_steps(CATALOGUE)
    mixed = with_repeats(steps, CATALOGUE.newest())
    assert [step for step in mixed if not step.again] == steps
    places = [place for place, step in enumerate(mixed) if step.again]
    assert places[0] == 0 and places[-1] == len(mixed) - 1
    assert max(b - a for a, b in itertools.pairwise(places)) == REPEAT_EVERY + 1
    assert len({step.name for step in mixed}) == len(mixed)


def test_where_nothing_is_left_nothing_is_repeated():
    assert with_repeats([], CATALOGUE.newest()) == []


def test_an_interrupted_run_repeats_before_the_step_it_goes_on_with():
    steps = history_steps(CATALOGUE)[:20]
    first, again = (with_repeats(steps[done:], CATALOGUE.newest()) for done in (0, 8))
    assert again[0] in first
    assert again[0] == Step(CATALOGUE.newest(), again=f"before {steps[8].name}")


@pytest.mark.parametrize(
    ("measured", "profile", "is_left"),
    [
        (None, "quick", True),
        ("quick", "quick", False),
        ("quick", "standard", True),
        ("standard", "standard", False),
        ("standard", "quick", False),
        ("full", "standard", False),
    ],
)
def test_what_a_smaller_profile_measured_is_measured_again(
    tmp_path, monkeypatch, measured, profile, is_left
):
    """Of each tomogram the newest release alone, once."""
    asked = []
    run_newest(tmp_path, monkeypatch, asked, measured, profile)
    newest = CATALOGUE.newest("3.x").tag
    # The second was measured by nobody.
    assert asked == [["int16", newest]] + ([["10A", newest]] if is_left else [])


@pytest.mark.parametrize(
    ("canary", "patience", "is_left"),
    [(0.02, 5, False), (0.032, None, False), (0.032, 5, True), (0.013, 5, False)],
)
def test_what_was_measured_in_a_slow_hour_is_measured_again_where_patience_is_asked_for(
    tmp_path, monkeypatch, canary, patience, is_left
):
    asked = []
    run_newest(
        tmp_path,
        monkeypatch,
        asked,
        "quick",
        "quick",
        canaries=(canary, 0.02, 0.02, 0.02),
        patience=patience,
    )
    newest = CATALOGUE.newest("3.x").tag
    assert asked == [["int16", newest]] + ([["10A", newest]] if is_left else [])


def test_a_tomogram_that_cannot_be_had_is_refused_before_anything_is_measured(
    tmp_path, monkeypatch
):
    asked = []
    with pytest.raises(BadInput, match="nothing"):
        run_newest(tmp_path, monkeypatch, asked, None, "quick", "synthetic:nothing@16")
    assert asked == []


def run_newest(
    tmp_path, monkeypatch, asked, measured, profile, *more, canaries=(None,), patience=None
):
    """Fill in which tomogram is measured in which release, 10A measured with a profile already.

    `canaries` are those of that release and of releases that came before it.
    """

    def measure(steps, *rest):
        asked.extend([[selected_tomogram().name.split()[1], step.release.tag] for step in steps])
        return []

    releases = [CATALOGUE.newest("3.x"), *CATALOGUE.releases][: len(canaries)]
    results = [
        MeasuredRelease(
            *(commit_of(release.tag), "m", "synthetic-10A-16x16x16", "3.12", 0),
            *(None, {}, {}, [], {}, "tmpfs"),
            profile=measured,
            canary=canary,
        )
        for release, canary in zip(releases, canaries, strict=True)
    ]
    monkeypatch.setattr(bench_command, "read_results", lambda folder: results if measured else [])
    monkeypatch.setattr(bench_command, "measure", measure)
    monkeypatch.setattr(bench_command, "publish", lambda place: None)
    monkeypatch.setattr(bench_command, "update_documents", lambda project: [])
    for name in ("CRYOET_TOMOGRAM", "CRYOET_PREPARED_TOMOGRAM", "CRYOET_MACHINE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    monkeypatch.setenv("CRYOET_PROFILE", profile)
    try:
        sources = ("synthetic:int16@16", "synthetic:10A@16", *more)
        bench_command.run_history(
            Console(), "m", tmp_path, tomograms=sources, newest=True, patience=patience
        )
    finally:
        selected_tomogram.cache_clear()


def start(workplace):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(workplace.folder)],
        cwd=PROJECT,
        env=workplace.variables(CRYOET_TOMOGRAM="synthetic:10A@64"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def unfinished_cells(workplace):
    """The cells in the journal of the step being measured."""
    found = set()
    for path in (workplace.work / "unfinished").glob("*.jsonl"):
        for line in path.read_text().split("\n")[1:-1]:
            content = json.loads(line)
            if "key" in content:
                found.add((path.name, content["key"]))
    return found


def saved_results(workplace):
    """Result files, of repeats too; a file is complete or it is not there."""
    found = set()
    for folder in (workplace.results, workplace.work / "history" / "again" / "results"):
        for path in folder.glob("testing/*-virtualenv-*.json"):
            names = json.loads(path.read_text())["results"]
            assert {"write.Write.peakmem_write", "write.Write.time_write_cpu"} <= set(names)
            found.add((path, path.stat().st_mtime_ns))
    return found


def finished_steps(workplace):
    path = workplace.work / "history" / "unfinished-run.json"
    return json.loads(path.read_text())["done"] if path.exists() else []


@pytest.mark.long
def test_killed_ten_times_it_loses_no_finished_cell_and_ends(workplace):
    rng = random.Random(11)
    kills = 0
    done, cells, saved = [], set(), set()
    while kills < 10:
        process = start(workplace)
        while (
            process.poll() is None
            and finished_steps(workplace) == done
            and not unfinished_cells(workplace) - cells
        ):
            time.sleep(0.05)
        time.sleep(2 * rng.random())
        if process.poll() is not None:
            break  # it was done before the tenth kill
        process.kill()
        process.communicate()
        kills += 1
        now_done, now_cells = finished_steps(workplace), unfinished_cells(workplace)
        assert now_done[: len(done)] == done, f"kill {kills} lost a step"
        if now_done == done and not saved_results(workplace) - saved:
            assert cells <= now_cells, f"kill {kills} lost a cell"
        saved = saved_results(workplace)
        done, cells = now_done, now_cells
        time.sleep(0.5)
    finished = start(workplace)
    said, _ = finished.communicate()
    assert finished.returncode == 0, said
    assert kills == 10
    results = {each.commit: each for each in read_results(workplace.results)}
    assert set(results) == {commit_of(tag) for tag in TAGS}
    for result in results.values():
        assert not result.failed
        assert len(result.figures["write.Write.time_write_cpu"]) == 15
    noise = read_noise(workplace.results, "testing")
    assert len(noise.repeats) >= 2
    assert {each.release for each in noise.repeats} == {TAGS[0]}
    assert unfinished_cells(workplace) == set()
