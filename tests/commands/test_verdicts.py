"""Which cells a release is judged by."""

import json

import pytest

from cryoet_zarr_bench.analysis.repeat_noise import Noise, read_noise
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.commands.comparing.verdicts_command import (
    MOST_CANDIDATES,
    SENTINEL,
    choose,
    most_outstanding_first,
)
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.verdicts.compared_cells import MEMORY, TIMED

CATALOGUE, QUICK = load_catalogue(), PROFILES["quick"]
CELLS = [Cell(codec, chunks, 3) for codec in QUICK.codecs for chunks in QUICK.chunks]


def measured(tag, factor=1.0, changed=(), canary=None):
    figures = {
        name: {cell: 0.01 * (factor if cell in changed else 1) for cell in CELLS}
        for name in ("read.Read.time_read_volume_cpu", "write.Write.time_write_cpu")
    }
    return MeasuredRelease(
        commit=commit_of(tag),
        machine="m",
        tomogram="t",
        python="3.12",
        measured_at=0,
        numcodecs=None,
        figures=figures,
        quartiles={},
        failed=[],
        reasons={},
        file_system="tmpfs",
        canary=canary,
        canary_spread=None,
        noisy=None,
    )


NO_REPEATS = Noise(())


def chosen(tag, factor, changed, noise=NO_REPEATS, canaries=(None, None)):
    release = CATALOGUE.find(tag)
    results = {
        commit_of(release.parent): measured(release.parent, canary=canaries[0]),
        commit_of(tag): measured(tag, factor, changed, canaries[1]),
    }
    return choose(release, CATALOGUE, results, QUICK, noise)


@pytest.mark.parametrize(("tag", "newest"), [("zarr-3.1.5", 3), ("zarr-3.0.0", 2)])
def test_every_step_is_judged_in_each_benchmark(tag, newest):
    sentinels = [each.cell for each in chosen(tag, 1.0, ()) if each.why == "sentinel"]
    assert [cell.benchmark for cell in sentinels] == [*TIMED, MEMORY]
    assert {(cell.codec, cell.chunks, cell.zarr_format) for cell in sentinels} == {
        (*SENTINEL, newest)
    }


def test_candidates_are_those_that_differ_most_and_no_more_than_allowed():
    different = [cell for cell in CELLS if cell.codec == "zstd-5"]
    found = [each for each in chosen("zarr-3.1.5", 1.5, different) if each.why == "candidate"]
    assert len(found) == MOST_CANDIDATES
    assert {each.cell.codec for each in found} == {"zstd-5"}
    assert all(each.screened == pytest.approx(1.5) for each in found)


def test_candidates_are_of_every_benchmark_that_has_one():
    found = [each.cell for each in chosen("zarr-3.1.5", 1.5, CELLS) if each.why == "candidate"]
    assert {cell.benchmark for cell in found[:2]} == {
        "read.Read.time_read_volume",
        "write.Write.time_write",
    }


def test_the_release_whose_figures_stand_out_most_is_judged_first():
    steps = {"zarr-3.1.4": 1.3, "zarr-3.1.5": 1.0, "zarr-3.1.6": 0.4}
    releases = [CATALOGUE.find(tag) for tag in steps]
    cells = [chosen(tag, factor, CELLS) for tag, factor in steps.items()]
    ordered = most_outstanding_first(releases, cells)
    assert [release.tag for release, _ in ordered] == ["zarr-3.1.6", "zarr-3.1.4", "zarr-3.1.5"]
    assert all(cells[releases.index(release)] is own for release, own in ordered)


def test_a_difference_within_5_percent_is_no_candidate():
    assert not [each for each in chosen("zarr-3.1.5", 1.04, CELLS) if each.why == "candidate"]


def test_what_only_the_pace_of_the_machine_changed_is_no_candidate():
    def candidates(changed):
        found = chosen("zarr-3.1.5", 1.5, changed, canaries=(0.02, 0.03))
        return [each for each in found if each.why == "candidate"]

    assert not candidates(CELLS)
    # What took as long on a machine that was slower by half is quicker.
    same = next(cell for cell in CELLS if cell.codec == "zstd-5")
    found = candidates([cell for cell in CELLS if cell != same])
    assert {each.cell.short_config for each in found} == {f"{same.codec} {same.chunks} v3"}
    assert all(each.screened == pytest.approx(2 / 3) for each in found)


def test_a_difference_within_the_noise_of_the_cell_is_no_candidate(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    cells = {f"{cell.codec} {cell.chunks} {cell.zarr_format}": 0.01 for cell in CELLS}
    names = ("read.Read.time_read_volume_cpu", "write.Write.time_write_cpu")

    with (folder / "noise.jsonl").open("w") as file:
        for place, factor in enumerate((1.0, 1.3, 1.1)):
            line = {
                "release": "zarr-3.4.2",
                "numcodecs": None,
                "python": "3.12",
                "tomogram": "t",
                "measured_at": place,
                "canary_spread": None,
                "noisy": None,
                "figures": {
                    name: {cell: value * factor for cell, value in cells.items()} for name in names
                },
            }
            file.write(json.dumps(line) + "\n")
    noise = read_noise(tmp_path, "m")
    within = chosen("zarr-3.1.5", 1.25, CELLS, noise)
    beyond = chosen("zarr-3.1.5", 1.5, CELLS, noise)
    assert not [each for each in within if each.why == "candidate"]
    assert [each for each in beyond if each.why == "candidate"]


def test_what_the_notes_announce_is_judged_in_the_release_that_has_it():
    announced = [each for each in chosen("zarr-3.1.2", 1.0, ()) if each.why == "announced"]
    assert announced
    assert {each.cell.benchmark for each in announced} <= {
        "read.Read.time_read_volume",
        "read.Read.time_read_xy_slice",
    }
